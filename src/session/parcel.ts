// A batch of messages on its way to a sink, and what it may come to there.

import type { QoS } from "../protocol/packet.ts";
import type { RecordReader } from "../queue/record.ts";

export interface ParcelMessage {
  readonly position: number;
  /** 0: not known. */
  readonly queuedAtMs: number;
  readonly topic: string;
  readonly qos: QoS;
  readonly retain: boolean;
  readonly payload: Uint8Array;
  readonly properties: Uint8Array;
  /** 0: never. */
  readonly expiresAtMs: number;
}

/** A batch on its way. */
export interface Parcel {
  readonly id: string;
  readonly generation: number;
  /** This one included. */
  readonly attempt: number;
  /** Of the dead letter that is sent again. */
  readonly letter?: number;
  readonly messages: readonly ParcelMessage[];
}

export type ParcelOutcome =
  | { readonly isDelivered: true }
  | {
      readonly isDelivered: false;
      /** Not worth another attempt: the sink does not want this batch. */
      readonly isFinal: boolean;
      readonly reason: string;
      readonly detail: string;
      readonly status: number;
      /** As the sink asked; 0: it did not. */
      readonly retryAfterMs: number;
    };

export interface SinkFailure {
  readonly atMs: number;
  readonly reason: string;
  readonly detail: string;
  /** Of HTTP; 0: there was no answer. */
  readonly status: number;
}

export function messageOf(reader: RecordReader, position: number, queuedAtMs: number): ParcelMessage {
  const { topic, qos, retain, payload, properties, expiresAtMs } = reader;
  return {
    position,
    queuedAtMs,
    topic,
    qos,
    retain,
    payload: payload.slice(),
    properties: properties.slice(),
    expiresAtMs,
  };
}

export function failureOf(outcome: Extract<ParcelOutcome, { isDelivered: false }>, nowMs: number): SinkFailure {
  const { reason, detail, status } = outcome;
  return { atMs: nowMs, reason, detail, status };
}
