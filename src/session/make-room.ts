// Messages whose time is over lie in the queue until their turn comes, and count. When their room is wanted they are looked for, a
// bounded number at a time, from where the last look ended: no index names them, since that would be a row more with each message that
// expires.
//
// 1. What somebody may have been sent, or has over HTTP, stays.
// 2. A segment of which nothing is left goes at once, wherever it lies; the last stays, since it says where the queue ends.
// 3. A look in vain is followed by a pause. One that has come to the end knows when the next message expires: until then nobody looks.

import type { Segment } from "../queue/queue.ts";
import { RecordReader } from "../queue/record.ts";
import { Progress } from "../queue/window.ts";
import type { Effects } from "./effects.ts";
import { type Session, wasOffered } from "./state.ts";

/** Messages that one look passes, and bytes of their segments. */
const messagesMax = 1_024;
const bytesMax = 4 * 1024 * 1024;

/** Whether there is room, if need be for what has expired. */
export function makesRoom(session: Session, isThere: () => boolean, effects: Effects, nowMs: number): boolean {
  while (!isThere()) if (!look(session, effects, nowMs)) return false;
  return true;
}

/** True if it has found something. */
function look(session: Session, effects: Effects, nowMs: number): boolean {
  const { window, queue, reads, expirySearch } = session;
  if (nowMs < expirySearch.quietUntilMs) return false;
  // Positions behind it wait for the head: see Window.
  const end = Math.min(queue.end, window.spanEnd);
  let at = Math.max(expirySearch.from, window.head);
  let given = 0;
  let messages = 0;
  let bytes = 0;
  while (at < end && messages < messagesMax && bytes < bytesMax) {
    const segment = reads.segmentFrom(at);
    if (segment === undefined) break;
    given += giveUpExpired(session, segment, effects, nowMs);
    messages += segment.count;
    bytes += segment.body.length;
    at = segment.position + segment.count;
    expirySearch.from = at;
  }
  if (queue.release(window.head)) effects.persist.push({ kind: "delete-segments", below: window.head });
  if (messages < messagesMax && bytes < bytesMax) expirySearch.endRound(end === queue.end);
  if (given === 0) {
    expirySearch.pause(nowMs);
    return false;
  }
  effects.windowChanged = true;
  return true;
}

/** How many. */
function giveUpExpired(session: Session, segment: Segment, effects: Effects, nowMs: number): number {
  const { window, queue, leases, expirySearch } = session;
  const { position: from, count, body, offered } = segment;
  const to = from + count;
  const reader = new RecordReader(body);
  let given = 0;
  let left = 0;
  for (let position = from; position < to && reader.next(); position++) {
    if (window.progressAt(position) === Progress.done || window.isDropped(position)) continue;
    left++;
    if (position >= window.spanEnd || isBegun(session, position, offered) || leases.of(position) !== undefined)
      continue;
    if (reader.expiresAtMs === 0 || reader.expiresAtMs > nowMs) {
      expirySearch.kept(reader.expiresAtMs);
      continue;
    }
    effects.drop("expired", reader.topic);
    window.settle(position);
    given++;
    left--;
  }
  if (given > 0 && left === 0 && to < queue.end) {
    queue.drop(from, to);
    effects.persist.push({ kind: "delete-segments-within", from, to });
  }
  return given;
}

function isBegun(session: Session, position: number, offered: boolean): boolean {
  const { window, connection } = session;
  if (window.progressAt(position) !== Progress.untouched || position < window.dupBelow) return true;
  return (connection !== undefined && position < window.next) || wasOffered(session, position, offered);
}
