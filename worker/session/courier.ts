// Carries the batches of a session with a sink, one at a time, until there is nothing more to carry now. It runs within the
// object's alarm, which is awaited: nothing of it is left when that ends.

import type { Effects } from "../../src/session/effects.ts";
import type { Parcel, ParcelOutcome } from "../../src/session/parcel.ts";
import type { Session } from "../../src/session/state.ts";
import { parcelSettled, takeParcel } from "../../src/session/step.ts";
import type { Alarm } from "../alarm.ts";
import { counters } from "../counters.ts";
import type { Env } from "../env.ts";
import { batchOf } from "../webhook/body.ts";
import { carry } from "../webhook/carry.ts";

/** An alarm may run for 15 minutes: what is left then waits for the next. */
const runMsMax = 600_000;

export class Courier {
  readonly #env: Env;
  readonly #session: () => Session;
  readonly #alarm: Alarm;
  readonly #carryOut: (take: () => Effects) => void;

  /** `carryOut` takes a step and makes its effects true. */
  constructor(env: Env, session: () => Session, alarm: Alarm, carryOut: (take: () => Effects) => void) {
    this.#env = env;
    this.#session = session;
    this.#alarm = alarm;
    this.#carryOut = carryOut;
  }

  async run(): Promise<void> {
    const { sink } = this.#session();
    if (sink === undefined || sink.isBusy || sink.settings.isPaused) return;
    this.#setBusy(true);
    const startedMs = Date.now();
    try {
      for (let goesOn = true; goesOn && Date.now() - startedMs < runMsMax; ) goesOn = await this.#next();
    } finally {
      this.#setBusy(false);
    }
  }

  /** False when there is nothing to carry for now. */
  async #next(): Promise<boolean> {
    let taken: Parcel | undefined;
    this.#carryOut(() => {
      const { effects, parcel } = takeParcel(this.#session(), this.#alarm.nowMs);
      taken = parcel;
      return effects;
    });
    const parcel = taken as Parcel | undefined;
    const { sink } = this.#session();
    if (parcel === undefined || sink === undefined) return false;
    const { name, target } = sink.settings;
    const startedMs = Date.now();
    const outcome = await carry(this.#env, batchOf(name, parcel), target, startedMs);
    note(name, parcel, outcome, Date.now() - startedMs);
    this.#carryOut(() => parcelSettled(this.#session(), parcel, outcome, Math.random(), this.#alarm.nowMs));
    return true;
  }

  /** Settings may have changed meanwhile, and the session's sink be another record. */
  #setBusy(isBusy: boolean): void {
    const { sink } = this.#session();
    if (sink !== undefined) sink.isBusy = isBusy;
  }
}

function note(webhook: string, parcel: Parcel, outcome: ParcelOutcome, tookMs: number): void {
  counters.took("webhook", tookMs);
  counters.addFor("webhook_batches", outcome.isDelivered ? "delivered" : outcome.reason);
  if (outcome.isDelivered) return;
  const { reason, detail, isFinal } = outcome;
  console.warn(
    JSON.stringify({
      event: "webhook-failed",
      webhook,
      batch: parcel.id,
      attempt: parcel.attempt,
      reason,
      detail,
      isFinal,
    }),
  );
}
