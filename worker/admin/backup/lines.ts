// The lines of a backup: JSON, one on each line. Bytes are in base64; messages are records as src/queue/record.ts has them, which is
// how they are stored.

import * as z from "zod/mini";
import { decodeBase64 } from "../../../src/auth/base64.ts";
import { SESSION_NEVER_EXPIRES } from "../../../src/protocol/packet.ts";
import { RecordReader } from "../../../src/queue/record.ts";
import type { SavedLetter, SavedPage, SavedSegment, SavedState } from "../../../src/session/saved.ts";
import type { SinkProgress } from "../../../src/session/sink.ts";
import { topicFilterProblem } from "../../../src/topic/name.ts";
import { isShared, parseFilter } from "../../../src/topic/share.ts";
import { webhookPrefix } from "../../names.ts";
import { clientId } from "../client-schemas.ts";
import { limits } from "../schemas.ts";
import { limitsIn, sessionLimits } from "../session-limits.ts";
import { savedTables } from "../transfer/tables.ts";

/** Of the format. In the first, lines of shards did not say which page they are. */
export const version = 2;
export const versionsRead: readonly number[] = [1, version];

const time = z.int().check(z.minimum(0));
/** A time and more: see src/hop/generations.ts. */
const generation = z.int().check(z.minimum(0), z.maximum(2 ** 52));
const position = z.int().check(z.minimum(0), z.maximum(2 ** 50));

/** Records, so many of them; undefined if the bytes are none. */
function recordsIn(text: string): number | undefined {
  const bytes = decodeBase64(text);
  if (bytes === undefined) return undefined;
  try {
    let count = 0;
    for (const reader = new RecordReader(bytes); reader.next(); count++) {
      if (reader.qos > 2 || reader.topic === "" || topicFilterProblem(reader.topic) !== undefined) return undefined;
      // Reaches for all of it.
      void reader.payload.length;
    }
    return count;
  } catch {
    return undefined;
  }
}

const records = z.string().check(z.refine((text) => (recordsIn(text) ?? 0) > 0, "no messages in base64"));
const oneRecord = z.string().check(z.refine((text) => recordsIn(text) === 1, "not one message in base64"));
const share = z
  .string()
  .check(z.refine((text) => isShared(text) && typeof parseFilter(text) !== "string", "no shared subscription"));

const segment = z
  .strictObject({
    position,
    count: z.int().check(z.minimum(1), z.maximum(1_000_000)),
    offered: z._default(z.boolean(), false),
    atMs: z._default(time, 0),
    progress: z.optional(z.string().check(z.regex(/^[034]*$/))),
    share: z.optional(share),
    body: records,
  })
  .check(
    z.refine(({ count, body }) => recordsIn(body) === count, "`body` has another number of messages than `count` says"),
    z.refine(({ count, progress = "" }) => progress.length <= count, "`progress` is longer than `count` says"),
  );

const inboundRun = z.array(z.int().check(z.minimum(0), z.maximum(2 ** 52))).check(
  z.minLength(3),
  z.maxLength(4),
  z.refine(([id = 0, , count = 0]) => id >= 1 && count >= 1 && id + count <= 65_536, "no packet identifiers"),
);

const count = z.int().check(z.minimum(0));
const failure = z.strictObject({ atMs: time, reason: z.string(), detail: z.string(), status: count });

/** Of a webhook's session. */
const sink = z.strictObject({
  batch: z.optional(z.strictObject({ from: position, to: position, attempts: count })),
  usedBelow: position,
  failures: count,
  nextAtMs: time,
  deliveredBatches: count,
  deliveredMessages: count,
  failedAttempts: count,
  deadMessages: count,
  lastSuccessAtMs: time,
  lastFailure: z.optional(failure),
});

const letter = z
  .strictObject({
    position,
    id: z.string(),
    atMs: time,
    attempts: count,
    count: z.int().check(z.minimum(1)),
    failure,
    isSentAgain: z.boolean(),
    places: z.array(z.tuple([position, time])),
    body: records,
  })
  .check(
    z.refine(
      ({ count: of, body }) => recordsIn(body) === of,
      "`body` has another number of messages than `count` says",
    ),
    z.refine(({ count: of, places }) => places.length === of, "`places` has another number than `count` says"),
  );

const state = z.strictObject({
  username: z.nullable(z.string().check(z.maxLength(65_535))),
  version: z.literal([3, 4, 5]),
  generation: generation.check(z.minimum(1)),
  expirySeconds: z.int().check(z.minimum(1), z.maximum(SESSION_NEVER_EXPIRES)),
  expiresAtMs: time,
  isProvisioned: z.boolean(),
  limits: sessionLimits,
  userLimits: limits,
  head: position,
  inbound: z.strictObject({
    nextSequence: z.int().check(z.minimum(1), z.maximum(2 ** 47)),
    runs: z.array(inboundRun).check(z.maxLength(65_535)),
  }),
  wills: z.array(z.strictObject({ body: oneRecord, delayMs: time, expiryMs: time, dueAtMs: time })),
  sink: z.optional(sink),
});

const subscription = z.strictObject({
  filter: z.string().check(
    z.refine((text) => typeof parseFilter(text) !== "string", "is not a topic filter"),
    z.maxLength(65_535),
  ),
  qos: z.literal([0, 1, 2]),
  noLocal: z.boolean(),
  retainAsPublished: z.boolean(),
  identifier: z.int().check(z.minimum(0), z.maximum(268_435_455)),
});

