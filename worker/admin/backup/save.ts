// What a backup holds, step by step: each step is a few calls and a bounded number of bytes, and says where the next goes on. So
// a page is as many steps as fit, and whoever reads the pages can stop behind any and go on later.
//
//   1. the tables of the control database, but for the audit log
//   2. of each topic shard: retained messages, delayed ones, cursors of QoS 2 publishers, what groups keep
//   3. the sessions, in the order of the directory
//
// Shards come first: what moves from a shard into a session meanwhile is there twice, rather than nowhere.

import pMap from "p-map";
import * as z from "zod/mini";
import { clientIdOf } from "../../../src/directory/listing.ts";
import type { SavedPage, SaveRequest } from "../../../src/session/saved.ts";
import { type SavedKey, savedKinds } from "../../../src/store/shard-pages.ts";
import { configOf } from "../../config.ts";
import type { Control } from "../../d1/control.ts";
import type { Env } from "../../env.ts";
import { withRetries } from "../../retry.ts";
import { shardStub } from "../../stubs.ts";
import { invalid } from "../problem.ts";
import { orUnavailable, reachSession } from "../session-call.ts";
import { listSessions } from "../session-list.ts";
import { savedTables } from "../transfer/tables.ts";
import { type Line, savedKey, sessionLineOf, textOf } from "./lines.ts";

const rowsAtOnce = 200;
const sessionsAtOnce = 6;
const entriesAtOnce = 48;

const place = z.union([
  z.strictObject({ at: z.literal("tables"), table: z.int().check(z.minimum(0)), after: z.string() }),
  z.strictObject({
    at: z.literal("shards"),
    shard: z.int().check(z.minimum(0)),
    kind: z.int().check(z.minimum(0), z.maximum(savedKinds.length - 1)),
    key: savedKey,
  }),
  /** Behind the session of this name, or within the one behind it. */
  z.strictObject({
    at: z.literal("sessions"),
    after: z.string(),
    within: z.optional(
      z.strictObject({
        name: z.string(),
        clientId: z.string(),
        from: z.int(),
        filter: z.string(),
        letter: z.optional(z.int()),
      }),
    ),
  }),
]);
export type Place = z.output<typeof place>;

export const firstPlace: Place = { at: "tables", table: 0, after: "" };

const cursor = z.strictObject({ id: z.uuid(), place });
export type Cursor = z.output<typeof cursor>;

export function encodeCursor(of: Cursor): string {
  return Buffer.from(JSON.stringify(of)).toString("base64url");
}

export function decodeCursor(text: string): Cursor {
  try {
    return cursor.parse(JSON.parse(Buffer.from(text, "base64url").toString()));
  } catch {
    throw invalid("query.after", "is not `next` of a page");
  }
}

export interface Step {
  readonly lines: readonly Line[];
  /** Undefined: that was all. */
  readonly next: Place | undefined;
  readonly owed?: number;
  /** Of objects and the control database, about. */
  readonly calls: number;
}

export async function saveStep(env: Env, control: Control, from: Place): Promise<Step> {
  switch (from.at) {
    case "tables":
      return saveTable(control, from);
    case "shards":
      return saveShard(env, from);
    case "sessions":
      return saveSessions(env, from);
  }
}

async function saveTable(control: Control, { table, after }: Place & { at: "tables" }): Promise<Step> {
  const of = savedTables[table];
  if (of === undefined) return { calls: 0, lines: [], next: { at: "shards", shard: 0, kind: 0, key: [] } };
  const { items, next } = await of.export(control, after, rowsAtOnce);
  const rows = items as Record<string, unknown>[];
  return {
    calls: 1,
    lines: rows.length === 0 ? [] : [{ kind: "rows", table: of.name, rows }],
    next: next === undefined ? { at: "tables", table: table + 1, after: "" } : { at: "tables", table, after: next },
  };
}

