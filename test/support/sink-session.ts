// A session with a sink, and the sink in the hands of a test: short words for what it is sent and how it answers.

import type { Report } from "../../src/session/effects.ts";
import type { SinkAnswer } from "../../src/session/manage-sink.ts";
import type { Parcel, ParcelOutcome } from "../../src/session/parcel.ts";
import type { SinkSettings } from "../../src/session/sink.ts";
import { ManagedSession } from "./managed-session.ts";
import { textOf } from "./records.ts";

export const settings: SinkSettings = {
  name: "hook",
  revision: 1,
  isPaused: false,
  target: { kind: "queue", binding: "QUEUE" },
  batchMessagesMax: 3,
  batchBytesMax: 100_000,
  lingerMs: 0,
  attemptsMax: 3,
};

export const taken: ParcelOutcome = { isDelivered: true };
export const failed: ParcelOutcome = {
  isDelivered: false,
  isFinal: false,
  reason: "status",
  detail: "500",
  status: 500,
  retryAfterMs: 0,
};
export const refused: ParcelOutcome = { ...failed, isFinal: true, reason: "refused", status: 400 };

export class SinkSession {
  readonly managed: ManagedSession;

  constructor(given: Partial<SinkSettings> = {}, queueMessagesMax = 100) {
    this.managed = new ManagedSession();
    this.configure(given, queueMessagesMax);
  }

  get nowMs(): number {
    return this.managed.rig.nowMs;
  }

  set nowMs(nowMs: number) {
    this.managed.rig.nowMs = nowMs;
  }

  get reports(): readonly Report[] {
    return this.managed.reports;
  }

  configure(given: Partial<SinkSettings>, queueMessagesMax = 100): void {
    this.managed.rig.manage({
      kind: "provision",
      clientId: "$webhook/hook",
      expirySeconds: 0xffff_ffff,
      subscriptions: [],
      limits: { queueMessagesMax, queuePolicy: "drop-oldest" },
      sink: { ...settings, ...given },
    });
  }

  deliver(...texts: readonly string[]): void {
    this.managed.deliver(...texts);
  }

  crash(): void {
    this.managed.rig.crash();
  }

  next(): Parcel | undefined {
    return this.managed.rig.parcel();
  }

  settle(parcel: Parcel, outcome: ParcelOutcome): void {
    this.managed.rig.parcelSettled(parcel, outcome);
  }

  /** Carries one batch; what was in it, or undefined if there was none to carry. */
  carry(outcome: ParcelOutcome): string[] | undefined {
    const parcel = this.next();
    if (parcel === undefined) return undefined;
    this.settle(parcel, outcome);
    return textsOf(parcel);
  }

  /** When the next attempt may be made. */
  waitForAttempt(): void {
    this.nowMs = Math.max(this.nowMs, this.status.progress.nextAtMs);
  }

  get status(): Extract<SinkAnswer, { readonly kind: "sink" }> {
    const { answer } = this.managed.rig.manage({ kind: "sink" });
    if (answer.kind !== "sink") throw new Error(answer.kind);
    return answer;
  }
}

export function textsOf({ messages }: Parcel): string[] {
  return messages.map(({ topic, payload }) => `${topic}:${textOf(payload)}`);
}
