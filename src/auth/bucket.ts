// A token bucket: what may happen so often a second, with a burst on top. Time is an argument.

export interface Rate {
  /** 0: as often as it likes. */
  readonly perSecond: number;
  /** What may come at once when nothing came before. */
  readonly burst: number;
}

export class Bucket {
  #tokens: number | undefined;
  #atMs = 0;

  /** False if there is not enough; then nothing is taken. */
  take(cost: number, { perSecond, burst }: Rate, nowMs: number): boolean {
    if (perSecond === 0) return true;
    // A clock that goes back gives nothing and takes nothing.
    const elapsedMs = Math.max(0, nowMs - this.#atMs);
    const tokens = this.#tokens === undefined ? burst : Math.min(burst, this.#tokens + (elapsedMs * perSecond) / 1000);
    this.#atMs = nowMs;
    // What is larger than a burst may pass when the bucket is full, and empties it: else it never could.
    const isEnough = tokens >= Math.min(cost, burst);
    this.#tokens = isEnough ? Math.max(0, tokens - cost) : tokens;
    return isEnough;
  }

  /** Whether it has forgotten all that happened. */
  isFull({ perSecond, burst }: Rate, nowMs: number): boolean {
    if (this.#tokens === undefined || perSecond === 0) return true;
    return this.#tokens + ((nowMs - this.#atMs) * perSecond) / 1000 >= burst;
  }
}
