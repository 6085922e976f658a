// A limit to how long many calls may take, in an object: one timer for all that are under way, and none while there are none. A
// timer for each was a twentieth of what a delivery costs. See decision 35.

export class Deadline {
  readonly #waitMs: number;
  /** What gives each call up, and when it is to: in this order, since all have the same time. */
  readonly #dueAtMs = new Map<() => void, number>();
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(waitMs: number) {
    this.#waitMs = waitMs;
  }

  /** What the call answers, or undefined if it takes longer. */
  within<Value>(call: Promise<Value>): Promise<Value | undefined> {
    const { promise, resolve, reject } = Promise.withResolvers<Value | undefined>();
    const giveUp = () => {
      this.#over(giveUp);
      resolve(undefined);
    };
    this.#dueAtMs.set(giveUp, Date.now() + this.#waitMs);
    this.#timer ??= setTimeout(() => this.#ring(), this.#waitMs);
    call.then(
      (value) => {
        this.#over(giveUp);
        resolve(value);
      },
      (error: unknown) => {
        this.#over(giveUp);
        reject(error);
      },
    );
    return promise;
  }

  #over(giveUp: () => void): void {
    this.#dueAtMs.delete(giveUp);
    if (this.#dueAtMs.size > 0) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #ring(): void {
    this.#timer = undefined;
    const nowMs = Date.now();
    for (const [giveUp, dueAtMs] of this.#dueAtMs) {
      const leftMs = dueAtMs - nowMs;
      // A clock that went back does not keep anybody waiting.
      if (leftMs > 0 && leftMs <= this.#waitMs) {
        this.#timer = setTimeout(() => this.#ring(), leftMs);
        return;
      }
      giveUp();
    }
  }
}
