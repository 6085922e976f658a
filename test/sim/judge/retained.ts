// What a new subscriber sees is the last acknowledged value: of all that was published to be retained, one that nothing
// acknowledged is known to have come after.

import { type Ledger, type Message, type Moment, never, type SessionRecord, type Subscription } from "../ledger.ts";
import type { Scene } from "../scene.ts";
import { matches } from "./entitlement.ts";

/** `latecomer` has subscribed to everything when all was at rest. */
export function retainedAtRest(ledger: Ledger, latecomer: SessionRecord, { topics, profile }: Scene): string[] {
  return topics.flatMap((topic) => {
    const values = latecomer.receipts.filter((receipt) => receipt.retain && receipt.topic === topic);
    if (values.length > 1) return [`${topic}: ${values.length} retained messages`];
    const last = lastAt(ledger, topic, never);
    const { hasSmallStores, overflowsWithRetained } = profile;
    const mayBeAbsent = hasSmallStores || overflowsWithRetained || !isSureToBeThere(last, never);
    const seen = values[0]?.message;
    if (seen === undefined) return mayBeAbsent ? [] : [`${topic}: nothing is retained, but ${describe(last)} was`];
    return last.includes(seen) ? [] : [`${topic}: message ${seen.id} is retained, but ${describe(last)} came after`];
  });
}

/** Whoever subscribed in the middle of everything, and whose session goes on. */
export function retainedOnSubscribe(
  ledger: Ledger,
  { topics, profile }: Scene,
  isSettled: (client: string) => boolean,
) {
  // What does not fit into a queue, or into the store, does not come.
  if (profile.refuses || profile.drops || profile.hasSmallStores) return [];
  return ledger.sessions.flatMap((session) => {
    if (session.hasEnded || !isSettled(session.client)) return [];
    const asked = session.subscriptions.filter((subscription) => {
      return subscription.grantedAt < never && subscription.wantsRetained && subscription.qos > 0;
    });
    return asked.flatMap((subscription) => topics.flatMap((topic) => missed(ledger, session, subscription, topic)));
  });
}

function missed(ledger: Ledger, session: SessionRecord, subscription: Subscription, topic: string): string[] {
  const { filter, topics, askedAt, grantedAt } = subscription;
  if (!matches(topics, topic)) return [];
  const last = lastAt(ledger, topic, askedAt).filter(({ sentAt }) => sentAt < grantedAt);
  if (!isSureToBeThere(last, askedAt) || last.some(({ qos }) => qos === 0)) return [];
  const hasCome = session.receipts.some(({ message, retain, at }) => {
    return retain && at > askedAt && message !== undefined && last.includes(message);
  });
  return hasCome ? [] : [`${session.client} subscribes to ${filter} and does not get ${describe(last)} on ${topic}`];
}

/** What may have been the last value then, or since. */
function lastAt({ messages }: Ledger, topic: string, moment: Moment): Message[] {
  const all = messages.filter((message) => message.retain && message.topic === topic);
  return all.filter((message) => !all.some((other) => isSurelyAfter(other, message, moment)));
}

function isSureToBeThere(last: readonly Message[], moment: Moment): boolean {
  return last.every(({ isEmpty }) => !isEmpty) && last.some(({ acknowledgedAt }) => acknowledgedAt < moment);
}

function isSurelyAfter(later: Message, earlier: Message, moment: Moment): boolean {
  if (later.acknowledgedAt >= moment) return false;
  // One that is sent again may come behind a later one of another QoS.
  const isSameStream = later.publisher === earlier.publisher && later.qos === earlier.qos;
  return later.sentAt > earlier.acknowledgedAt || (isSameStream && later.id > earlier.id);
}

function describe(messages: readonly Message[]): string {
  return messages.map(({ id }) => id).join(" or ");
}
