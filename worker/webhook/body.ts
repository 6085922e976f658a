// A batch as its receiver gets it: one JSON document, the same whenever the same batch comes. An item is a message, or an event
// of the broker, which travels in the queue as a message of a topic that nobody can publish to.

import { eventTopicPrefix } from "../../src/directory/event-types.ts";
import type { Parcel, ParcelMessage } from "../../src/session/parcel.ts";
import { show } from "../admin/messages.ts";

export interface Item {
  /** The same whenever it comes, so that a receiver can tell what it has already. */
  readonly id: string;
  /** `message`, or the kind of event. */
  readonly type: string;
  /** When it was queued, or happened. */
  readonly atMs: number | null;
  readonly data: unknown;
}

const decoder = new TextDecoder();

/** What is sent. */
export interface Batch {
  readonly webhook: string;
  readonly batch: string;
  readonly items: readonly Item[];
}

export function batchOf(webhook: string, parcel: Pick<Parcel, "id" | "generation" | "messages">): Batch {
  return { webhook, batch: parcel.id, items: itemsOf(parcel) };
}

export function itemsOf({ generation, messages }: Pick<Parcel, "generation" | "messages">): Item[] {
  return messages.map((message) => itemOf(message, generation));
}

function itemOf(message: ParcelMessage, generation: number): Item {
  const { position, queuedAtMs, topic, payload } = message;
  if (topic.startsWith(eventTopicPrefix)) {
    const { id, atMs, data } = JSON.parse(decoder.decode(payload)) as Omit<Item, "type">;
    return { id, type: topic.slice(eventTopicPrefix.length), atMs, data };
  }
  const id = `${generation.toString(36)}-${position}`;
  return { id, type: "message", atMs: queuedAtMs || null, data: show(message) };
}
