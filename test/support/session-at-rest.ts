// What holds of a session whenever nothing is under way for it, whatever its client has sent.

import { snapshotOf, withoutWindow } from "../../src/session/state.ts";
import type { SessionRig } from "./session-rig.ts";

/** What a socket can carry through hibernation, less what the object adds to it. A large window has a row. */
const snapshotBytesMax = 16_000;

/** What is wrong; undefined if nothing is. */
export function problemAtRest({ session, store, isIdle, limits }: SessionRig): string | undefined {
  const { connection, record, window, queue, will } = session;
  if (!isIdle) return "it waits for a shard that has answered";
  if (session.routingBytes !== 0) return `${session.routingBytes} bytes are on their way to nobody`;
  if (window.head > window.next || window.next > queue.end) {
    return `the window from ${window.head} to ${window.next} does not lie in a queue that ends at ${queue.end}`;
  }
  const inflightMax = Math.min(connection?.receiveMaximum ?? 0, limits.inflightMax);
  if (window.inflight > inflightMax) return `${window.inflight} messages are in flight, at most ${inflightMax} may be`;
  if (queue.bytes < 0) return `the queue holds ${queue.bytes} bytes`;
  if (connection !== undefined) {
    const bytes = Buffer.byteLength(JSON.stringify(withoutWindow(snapshotOf(session, connection))));
    if (bytes > snapshotBytesMax) return `${bytes} bytes of state do not fit its socket`;
  } else if (will !== undefined) {
    return "its connection is gone, and its will is not due";
  }
  const isAbsent = connection === undefined && record === undefined;
  if (isAbsent && session.dueWills.length === 0 && !store.isEmpty) return "it has ended, and left rows behind";
  return undefined;
}
