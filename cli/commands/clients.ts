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
    .addOption(new Option("--state <state>", "whether it is there").choices(["connected", "away", "provisioned"]))
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
      Object.entries(client).flatMap(([name, value]) => rowsOf(name, value)),
    );
}

export function filterOf({ state, user, address, prefix }: FilterFlags) {
  return { state, user, address, prefix };
}

export function pathOf(clientId: string): string {
  return `/clients/${encodeURIComponent(clientId)}`;
}

/** One for each thing that is known, also of what is within: `queue messages`. */
function rowsOf(name: string, value: unknown): (readonly [string, string])[] {
  if (name === "expirySeconds") return [["session outlives it", value === null ? "for ever" : `${value} seconds`]];
  const label = name.replace(/AtMs$/, "").replaceAll(/[A-Z]|\d+/g, (part) => ` ${part.toLowerCase()}`);
  if (name.endsWith("AtMs")) return [[label, time(value as number | null)]];
  if (name === "recent") return (value as readonly Recent[]).map((one) => [one.event, wordsOf(one)]);
  if (typeof value !== "object" || value === null) return [[label, `${value ?? ""}`]];
  const within = Object.entries(value).flatMap(([inner, of]) => rowsOf(inner, of));
  if (within.length === 0) return [[label, "none"]];
  return within.map(([inner, words]) => [`${label} ${inner}`, words]);
}

interface Recent {
  readonly atMs: number;
  readonly event: string;
  readonly reason: string;
  readonly detail: string;
}

function wordsOf({ atMs, reason, detail }: Recent): string {
  return `${time(atMs)} ${reason} ${detail}`;
}
