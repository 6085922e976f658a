// Which of the stored filters match a topic name, without reading the others. The stored keys are walked like a tree that
// exists only as an order: a node is a prefix of levels, and one seek tells whether any key is at or below it. Only
// nodes that lead to stored filters and match the name's levels are entered.

import { compareKeys, keyLevels, type OrderedKeys, separator, topicKey } from "./key.ts";

/**
 * Keys of the stored filters (without `$share/`) that match the name, in their order. Because they are looked for in that
 * order, what one seek has found mostly answers the next questions too, and a deep name costs no more seeks than a short one.
 */
export function filtersMatching(topic: string, keys: OrderedKeys): string[] {
  const levels = keyLevels(topicKey(topic));
  const probe = new Probe(keys);
  const found: string[] = [];
  const open: Candidate[] = [];
  const descend = (prefix: string, level: number) => {
    for (const last of childrenOf(topic, levels, level)) open.push({ key: prefix + last, last, level });
  };
  descend("", 0);
  for (let candidate = open.pop(); candidate !== undefined; candidate = open.pop()) {
    const { key, last, level } = candidate;
    const endsHere = last === "#" || level === levels.length - 1;
    if (endsHere && probe.isKey(key)) found.push(key);
    if (last === "#") continue;
    const prefix = key + separator;
    if (probe.has(prefix)) descend(prefix, level + 1);
  }
  return found;
}

interface Candidate {
  readonly key: string;
  /** Its last level, and which one that is. */
  readonly last: string;
  readonly level: number;
}

/** What a filter may have at this level, the greatest first. Behind the name's last level that is only #. */
function childrenOf(topic: string, levels: readonly string[], level: number): string[] {
  const literal = levels[level];
  if (literal === undefined) return ["#"];
  // [MQTT-4.7.2-1] names that begin with $ are hidden from wildcards at the first level.
  if (level === 0 && topic.startsWith("$")) return [literal];
  return ["#", "+", literal].sort((left, right) => compareKeys(right, left));
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
    return this.#seek(prefix)?.slice(0, prefix.length) === prefix;
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
