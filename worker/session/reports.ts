// What a session dropped or refused: counted and logged, remembered for who asks, told to the edge, and added up in its rows.

import type { RecentReport } from "../../src/session/describe.ts";
import type { Effects } from "../../src/session/effects.ts";
import type { Session } from "../../src/session/state.ts";
import type { SessionStore } from "../../src/store/session-store.ts";
import { report } from "../counters.ts";
import type { ReportsNotice } from "../hello.ts";

const recentMax = 20;

export class Reports {
  readonly #store: SessionStore;
  /** The last drops and refusals, for who asks. */
  recent: readonly RecentReport[] = [];

  constructor(store: SessionStore) {
    this.#store = store;
  }

  /** `edge` notes what its client was refused; a client without an edge hears MQTT and nothing else. */
  take({ reports }: Effects, { name, record }: Session, edge: WebSocket | undefined, atMs: number): void {
    if (reports.length === 0) return;
    report(reports, name);
    tell(edge, { reports });
    this.recent = [...this.recent, ...reports.map((one) => ({ ...one, atMs }))].slice(-recentMax);
    const drops = reports.filter(({ event }) => event === "drop");
    if (drops.length === 0 || record === undefined) return;
    this.#store.addDrops(new Map(drops.map(({ reason, count }) => [reason, count])));
  }
}

function tell(edge: WebSocket | undefined, notice: ReportsNotice): void {
  try {
    edge?.send(JSON.stringify(notice));
  } catch {
    // The edge has gone, and has nobody to note it for.
  }
}
