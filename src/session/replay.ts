// Pages of retained messages for new subscriptions. A filter may match more of them than a queue holds, so the next page is
// asked for only when what came before has mostly left. How far each subscription has come in each shard is a row, from the
// first page that is not the last: an object that sleeps, a connection that breaks and a broker that dies go on from there.

import type { Effects } from "./effects.ts";
import type { ReplayItem } from "./outgoing.ts";
import type { Replay } from "./replays.ts";
import { generationOf, queueDepth, type Session } from "./state.ts";

/** With this many messages waiting or on their way no further page is asked for. */
const depthMax = 1_000;
/** No page has more: see src/retain/page.ts. */
export const pageMessagesMax = 256;
const lookAgainMs = 15_000;
/** Behind this comes the first page, to who asks for it as for a later one. */
export const beforeAll = "";

/** The first page has come, and there is more behind `after`; undefined if that was all. */
export function beginReplay(
  session: Session,
  shard: number,
  filter: string,
  after: string | undefined,
  effects: Effects,
) {
  // Of a subscription that was replaced while its pages came.
  finish(session, { shard, filter }, effects);
  if (after === undefined) return;
  put(session, { shard, filter, after }, effects);
  continueReplays(session, effects);
}

/** The first page has come and there is no room for it: a SUBSCRIBE may bring one from each shard for each filter. */
export function putOffReplay(session: Session, shard: number, filter: string, effects: Effects): void {
  beginReplay(session, shard, filter, beforeAll, effects);
}

/** Another page has come. One that nobody waits for any more leads no further. */
export function advanceReplay(session: Session, { replay }: ReplayItem, after: string | undefined, effects: Effects) {
  const { shard, filter } = replay;
  if (session.replays.get(shard, filter)?.after === replay.after) {
    if (after === undefined) finish(session, replay, effects);
    else put(session, { shard, filter, after }, effects);
  }
  continueReplays(session, effects);
}

/** Asks for further pages as far as there is room for what they bring, and somebody who reads them. */
export function continueReplays(session: Session, effects: Effects, isRead = hasReader(session)): void {
  const { replays, reads } = session;
  if (replays.size === 0 || !isRead) return;
  const generation = generationOf(session) as number;
  while (hasRoom(session, replays.askedFor * pageMessagesMax)) {
    const replay = replays.takeWaiting();
    if (replay === undefined) return;
    const subscription = reads.subscription(replay.filter);
    if (subscription === undefined) {
      finish(session, replay, effects);
    } else {
      const entry = { ...subscription, sendRetained: true };
      effects.outbox.push(replay.shard, { kind: "replay", generation, entry, replay });
    }
  }
}

/** To a sink nobody is ever connected, and its batches are what is read. */
function hasReader({ connection, sink }: Session): boolean {
  return connection !== undefined || sink !== undefined;
}

/** With so many messages on their way. */
function hasRoom(session: Session, coming = 0): boolean {
  const depth = queueDepth(session) + coming;
  return mayTakePage(session) && depth <= Math.min(depthMax, session.limits.queueMessagesMax / 2);
}

/** Half of the queue is left to what is published. */
export function mayTakePage(session: Session): boolean {
  const { queue, limits } = session;
  return queueDepth(session) <= limits.queueMessagesMax / 2 && queue.bytes <= limits.queueBytesMax / 2;
}

/**
 * When a sink's session has to look whether further pages come, in ms since 1970. A client's does when the client comes again: but
 * after a page that a shard did not give, or an object that died while it was asked, no message need be there to wake for.
 */
export function replayWakeAtMs(session: Session, nowMs: number): number | undefined {
  return session.replays.size > 0 && hasRoom(session) ? nowMs + lookAgainMs : undefined;
}

/** The shard gave no answer, or there is no room for it any more. */
export function replayFailed(session: Session, { replay }: ReplayItem): void {
  session.replays.release(replay);
}

/** The subscription is gone, or asks for all of them anew. */
export function forgetReplays(session: Session, filter: string, effects: Effects): void {
  for (const replay of session.replays.of(filter)) finish(session, replay, effects);
}

/** The session has ended. */
export function giveUpReplays(session: Session, effects: Effects): void {
  const count = session.replays.clear();
  if (count > 0) effects.drop("retained-unsent", "pages of retained messages at the end of the session", count);
}

function put(session: Session, replay: Replay, effects: Effects): void {
  session.replays.put(replay);
  effects.persist.push({ kind: "put-replay", replay });
}

function finish(session: Session, { shard, filter }: Pick<Replay, "shard" | "filter">, effects: Effects): void {
  if (session.replays.delete({ shard, filter })) effects.persist.push({ kind: "delete-replay", shard, filter });
}
