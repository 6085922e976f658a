// Which of the stored filters match a topic name, without reading the others. The stored keys are walked like a tree that
// exists only as an order: a node is a prefix of levels, and one seek tells whether any key is at or below it. Only
// nodes that lead to stored filters and match the name's levels are entered.

import { compareKeys, keyLevels, type OrderedKeys, separator, topicKey } from "./key.ts";

/** Keys of the stored filters (without `$share/`) that match the name, in no particular order. */
export function filtersMatching(topic: string, keys: OrderedKeys): string[] {
  const levels = keyLevels(topicKey(topic));
  const probe = new Probe(keys);
  const found: string[] = [];
  const open: Node[] = [{ prefix: "", level: 0 }];
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    const { prefix, level } = node;
    if (prefix !== "" && !probe.has(prefix)) continue;
    // [MQTT-4.7.2-1] names that begin with $ are hidden from wildcards at the first level.
    const hidden = level === 0 && topic.startsWith("$");
    if (!hidden && probe.isKey(`${prefix}#`)) found.push(`${prefix}#`);
    const literal = levels[level];
    if (literal === undefined) continue;
    const children = hidden ? [literal] : ["+", literal];
    for (const child of children) {
      const key = prefix + child;
      if (level === levels.length - 1 && probe.isKey(key)) found.push(key);
      open.push({ prefix: key + separator, level: level + 1 });
    }
  }
  return found;
}

/** `prefix` is "" or ends with a separator; `level` is how many levels it has. */
interface Node {
  readonly prefix: string;
  readonly level: number;
}

/** Remembers the last seek: there is no key between what was asked for and what was found. */
class Probe {
  readonly #keys: OrderedKeys;
  #from: string | undefined;
  #found: string | undefined;

  constructor(keys: OrderedKeys) {
    this.#keys = keys;
  }

  isKey(key: string): boolean {
    return this.#seek(key) === key;
  }

  /** Whether any key begins with the prefix. */
  has(prefix: string): boolean {
    return this.#seek(prefix)?.startsWith(prefix) ?? false;
  }

  #seek(from: string): string | undefined {
    if (!this.#knows(from)) {
      this.#from = from;
      this.#found = this.#keys.seek(from);
    }
    return this.#found;
  }

  #knows(from: string): boolean {
    if (this.#from === undefined || compareKeys(from, this.#from) < 0) return false;
    return this.#found === undefined || compareKeys(from, this.#found) <= 0;
  }
}
