// A session whose messages go to a sink, an HTTP endpoint or a queue of the platform, instead of a client: which messages make
// a batch, and what becomes of it. There is one batch at a time, so they arrive in order. What carries it is
// worker/session/courier.ts; decision 28 says why it is so.
//
// Which batch is next:
// 1. none while the sink is paused, or its session comes out of a backup and is not whole;
// 2. a dead letter that an operator sends again, as it was;
// 3. none before the pause after a failure is over;
// 4. the batch that was begun: what is left of it, which is all unless messages were dropped or have expired;
// 5. messages from the oldest on, as many as fit. The first always does; for a queue of the platform, which takes no large ones, one that
//    may be too large goes alone, so that none goes down with it.
//
// What becomes of it:
// 1. delivered: its messages are finished;
// 2. the sink does not want this batch, or it was tried often enough: it becomes a dead letter, and the next has its turn at once;
// 3. otherwise it is tried again, later each time.

import { nextVisible } from "./consume.ts";
import { parcelOfLetter, putLetter } from "./dead-letters.ts";
import type { Effects } from "./effects.ts";
import {
  failureOf,
  messageOf,
  type Parcel,
  type ParcelMessage,
  type ParcelOutcome,
  type SinkFailure,
} from "./parcel.ts";
import { continueReplays, replayWakeAtMs } from "./replay.ts";
import { generationOf, queueDepth, type Session } from "./state.ts";
import { isUnfinished } from "./unfinished.ts";

/** Where batches go. */
export type SinkTarget =
  | {
      readonly kind: "http";
      readonly url: string;
      readonly timeoutMs: number;
      /** Signs; a former one does as well, until then. */
      readonly secret: string;
      readonly formerSecret?: string;
      readonly formerUntilMs?: number;
    }
  /** A producer binding of the deployment. */
  | { readonly kind: "queue"; readonly binding: string };

export interface SinkSettings {
  readonly name: string;
  /** Of the change that made them: earlier ones that come late change nothing. */
  readonly revision: number;
  readonly isPaused: boolean;
  readonly target: SinkTarget;
  readonly batchMessagesMax: number;
  readonly batchBytesMax: number;
  /** How long a message may wait for others. */
  readonly lingerMs: number;
  readonly attemptsMax: number;
}

/** How far it has come: a row, written before a batch is sent. */
export interface SinkProgress {
  /** The batch that was begun: positions from `from` to before `to`. */
  readonly batch?: { readonly from: number; readonly to: number; readonly attempts: number };
  /** End of the last batch that was begun: ids are made of positions, which are never used twice. */
  readonly usedBelow: number;
  /** Attempts in a row that failed, of whatever batch. */
  readonly failures: number;
  /** 0: at once. */
  readonly nextAtMs: number;
  readonly deliveredBatches: number;
  readonly deliveredMessages: number;
  readonly failedAttempts: number;
  readonly deadMessages: number;
  /** 0: never. */
  readonly lastSuccessAtMs: number;
  readonly lastFailure?: SinkFailure;
}

export interface Sink {
  readonly settings: SinkSettings;
  progress: SinkProgress;
  /** A batch is on its way. */
  isBusy: boolean;
  /** There are dead letters to send again. */
  hasLetters: boolean;
}

/** Written as JSON, each byte becomes six at most, and a message of a queue has at most 128 KB. */
const aloneBytesMin = 16 * 1024;

const firstDelayMs = 1_000;
/** Whatever the sink asks for. */
export const delayMsMax = 3_600_000;

const none: SinkProgress = {
  usedBelow: 0,
  failures: 0,
  nextAtMs: 0,
  deliveredBatches: 0,
  deliveredMessages: 0,
  failedAttempts: 0,
  deadMessages: 0,
  lastSuccessAtMs: 0,
};

export function newSink(settings: SinkSettings, progress: SinkProgress = none, hasLetters = false): Sink {
  return { settings, progress, isBusy: false, hasLetters };
}

