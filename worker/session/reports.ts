// What a session dropped or refused: counted and logged, remembered for who asks, told to the edge or noted in its place, told
// to webhooks, and added up in its rows.

import type { RecentReport } from "../../src/session/describe.ts";
import type { Effects } from "../../src/session/effects.ts";
import type { Session } from "../../src/session/state.ts";
import type { SessionStore } from "../../src/store/session-store.ts";
import { report } from "../counters.ts";
import type { Env } from "../env.ts";
import type { Witness } from "../gate/witness.ts";
import type { ReportsNotice } from "../hello.ts";
import type { DirectClient } from "./direct.ts";
import { DropTeller } from "./drop-teller.ts";

interface Link {
  readonly socket: WebSocket;
  /** Absent where an edge stands between. */
  readonly direct: Pick<DirectClient, "state"> | undefined;
}

const recentMax = 20;

export class Reports {
  readonly #store: SessionStore;
  /** The last drops and refusals, for who asks. */
  recent: readonly RecentReport[] = [];
  readonly teller: DropTeller;
  readonly #witness: Witness;

  constructor(env: Env, store: SessionStore, witness: Witness, wake: () => void) {
    this.#store = store;
    this.#witness = witness;
    this.teller = new DropTeller(env, store, wake);
  }

  take({ reports }: Effects, session: Session, link: Link | undefined, atMs: number): void {
    if (reports.length === 0) return;
    const { name, record } = session;
    report(reports, name);
    // The edge notes what its client was refused; of a client without an edge it is noted here.
    if (link?.direct === undefined) tell(link?.socket, { reports });
    else {
      const { clientId, address = "" } = link.direct.state.hello;
      this.#witness.note(clientId, address, reports);
    }
    this.recent = [...this.recent, ...reports.map((one) => ({ ...one, atMs }))].slice(-recentMax);
    const drops = reports.filter(({ event }) => event === "drop");
    if (drops.length === 0) return;
    if (record !== undefined) this.#store.addDrops(new Map(drops.map(({ reason, count }) => [reason, count])));
    this.teller.note(drops, session, atMs);
  }
}

function tell(edge: WebSocket | undefined, notice: ReportsNotice): void {
  try {
    edge?.send(JSON.stringify(notice));
  } catch {
    // The edge has gone, and has nobody to note it for.
  }
}
