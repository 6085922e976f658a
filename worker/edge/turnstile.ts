// Who comes how often, as far as this copy of the Worker sees it: connections of an address, failed logins of an address, and
// clients that come and go. At the platform there are many copies; each of them holds to the same limits.

import { Bucket } from "../../src/auth/bucket.ts";
import { type Attempts, afterFailure, distributedFactor, isLockedOut } from "../../src/auth/lockout.ts";
import type { Config } from "../config.ts";

type Limits = Pick<
  Config,
  "connectsPerMinuteAddress" | "loginFailuresMax" | "loginLockoutMs" | "flappingConnectsPerMinute"
>;

/** Addresses and clients remembered; when there are more, all are forgotten. */
const rememberedMax = 50_000;
/** Different users guessed from one address, as a multiple of guesses at one of them. */
const addressFactor = distributedFactor / 2;

export class Turnstile {
  readonly #limits: Limits;
  readonly #addresses = new Map<string, Bucket>();
  readonly #clients = new Map<string, Bucket>();
  readonly #failures = new Map<string, Attempts>();

  constructor(limits: Limits) {
    this.#limits = limits;
  }

  /** What stands against another connection from there. */
  refusal(address: string, nowMs: number): "locked-out" | "connect-rate" | undefined {
    const { connectsPerMinuteAddress } = this.#limits;
    if (this.isLockedOut(address, nowMs)) return "locked-out";
    if (connectsPerMinuteAddress === 0) return undefined;
    return take(this.#addresses, address, connectsPerMinuteAddress, nowMs) ? undefined : "connect-rate";
  }

  isLockedOut(address: string, nowMs: number): boolean {
    const attempts = this.#failures.get(address);
    return attempts !== undefined && isLockedOut(attempts, nowMs);
  }

  /** False when the client comes and goes too often. */
  isSteady(clientId: string, nowMs: number): boolean {
    const { flappingConnectsPerMinute } = this.#limits;
    return flappingConnectsPerMinute === 0 || take(this.#clients, clientId, flappingConnectsPerMinute, nowMs);
  }

  /** A login failed, of whatever user. */
  failed(address: string, nowMs: number): void {
    const before = this.#failures.get(address) ?? { count: 0, sinceMs: 0, untilMs: 0 };
    if (this.#failures.size >= rememberedMax) this.#failures.clear();
    this.#failures.set(address, afterFailure(before, this.#limits, addressFactor, nowMs));
  }
}

function take(buckets: Map<string, Bucket>, key: string, perMinute: number, nowMs: number): boolean {
  let bucket = buckets.get(key);
  if (bucket === undefined) {
    if (buckets.size >= rememberedMax) buckets.clear();
    bucket = new Bucket();
    buckets.set(key, bucket);
  }
  return bucket.take(1, { perSecond: perMinute / 60, burst: perMinute }, nowMs);
}
