// Tells a client's edge what of $SYS its client has subscribed to and may read. What that is, the edge finds out itself.

import type { Session } from "../../src/session/state.ts";
import { sysTopicsOf } from "../../src/session/sys.ts";
import type { ReportsNotice } from "../hello.ts";

export function tellSys(edge: WebSocket, session: Session): void {
  const notice: ReportsNotice = { reports: [], sys: sysTopicsOf(session) };
  try {
    edge.send(JSON.stringify(notice));
  } catch {
    // It has gone, and its client with it.
  }
}
