// Which topics of $SYS the connected client is to be told: its edge does that, from what the broker counts anyway.

import { type SysTopic, sysTopicsMatching } from "../topic/sys.ts";
import type { Effects } from "./effects.ts";
import type { Session } from "./state.ts";

export function sysTopicsOf({ connection, reads, permissions }: Session): SysTopic[] {
  if (connection === undefined) return [];
  return sysTopicsMatching(reads.sysFilters()).filter((topic) => permissions?.delivers(topic) !== false);
}

/** Something has begun, or changed, that it rests on. */
export function reconsiderSys(session: Session, effects: Effects): void {
  if (session.reads.sysFilters().length > 0) effects.sysChanged = true;
}
