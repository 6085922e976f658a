// A session is made again from a backup, page by page. The backup's name stays with it, so that the same pages again change nothing:
//
//   1. Where there is no session, or one that the caller gives up, the first page makes it. Until the last page it is nobody's:
//      CONNECT is told to come later, and whoever asks over HTTP finds none.
//   2. A message below the end of the queue has been taken in before.
//   3. When all pages are in, its subscriptions are routed, and when they are, it is whole.
//   4. One that is whole and of the same backup is left alone: what its client has done since counts.
//   5. One that was begun and not gone on with for an hour is given up.
//   6. That of a webhook sends nothing until it is whole, and then the batch that was begun first, under the id that it had.

import type { LimitOverrides } from "../auth/limits.ts";
import { ReasonCode } from "../protocol/reason.ts";
import { readProgress, writeProgress } from "../queue/progress.ts";
import { Queue } from "../queue/queue.ts";
import { RecordReader } from "../queue/record.ts";
import { Window } from "../queue/window.ts";
import { shardOf } from "../topic/shards.ts";
import type { DueWill, SegmentOrigin, SessionRecord, StoredSubscription } from "./changes.ts";
import { endSession, violate } from "./closing.ts";
import type { StoredLetter } from "./dead-letters.ts";
import type { Effects } from "./effects.ts";
import { Holding } from "./holding.ts";
import { Inbound, type InboundRuns } from "./inbound.ts";
import { limitsFor } from "./limits.ts";
import type { SavedLetter, SavedSegment, SavedState } from "./saved.ts";
import { shardsOfSubscription } from "./sharing.ts";
import { newSink, type SinkProgress, type SinkSettings } from "./sink.ts";
import { generationOf, type Session } from "./state.ts";
import { routeAgain } from "./subscribe.ts";

export interface RestoreRequest {
  readonly kind: "restore";
  readonly clientId: string;
  /** Tells backups apart. */
  readonly backup: string;
  /** On the first page. */
  readonly state?: SavedState;
  readonly subscriptions: readonly StoredSubscription[];
  readonly segments: readonly SavedSegment[];
  readonly letters?: readonly SavedLetter[];
  /** Of a webhook, on the first page: where its batches go here. */
  readonly sink?: SinkSettings;
  readonly dupBelow: number;
  /** A session that is there, and is not of this backup, ends. */
  readonly replaces: boolean;
}

/** `route`, and when that is answered `finish`. */
export interface RestoreEndRequest {
  readonly kind: "restore-end";
  readonly backup: string;
  readonly step: "route" | "finish";
}

/** taken · known: it is whole already · exists: another session is there · over: its time is · unbegun: the first page is missing */
export type RestoreStatus = "taken" | "known" | "exists" | "over" | "unbegun";

export interface RestoreAnswer {
  readonly kind: "restored";
  readonly status: RestoreStatus;
}

const spanMax = 65_535;

export function restore(session: Session, request: RestoreRequest, effects: Effects, nowMs: number): RestoreStatus {
  const known = session.record?.backup;
  if (known?.id !== request.backup) {
    if (generationOf(session) !== undefined && !request.replaces) return "exists";
    const { state } = request;
    if (state === undefined) return "unbegun";
    if (state.expiresAtMs > 0 && state.expiresAtMs <= nowMs) return "over";
    begin(session, request, state, effects, nowMs);
  } else if (known.isWhole) {
    return "known";
  } else {
    mark(session, { id: request.backup, isWhole: false, atMs: nowMs }, effects);
  }
  for (const subscription of request.subscriptions) {
    effects.persist.push({ kind: "put-subscription", subscription, removing: false });
  }
  append(session, request, effects);
  for (const letter of request.letters ?? []) putLetter(session, letter, effects);
  return "taken";
}

/** Whether shards have to confirm its subscriptions. */
export function endRestore(
  session: Session,
  { backup, step }: RestoreEndRequest,
  ticket: number,
  effects: Effects,
  nowMs: number,
): { readonly status: RestoreStatus; readonly waits: boolean } {
  const known = session.record?.backup;
  if (known?.id !== backup) return { status: "unbegun", waits: false };
  if (known.isWhole) return { status: "known", waits: false };
  if (step === "route") return { status: "taken", waits: routeAgain(session, ticket, effects) };
  mark(session, { id: backup, isWhole: true, atMs: nowMs }, effects);
  return { status: "taken", waits: false };
}

