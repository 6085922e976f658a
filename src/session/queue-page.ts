// A look into the queue and the window, page by page, without touching either.

import type { QoS } from "../protocol/packet.ts";
import { Progress } from "../queue/window.ts";
import { type Session, wasOffered } from "./state.ts";

export interface QueueRequest {
  readonly kind: "queue";
  /** Of the first message of the page; 0 for the oldest. */
  readonly from: number;
  readonly limit: number;
  /** Payloads are part of the page up to this many bytes in all; 0: none are. */
  readonly payloadBytesMax: number;
}

/** waiting: was not sent · sent: on its way to the client · released: PUBREL is due · leased: handed out over HTTP */
export type QueuedState = "waiting" | "sent" | "released" | "leased";

export interface QueuedMessage {
  readonly position: number;
  readonly state: QueuedState;
  readonly topic: string;
  readonly qos: QoS;
  readonly retain: boolean;
  readonly payloadBytes: number;
  /** 0: not known, because earlier code has stored it. */
  readonly queuedAtMs: number;
  /** 0: never. */
  readonly expiresAtMs: number;
  /** It was, or may have been, handed to somebody before. */
  readonly mayBeKnown: boolean;
  /** Of a message in flight or released. */
  readonly packetId?: number;
  readonly leasedUntilMs?: number;
  /** How often it was handed out over HTTP. */
  readonly deliveries?: number;
  readonly payload?: Uint8Array;
}

export interface QueuePage {
  readonly kind: "queue";
  readonly messages: readonly QueuedMessage[];
  /** Where the next page begins; absent on the last. */
  readonly next?: number;
}

/** Positions that one page looks at: what is finished behind an unfinished message costs time, too. */
const scannedMax = 70_000;

export function queuePage(session: Session, request: QueueRequest, nowMs: number): QueuePage {
  const { window, queue, leases } = session;
  const messages: QueuedMessage[] = [];
  let payloadBytes = request.payloadBytesMax;
  const start = Math.max(window.head, request.from);
  for (let position = start; position < queue.end; position++) {
    if (messages.length >= request.limit || position - start >= scannedMax) {
      return { kind: "queue", messages, next: position };
    }
    if (window.progressAt(position) === Progress.done || window.isDropped(position)) continue;
    const found = queue.read(position);
    if (found === undefined) {
      // A hole: what stood here was dropped.
      position = queue.firstFrom(position) - 1;
      continue;
    }
    const { reader, offered, atMs } = found;
    const lease = leases.of(position);
    const isLeased = leases.isHidden(position, nowMs);
    const state = isLeased ? "leased" : stateOf(session, position);
    const { topic, qos, retain, payload, expiresAtMs } = reader;
    const wantsPayload = payload.length <= payloadBytes;
    if (wantsPayload) payloadBytes -= payload.length;
    messages.push({
      position,
      state,
      topic,
      qos,
      retain,
      payloadBytes: payload.length,
      queuedAtMs: atMs,
      expiresAtMs,
      mayBeKnown: position < window.dupBelow || wasOffered(session, position, offered) || lease !== undefined,
      ...(state === "sent" || state === "released" ? { packetId: window.packetIdAt(position) } : {}),
      ...(isLeased ? { leasedUntilMs: lease?.untilMs as number } : {}),
      ...(lease === undefined ? {} : { deliveries: lease.deliveries }),
      ...(wantsPayload && request.payloadBytesMax > 0 ? { payload: payload.slice() } : {}),
    });
  }
  return { kind: "queue", messages };
}

function stateOf({ window }: Session, position: number): QueuedState {
  const progress = window.progressAt(position);
  if (progress === Progress.released) return "released";
  return progress === Progress.untouched ? "waiting" : "sent";
}
