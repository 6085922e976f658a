// Notes what a client was refused with its gate, for who asks why. Under a flood only some are noted: they are counted and
// logged all the same.

import type { Report } from "../../src/session/effects.ts";
import { counters } from "../counters.ts";
import { noteRefusals } from "../gate/gates.ts";
import type { DoormanParts } from "./doorman.ts";

/** Of this copy of the Worker. */
const rate = { perSecond: 5, burst: 100 };
const detailCharactersMax = 512;
const clientIdCharactersMax = 1_024;

export class Witness {
  readonly #parts: Pick<DoormanParts, "env" | "noted" | "address">;
  #noting: Promise<void> = Promise.resolve();

  constructor(parts: Pick<DoormanParts, "env" | "noted" | "address">) {
    this.#parts = parts;
  }

  note(clientId: string | undefined, reports: readonly Report[]): void {
    const { env, noted, address } = this.#parts;
    const nowMs = Date.now();
    if (clientId === undefined || clientId === "" || clientId.length > clientIdCharactersMax) return;
    if (!noted.take(1, rate, nowMs)) return counters.addFor("events_missed", "unnoted", reports.length);
    const entries = reports.map(({ reason, detail, count }) => {
      return { atMs: nowMs, reason, detail: detail.slice(0, detailCharactersMax), count, address };
    });
    this.#noting = this.#noting.then(() =>
      noteRefusals(env, clientId, entries).catch((error: unknown) => {
        console.warn(JSON.stringify({ event: "refusal-unnoted", who: clientId, error: `${error}` }));
      }),
    );
  }

  /** When nothing is on its way any more. */
  settled(): Promise<void> {
    return this.#noting;
  }
}
