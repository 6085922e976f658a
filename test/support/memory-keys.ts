// Ordered keys in a sorted array, for tests; it counts seeks, since cost is part of what is promised.

import { compareKeys, type OrderedKeys } from "../../src/topic/key.ts";

export class MemoryKeys implements OrderedKeys {
  seeks = 0;
  readonly #keys: readonly string[];

  constructor(keys: Iterable<string>) {
    this.#keys = [...new Set(keys)].sort(compareKeys);
  }

  seek(from: string): string | undefined {
    this.seeks++;
    let low = 0;
    let high = this.#keys.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (compareKeys(this.#keys[middle] ?? "", from) < 0) low = middle + 1;
      else high = middle;
    }
    return this.#keys[low];
  }
}
