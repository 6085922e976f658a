// `durablemq backup`: all that a broker keeps, into a file. One that was interrupted is gone on with.

import { closeSync, existsSync, fsyncSync, openSync, truncateSync, writeFileSync } from "node:fs";
import { Command } from "commander";
import { Api, type ApiFlags } from "../api.ts";
import { type Survey, survey } from "../backup-file.ts";
import { Failure } from "../failure.ts";
import { unwritable } from "../files.ts";
import { withApi } from "../options.ts";
import { printJson, printTable, progress } from "../output.ts";

interface Flags extends ApiFlags {
  readonly json?: true;
}

export function backupCommand(): Command {
  return withApi(new Command("backup"))
    .summary("write all that the broker keeps into a file")
    .description(
      "Writes configuration, users, rules, sessions with their queues, retained and delayed messages into a file.",
    )
    .argument("<file>")
    .addHelpText(
      "after",
      `
One that was interrupted goes on where it was: give the same command again. It holds all payloads, and the hashes of
passwords and keys. The broker goes on meanwhile: each session is as it was when it was read.`,
    )
    .action(runBackup);
}

async function runBackup(file: string, flags: Flags): Promise<void> {
  const api = new Api(flags);
  const before = existsSync(file) ? await survey(file) : undefined;
  if (before?.next === null) throw new Failure(`${file} is a whole backup already: choose another name.`);
  const target = openFor(file, before);
  const shown = await progress("Reading");
  let sessions = 0;
  try {
    for (let after: string | null = before?.next ?? ""; after !== null; ) {
      const page = await api.textOf("GET", "/backup", { query: after === "" ? {} : { after } });
      withRoom(file, () => writeFileSync(target, page));
      const lines = page.split("\n");
      sessions += lines.filter((line) => line.startsWith('{"kind":"session"') && line.includes('"state":')).length;
      shown.now(`Read ${sessions} sessions`);
      after = nextOf(lines.at(-2) ?? "");
    }
    withRoom(file, () => fsyncSync(target));
  } finally {
    closeSync(target);
  }
  shown.end(`Read ${sessions} sessions`);
  const whole = await survey(file);
  if (whole?.next !== null) throw new Failure(`${file} is not whole. ${goesOn}`);
  const { head, lines, wholeBytes, owed } = whole;
  if (flags.json) printJson({ file, id: head.id, lines, sessions: whole.sessions, bytes: wholeBytes, owed });
  else printTable(["file", "lines", "bytes"], [[file, lines, wholeBytes]]);
  if (owed > 0) {
    console.error(
      `${owed} deliveries were still on their way from shards to sessions, and are in no page: see docs/operations.md.`,
    );
  }
}

/** Behind the last page that is there as a whole. */
function openFor(file: string, before: Survey | undefined): number {
  try {
    if (before !== undefined) truncateSync(file, before.wholeBytes);
    return openSync(file, before === undefined ? "w" : "a", 0o600);
  } catch (error) {
    throw unwritable(file, error);
  }
}

/** A page that is written in part is the last: the next one would stand within its line. */
function withRoom(file: string, write: () => void): void {
  try {
    write();
  } catch (error) {
    throw new Failure(`${file} cannot be written: ${(error as Error).message}. ${goesOn}`);
  }
}

const goesOn = "Give the same command again: it goes on from there.";

function nextOf(line: string): string | null {
  try {
    const { kind, next } = JSON.parse(line) as { kind: string; next: string | null };
    if (kind === "page") return next;
  } catch {
    // It was cut short.
  }
  throw new Failure(`The broker's answer was cut short. ${goesOn}`);
}
