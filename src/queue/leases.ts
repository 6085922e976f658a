// Messages of a queue that are handed out over HTTP: who has which, until when, and how often each was handed out. A lease
// hides its messages until it ends; then they are visible again, the oldest first. All of it is one row, written with each
// batch, so that neither a crash nor sleep ends a lease early or forgets that a message was handed out.

/** [lease, visible again at, times handed out, first position, how many]. Lease 0: it was given back. */
export type LeaseRun = readonly [number, number, number, number, number];

export interface LeaseSnapshot {
  readonly lastLease: number;
  readonly runs: readonly LeaseRun[];
}

export interface Lease {
  readonly lease: number;
  readonly untilMs: number;
  /** How often the message was handed out. */
  readonly deliveries: number;
}

export class Leases {
  #lastLease: number;
  readonly #of = new Map<number, Lease>();
  #end = 0;

  constructor(snapshot: LeaseSnapshot = { lastLease: 0, runs: [] }) {
    this.#lastLease = snapshot.lastLease;
    for (const [lease, untilMs, deliveries, from, count] of snapshot.runs) {
      for (let position = from; position < from + count; position++)
        this.#put(position, { lease, untilMs, deliveries });
    }
  }

  /** Of messages that were handed out and are not finished. */
  get size(): number {
    return this.#of.size;
  }

  /** Behind the last of them. */
  get end(): number {
    return this.#end;
  }

  /** Those whose lease has ended, the oldest first. */
  visible(nowMs: number): number[] {
    const positions: number[] = [];
    for (const [position, { untilMs }] of this.#of) if (untilMs <= nowMs) positions.push(position);
    return positions.sort((left, right) => left - right);
  }

  get positions(): Iterable<number> {
    return this.#of.keys();
  }

  of(position: number): Lease | undefined {
    return this.#of.get(position);
  }

  isHidden(position: number, nowMs: number): boolean {
    const lease = this.#of.get(position);
    return lease !== undefined && lease.untilMs > nowMs;
  }

  /** When the next of them becomes visible; undefined if none is hidden. */
  nextVisibleAtMs(nowMs: number): number | undefined {
    let next: number | undefined;
    for (const { untilMs } of this.#of.values()) {
      if (untilMs > nowMs && (next === undefined || untilMs < next)) next = untilMs;
    }
    return next;
  }

  /** Hands messages out under a lease of their own; its number is above all before, also when the clock went back. */
  take(positions: readonly number[], untilMs: number, nowMs: number): number {
    this.#lastLease = Math.max(nowMs, this.#lastLease + 1);
    for (const position of positions) {
      const deliveries = (this.#of.get(position)?.deliveries ?? 0) + 1;
      this.#put(position, { lease: this.#lastLease, untilMs, deliveries });
    }
    return this.#lastLease;
  }

  /** It is to be visible at that time, and not before. */
  postpone(position: number, untilMs: number): void {
    const known = this.#of.get(position);
    if (known !== undefined) this.#put(position, { ...known, untilMs });
  }

  /** Whoever has it has it no more. */
  giveBack(position: number, untilMs: number): void {
    const known = this.#of.get(position);
    if (known !== undefined) this.#put(position, { ...known, lease: 0, untilMs });
  }

  /** The message is finished. */
  forget(position: number): void {
    this.#of.delete(position);
    if (this.#of.size === 0) this.#end = 0;
  }

  snapshot(): LeaseSnapshot {
    const runs: [number, number, number, number, number][] = [];
    for (const [position, { lease, untilMs, deliveries }] of [...this.#of].sort(([left], [right]) => left - right)) {
      const last = runs.at(-1);
      const continues =
        last !== undefined &&
        last[0] === lease &&
        last[1] === untilMs &&
        last[2] === deliveries &&
        last[3] + last[4] === position;
      if (continues) last[4]++;
      else runs.push([lease, untilMs, deliveries, position, 1]);
    }
    return { lastLease: this.#lastLease, runs };
  }

  #put(position: number, lease: Lease): void {
    this.#of.set(position, lease);
    if (position >= this.#end) this.#end = position + 1;
  }
}
