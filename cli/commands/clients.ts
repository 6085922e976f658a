// `durablemq clients`: who is connected or away, one of them with everything that is known, and their end.

import { Command, Option } from "commander";
import { Api, type ApiFlags } from "../api.ts";
import { Failure } from "../failure.ts";
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

interface FilterFlags extends Flags {
  readonly state?: string;
  readonly user?: string;
  readonly address?: string;
  readonly prefix?: string;
  readonly limit?: number;
}

export function clientsCommand(): Command {
  return new Command("clients")
    .summary("list clients, look at one, end connections")
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
    )
    .addCommand(
      withFilters(
        withApi(new Command("kick").description("Ends the connection of a client, or of all that a filter matches.")),
      )
        .argument("[client-id]")
        .action(runKick),
    );
}

function withFilters(command: Command): Command {
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

async function runKick(clientId: string | undefined, flags: FilterFlags): Promise<void> {
  const body = filterOf(flags);
  const isFiltered = Object.values(body).some((value) => value !== undefined);
  if ((clientId === undefined) !== isFiltered) throw new Failure("Name a client id, or give filters: see --help.");
  const api = new Api(flags);
  let kicked = 0;
  if (clientId !== undefined) {
    const { wasConnected } = await api.call<{ wasConnected: boolean }>("POST", `${pathOf(clientId)}/kick`);
    kicked = wasConnected ? 1 : 0;
  } else {
    for (let after: string | null | undefined; after !== null; ) {
      const page: { kicked: number; next: string | null } = await api.call("POST", "/kick", { query: { after }, body });
      kicked += page.kicked;
      after = page.next;
    }
  }
  if (flags.json) printJson({ kicked });
  else console.log(kicked === 1 ? "Ended one connection." : `Ended ${kicked} connections.`);
}

function filterOf({ state, user, address, prefix }: FilterFlags) {
  return { state, user, address, prefix };
}

function pathOf(clientId: string): string {
  return `/clients/${encodeURIComponent(clientId)}`;
}

function words(name: string, value: unknown): string {
  if (name.endsWith("AtMs")) return time(value as number | null);
  return typeof value === "object" && value !== null ? JSON.stringify(value) : `${value ?? ""}`;
}
