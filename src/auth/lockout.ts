// What a failed login leads to:
//
//   1. Each one delays the answer to it, twice as long as the one before, up to a few seconds.
//   2. So many of them from one address, within the time of a lock-out, lock that address out of that user for as long.
//   3. Ten times as many from anywhere lock everybody out of that user: somebody guesses from many addresses.
//   4. The right credentials end the count of their address.

export interface Attempts {
  readonly count: number;
  readonly sinceMs: number;
  /** Locked out until then; 0 if not. */
  readonly untilMs: number;
}

export interface LockoutPolicy {
  readonly loginFailuresMax: number;
  readonly loginLockoutMs: number;
}

/** Failures from all addresses that lock everybody out, as a multiple of those from one. */
export const distributedFactor = 10;
const firstDelayMs = 100;
const delayMsMax = 3_000;

export function isLockedOut({ untilMs }: Attempts, nowMs: number): boolean {
  return untilMs > nowMs;
}

/** One more. */
export function afterFailure(before: Attempts, policy: LockoutPolicy, factor: number, nowMs: number): Attempts {
  const { loginFailuresMax, loginLockoutMs } = policy;
  const goesOn = before.count > 0 && nowMs - before.sinceMs < loginLockoutMs;
  const count = goesOn ? before.count + 1 : 1;
  const sinceMs = goesOn ? before.sinceMs : nowMs;
  return { count, sinceMs, untilMs: count >= loginFailuresMax * factor ? nowMs + loginLockoutMs : 0 };
}

export function delayMsAfter({ count }: Attempts): number {
  return Math.min(delayMsMax, firstDelayMs * 2 ** Math.max(0, count - 1));
}
