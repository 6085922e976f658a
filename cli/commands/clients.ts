// `durablemq clients`: who is connected or away, and one of them with everything that is known.

import { Command, Option } from "commander";
import { Api, type ApiFlags } from "../api.ts";
import { wholeNumber, withApi } from "../options.ts";
import { printJson, printTable, time } from "../output.ts";

interface Client {
  readonly clientId: string | null;
  readonly state: string;
  readonly user: string | null;
  readonly address: string | null;
  readonly protocol: string | null;
  readonly connectedAtMs: number | null;
  readonly disconnectedAtMs: number | null;
}

interface Flags extends ApiFlags {
  readonly json?: true;
}

export interface FilterFlags extends Flags {
  readonly state?: string;
  readonly user?: string;
  readonly address?: string;
  readonly prefix?: string;
  readonly limit?: number;
}

export function clientsCommand(): Command {
  return new Command("clients")
    .summary("list clients, look at one")
    .description("Clients and their sessions, whether they are connected or not.")
    .addCommand(
      withFilters(withApi(new Command("list").description("Lists clients, by client id.")))
        .option("--limit <number>", "at most so many", wholeNumber(1, 1_000_000_000))
        .action(runList),
    )
    .addCommand(
      withApi(new Command("show").description("Shows a client with all that is known of its session."))
        .argument("<client-id>")
        .action(runShow),
    );
}

export function withFilters(command: Command): Command {
  return command
    .addOption(new Option("--state <state>").choices(["connected", "away", "provisioned"]))
    .option("--user <name>", "who it has proved to be")
    .option("--address <address>", "of its last connection")
    .option("--prefix <text>", "that its client id begins with");
}

async function runList({ limit = Number.POSITIVE_INFINITY, ...flags }: FilterFlags): Promise<void> {
  const rows: string[][] = [];
  const query = { ...filterOf(flags), limit: Math.min(limit, 1000) };
  let count = 0;
  for await (const client of new Api(flags).list<Client>("/clients", query)) {
    if (++count > limit) break;
    if (flags.json) printJson(client);
    const { clientId, state, user, address, protocol, connectedAtMs, disconnectedAtMs } = client;
    const since = time(state === "connected" ? connectedAtMs : disconnectedAtMs);
    rows.push([clientId ?? "(too long)", state, since, user ?? "", address ?? "", protocol ?? ""]);
  }
  if (!flags.json) printTable(["client id", "state", "since", "user", "address", "MQTT"], rows);
}

async function runShow(clientId: string, flags: Flags): Promise<void> {
  const client = await new Api(flags).call<Record<string, unknown>>("GET", pathOf(clientId));
  if (flags.json) printJson(client);
  else
    printTable(
      ["", ""],
      Object.entries(client).map(([name, value]) => [name, words(name, value)]),
    );
}

export function filterOf({ state, user, address, prefix }: FilterFlags) {
  return { state, user, address, prefix };
}

export function pathOf(clientId: string): string {
  return `/clients/${encodeURIComponent(clientId)}`;
}

function words(name: string, value: unknown): string {
  if (name.endsWith("AtMs")) return time(value as number | null);
  return typeof value === "object" && value !== null ? JSON.stringify(value) : `${value ?? ""}`;
}