async function saveShard(env: Env, { shard, kind, key }: Place & { at: "shards" }): Promise<Step> {
  const { topicShards, topicShardDepth } = configOf(env);
  if (shard >= topicShards) return { calls: 0, lines: [], next: { at: "sessions", after: "" } };
  const name = savedKinds[kind] as (typeof savedKinds)[number];
  const ask = withRetries(async () => shardStub(env, shard).save(name, key as SavedKey));
  const page = await orUnavailable("shard", `${shard}`, ask);
  const isLastKind = kind === savedKinds.length - 1;
  const behind: Place = isLastKind
    ? { at: "shards", shard: shard + 1, kind: 0, key: [] }
    : { at: "shards", shard, kind: kind + 1, key: [] };
  const next: Place = page.next === undefined ? behind : { at: "shards", shard, kind, key: [...page.next] };
  const owed = isLastKind && page.next === undefined ? page.owed : 0;
  const count = page.retained.length + page.delayed.length + page.cursors.length + page.groups.length;
  if (count === 0) return { calls: 1, lines: [], next, owed };
  const line: Line = {
    kind: "shard",
    shard,
    page: key,
    topicShards,
    topicShardDepth,
    retained: page.retained.map(({ body }) => textOf(body)),
    delayed: page.delayed.map(({ dueAtMs, publisher, body }) => ({ dueAtMs, publisher, body: textOf(body) })),
    cursors: page.cursors.map((one) => ({ ...one })),
    groups: page.groups.map(({ share, body }) => ({ share, body: textOf(body) })),
  };
  return { calls: 1, lines: [line], next, owed };
}

interface Known {
  readonly name: string;
  readonly clientId: string;
}

async function saveSessions(env: Env, { after, within }: Place & { at: "sessions" }): Promise<Step> {
  if (within !== undefined) return saveWithin(env, after, within);
  const list = await listSessions(env, { after, limit: entriesAtOnce });
  const lines: Line[] = [];
  let reached = after;
  let calls = configOf(env).directoryShards;
  for (let first = 0; first < list.entries.length; first += sessionsAtOnce) {
    const few = list.entries.slice(first, first + sessionsAtOnce);
    calls += few.length;
    const pages = await pMap(few, async (entry) => {
      const id = clientIdOf(entry);
      const known = id === undefined ? undefined : { name: entry.name, clientId: id };
      return { entry, known, page: known === undefined ? undefined : await savePage(env, known, firstPage) };
    });
    for (const { entry, known, page } of pages) {
      if (known !== undefined && page !== undefined) {
        lines.push(sessionLineOf(known.clientId, page));
        // It is gone on with by itself; those behind it are asked again.
        if (page.next !== undefined) return { calls, lines, next: placeWithin(reached, known, page.next) };
      }
      reached = entry.name;
    }
    if (bytesIn(lines) > stepBytesMax && first + few.length < list.entries.length) {
      return { calls, lines, next: { at: "sessions", after: reached } };
    }
  }
  return { calls, lines, next: list.after === undefined ? undefined : { at: "sessions", after: list.after } };
}

const firstPage = { from: 0, after: "" };
const stepBytesMax = 1024 * 1024;

async function saveWithin(
  env: Env,
  after: string,
  { name, clientId, from, filter, letter }: NonNullable<(Place & { at: "sessions" })["within"]>,
): Promise<Step> {
  const known = { name, clientId };
  const page = await savePage(env, known, { from, after: filter, ...(letter === undefined ? {} : { letter }) });
  const behind: Place = { at: "sessions", after: name };
  // It has ended meanwhile, and what is there of it is not its whole.
  if (page === undefined) return { calls: 1, lines: [], next: behind };
  const next = page.next === undefined ? behind : placeWithin(after, known, page.next);
  return { calls: 1, lines: [sessionLineOf(clientId, page)], next };
}

function placeWithin(after: string, known: Known, { from, after: filter, letter }: Omit<SaveRequest, "kind">): Place {
  return { at: "sessions", after, within: { ...known, from, filter, ...(letter === undefined ? {} : { letter }) } };
}

/** Undefined: there is no session that outlives its connection. */
async function savePage(env: Env, { name }: Known, at: Omit<SaveRequest, "kind">): Promise<SavedPage | undefined> {
  const answer = await reachSession(env, name, { kind: "save", ...at });
  return answer.kind === "saved" ? answer : undefined;
}

export function bytesIn(lines: readonly Line[]): number {
  let bytes = 0;
  for (const line of lines) {
    if (line.kind === "session") for (const { body } of [...line.segments, ...line.letters]) bytes += body.length;
    if (line.kind === "shard") for (const body of line.retained) bytes += body.length;
    if (line.kind === "shard") for (const { body } of [...line.delayed, ...line.groups]) bytes += body.length;
    bytes += 500;
  }
  return bytes;
}
