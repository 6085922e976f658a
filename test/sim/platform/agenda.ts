// Virtual time: what is to happen, and when. Taking the next event moves the clock to it; nothing ever waits. Events of
// the same time happen in the order in which they were noted.

export interface Appointment {
  readonly atMs: number;
  readonly order: number;
  readonly happen: () => void;
  isCancelled: boolean;
}

export class Agenda {
  nowMs: number;
  #order = 0;
  /** A binary heap: each entry is before its two children, at 2i + 1 and 2i + 2. */
  readonly #heap: Appointment[] = [];

  constructor(startMs: number) {
    this.nowMs = startMs;
  }

  after(delayMs: number, happen: () => void): Appointment {
    return this.at(this.nowMs + delayMs, happen);
  }

  at(atMs: number, happen: () => void): Appointment {
    const appointment = { atMs: Math.max(atMs, this.nowMs), order: this.#order++, happen, isCancelled: false };
    this.#rise(this.#heap.push(appointment) - 1);
    return appointment;
  }

  /** The next event until `endMs`; undefined, and the clock at `endMs`, if there is none. */
  take(endMs: number): Appointment | undefined {
    for (;;) {
      const first = this.#heap[0];
      if (first === undefined || first.atMs > endMs) {
        this.nowMs = Math.max(this.nowMs, endMs);
        return undefined;
      }
      this.#removeFirst();
      if (first.isCancelled) continue;
      this.nowMs = first.atMs;
      return first;
    }
  }

  #removeFirst(): void {
    const last = this.#heap.pop();
    if (last === undefined || this.#heap.length === 0) return;
    this.#heap[0] = last;
    this.#sink(0);
  }

  #rise(start: number): void {
    const heap = this.#heap;
    let at = start;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!isBefore(heap[at] as Appointment, heap[parent] as Appointment)) return;
      this.#swap(at, parent);
      at = parent;
    }
  }

  #sink(start: number): void {
    const heap = this.#heap;
    for (let at = start; ; ) {
      let first = at;
      for (const child of [2 * at + 1, 2 * at + 2]) {
        if (child < heap.length && isBefore(heap[child] as Appointment, heap[first] as Appointment)) first = child;
      }
      if (first === at) return;
      this.#swap(at, first);
      at = first;
    }
  }

  #swap(left: number, right: number): void {
    const heap = this.#heap;
    [heap[left], heap[right]] = [heap[right] as Appointment, heap[left] as Appointment];
  }
}

function isBefore(left: Appointment, right: Appointment): boolean {
  return left.atMs < right.atMs || (left.atMs === right.atMs && left.order < right.order);
}
