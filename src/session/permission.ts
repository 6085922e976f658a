// What the connected client may do, asked for each message. Decisions are remembered by topic, since a stream asks the same
// again and again; a client that no rule concerns has no access record, and is not asked about at all.

import { type Access, type Decision, decideDelivery, decidePublish, decideSubscribe, nameOf } from "../auth/access.ts";
import type { Publish, Will } from "../protocol/packet.ts";
import { responseTopicIn } from "../protocol/response-topic.ts";
import { topicBehind } from "../topic/delayed.ts";
import { Remembered } from "../topic/remembered.ts";
import { plainFilter } from "../topic/share.ts";
import type { StoredSubscription } from "./changes.ts";
import type { Effects } from "./effects.ts";
import type { Session } from "./state.ts";

/** What a session remembers of topics, of each kind. */
export const rememberedMax = { topics: 1_000, bytes: 256 * 1024 };

export class Permissions {
  readonly #access: Access;
  readonly #publications = new Remembered<Decision>(rememberedMax);
  readonly #deliveries = new Remembered<boolean>(rememberedMax);

  constructor(access: Access) {
    this.#access = access;
  }

  publication(topic: string, { qos, retain }: Pick<Publish, "qos" | "retain">): Decision {
    const key = `${qos}${retain ? "r" : "-"}${topic}`;
    const known = this.#publications.get(key);
    if (known !== undefined) return known;
    const decision = decidePublish(this.#access, { topic, qos, retain });
    this.#publications.set(key, decision);
    return decision;
  }

  subscription({ filter, qos }: Pick<StoredSubscription, "filter" | "qos">): Decision {
    const plain = plainFilter(filter);
    return decideSubscribe(this.#access, { filter: plain, qos, isShared: plain !== filter });
  }

  delivers(topic: string): boolean {
    const known = this.#deliveries.get(topic);
    if (known !== undefined) return known;
    const { isAllowed } = decideDelivery(this.#access, topic);
    this.#deliveries.set(topic, isAllowed);
    return isAllowed;
  }
}

/** Why a client may not have the will that its CONNECT brings; undefined if it may, or has none. */
export function willDenial(
  will: Will | undefined,
  access: Access | undefined,
  delayedSecondsMax: number,
): string | undefined {
  if (will === undefined || access === undefined) return undefined;
  return publishDenial(new Permissions(access), topicBehind(will.topic, delayedSecondsMax) ?? will.topic, will);
}

/**
 * Why a message or will may not be published; undefined if it may. Who names a response topic asks others to publish there
 * with their rights, so it has to be one that the publisher could read itself.
 */
export function publishDenial(
  permissions: Permissions,
  topic: string,
  message: Pick<Publish | Will, "qos" | "retain" | "properties">,
): string | undefined {
  const decision = permissions.publication(topic, message);
  if (!decision.isAllowed) return `${topic} at QoS ${message.qos}, by ${nameOf(decision)}`;
  if (message.properties.length === 0) return undefined;
  const response = responseTopicIn(message.properties);
  if (response === undefined || permissions.delivers(response)) return undefined;
  return `${topic} with a response topic that may not be subscribed to: ${response}`;
}

/** A right that ended keeps back what was queued under it. */
export function mayDeliver({ permissions }: Session, message: { readonly topic: string }): boolean {
  return permissions === undefined || permissions.delivers(message.topic);
}

/** Subscriptions that are not allowed any more. */
export function revokedFilters({ permissions, reads }: Session, effects: Effects): string[] {
  if (permissions === undefined) return [];
  const revoked: string[] = [];
  for (const subscription of reads.subscriptions()) {
    const decision = permissions.subscription(subscription);
    if (decision.isAllowed) continue;
    effects.refuse("subscription-revoked", `${subscription.filter}, by ${nameOf(decision)}`);
    effects.persist.push({ kind: "put-subscription", subscription, removing: true });
    revoked.push(subscription.filter);
  }
  return revoked;
}
