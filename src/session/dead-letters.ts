// Batches that a sink did not take: kept for an operator, who has them sent again or deletes them. There is room for so many, and the
// oldest go where there is none.

import { RecordReader, RecordWriter } from "../queue/record.ts";
import type { Effects } from "./effects.ts";
import { messageOf, type Parcel, type ParcelMessage, type SinkFailure } from "./parcel.ts";
import type { Session } from "./state.ts";

export const deadLettersMax = 1_000;
export const deadLetterBytesMax = 64 * 1024 * 1024;

export interface DeadLetter {
  /** Where its batch began: names it within the session. */
  readonly position: number;
  readonly id: string;
  readonly atMs: number;
  readonly attempts: number;
  readonly count: number;
  readonly failure: SinkFailure;
  /** An operator has said so, and it has not happened yet. */
  readonly isSentAgain: boolean;
}

export interface StoredLetter extends DeadLetter {
  /** Of each record its position, and when it was queued. */
  readonly places: readonly (readonly [position: number, queuedAtMs: number])[];
  /** Records. */
  readonly body: Uint8Array;
}

export interface LetterTotals {
  readonly count: number;
  readonly bytes: number;
}

/** What a step may read of dead letters. */
export interface LetterReads {
  /** The first that an operator sends again. */
  toSend(): StoredLetter | undefined;
  at(position: number): StoredLetter | undefined;
  /** So many, by position, that stand behind it. */
  after(position: number, limit: number): readonly DeadLetter[];
  oldest(limit: number): readonly (Pick<DeadLetter, "position" | "id" | "count"> & { readonly bytes: number })[];
  totals(): LetterTotals;
}

export type LetterChange =
  | { readonly kind: "put-dead-letter"; readonly letter: StoredLetter }
  /** It was sent again in vain. */
  | {
      readonly kind: "keep-dead-letter";
      readonly position: number;
      readonly attempts: number;
      readonly failure: SinkFailure;
    }
  /** All, if no position is given. */
  | { readonly kind: "send-dead-letters" | "delete-dead-letters"; readonly position?: number };

export function parcelOfLetter(letter: StoredLetter, generation: number): Parcel {
  const messages = messagesOfLetter(letter);
  return { id: letter.id, generation, attempt: letter.attempts + 1, letter: letter.position, messages };
}

export function messagesOfLetter({ body, places }: StoredLetter): ParcelMessage[] {
  const reader = new RecordReader(body);
  return places.map(([position, queuedAtMs]) => {
    reader.next();
    return messageOf(reader, position, queuedAtMs);
  });
}

/** The oldest go where there is no room. */
export function putLetter(session: Session, parcel: Parcel, failure: SinkFailure, effects: Effects): void {
  const writer = new RecordWriter();
  const encoder = new TextEncoder();
  for (const { topic, ...rest } of parcel.messages) {
    writer.append({ ...rest, sequence: 0, topicBytes: encoder.encode(topic) });
  }
  const count = parcel.messages.length;
  const body = writer.take();
  const { reads } = session;
  let totals = reads.letters.totals();
  const hasRoom = () => totals.count < deadLettersMax && totals.bytes + body.length <= deadLetterBytesMax;
  for (const oldest of hasRoom() ? [] : reads.letters.oldest(deadLettersMax)) {
    if (hasRoom()) break;
    totals = { count: totals.count - 1, bytes: totals.bytes - oldest.bytes };
    effects.persist.push({ kind: "delete-dead-letters", position: oldest.position });
    effects.drop("dead-letter-overflow", `batch ${oldest.id}`, oldest.count);
  }
  const letter: StoredLetter = {
    position: parcel.messages[0]?.position ?? 0,
    id: parcel.id,
    atMs: failure.atMs,
    attempts: parcel.attempt,
    count,
    failure,
    isSentAgain: false,
    places: parcel.messages.map(({ position, queuedAtMs }) => [position, queuedAtMs]),
    body,
  };
  effects.persist.push({ kind: "put-dead-letter", letter });
}
