// Verdicts on messages: nothing acknowledged is lost, QoS 2 comes once, order is kept, nothing comes uncalled for.

import type { Ledger, Message, Receipt, SessionRecord } from "../ledger.ts";
import { never } from "../ledger.ts";
import { perhaps, surely } from "./entitlement.ts";

/** Later than all that was noted, and before never. */
const lasting = Number.MAX_SAFE_INTEGER;
/** What was sent in time may arrive so much later. */
const underWayMsMax = 15_000;

/** Sessions that everything had time to reach. */
function standing({ sessions }: Ledger, isSettled: (client: string) => boolean): SessionRecord[] {
  return sessions.filter(({ hasEnded, client }) => !hasEnded && isSettled(client));
}

export function acknowledgedLoss(ledger: Ledger, isSettled: (client: string) => boolean): string[] {
  const lost: string[] = [];
  for (const session of standing(ledger, isSettled)) {
    const received = new Set(session.receipts.map(({ message }) => message?.id));
    for (const message of ledger.messages) {
      const { acknowledgedAt, isEmpty, delaySeconds, expirySeconds } = message;
      if (acknowledgedAt === never || isEmpty || expirySeconds > 0 || received.has(message.id)) continue;
      // A delayed one goes to the subscriptions that there are when its time has come.
      const until = delaySeconds > 0 ? lasting : acknowledgedAt;
      const by = surely(session, message, until).filter(({ qos }) => qos > 0);
      if (by.length > 0) lost.push(`${session.client} never gets ${name(message.id)} by ${by[0]?.filter}`);
    }
  }
  return lost;
}

/** Once by a session's own subscriptions, and once by each group that it is a member of. */
export function exactlyOnce({ sessions }: Ledger): string[] {
  const repeated: string[] = [];
  for (const session of sessions) {
    const seen = new Map<number, number>();
    for (const receipt of session.receipts) {
      if (!isExact(receipt)) continue;
      const { message, atMs } = receipt;
      const times = (seen.get(message.id) ?? 0) + 1;
      seen.set(message.id, times);
      if (times === 1) continue;
      const ways = new Set(perhaps(session, receipt).map(({ share }) => share));
      if (times > ways.size) repeated.push(`${session.client} gets ${name(message.id)} again at ${atMs}`);
    }
  }
  return repeated;
}

type Exact = Receipt & { readonly message: Message };

/** A retained message comes with each new subscription, and a refused one as often as its publisher does not hear of it. */
export function isExact(receipt: Receipt): receipt is Exact {
  const { message, qos, retain } = receipt;
  return message !== undefined && qos === 2 && !retain && !message.wasRefusedUnheard;
}

export function order({ sessions }: Ledger, mayBeDropped: boolean): string[] {
  const disorder: string[] = [];
  for (const session of sessions) {
    const seen = new Set<number>();
    const last = new Map<string, number>();
    for (const receipt of session.receipts) {
      const { message, qos, retain, at, atMs } = receipt;
      if (message === undefined || message.isWill || message.delaySeconds > 0 || seen.has(message.id)) continue;
      // Nothing orders what comes by a group and what comes by itself.
      if (perhaps(session, receipt).some(({ share }) => share !== undefined)) continue;
      seen.add(message.id);
      // A retained message comes when a subscription does.
      if (retain) continue;
      const stream = `${message.publisher} ${message.topic} ${message.qos} ${qos}`;
      const before = last.get(stream) ?? -1;
      // One that passed before the session subscribed, or at QoS 0 and was lost, comes late when its publisher sends it again.
      const isOwed = qos > 0 && surely(session, message, at).some((subscription) => subscription.qos > 0);
      // At QoS 1 it may have been queued twice: a full queue may have dropped the first, or its time was over.
      const isRepeated = qos === 1 && (mayBeDropped || message.expirySeconds > 0);
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
  // A group keeps what nobody has taken, and a delayed message waits for its time.
  const mayWait = message.delaySeconds > 0 || by.some(({ share }) => share !== undefined);
  if (message.qos === 2 && !isReplay && !mayWait && by.every(({ askedAt }) => askedAt > message.acknowledgedAt))
    return "it was acknowledged before";
  const { expirySeconds, sentAtMs } = message;
  // Sent again, it has its time anew.
  const isOver =
    expirySeconds > 0 && !message.isResent && receipt.atMs > sentAtMs + expirySeconds * 1000 + underWayMsMax;
  // One whose delivery has begun is delivered whenever its client comes back.
  if (isOver && !receipt.dup && receipt.qos > 0) return "it has expired";
  if (qos > Math.min(message.qos, Math.max(...by.map((each) => each.qos)))) return `it comes at QoS ${qos}`;
  const strange = identifiers.filter((identifier) => by.every((each) => each.identifier !== identifier));
  return strange.length > 0 ? `it comes with the identifiers ${strange.join()}` : undefined;
}

function name(id: number): string {
  return `message ${id}`;
}