/** Other settings may be what was missing: it is tried at once. */
export function configureSink(session: Session, settings: SinkSettings, effects: Effects): void {
  const before = session.sink;
  if (before !== undefined && before.settings.revision > settings.revision) return;
  const isSame = before !== undefined && JSON.stringify(before.settings) === JSON.stringify(settings);
  if (isSame && before.progress.nextAtMs === 0) return;
  session.sink = newSink(settings, { ...(before?.progress ?? none), failures: 0, nextAtMs: 0 }, before?.hasLetters);
  session.sink.isBusy = before?.isBusy ?? false;
  effects.persist.push({ kind: "put-sink", settings });
  putProgress(session.sink, effects);
}

/** When a batch can go, or a page of retained messages is to be asked for, in ms since 1970; undefined: nothing is to be done. */
export function sinkWakeAtMs(session: Session, nowMs: number): number | undefined {
  const { sink, connection } = session;
  if (sink === undefined || sink.isBusy || sink.settings.isPaused || connection !== undefined) return undefined;
  if (isUnfinished(session.record, nowMs)) return undefined;
  if (sink.hasLetters) return nowMs;
  const replayAtMs = replayWakeAtMs(session, nowMs);
  const depth = queueDepth(session);
  if (depth === 0) return replayAtMs;
  const { batchMessagesMax, lingerMs } = sink.settings;
  const batchAtMs = Math.max(sink.progress.nextAtMs, depth >= batchMessagesMax ? nowMs : nowMs + lingerMs);
  return Math.min(batchAtMs, replayAtMs ?? batchAtMs);
}

/** The batch to send now. When the effects are true it may be. */
export function nextParcel(session: Session, effects: Effects, nowMs: number): Parcel | undefined {
  const { sink, connection } = session;
  const generation = generationOf(session);
  if (sink === undefined || generation === undefined || connection !== undefined) return undefined;
  if (sink.settings.isPaused || isUnfinished(session.record, nowMs)) return undefined;
  const letter = sink.hasLetters ? session.reads.letters.toSend() : undefined;
  if (letter !== undefined) return parcelOfLetter(letter, generation);
  sink.hasLetters = false;
  if (sink.progress.nextAtMs > nowMs) return undefined;
  const { batch } = sink.progress;
  const isBegun = batch !== undefined && batch.to > session.window.head;
  const left = isBegun ? collect(session, batch.to, effects, nowMs) : [];
  const messages = left.length > 0 ? left : collect(session, undefined, effects, nowMs);
  session.queue.sent((messages.at(-1)?.position ?? -1) + 1);
  releaseFinished(session, effects);
  const [first] = messages;
  const last = messages.at(-1);
  if (first === undefined || last === undefined) return undefined;
  const attempt = left.length > 0 && isBegun ? batch.attempts + 1 : 1;
  const range = left.length > 0 && isBegun ? batch : { from: first.position, to: last.position + 1 };
  const { from, to } = range;
  sink.progress = { ...sink.progress, batch: { from, to, attempts: attempt }, usedBelow: to };
  putProgress(sink, effects);
  return { id: batchId(sink, generation, from, to), generation, attempt, messages };
}

function batchId({ settings }: Sink, generation: number, from: number, to: number): string {
  return [settings.name, generation.toString(36), from, to].join("-");
}

/** Up to a position, or as much as one batch holds. */
function collect(session: Session, to: number | undefined, effects: Effects, nowMs: number): ParcelMessage[] {
  const { sink, queue, window } = session;
  const { batchMessagesMax, batchBytesMax, target } = (sink as Sink).settings;
  const messages: ParcelMessage[] = [];
  let bytes = 0;
  for (let next = nextVisible(session, window.head, nowMs); next !== undefined; ) {
    const { position, found } = next;
    const { reader, atMs } = found;
    if (to !== undefined && position >= to) break;
    if (to === undefined && messages.length >= batchMessagesMax) break;
    if (reader.expiresAtMs > 0 && reader.expiresAtMs <= nowMs) {
      effects.drop("expired", reader.topic);
      window.settle(position);
      effects.windowChanged = true;
    } else {
      const size = reader.end - reader.start;
      const goesAlone = target.kind === "queue" && size > aloneBytesMin;
      bytes += size;
      if (to === undefined && messages.length > 0 && (goesAlone || bytes > batchBytesMax)) break;
      messages.push(messageOf(reader, position, atMs));
      if (to === undefined && goesAlone) break;
    }
    next = position + 1 < queue.end ? nextVisible(session, position + 1, nowMs) : undefined;
  }
  return messages;
}

