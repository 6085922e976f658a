// What an operator asks of a session with a sink: how it is doing, and its dead letters.

import { type DeadLetter, type LetterTotals, messagesOfLetter } from "./dead-letters.ts";
import type { Effects } from "./effects.ts";
import type { ParcelMessage } from "./parcel.ts";
import type { Sink, SinkProgress, SinkSettings } from "./sink.ts";
import { generationOf, queueDepth, type Session } from "./state.ts";

export type SinkRequest =
  | { readonly kind: "sink" }
  | { readonly kind: "dead-letters"; readonly after: number; readonly limit: number }
  | { readonly kind: "dead-letter"; readonly position: number }
  /** Sent again or forgotten: one, or all if no position is given. */
  | { readonly kind: "send-letters" | "discard-letters"; readonly position?: number };

export type SinkAnswer =
  | {
      readonly kind: "sink";
      readonly settings: Pick<SinkSettings, "revision" | "isPaused">;
      readonly progress: SinkProgress;
      readonly isBusy: boolean;
      readonly queueMessages: number;
      readonly queueBytes: number;
      /** When the oldest message was queued; 0: not known, or there is none. */
      readonly oldestQueuedAtMs: number;
      readonly drops: Readonly<Record<string, number>>;
      readonly deadLetters: LetterTotals;
    }
  | { readonly kind: "dead-letters"; readonly letters: readonly DeadLetter[] }
  | {
      readonly kind: "dead-letter";
      readonly generation: number;
      readonly letter: DeadLetter;
      readonly messages: readonly ParcelMessage[];
    }
  | { readonly kind: "letters-changed"; readonly count: number }
  | { readonly kind: "absent" };

const absent = { kind: "absent" } as const;

export function manageSink(session: Session, request: SinkRequest, effects: Effects): SinkAnswer {
  const { sink, reads } = session;
  const generation = generationOf(session);
  if (sink === undefined || generation === undefined) return absent;
  switch (request.kind) {
    case "sink":
      return status(session, sink);
    case "dead-letters":
      return { kind: "dead-letters", letters: reads.letters.after(request.after, request.limit) };
    case "dead-letter": {
      const stored = reads.letters.at(request.position);
      if (stored === undefined) return absent;
      const { body: _body, places: _places, ...letter } = stored;
      return { kind: "dead-letter", generation, letter, messages: messagesOfLetter(stored) };
    }
    case "send-letters":
    case "discard-letters": {
      const { position } = request;
      const isThere = position === undefined || reads.letters.at(position) !== undefined;
      const count = position === undefined ? reads.letters.totals().count : isThere ? 1 : 0;
      if (count === 0) return position === undefined ? { kind: "letters-changed", count } : absent;
      const kind = request.kind === "send-letters" ? "send-dead-letters" : "delete-dead-letters";
      effects.persist.push({ kind, ...(position === undefined ? {} : { position }) });
      if (kind === "send-dead-letters") sink.hasLetters = true;
      return { kind: "letters-changed", count };
    }
    default:
      request satisfies never;
      return absent;
  }
}

function status(session: Session, { settings, progress, isBusy }: Sink): SinkAnswer {
  const { queue, window, reads } = session;
  const { revision, isPaused } = settings;
  const oldest = queue.firstFrom(window.head);
  const found = oldest < queue.end ? queue.read(oldest) : undefined;
  return {
    kind: "sink",
    settings: { revision, isPaused },
    progress,
    isBusy,
    queueMessages: queueDepth(session),
    queueBytes: queue.bytes,
    oldestQueuedAtMs: found?.atMs ?? 0,
    drops: Object.fromEntries(reads.drops()),
    deadLetters: reads.letters.totals(),
  };
}
