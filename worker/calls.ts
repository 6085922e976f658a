// What objects say to each other. Two versions of the code talk during a deploy: fields are only ever added, and a
// receiver does without those it does not get.

import type { CallKey } from "../src/hop/key.ts";
import type { DeliveryPart } from "../src/session/deliver.ts";
import type { RouteEntry } from "../src/session/outgoing.ts";
import type { ShardAnswer } from "../src/session/routing.ts";
import type { Outcome } from "../src/shard/outcome.ts";

/** From a session to a topic shard. */
export type ShardRequest =
  | {
      readonly kind: "publish";
      readonly key: CallKey;
      /** Name of the publishing session. */
      readonly session: string;
      readonly generation: number;
      /** Of the numbers of its QoS 2 messages; see src/session/inbound.ts. Earlier versions know but one, 0. */
      readonly stream?: number;
      readonly isWill: boolean;
      /** Records; see src/queue/record.ts. */
      readonly body: Uint8Array;
      /** An earlier attempt may have been heard: QoS 0 messages are not sent twice. */
      readonly repeated: boolean;
      /** Whether the answer is to say what became of each message. */
      readonly asks?: boolean;
      /** Whether `session` names a request that may come again, and is to be remembered: see src/shard/requests.ts. */
      readonly remembered?: boolean;
    }
  | {
      readonly kind: "subscribe";
      readonly key: CallKey;
      readonly session: string;
      readonly generation: number;
      readonly entries: readonly RouteEntry[];
    }
  | {
      readonly kind: "unsubscribe";
      readonly key: CallKey;
      readonly session: string;
      readonly generation: number;
      readonly filters: readonly string[];
    }
  /** The session's client is connected and can be sent so many messages of its shared subscriptions at once. */
  | {
      readonly kind: "attend";
      readonly key: CallKey;
      readonly session: string;
      readonly generation: number;
      readonly room: number;
    }
  /** Records that a member of a group had not finished when its session ended. */
  | { readonly kind: "hand-back"; readonly key: CallKey; readonly share: string; readonly body: Uint8Array }
  | { readonly kind: "replay"; readonly key: CallKey; readonly entry: RouteEntry; readonly after: string };

export interface ExchangeAnswer extends ShardAnswer {
  /** What became of each message, for who asked; older code does not say. */
  readonly outcomes?: readonly Outcome[];
}

/** From the HTTP API to a topic shard, about retained messages. */
export interface RetainedQuery {
  readonly filter: string;
  /** Where the page begins: `after` of the page before. */
  readonly after: string | undefined;
  readonly limit: number;
}

export interface RetainedAnswer {
  /** Records, as they were published. */
  readonly body: Uint8Array;
  /** Where the next page begins; undefined when this is the last. */
  readonly after: string | undefined;
}

/** Of one shard. */
export interface ShardTotals {
  readonly retained: number;
  /** Those that it lists: each subscription is listed by one shard. */
  readonly subscriptions: number;
}

/** From a topic shard to a session. */
export interface DeliveryCall {
  readonly key: CallKey;
  readonly shard: number;
  readonly parts: readonly DeliveryPart[];
}
