// Who is to get a message, surely or perhaps: an independent reading of the subscriptions that clients asked for.

import { naiveMatches } from "../../support/naive-matcher.ts";
import type { Message, Moment, Receipt, SessionRecord, Subscription } from "../ledger.ts";

const known = new Map<string, boolean>();

export function matches(filter: string, topic: string): boolean {
  const name = `${filter} ${topic}`;
  let answer = known.get(name);
  if (answer === undefined) {
    answer = naiveMatches(filter, topic);
    known.set(name, answer);
  }
  return answer;
}

/** The subscriptions that surely stood from the message's first sending until then. */
export function surely(session: SessionRecord, message: Message, until: Moment): Subscription[] {
  return session.subscriptions.filter((subscription) => {
    const { grantedAt, removalAskedAt, share } = subscription;
    // A group owes a message to one of its members, and none of them it.
    return (
      share === undefined &&
      grantedAt < message.sentAt &&
      removalAskedAt > until &&
      takes(subscription, session, message)
    );
  });
}

/** Those by which it may have got what it received. */
export function perhaps(session: SessionRecord, { message, topic, at, retain }: Receipt): Subscription[] {
  return session.subscriptions.filter((subscription) => {
    if (subscription.askedAt >= at || subscription.removedAt < (message?.sentAt ?? 0)) return false;
    // Nobody knows any more who published a message that was retained: No Local says nothing about it.
    if (message === undefined || retain) return matches(subscription.topics, topic);
    return takes(subscription, session, message);
  });
}

export function takes({ topics, noLocal }: Subscription, session: SessionRecord, message: Message): boolean {
  return matches(topics, message.topic) && !(noLocal && message.publisher === session.client);
}