function begin(session: Session, request: RestoreRequest, state: SavedState, effects: Effects, nowMs: number): void {
  violate(session, ReasonCode.administrativeAction, "the session is restored from a backup", effects, nowMs);
  if (session.record !== undefined) endSession(session, effects, nowMs, "operator");
  const { username, version, expirySeconds, limits, userLimits, isProvisioned, head, inbound, wills } = state;
  const generation = Math.max(state.generation, session.lastGeneration + 1);
  session.lastGeneration = generation;
  const ofUser = Object.keys(userLimits).length === 0 ? undefined : (userLimits as LimitOverrides);
  const own = Object.keys(limits).length === 0 ? undefined : limits;
  const record: SessionRecord = {
    clientId: request.clientId,
    username: username ?? undefined,
    version,
    generation,
    expirySeconds,
    expiresAtMs: state.expiresAtMs,
    ...(isProvisioned ? { isProvisioned: true } : {}),
    ...(own === undefined ? {} : { limits: own }),
    ...(ofUser === undefined ? {} : { userLimits: ofUser }),
    backup: { id: request.backup, isWhole: false, atMs: nowMs },
  };
  session.record = record;
  effects.persist.push({ kind: "put-session", record });
  session.limits = limitsFor(session.deploymentLimits, ofUser, own);
  session.inbound = new Inbound({
    runs: inbound.runs as unknown as InboundRuns,
    nextSequence: Math.max(inbound.nextSequence, session.inbound.nextSequence),
  });
  session.inbound.rewrite();
  session.window = new Window(head);
  session.queue = new Queue(session.reads, { first: head, end: head, bytes: 0 });
  for (const [index, will] of wills.entries()) keepWill(session, { ...will, generation }, nowMs + index, effects);
  if (request.sink !== undefined && state.sink !== undefined) beginSink(session, request.sink, state.sink, effects);
}

function beginSink(session: Session, settings: SinkSettings, progress: SinkProgress, effects: Effects): void {
  session.sink = newSink(settings, progress);
  effects.persist.push({ kind: "put-sink", settings }, { kind: "put-sink-progress", progress });
}

function putLetter({ sink }: Session, letter: SavedLetter, effects: Effects): void {
  if (sink === undefined) return;
  const places = letter.places as StoredLetter["places"];
  effects.persist.push({ kind: "put-dead-letter", letter: { ...letter, places } });
  if (letter.isSentAgain) sink.hasLetters = true;
}

function keepWill(
  session: Session,
  will: Pick<DueWill, "body" | "delayMs" | "expiryMs" | "dueAtMs" | "generation">,
  id: number,
  effects: Effects,
): void {
  const due: DueWill = { ...will, id, shard: shardOfFirst(session, will.body), sequence: 0 };
  session.dueWills.push(due);
  effects.persist.push({ kind: "put-due-will", will: due });
}

/** What lies between them was finished, or given up. */
function append(session: Session, { segments, dupBelow }: RestoreRequest, effects: Effects): void {
  const { window, queue } = session;
  const { first, bytes: before } = queue.bounds;
  const { head, gaps: known, ...written } = window.rewound(window.dupBelow);
  const progress = [...readProgress(written)];
  const gaps = [...known];
  let { end } = queue;
  let bytes = before;
  for (const saved of segments) {
    const { position, count, offered, atMs, body } = saved;
    if (position < end) continue;
    if (position > end) gaps.push({ from: end, to: position });
    const segment = { position, count, offered, atMs, body };
    effects.persist.push({ kind: "put-segment", segment, origin: originOf(session, saved) });
    for (const [index, one] of saved.progress.entries()) {
      // Nothing is begun further ahead than identifiers reach.
      if (one === 0 || position + index - head > spanMax) continue;
      while (progress.length < position - head) progress.push(0);
      progress[position - head + index] = one;
    }
    end = position + count;
    bytes += body.length;
  }
  session.window = Window.restore({
    head,
    next: head,
    dupBelow: Math.min(end, Math.max(window.dupBelow, dupBelow)),
    gaps,
    ...writeProgress(Uint8Array.from(progress, (one) => one ?? 0)),
  });
  session.queue = new Queue(session.reads, { first, end, bytes });
  session.holding = new Holding(end, 0, false);
  session.exactBelow = end;
  session.durableDupBelow = session.window.dupBelow;
  effects.windowChanged = true;
}

function originOf(session: Session, { share, body }: SavedSegment): SegmentOrigin | undefined {
  if (share === undefined) return undefined;
  const [only, ...others] = shardsOfSubscription(share, session.limits);
  return { share, shard: only !== undefined && others.length === 0 ? only : shardOfFirst(session, body) };
}

function shardOfFirst({ limits }: Session, body: Uint8Array): number {
  const reader = new RecordReader(body);
  reader.next();
  return shardOf(reader.topic, limits.topicShardDepth, limits.topicShards);
}

function mark(session: Session, backup: NonNullable<SessionRecord["backup"]>, effects: Effects): void {
  const { record } = session;
  if (record === undefined) return;
  session.record = { ...record, backup };
  effects.persist.push({ kind: "put-session", record: session.record });
}
