// Notes what a client was refused with its gate, for who asks why, and for webhooks. Under a flood only some are noted: they are
// counted and logged all the same. Who holds the connection notes: the edge, or a session object whose client has none.

import { Bucket } from "../../src/auth/bucket.ts";
import type { Report } from "../../src/session/effects.ts";
import { counters } from "../counters.ts";
import type { Env } from "../env.ts";
import { noteRefusals } from "./gates.ts";
import type { RefusalEntry } from "./refusals.ts";

/** Of this copy of the Worker. */
const rate = { perSecond: 5, burst: 100 };
const noted = new Bucket();
const detailCharactersMax = 512;
const clientIdCharactersMax = 1_024;

export class Witness {
  readonly #env: Env;
  #noting: Promise<void> = Promise.resolve();
  #underWay = 0;

  constructor(env: Env) {
    this.#env = env;
  }

  note(clientId: string | undefined, address: string, reports: readonly Report[]): void {
    const nowMs = Date.now();
    if (clientId === undefined || clientId === "" || clientId.length > clientIdCharactersMax) return;
    if (!noted.take(1, rate, nowMs)) return counters.addFor("events_missed", "unnoted", reports.length);
    const entries = reports.map(({ reason, detail, count }) => {
      return { atMs: nowMs, reason, detail: detail.slice(0, detailCharactersMax), count, address };
    });
    this.#underWay++;
    this.#noting = this.#noting.then(() => this.#tell(clientId, entries));
  }

  get isBusy(): boolean {
    return this.#underWay > 0;
  }

  /** When nothing is on its way any more. */
  settled(): Promise<void> {
    return this.#noting;
  }

  async #tell(clientId: string, entries: readonly RefusalEntry[]): Promise<void> {
    try {
      await noteRefusals(this.#env, clientId, entries);
    } catch (error) {
      console.warn(JSON.stringify({ event: "refusal-unnoted", who: clientId, error: `${error}` }));
    } finally {
      this.#underWay--;
    }
  }
}