/** What became of it. `jitter` is from 0 to 1, so that sinks that failed together are not tried together. */
export function settleParcel(
  session: Session,
  parcel: Parcel,
  outcome: ParcelOutcome,
  jitter: number,
  effects: Effects,
  nowMs: number,
): void {
  const { sink } = session;
  // Its session has ended meanwhile, and everything with it.
  if (sink === undefined || parcel.generation !== generationOf(session)) return;
  if (parcel.letter !== undefined) return settleLetter(sink, parcel.letter, parcel, outcome, effects, nowMs);
  if (outcome.isDelivered) return delivered(session, sink, parcel, effects, nowMs);
  const { batch: _batch, ...rest } = sink.progress;
  const failure = failureOf(outcome, nowMs);
  const failed = { ...sink.progress, failedAttempts: sink.progress.failedAttempts + 1, lastFailure: failure };
  if (outcome.isFinal || parcel.attempt >= sink.settings.attemptsMax) {
    putLetter(session, parcel, failure, effects);
    finish(session, parcel, effects);
    const failures = outcome.isFinal ? 0 : rest.failures + 1;
    const { failedAttempts, lastFailure } = failed;
    const deadMessages = rest.deadMessages + parcel.messages.length;
    sink.progress = { ...rest, failures, nextAtMs: 0, failedAttempts, lastFailure, deadMessages };
  } else {
    const failures = failed.failures + 1;
    const nextAtMs = nowMs + delayMs(failures, outcome.retryAfterMs, jitter);
    sink.progress = { ...failed, failures, nextAtMs };
  }
  putProgress(sink, effects);
}

/** After so many failures in a row: doubled each time, as the sink asks if that is longer, and never beyond the limit. */
export function delayMs(failures: number, retryAfterMs: number, jitter: number): number {
  const doubled = firstDelayMs * 2 ** Math.min(failures - 1, 20) * (1 + jitter / 4);
  return Math.round(Math.min(Math.max(doubled, retryAfterMs), delayMsMax));
}

function delivered(session: Session, sink: Sink, parcel: Parcel, effects: Effects, nowMs: number): void {
  finish(session, parcel, effects);
  const { batch: _batch, ...rest } = sink.progress;
  sink.progress = {
    ...rest,
    failures: 0,
    nextAtMs: 0,
    deliveredBatches: rest.deliveredBatches + 1,
    deliveredMessages: rest.deliveredMessages + parcel.messages.length,
    lastSuccessAtMs: nowMs,
  };
  // Where there is another batch it is written with that.
  if (sink.settings.isPaused || queueDepth(session) === 0) putProgress(sink, effects);
}

function finish(session: Session, parcel: Parcel, effects: Effects): void {
  const { window, queue } = session;
  for (const { position } of parcel.messages) {
    // It may have been dropped meanwhile, or the queue emptied.
    if (position >= window.head && !window.isDropped(position)) window.settle(position);
  }
  releaseFinished(session, effects);
  if (window.head !== queue.bounds.first || window.finishedAhead > 0) effects.windowChanged = true;
  continueReplays(session, effects);
}

function releaseFinished({ queue, window }: Session, effects: Effects): void {
  if (queue.release(window.head)) effects.persist.push({ kind: "delete-segments", below: window.head });
}

function putProgress({ progress }: Sink, effects: Effects): void {
  effects.persist.push({ kind: "put-sink-progress", progress });
}

function settleLetter(
  sink: Sink,
  position: number,
  { attempt, messages }: Parcel,
  outcome: ParcelOutcome,
  effects: Effects,
  nowMs: number,
): void {
  const { progress } = sink;
  if (outcome.isDelivered) {
    effects.persist.push({ kind: "delete-dead-letters", position });
    const deliveredMessages = progress.deliveredMessages + messages.length;
    const deliveredBatches = progress.deliveredBatches + 1;
    sink.progress = { ...progress, deliveredBatches, deliveredMessages, lastSuccessAtMs: nowMs };
  } else {
    const failure = failureOf(outcome, nowMs);
    effects.persist.push({ kind: "keep-dead-letter", position, attempts: attempt, failure });
    sink.progress = { ...progress, failedAttempts: progress.failedAttempts + 1, lastFailure: failure };
  }
  putProgress(sink, effects);
}
