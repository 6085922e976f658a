// `durablemq restore`: a backup, into a broker. It sends every line, each time: what has been taken in, the broker alone knows, and
// it is another one if its data was deleted meanwhile.

import { existsSync } from "node:fs";
import { setTimeout as wait } from "node:timers/promises";
import { Command, Option } from "commander";
import { Api, type ApiFlags } from "../api.ts";
import {
  type BackupHead,
  type BackupLine,
  isOfGroups,
  isToRestore,
  linesOf,
  survey,
  textToRestore,
} from "../backup-file.ts";
import { Failure } from "../failure.ts";
import { withApi } from "../options.ts";
import { printJson, printTable, progress, withoutControls } from "../output.ts";

interface Flags extends ApiFlags {
  readonly existing: string;
  readonly partial?: true;
  readonly json?: true;
}

interface Outcome {
  readonly line: number;
  readonly status: number;
  readonly taken?: number;
  readonly kept?: number;
  readonly left?: number;
  readonly clientId?: string;
  readonly problem?: { readonly title: string; readonly remedy: string };
}

interface Counts {
  lines: number;
  taken: number;
  kept: number;
  left: number;
  failed: number;
}

const bytesAtOnce = 3 * 1024 * 1024;
const linesAtOnce = 500;
const attemptsMax = 6;
const pauseMs = 500;

/** What groups keep comes behind everything else. */
const passes: readonly ((line: BackupLine) => boolean)[] = [(line) => !isOfGroups(line), isOfGroups];

export function restoreCommand(): Command {
  return withApi(new Command("restore"))
    .summary("restore a backup")
    .description("Brings what `durablemq backup` has written into a broker, best an empty one.")
    .argument("<file>")
    .addOption(
      new Option("--existing <what>", "what becomes of users, sessions and so on that are there already")
        .choices(["keep", "replace"])
        .default("keep"),
    )
    .option("--partial", "also a backup that was interrupted and not gone on with")
    .addHelpText(
      "after",
      `
One that was interrupted: give the same command again, within a day. It sends all lines, and what is there changes
nothing. It ends with 1 if something was not taken in.`,
    )
    .action(runRestore);
}

async function runRestore(file: string, flags: Flags): Promise<void> {
  if (!existsSync(file)) throw new Failure(`${file} is not there.`);
  const found = await survey(file);
  if (found === undefined) throw new Failure(`${file} is empty.`);
  const { head, lines, next } = found;
  if (next !== null && !flags.partial) {
    throw new Failure(
      `${file} is not whole: go on with \`durablemq backup\`, or restore what is there with --partial.`,
    );
  }
  const counts: Counts = { lines: 0, taken: 0, kept: 0, left: 0, failed: 0 };
  const shown = await progress("Restoring");
  const sender = new Sender(new Api(flags), head, flags, counts, () => shown.now(`${counts.lines} of ${lines} lines`));
  for (const belongs of passes) {
    for await (const line of linesOf(file)) {
      if (isToRestore(line.text) && belongs(line)) await sender.add(textToRestore(line));
    }
    await sender.flush();
  }
  shown.end(`${counts.lines} of ${lines} lines`);
  const { taken, kept, left, failed } = counts;
  if (flags.json) printJson({ file, id: head.id, ...counts });
  else printTable(["restored", "there already", "without room", "lines refused"], [[taken, kept, left, failed]]);
  if (failed > 0) process.exitCode = 1;
}

class Sender {
  readonly #api: Api;
  readonly #head: BackupHead;
  readonly #flags: Flags;
  readonly #counts: Counts;
  readonly #moved: () => void;
  #lines: string[] = [];
  #bytes = 0;

  constructor(api: Api, head: BackupHead, flags: Flags, counts: Counts, moved: () => void) {
    this.#api = api;
    this.#head = head;
    this.#flags = flags;
    this.#counts = counts;
    this.#moved = moved;
  }

  async add(line: string): Promise<void> {
    if (this.#bytes + line.length > bytesAtOnce) await this.flush();
    this.#lines.push(line);
    this.#bytes += line.length;
    if (this.#lines.length >= linesAtOnce) await this.flush();
  }

  async flush(): Promise<void> {
    if (this.#lines.length === 0) return;
    const outcomes = await this.#send();
    for (const { status, taken = 0, kept = 0, left = 0, clientId, problem } of outcomes) {
      this.#counts.lines++;
      this.#counts.taken += taken;
      this.#counts.kept += kept;
      this.#counts.left += left;
      if (status === 200) continue;
      this.#counts.failed++;
      const who = clientId === undefined ? "" : `${withoutControls(clientId)}: `;
      console.error(`${who}${problem?.title} ${problem?.remedy}`);
    }
    this.#lines = [];
    this.#bytes = 0;
    this.#moved();
  }

  /** All of them again until none is unavailable: those that were taken in are known. */
  async #send(): Promise<Outcome[]> {
    const query = { backup: this.#head.id, version: this.#head.version, existing: this.#flags.existing };
    const headers = { "Content-Type": "application/x-ndjson" };
    for (let attempt = 1; ; attempt++) {
      const answer = await this.#api.textOf("POST", "/restore", { query, text: this.#lines.join("\n"), headers });
      // Behind the last end of a line stands nothing, or what was cut short.
      const outcomes = answer
        .split("\n")
        .slice(0, -1)
        .map((line) => JSON.parse(line) as Outcome);
      const isWhole = outcomes.length === this.#lines.length && outcomes.every(({ status }) => status !== 503);
      if (isWhole) return outcomes;
      if (attempt === attemptsMax)
        throw new Failure("The broker does not answer. Give the same command again: nothing is taken in twice.");
      await wait(pauseMs * attempt);
    }
  }
}
