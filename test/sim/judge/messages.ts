// Verdicts on messages: nothing acknowledged is lost, QoS 2 comes once, order is kept, nothing comes uncalled for.

import type { Ledger, Receipt, SessionRecord } from "../ledger.ts";
import { never } from "../ledger.ts";
import { perhaps, surely } from "./entitlement.ts";

/** Sessions that everything had time to reach. */
function standing({ sessions }: Ledger, isSettled: (client: string) => boolean): SessionRecord[] {
  return sessions.filter(({ hasEnded, client }) => !hasEnded && isSettled(client));
}

export function acknowledgedLoss(ledger: Ledger, isSettled: (client: string) => boolean): string[] {
  const lost: string[] = [];
  for (const session of standing(ledger, isSettled)) {
    const received = new Set(session.receipts.map(({ message }) => message?.id));
    for (const message of ledger.messages) {
      if (message.acknowledgedAt === never || message.isEmpty || received.has(message.id)) continue;
      const by = surely(session, message, message.acknowledgedAt).filter(({ qos }) => qos > 0);
      if (by.length > 0) lost.push(`${session.client} never gets ${name(message.id)} by ${by[0]?.filter}`);
    }
  }
  return lost;
}

export function exactlyOnce({ sessions }: Ledger): string[] {
  const repeated: string[] = [];
  for (const session of sessions) {
    const seen = new Set<number>();
    for (const { message, qos, retain, atMs } of session.receipts) {
      // A retained message comes with each new subscription, and a refused one as often as its publisher does not hear of it.
      if (message === undefined || qos !== 2 || retain || message.wasRefusedUnheard) continue;
      if (seen.has(message.id)) repeated.push(`${session.client} gets ${name(message.id)} again at ${atMs}`);
      seen.add(message.id);
    }
  }
  return repeated;
}

export function order({ sessions }: Ledger, mayBeDropped: boolean): string[] {
  const disorder: string[] = [];
  for (const session of sessions) {
    const seen = new Set<number>();
    const last = new Map<string, number>();
    for (const { message, qos, retain, at, atMs } of session.receipts) {
      if (message === undefined || message.isWill || seen.has(message.id)) continue;
      seen.add(message.id);
      // A retained message comes when a subscription does.
      if (retain) continue;
      const stream = `${message.publisher} ${message.topic} ${message.qos} ${qos}`;
      const before = last.get(stream) ?? -1;
      // One that passed before the session subscribed, or at QoS 0 and was lost, comes late when its publisher sends it again.
      const isOwed = qos > 0 && surely(session, message, at).some((subscription) => subscription.qos > 0);
      // At QoS 1 the broker may repeat it too: of two that it queued a full queue may have dropped the first.
      const isRepeated = qos === 1 && mayBeDropped;
      const comesAgain = isRepeated || (message.isResent && (message.wasRefusedUnheard || !isOwed));
      const isLate = before > message.id && !comesAgain;
      if (isLate) disorder.push(`${session.client} gets ${name(message.id)} after ${name(before)} at ${atMs}`);
      last.set(stream, Math.max(before, message.id));
    }
  }
  return disorder;
}

export function ghosts({ sessions }: Ledger): string[] {
  return sessions.flatMap((session) => {
    return session.receipts.flatMap((receipt) => {
      const why = uncalledFor(session, receipt);
      return why === undefined
        ? []
        : [`${session.client} gets "${receipt.payload.slice(0, 20)}" on ${receipt.topic} at ${receipt.atMs}: ${why}`];
    });
  });
}

function uncalledFor(session: SessionRecord, receipt: Receipt): string | undefined {
  const { message, topic, payload, qos, retain, identifiers } = receipt;
  if (message === undefined && payload !== "") return "nobody published it";
  if (message !== undefined && message.topic !== topic) return `it was published to ${message.topic}`;
  const by = perhaps(session, receipt);
  if (by.length === 0) return "no subscription asks for it";
  if (message === undefined) return undefined;
  const isReplay = retain && message.retain;
  if (retain && !message.retain) return "it was never retained";
  if (message.qos === 2 && !isReplay && by.every(({ askedAt }) => askedAt > message.acknowledgedAt))
    return "it was acknowledged before";
  if (qos > Math.min(message.qos, Math.max(...by.map((each) => each.qos)))) return `it comes at QoS ${qos}`;
  const strange = identifiers.filter((identifier) => by.every((each) => each.identifier !== identifier));
  return strange.length > 0 ? `it comes with the identifiers ${strange.join()}` : undefined;
}

function name(id: number): string {
  return `message ${id}`;
}
