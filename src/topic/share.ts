// A subscription's filter as a client writes it: plain, or `$share/<group>/<filter>`.

import { protocolTopicLimits, type TopicLimits, type TopicProblem, topicFilterProblem } from "./name.ts";

const prefix = "$share/";

export interface ParsedFilter {
  /** Share name; absent for a plain subscription. */
  readonly group?: string;
  /** What topic names are matched with. */
  readonly filter: string;
}

export function isShared(text: string): boolean {
  return text.startsWith(prefix);
}

/** The limits are those of the filter itself; the share name counts towards the protocol's 65,535 bytes only. */
export function parseFilter(text: string, limits: TopicLimits = protocolTopicLimits): ParsedFilter | TopicProblem {
  if (text === "$share") return "shareName";
  if (!isShared(text)) return topicFilterProblem(text, limits) ?? { filter: text };
  const slash = text.indexOf("/", prefix.length);
  if (slash === -1) return "shareName";
  const group = text.slice(prefix.length, slash);
  // [MQTT-4.8.2-1] at least one character, [MQTT-4.8.2-2] no wildcard in it.
  if (group === "" || group.includes("+") || group.includes("#")) return "shareName";
  if (group.includes("\u0000")) return "nul";
  if (!group.isWellFormed()) return "illFormed";
  const filter = text.slice(slash + 1);
  return topicFilterProblem(filter, limits) ?? { group, filter };
}

/** What topic names are matched with, of a subscription that is in order. */
export function plainFilter(subscription: string): string {
  if (!isShared(subscription)) return subscription;
  return subscription.slice(subscription.indexOf("/", prefix.length) + 1);
}

/** The group of a subscription that is in order; undefined if it is shared with nobody. */
export function groupOf(subscription: string): string | undefined {
  if (!isShared(subscription)) return undefined;
  return subscription.slice(prefix.length, subscription.indexOf("/", prefix.length));
}
