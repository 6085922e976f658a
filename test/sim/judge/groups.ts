// Verdicts on groups that share a subscription: each message goes to one member, at QoS 2 once, and none is lost to a group
// that had a member all the time.

import type { Ledger, Message, SessionRecord, Subscription } from "../ledger.ts";
import { never } from "../ledger.ts";
import { takes } from "./entitlement.ts";
import { isExact } from "./messages.ts";

interface Membership {
  readonly session: SessionRecord;
  readonly subscription: Subscription;
}

/** By the name of the group, all who ever asked to be members. */
function groups({ sessions }: Ledger): Map<string, Membership[]> {
  const all = new Map<string, Membership[]>();
  for (const session of sessions) {
    for (const subscription of session.subscriptions) {
      if (subscription.share === undefined) continue;
      const of = all.get(subscription.share) ?? [];
      all.set(subscription.share, of);
      of.push({ session, subscription });
    }
  }
  return all;
}

export function lostToGroups(ledger: Ledger, isSettled: (client: string) => boolean): string[] {
  const received = new Map<SessionRecord, Set<number>>();
  for (const session of ledger.sessions) {
    received.set(session, new Set(session.receipts.map(({ message }) => message?.id ?? -1)));
  }
  return Array.from(groups(ledger)).flatMap(([share, members]) => {
    // What a member has been sent is finished with it, when it comes back.
    if (members.some(({ session }) => !isSettled(session.client))) return [];
    const stay = members.filter(({ session, subscription }) => {
      return !session.hasEnded && subscription.grantedAt < never && subscription.removalAskedAt === never;
    });
    const hasEnded = members.some(({ session }) => session.hasEnded);
    return ledger.messages
      .filter((message) => isOwed(message, stay, hasEnded))
      .filter(({ id }) => members.every(({ session }) => !received.get(session)?.has(id)))
      .map(({ id }) => `no member of ${share} gets message ${id}`);
  });
}

function isOwed(message: Message, stay: readonly Membership[], hasEnded: boolean): boolean {
  if (message.acknowledgedAt === never || message.isEmpty || message.expirySeconds > 0) return false;
  // One of QoS 2 that was begun with a member whose session then ended goes to nobody [MQTT-4.8.2-5].
  if (message.qos === 2 && hasEnded) return false;
  return stay.some(({ session, subscription }) => {
    return subscription.grantedAt < message.sentAt && takes(subscription, session, message);
  });
}

/** All members together get a QoS 2 message once for each group, and each of them once more by its own subscriptions. */
export function onceForGroups(ledger: Ledger): string[] {
  const members = [...groups(ledger).values()];
  if (members.length === 0) return [];
  const times = new Map<number, number>();
  const own = new Map<number, number>();
  for (const session of ledger.sessions) {
    const seen = new Set<number>();
    for (const receipt of session.receipts) {
      if (!isExact(receipt)) continue;
      const { message } = receipt;
      times.set(message.id, (times.get(message.id) ?? 0) + 1);
      const hasOwn = session.subscriptions.some((one) => one.share === undefined && takes(one, session, message));
      if (hasOwn && !seen.has(message.id)) own.set(message.id, (own.get(message.id) ?? 0) + 1);
      seen.add(message.id);
    }
  }
  return Array.from(times).flatMap(([id, count]) => {
    const message = ledger.messages[id] as Message;
    const shares = members.filter((of) =>
      of.some(({ session, subscription }) => takes(subscription, session, message)),
    );
    const most = (own.get(id) ?? 0) + shares.length;
    return count > most ? [`message ${id} comes ${count} times, for ${shares.length} groups`] : [];
  });
}
