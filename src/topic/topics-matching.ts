// Which of the stored topic names match a filter, in key order, a page at a time. After each key that was looked at, the
// next one worth looking at is computed from the filter and sought, so what lies between is never read: a level that
// cannot match is skipped with everything below it.

import { afterDescendants, compareKeys, keyLevels, type OrderedKeys, separator, topicKey } from "./key.ts";

export interface TopicPage {
  /** Keys of the matching names, in key order. */
  readonly keys: string[];
  /** Present when there may be more: the `after` of the next page. */
  readonly next?: string;
}

export interface TopicPageOptions {
  /** Only keys after this one, be it stored, matching, or not. */
  readonly after?: string | undefined;
  /** Most keys on a page. */
  readonly limit: number;
  /** Most seeks for a page; a page may then be short, even empty, and still have a `next`. */
  readonly seeksMax?: number;
}

/** `filter` is without `$share/`. */
export function topicsMatching(filter: string, keys: OrderedKeys, options: TopicPageOptions): TopicPage {
  const { after, limit, seeksMax = Number.POSITIVE_INFINITY } = options;
  const path = new FilterPath(filter);
  const found: string[] = [];
  let last = after;
  for (let seeks = 0; ; seeks++) {
    const from = last === undefined ? path.first : path.nextAfter(last);
    if (from === undefined) return { keys: found };
    if (last !== undefined && (found.length >= limit || seeks >= seeksMax)) return { keys: found, next: last };
    const key = keys.seek(from);
    if (key === undefined) return { keys: found };
    if (path.matches(key)) found.push(key);
    last = key;
  }
}

/** A filter, level by level, against keys. */
class FilterPath {
  /** No matching key is smaller. */
  readonly first: string;
  /** The levels before a final #. */
  readonly #levels: readonly string[];
  readonly #open: boolean;
  readonly #hidesDollar: boolean;

  constructor(filter: string) {
    const levels = keyLevels(topicKey(filter));
    this.#open = levels.at(-1) === "#";
    this.#levels = this.#open ? levels.slice(0, -1) : levels;
    this.#hidesDollar = filter.startsWith("+") || filter.startsWith("#");
    const wildcard = this.#levels.indexOf("+");
    const literal = this.#levels.slice(0, wildcard === -1 ? undefined : wildcard);
    this.first = literal.join(separator);
  }

  matches(key: string): boolean {
    // [MQTT-4.7.2-1]
    if (this.#hidesDollar && key.startsWith("$")) return false;
    const levels = keyLevels(key);
    return this.#mismatch(levels) === undefined && this.#fitsLength(levels.length);
  }

  /** The smallest string after `key` that a matching key can be at; undefined when none can follow. */
  nextAfter(key: string): string | undefined {
    // "%" comes right after all names that begin with $.
    if (this.#hidesDollar && key.startsWith("$")) return "%";
    const levels = keyLevels(key);
    const at = this.#mismatch(levels);
    if (at !== undefined) {
      const wanted = this.#levels[at] ?? "";
      if (compareKeys(levels[at] ?? "", wanted) < 0) return [...levels.slice(0, at), wanted].join(separator);
      return this.#nextBranch(levels, at - 1);
    }
    // Everything below matches, or may.
    if (this.#open) return key + separator;
    if (levels.length < this.#levels.length) return this.#below(key, levels.length);
    return this.#nextBranch(levels, this.#levels.length - 1);
  }

  /** The first level that differs from a literal one of the filter. */
  #mismatch(levels: readonly string[]): number | undefined {
    const end = Math.min(levels.length, this.#levels.length);
    for (let at = 0; at < end; at++) {
      const wanted = this.#levels[at];
      if (wanted !== "+" && wanted !== levels[at]) return at;
    }
    return undefined;
  }

  #fitsLength(length: number): boolean {
    return this.#open ? length >= this.#levels.length : length === this.#levels.length;
  }

  #below(key: string, length: number): string {
    const wanted = this.#levels[length];
    return key + separator + (wanted === undefined || wanted === "+" ? "" : wanted);
  }

  /** Behind the subtree of the last + at or before `from`: earlier levels stay, that one grows. */
  #nextBranch(levels: readonly string[], from: number): string | undefined {
    const plus = this.#levels.lastIndexOf("+", from);
    if (from < 0 || plus === -1) return undefined;
    return levels.slice(0, plus + 1).join(separator) + afterDescendants;
  }
}
