// Pages of retained messages for new subscriptions. A filter may match more of them than a queue holds, so the next page is
// asked for only when what came before has mostly left. What the client has not been sent when its connection ends is not
// sent: a new subscription asks anew.

import type { Effects } from "./effects.ts";
import type { RouteEntry } from "./outgoing.ts";
import { queueDepth, type Session } from "./state.ts";

/** The page behind `after`, of one subscription in one shard. */
export interface Replay {
  readonly shard: number;
  readonly generation: number;
  readonly entry: RouteEntry;
  readonly after: string;
}

/** With this many messages waiting no further page is asked for. */
const depthMax = 1_000;

export function replayNext(session: Session, replay: Replay, effects: Effects): void {
  session.replays.push(replay);
  if (session.connection === undefined) giveUpReplays(session, effects);
  else continueReplays(session, effects);
}

export function continueReplays(session: Session, effects: Effects): void {
  if (session.replays.length === 0 || queueDepth(session) > Math.min(depthMax, session.limits.queueMessagesMax / 2))
    return;
  for (const { shard, generation, entry, after } of session.replays.splice(0)) {
    effects.outbox.push(shard, { kind: "replay", generation, entry, after });
  }
}

/** The connection has ended. */
export function giveUpReplays(session: Session, effects: Effects): void {
  for (const { entry } of session.replays.splice(0)) effects.drop("retained-unsent", `pages of ${entry.filter}`);
}
