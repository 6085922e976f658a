// A session as a backup has it: what another object needs to go on where this one is. Positions stay what they are, so that packet
// identifiers do, by which a client knows the QoS 2 messages that it has begun [MQTT-4.4.0-1].
//
// Of a long queue it takes several pages. Each is true for itself: a message is in the state in which its page found it, and what
// is finished between two pages is in none. What waits in memory for its client or its row is in no page either: nobody has been
// told that it was taken.

import type { ProtocolVersion } from "../protocol/version.ts";
import { Progress } from "../queue/window.ts";
import type { DueWill, SessionOverrides, StoredSubscription } from "./changes.ts";
import type { StoredLetter } from "./dead-letters.ts";
import type { SinkProgress } from "./sink.ts";
import type { Session } from "./state.ts";

export interface SaveRequest {
  readonly kind: "save";
  /** Of the first message of the page; 0 for the first page. */
  readonly from: number;
  /** The filter behind which its subscriptions begin; "" for the first. */
  readonly after: string;
  /** The dead letter behind which they begin; absent: with the first. */
  readonly letter?: number;
}

/** Rows of the queue. */
export interface SavedSegment {
  readonly position: number;
  readonly count: number;
  readonly offered: boolean;
  readonly atMs: number;
  /** Of each message how far it has come: 0 not sent or to be sent again, 3 PUBREL is due, 4 finished. */
  readonly progress: Uint8Array;
  /** Of messages of a shared subscription. */
  readonly share?: string;
  readonly body: Uint8Array;
}

/** A dead letter. Pairs of numbers lose their length between objects. */
export interface SavedLetter extends Omit<StoredLetter, "places"> {
  readonly places: readonly (readonly number[])[];
}

export interface SavedState {
  readonly username: string | null;
  readonly version: ProtocolVersion;
  readonly generation: number;
  readonly expirySeconds: number;
  /** 0: it was connected, or never ends. */
  readonly expiresAtMs: number;
  readonly isProvisioned: boolean;
  readonly limits: SessionOverrides;
  readonly userLimits: Readonly<Record<string, number>>;
  /** Where the queue begins; the position of the next message where it is empty. */
  readonly head: number;
  /** QoS 2 messages of its client that have yet to be released. */
  readonly inbound: { readonly nextSequence: number; readonly runs: readonly (readonly number[])[] };
  /** Wills of connections that have ended. */
  readonly wills: readonly Pick<DueWill, "body" | "delayMs" | "expiryMs" | "dueAtMs">[];
  /** How far a webhook's batches have come, but not where they go: its secret is in no backup. */
  readonly sink?: SinkProgress;
}

export interface SavedPage {
  readonly kind: "saved";
  /** On the first page. */
  readonly state?: SavedState;
  readonly subscriptions: readonly StoredSubscription[];
  readonly segments: readonly SavedSegment[];
  /** Of a webhook; absent: there are none. */
  readonly letters?: readonly SavedLetter[];
  /** Messages before it were, or may have been, sent before. */
  readonly dupBelow: number;
  /** Absent on the last page. */
  readonly next?: Omit<SaveRequest, "kind">;
}

const segmentsMax = 256;
const bytesMax = 1024 * 1024;
const subscriptionsMax = 500;
const lettersMax = 100;

export function save(session: Session, { from, after, letter }: SaveRequest): SavedPage | undefined {
  const { record, reads, queue, window, connection } = session;
  if (record === undefined) return undefined;
  const isFirst = from === 0 && after === "" && letter === undefined;
  const subscriptions = reads.subscriptionsAfter(after, subscriptionsMax);
  const start = Math.max(from, window.head);
  const { segments, next } = segmentsFrom(session, start);
  const sent = connection === undefined ? window.dupBelow : Math.max(window.dupBelow, window.next);
  const hasMore = subscriptions.length === subscriptionsMax;
  const { letters, nextLetter } = lettersFrom(session, letter ?? -1);
  return {
    kind: "saved",
    ...(isFirst ? { state: stateOf(session, segments[0]?.position ?? start) } : {}),
    subscriptions,
    segments,
    ...(letters.length === 0 ? {} : { letters }),
    dupBelow: Math.max(sent, reads.offeredEnd(session.exactBelow, queue.end)),
    ...(next === undefined && !hasMore && nextLetter === undefined
      ? {}
      : {
          next: {
            from: next ?? queue.end,
            after: hasMore ? (subscriptions.at(-1)?.filter ?? after) : endOfFilters,
            ...(session.sink === undefined ? {} : { letter: nextLetter ?? endOfLetters }),
          },
        }),
  };
}

const endOfLetters = Number.MAX_SAFE_INTEGER;

/** `nextLetter`: behind which there are more. */
function lettersFrom(
  { sink, reads }: Session,
  after: number,
): { letters: StoredLetter[]; nextLetter: number | undefined } {
  const letters: StoredLetter[] = [];
  if (sink === undefined) return { letters, nextLetter: undefined };
  const listed = reads.letters.after(after, lettersMax);
  let bytes = 0;
  for (const { position } of listed) {
    const letter = reads.letters.at(position);
    if (letter === undefined) continue;
    bytes += letter.body.length;
    if (letters.length > 0 && bytes > bytesMax) return { letters, nextLetter: letters.at(-1)?.position };
    letters.push(letter);
  }
  return { letters, nextLetter: listed.length === lettersMax ? listed.at(-1)?.position : undefined };
}

/** Behind every filter, in the order of their bytes. */
const endOfFilters = "\u{10ffff}";

function stateOf(session: Session, head: number): SavedState {
  const { record, inbound, dueWills, sink } = session;
  if (record === undefined) throw new Error("a session that ends with its connection is not saved");
  const { username = null, version, generation, expirySeconds, expiresAtMs, limits = {}, userLimits = {} } = record;
  return {
    username,
    version,
    generation,
    expirySeconds,
    expiresAtMs,
    isProvisioned: record.isProvisioned === true,
    limits,
    userLimits: { ...userLimits },
    head,
    inbound: inbound.whole() as SavedState["inbound"],
    wills: dueWills.map(({ body, delayMs, expiryMs, dueAtMs }) => ({ body, delayMs, expiryMs, dueAtMs })),
    ...(sink === undefined ? {} : { sink: sink.progress }),
  };
}

function segmentsFrom(session: Session, from: number): { segments: SavedSegment[]; next: number | undefined } {
  const { reads, queue } = session;
  const segments: SavedSegment[] = [];
  let bytes = 0;
  for (let at = from; at < queue.end; ) {
    const segment = reads.segmentFrom(at);
    if (segment === undefined) break;
    if (segments.length >= segmentsMax || (segments.length > 0 && bytes + segment.body.length > bytesMax)) {
      return { segments, next: at };
    }
    at = segment.position + segment.count;
    const { position, count, offered, atMs, body } = segment;
    const progress = progressOf(session, position, count);
    // All of it was finished, or given up.
    if (progress.every((one) => one === Progress.done)) continue;
    bytes += body.length;
    const origin = reads.originOf(position);
    segments.push({
      position,
      count,
      offered,
      atMs,
      progress,
      ...(origin === undefined ? {} : { share: origin.share }),
      body,
    });
  }
  return { segments, next: undefined };
}

function progressOf({ window }: Session, position: number, count: number): Uint8Array {
  return Uint8Array.from({ length: count }, (_, index) => {
    const at = position + index;
    if (window.isDropped(at)) return Progress.done;
    const progress = window.progressAt(at);
    return progress === Progress.released || progress === Progress.done ? progress : Progress.untouched;
  });
}
