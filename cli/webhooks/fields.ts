// What a webhook is made of: from a file, from options, or from both, where options count.

import { text } from "node:stream/consumers";
import type { Command } from "commander";
import { eventTypes } from "../../src/directory/event-types.ts";
import { Failure } from "../failure.ts";
import { readText } from "../files.ts";
import { wholeNumber } from "../options.ts";
import type { Flags } from "./paths.ts";

/** As the HTTP API takes them. */
export type Fields = Readonly<Record<string, unknown>>;

export interface ChangeFlags extends Flags {
  readonly file?: string;
  readonly url?: string;
  readonly queue?: string;
  readonly filter?: readonly string[];
  readonly event?: readonly string[];
  readonly retained?: boolean;
  readonly timeout?: number;
  readonly batch?: number;
  readonly linger?: number;
  readonly attempts?: number;
  readonly queueMessages?: number;
  readonly queueBytes?: number;
  readonly comment?: string;
}

export function withFields(command: Command): Command {
  return command
    .option("--file <file>", "JSON as the HTTP API takes it; - for standard input. What options say counts more")
    .option("--url <url>", "of the endpoint that gets them by POST")
    .option("--queue <binding>", "instead: a queue of the deployment, by its binding in wrangler.toml")
    .option("--filter <filter...>", "messages to topics that match any of these")
    .option("--event <type...>", `what happens: ${eventTypes.join(", ")}`)
    .option("--retained", "a new filter begins with the messages that are retained")
    .option("--no-retained", "it does not")
    .option("--timeout <seconds>", "what is not answered by then is tried again", wholeNumber(1, 30))
    .option("--batch <number>", "items of one request at most", wholeNumber(1, 1_000))
    .option("--linger <milliseconds>", "how long a message may wait for others", wholeNumber(0, 60_000))
    .option("--attempts <number>", "after so many a batch becomes a dead letter", wholeNumber(1, 100))
    .option("--queue-messages <number>", "what waits at most; beyond it the oldest go", wholeNumber(1, 10_000_000))
    .option("--queue-bytes <number>", "the same in bytes", wholeNumber(1_024, 5_000_000_000))
    .option("--comment <text>", "for who reads the list");
}

export async function fieldsOf(flags: ChangeFlags): Promise<Fields> {
  const given = {
    url: flags.url,
    queue: flags.queue,
    filters: flags.filter,
    events: flags.event,
    retained: flags.retained,
    timeoutSeconds: flags.timeout,
    batchMessagesMax: flags.batch,
    lingerMs: flags.linger,
    attemptsMax: flags.attempts,
    queueMessagesMax: flags.queueMessages,
    queueBytesMax: flags.queueBytes,
    comment: flags.comment,
  };
  const named = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  return { ...(flags.file === undefined ? {} : await fieldsIn(flags.file)), ...named };
}

async function fieldsIn(file: string): Promise<Fields> {
  const content = file === "-" ? await text(process.stdin) : readText(file);
  try {
    const value: unknown = JSON.parse(content);
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Fields;
  } catch {
    // Neither is it.
  }
  throw new Failure(`${file} is no JSON object.`);
}
