// `durablemq provision`: sessions with their subscriptions, before their clients ever connect: one, or as many as a file has lines.
// What is published from then on waits for them.

import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";
import { Readable } from "node:stream";
import type { ReadableStream as NodeStream } from "node:stream/web";
import { Command } from "commander";
import { Api, type ApiFlags } from "../api.ts";
import { Failure } from "../failure.ts";
import { unreadable } from "../files.ts";
import { qosOption, wholeNumber, withApi } from "../options.ts";
import { printJson, printTable, progress, withoutControls } from "../output.ts";

interface Flags extends ApiFlags {
  readonly lines?: string;
  readonly subscribe?: readonly string[];
  readonly qos: number;
  readonly expiry?: number;
  readonly json?: true;
}

interface Outcome {
  readonly clientId: string;
  readonly status: number;
  readonly created?: boolean;
  readonly problem?: { readonly title: string };
}

interface Provisioned {
  readonly clientId: string;
  readonly created: boolean;
  readonly subscriptions: readonly Readonly<Record<string, unknown>>[];
}

export function provisionCommand(): Command {
  return withApi(new Command("provision"))
    .summary("make sessions before their clients connect")
    .description("Makes sessions that keep what their filters match, from now on. Done twice, it changes nothing.")
    .argument("[client-id]")
    .option("-s, --subscribe <filter...>", "what it subscribes to, beside what its template says")
    .option(
      "--lines <file>",
      "many: on each line one session as JSON, as POST /sessions takes it; - for standard input",
    )
    .addOption(qosOption(2))
    .option(
      "--expiry <seconds>",
      "how long it waits for its client, and outlives it; for ever unless given",
      wholeNumber(1, 0xffff_fffe),
    )
    .addHelpText(
      "after",
      `
Examples:
  durablemq provision worker-2 -s 'orders/#'
  echo '{"clientId": "worker-3", "subscriptions": [{"filter": "orders/#", "qos": 1}]}' | durablemq provision --lines -

With --lines it ends with 1 if one of them could not be made. What is interrupted is completed by the same call.`,
    )
    .action(runProvision);
}

async function runProvision(clientId: string | undefined, flags: Flags): Promise<void> {
  if ((clientId === undefined) === (flags.lines === undefined)) throw new Failure("Name a client id, or give --lines.");
  if (clientId === undefined) await provisionLines(flags);
  else await provisionOne(clientId, flags);
}

/** Of one request. */
const linesAtOnce = 500;

async function provisionLines(flags: Flags): Promise<void> {
  const api = new Api(flags);
  const input = flags.lines === "-" ? process.stdin : createReadStream(flags.lines as string);
  const shown = await progress("Making sessions");
  const counts = { made: 0, inLine: 0, failed: 0 };
  let few: string[] = [];
  const send = async () => {
    if (few.length === 0) return;
    const headers = { "Content-Type": "application/x-ndjson" };
    const answer = await api.stream("POST", "/sessions", { text: few.join("\n"), headers });
    few = [];
    for await (const line of createInterface({ input: Readable.fromWeb(answer as NodeStream) })) {
      const outcome = JSON.parse(line) as Outcome;
      if (outcome.status !== 200) counts.failed++;
      else if (outcome.created) counts.made++;
      else counts.inLine++;
      if (flags.json) printJson(outcome);
      else if (outcome.problem !== undefined) {
        console.error(`${withoutControls(outcome.clientId)}: ${outcome.problem.title}`);
      }
    }
    shown.now(`Made ${counts.made} sessions`);
  };
  try {
    for await (const line of createInterface({ input })) {
      if (line.trim() !== "" && few.push(line) >= linesAtOnce) await send();
    }
  } catch (error) {
    if ((error as { syscall?: string }).syscall === undefined) throw error;
    throw unreadable(flags.lines as string, error);
  }
  await send();
  shown.end("Done");
  if (!flags.json) printTable(["made", "brought into line", "failed"], [[counts.made, counts.inLine, counts.failed]]);
  if (counts.failed > 0) process.exitCode = 1;
}

async function provisionOne(clientId: string, flags: Flags): Promise<void> {
  const subscriptions = (flags.subscribe ?? []).map((filter) => ({ filter, qos: flags.qos }));
  const body = { subscriptions, ...(flags.expiry === undefined ? {} : { expirySeconds: flags.expiry }) };
  const path = `/sessions/${encodeURIComponent(clientId)}`;
  const answer = await new Api(flags).call<Provisioned>("PUT", path, { body });
  if (flags.json) return printJson(answer);
  console.log(answer.created ? `Made a session for ${clientId}.` : `Brought the session of ${clientId} into line.`);
  const [first] = answer.subscriptions;
  if (first === undefined) return;
  const head = Object.keys(first);
  printTable(
    head,
    answer.subscriptions.map((one) => head.map((name) => `${one[name] ?? ""}`)),
  );
}
