// A backup in a file: JSON lines, the first of which says what it is. Behind each page of the broker's stands a line that says where the next
// one begins, so that a file which was cut short can be gone on with, and a file without the last one is not whole.

import { createReadStream } from "node:fs";
import { Failure } from "./failure.ts";
import { unreadable } from "./files.ts";

export interface BackupHead {
  readonly version: number;
  readonly id: string;
  readonly atMs: number;
}

export interface BackupLine {
  readonly text: string;
  /** In the file, from 1 on. */
  readonly number: number;
  /** Where the line behind it begins, in bytes. */
  readonly end: number;
}

export interface Survey {
  readonly head: BackupHead;
  /** Behind the last page that is there as a whole. */
  readonly wholeBytes: number;
  /** Where the next page begins; null: there is none, the backup is whole. */
  readonly next: string | null;
  readonly lines: number;
  readonly sessions: number;
  readonly owed: number;
}

/** Lines that are there as a whole, one after the other: a backup may be larger than memory. */
export async function* linesOf(file: string): AsyncGenerator<BackupLine> {
  let rest: Buffer = Buffer.alloc(0);
  let at = 0;
  let number = 0;
  for await (const chunk of chunksOf(file)) {
    const bytes: Buffer = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    let from = 0;
    for (let end = bytes.indexOf(0x0a); end >= 0; end = bytes.indexOf(0x0a, from)) {
      at += end + 1 - from;
      number++;
      yield { text: bytes.toString("utf8", from, end), number, end: at };
      from = end + 1;
    }
    rest = bytes.subarray(from);
  }
}

async function* chunksOf(file: string): AsyncGenerator<Buffer> {
  try {
    yield* createReadStream(file);
  } catch (error) {
    throw unreadable(file, error);
  }
}

/** Undefined: there is nothing in the file, or no more than a part of a backup's first line. */
export async function survey(file: string): Promise<Survey | undefined> {
  let head: BackupHead | undefined;
  let found = { wholeBytes: 0, next: "" as string | null, owed: 0 };
  let [lines, sessions] = [0, 0];
  for await (const line of linesOf(file)) {
    const { text, end } = line;
    head ??= headOf(file, line);
    if (kindOf(text) === "page") {
      const { next, owed } = parsed<{ next: string | null; owed: number }>(line);
      found = { wholeBytes: end, next, owed: found.owed + owed };
    }
    if (isToRestore(text)) lines++;
    if (kindOf(text) === "session") sessions++;
  }
  if (head === undefined) {
    await expectBeginning(file);
    return undefined;
  }
  return { head, lines, sessions, ...found };
}

export function isToRestore(text: string): boolean {
  const kind = kindOf(text);
  return kind !== "page" && kind !== "backup";
}

/** Its members have to be there before. */
export function isOfGroups(line: BackupLine): boolean {
  return kindOf(line.text) === "shard" && parsed<{ groups: readonly unknown[] }>(line).groups.length > 0;
}

/** As the broker takes it in: lines of shards that say the same are told apart by their page, which version 1 of the format did not write. */
export function textToRestore(line: BackupLine): string {
  const { text, number } = line;
  if (kindOf(text) !== "shard") return text;
  const value = parsed<{ page?: unknown }>(line);
  return value.page === undefined ? JSON.stringify({ ...value, page: ["line", number] }) : text;
}

/** Full disks went unnoticed once, and what came next stands within a line. */
function parsed<Value>({ text, number }: BackupLine): Value {
  try {
    return JSON.parse(text) as Value;
  } catch {
    throw new Failure(`Line ${number} of the backup is broken: make another one.`);
  }
}

/** The broker writes it first. */
function kindOf(text: string): string | undefined {
  return /^\{"kind":"(\w+)"/.exec(text)?.[1];
}

function headOf(file: string, line: BackupLine): BackupHead {
  if (kindOf(line.text) === "backup") return parsed(line);
  throw noBackup(file);
}

/** What is to be written over may be somebody's only copy of something else. */
async function expectBeginning(file: string): Promise<void> {
  for await (const chunk of createReadStream(file, { end: beginning.length - 1, encoding: "utf8" })) {
    if (!beginning.startsWith(chunk as string)) throw noBackup(file);
  }
}

const beginning = '{"kind":"backup"';

function noBackup(file: string): Failure {
  return new Failure(`${file} is no backup of DurableMQ.`);
}
