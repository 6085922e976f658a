// What one client may do, and the decision about one thing it wants to do. Rules are tried in order; the first that decides,
// decides, and what no rule decides goes by `otherwise`.
//
//   1. A message is published if the deciding rule for its topic, QoS and RETAIN allows it. A delayed message goes by the
//      topic behind the delay.
//   2. A subscription is granted by a rule that covers its whole filter, and refused by a rule that covers it.
//      A deny rule for a part of the filter takes that part away when messages are delivered; a shared subscription, whose
//      messages somebody has to get, is refused instead.
//   3. A message is delivered if the deciding rule for its topic allows subscribing to it. QoS, which the subscription has
//      answered, is not asked again.

import type { QoS } from "../protocol/packet.ts";
import { covers, matches, overlaps } from "../topic/match.ts";
import type { Rule } from "./rule.ts";

/** A rule for one client, its placeholders filled. */
export type AccessRule = Pick<Rule, "id" | "effect" | "action" | "filter" | "qos" | "retain">;

export interface Access {
  readonly rules: readonly AccessRule[];
  readonly otherwise: Rule["effect"];
}

export interface Decision {
  readonly isAllowed: boolean;
  /** The id of the rule that decided; undefined if none did. */
  readonly rule: string | undefined;
}

/** Of a client that no rule concerns: it need not be asked about every message. */
export function isOpen({ rules, otherwise }: Access): boolean {
  return otherwise === "allow" && rules.length === 0;
}

export interface Publication {
  /** Behind a delay, if there is one. */
  readonly topic: string;
  readonly qos: QoS;
  readonly retain: boolean;
}

export function decidePublish({ rules, otherwise }: Access, { topic, qos, retain }: Publication): Decision {
  const rule = rules.find(
    (one) =>
      one.action !== "subscribe" &&
      (one.qos === undefined || one.qos.includes(qos)) &&
      (one.retain === undefined || one.retain === retain) &&
      matches(one.filter, topic),
  );
  return decision(rule, otherwise);
}

export interface Wish {
  /** Without `$share` and group. */
  readonly filter: string;
  readonly qos: QoS;
  readonly isShared: boolean;
}

export function decideSubscribe({ rules, otherwise }: Access, { filter, qos, isShared }: Wish): Decision {
  const rule = rules.find(
    (one) =>
      isAboutSubscribing(one) &&
      (one.qos === undefined || one.qos.includes(qos)) &&
      (covers(one.filter, filter) || (one.effect === "deny" && isShared && overlaps(one.filter, filter))),
  );
  return decision(rule, otherwise);
}

export function decideDelivery({ rules, otherwise }: Access, topic: string): Decision {
  const rule = rules.find(
    (one) => isAboutSubscribing(one) && (one.effect === "allow" || one.qos === undefined) && matches(one.filter, topic),
  );
  return decision(rule, otherwise);
}

/** A rule about messages that are retained, or are not, says nothing about subscribing. */
function isAboutSubscribing({ action, retain }: AccessRule): boolean {
  return action !== "publish" && retain === undefined;
}

function decision(rule: AccessRule | undefined, otherwise: Rule["effect"]): Decision {
  return { isAllowed: (rule?.effect ?? otherwise) === "allow", rule: rule?.id };
}

/** For the log and for who asks why. */
export function nameOf({ rule }: Decision): string {
  return rule === undefined ? "no rule" : `rule ${rule}`;
}