const sessionLine = z
  .strictObject({
    kind: z.literal("session"),
    clientId,
    state: z.optional(state),
    subscriptions: z.array(subscription).check(z.maxLength(1000)),
    segments: z.array(segment).check(z.maxLength(1000)),
    letters: z._default(z.array(letter).check(z.maxLength(1000)), []),
    dupBelow: position,
    isLast: z.boolean(),
  })
  .check(
    z.refine(
      ({ clientId: id, state: of }) => of === undefined || id.startsWith(webhookPrefix) === (of.sink !== undefined),
      "`state.sink` belongs to the session of a webhook",
    ),
    z.refine(
      ({ clientId: id, letters }) => letters.length === 0 || id.startsWith(webhookPrefix),
      "`letters` belong to the session of a webhook",
    ),
  );

const rowsLine = z.strictObject({
  kind: z.literal("rows"),
  table: z.enum(savedTables.map(({ name }) => name) as [string, ...string[]]),
  rows: z.array(z.record(z.string(), z.unknown())).check(z.minLength(1), z.maxLength(1000)),
});

/** Behind what a page of a shard begins; empty: with the first. */
export const savedKey = z.array(z.union([z.string(), z.number()])).check(z.maxLength(3));

const shardLine = z.strictObject({
  kind: z.literal("shard"),
  shard: z.int().check(z.minimum(0)),
  page: savedKey.check(
    z.describe('Tells lines that are alike apart. A file of version 1 has none: `["line", its number]`.'),
  ),
  topicShards: z.int().check(z.minimum(1)),
  topicShardDepth: z.int().check(z.minimum(1)),
  retained: z.array(oneRecord).check(z.maxLength(1000)),
  delayed: z.array(z.strictObject({ dueAtMs: time, publisher: z.string(), body: records })).check(z.maxLength(1000)),
  cursors: z
    .array(
      z.strictObject({
        source: z.string().check(z.regex(/^[=!~]/)),
        generation,
        sequence: z.int().check(z.minimum(0)),
        atMs: time,
      }),
    )
    .check(z.maxLength(1000)),
  groups: z.array(z.strictObject({ share, body: records })).check(z.maxLength(1000)),
});

/** At the beginning of a backup. */
export const headLine = z.object({
  kind: z.literal("backup"),
  version: z.int(),
  id: z.uuid(),
  atMs: z.number(),
  settings: z.record(z.string(), z.unknown()),
});

/** Behind each page of a backup: where the next begins; null: there is none. */
export const pageLine = z.object({
  kind: z.literal("page"),
  next: z.nullable(z.string()),
  owed: z.number().check(z.describe("Deliveries that shards still owe to sessions: they are in no page.")),
});

export const line = z.discriminatedUnion("kind", [rowsLine, shardLine, sessionLine]);
export type Line = z.output<typeof line>;
export type SessionLine = z.output<typeof sessionLine>;
export type ShardLine = z.output<typeof shardLine>;
export type RowsLine = z.output<typeof rowsLine>;

/** Text and bytes, of whole pages: quicker than what the core has. */
export function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("base64");
}

export function bytesOf(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text, "base64"));
}

export function sessionLineOf(id: string, page: SavedPage): SessionLine {
  const { state: saved, subscriptions, segments, letters = [], dupBelow, next } = page;
  return {
    kind: "session",
    clientId: id,
    ...(saved === undefined ? {} : { state: stateLine(saved) }),
    subscriptions: [...subscriptions],
    segments: segments.map(({ progress, body, ...rest }) => ({
      ...rest,
      ...(progress.some((one) => one !== 0) ? { progress: progress.join("") } : {}),
      body: textOf(body),
    })),
    letters: letters.map(({ places, body, ...rest }) => ({
      ...rest,
      places: places.map(([at = 0, queuedAtMs = 0]) => [at, queuedAtMs]),
      body: textOf(body),
    })),
    dupBelow,
    isLast: next === undefined,
  };
}

function stateLine({ wills, inbound, limits: own, userLimits, sink: of, ...rest }: SavedState): z.output<typeof state> {
  return {
    ...rest,
    ...(of === undefined ? {} : { sink: { ...of } as z.output<typeof sink> }),
    limits: { ...own },
    userLimits: { ...userLimits } as z.output<typeof limits>,
    inbound: { nextSequence: inbound.nextSequence, runs: inbound.runs.map((run) => [...run]) },
    wills: wills.map(({ body, ...will }) => ({ ...will, body: textOf(body) })),
  };
}

export function stateIn({ wills, limits: own, userLimits, sink: of, ...rest }: z.output<typeof state>): SavedState {
  return {
    ...rest,
    ...(of === undefined ? {} : { sink: of as SinkProgress }),
    limits: limitsIn(own),
    userLimits: userLimits as SavedState["userLimits"],
    wills: wills.map(({ body, ...will }) => ({ ...will, body: bytesOf(body) })),
  };
}

export function segmentIn({ progress = "", body, share: of, ...rest }: z.output<typeof segment>): SavedSegment {
  return {
    ...rest,
    progress: Uint8Array.from({ length: rest.count }, (_, index) => Number(progress[index] ?? 0)),
    ...(of === undefined ? {} : { share: of }),
    body: bytesOf(body),
  };
}

export function letterIn({ body, ...rest }: z.output<typeof letter>): SavedLetter {
  return { ...rest, body: bytesOf(body) };
}
