// What was found out about topics, for those that come again. Bounded by their number and by what it takes in memory: a topic may have
// 65,535 bytes, and what is known of one be long. When it is too much all of it is forgotten but what came last.

/** What an entry takes besides the characters of its topic, which take two bytes each at most. */
const entryBytes = 96;

export interface RememberedMax {
  readonly topics: number;
  readonly bytes: number;
}

export class Remembered<Value> {
  readonly #max: RememberedMax;
  readonly #bytesOf: (value: Value) => number;
  readonly #values = new Map<string, Value>();
  #bytes = 0;

  /** `bytesOf`: what a value takes. */
  constructor(max: RememberedMax, bytesOf: (value: Value) => number = () => 0) {
    this.#max = max;
    this.#bytesOf = bytesOf;
  }

  get(topic: string): Value | undefined {
    return this.#values.get(topic);
  }

  /** Of a topic that is not remembered. */
  set(topic: string, value: Value): void {
    const bytes = this.#weigh(topic, value);
    if (this.#values.size >= this.#max.topics || this.#bytes + bytes > this.#max.bytes) {
      this.#values.clear();
      this.#bytes = 0;
    }
    this.#values.set(topic, value);
    this.#bytes += bytes;
  }

  delete(topic: string): void {
    const value = this.#values.get(topic);
    if (value === undefined) return;
    this.#values.delete(topic);
    this.#bytes -= this.#weigh(topic, value);
  }

  #weigh(topic: string, value: Value): number {
    return entryBytes + 2 * topic.length + this.#bytesOf(value);
  }
}
