// `durablemq trace`: what happens to a client, at an address or to messages, as it happens.

import { Command } from "commander";
import type { TraceEvent } from "../../src/trace/event.ts";
import { wordsOf } from "../../src/trace/line.ts";
import { Api, type ApiFlags } from "../api.ts";
import { Failure } from "../failure.ts";
import { wholeNumber, withApi } from "../options.ts";
import { printJson, printTable, time, withoutControls } from "../output.ts";

interface Flags extends ApiFlags {
  readonly json?: true;
}

interface FollowFlags extends Flags {
  readonly client?: string;
  readonly address?: string;
  readonly topic?: string;
  readonly seconds: number;
  readonly payload?: true;
  readonly keep?: true;
}

interface Trace {
  readonly id: string;
  readonly kind: string;
  readonly value: string;
  readonly createdAtMs: number;
  readonly untilMs: number;
  readonly untold?: number;
}

const idCharacters = 21;

export function traceCommand(): Command {
  return new Command("trace")
    .summary("watch what happens to a client, at an address, or to messages")
    .description("Traces of packets, decisions and deliveries.")
    .addCommand(
      withApi(
        new Command("follow").description("Begins a trace and prints its events until it ends or is interrupted."),
      )
        .option("--client <client-id>", "what happens to this client")
        .option("--address <address>", "what happens at this address")
        .option("--topic <filter>", "where messages are routed to")
        .option("--seconds <number>", "how long", wholeNumber(1, 3_600), 300)
        .option("--payload", "show the beginning of payloads")
        .option("--keep", "let it run on when this command is interrupted")
        .addHelpText(
          "after",
          `
Examples:
  durablemq trace follow --client meter-7
  durablemq trace follow --topic 'plant/+/alarm' --payload
  durablemq trace follow --address 203.0.113.9 --seconds 60 --json`,
        )
        .action(runFollow),
    )
    .addCommand(withApi(new Command("list").description("Lists traces, the newest first.")).action(runList))
    .addCommand(
      withApi(new Command("show").description("Prints what a trace has recorded, and goes on as long as it runs."))
        .argument("<id>")
        .action(runShow),
    )
    .addCommand(
      withApi(new Command("stop").description("Stops a trace; it can be read for a day."))
        .argument("<id>")
        .action(runStop),
    )
    .addCommand(
      withApi(new Command("delete").description("Deletes a trace with all it has recorded."))
        .argument("<id>")
        .action(runDelete),
    );
}

async function runFollow(flags: FollowFlags): Promise<void> {
  const { client, address, topic, seconds, payload = false } = flags;
  const targets = Object.entries({ client, address, topic }).filter(([, value]) => value !== undefined);
  const [target] = targets;
  if (target === undefined || targets.length > 1) throw new Failure("Give one of --client, --address and --topic.");
  const [kind, value] = target;
  const api = new Api(flags);
  const body = { target: { kind, value }, seconds, payload };
  const { id, untold = 0 } = await api.call<Trace>("POST", "/traces", { body });
  console.error(`Trace ${id} runs for ${seconds} s.${untold > 0 ? ` ${untold} objects did not answer.` : ""}`);
  let stopping: Promise<unknown> | undefined;
  const interrupt = () => {
    if (flags.keep) process.exit(0);
    stopping ??= api.call("POST", `/traces/${id}/stop`).catch(() => process.exit(1));
  };
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, interrupt);
  await print(api, id, flags);
  await stopping;
}

async function runList(flags: Flags): Promise<void> {
  const rows: string[][] = [];
  for await (const trace of new Api(flags).list<Trace>("/traces")) {
    if (flags.json) printJson(trace);
    const { id, kind, value, createdAtMs, untilMs } = trace;
    rows.push([id, kind, value, time(createdAtMs), untilMs > Date.now() ? "runs" : time(untilMs)]);
  }
  if (!flags.json) printTable(["id", "follows", "", "begun", "ended"], rows);
}

async function runShow(id: string, flags: Flags): Promise<void> {
  await print(new Api(flags), id, flags);
}

async function runStop(id: string, flags: Flags): Promise<void> {
  await new Api(flags).call("POST", `/traces/${encodeURIComponent(id)}/stop`);
  if (!flags.json) console.log("It does not run any more.");
}

async function runDelete(id: string, flags: Flags): Promise<void> {
  await new Api(flags).call("DELETE", `/traces/${encodeURIComponent(id)}`);
  if (!flags.json) console.log("It is gone.");
}

const endings: Readonly<Record<string, string>> = {
  time: "its time is up",
  stopped: "it was stopped",
  full: "it has recorded as much as it may",
};

async function print(api: Api, id: string, { json }: Flags): Promise<void> {
  for await (const { event, data } of api.events(`/traces/${encodeURIComponent(id)}/live`)) {
    if (event === "end") {
      console.error(`The trace is over: ${endings[(data as { why: string }).why] ?? (data as { why: string }).why}.`);
      return;
    }
    if (json) printJson(data);
    else console.log(lineOf(data as TraceEvent));
  }
}

function lineOf(event: TraceEvent): string {
  const { atMs, at, clientId, address } = event;
  const clock = new Date(atMs).toISOString().slice(11, 23);
  const who = (clientId ?? address ?? "").padEnd(idCharacters);
  return withoutControls(`${clock}  ${at.padEnd(7)}  ${who}  ${wordsOf(event)}`);
}
