// Names and filters as keys of an ordered index. In a key the level separator is the smallest character there is, so a
// level's descendants are contiguous and come right after the level itself: `a`, `a/b`, `a/b/c`, `a!`.
//
// The separator is U+0001 and not U+0000, which no name contains, because SQL drivers cut text off at U+0000. A U+0001 or
// U+0002 within a name is escaped by U+0002.
//
// An index must order keys by Unicode code point. SQLite's default (the bytes of UTF-8) does; JavaScript's `<` does not
// for characters beyond U+FFFF, hence `compareKeys`.

export const separator = "\u0001";

/** Greater than all descendants of a key that it is appended to, and not greater than any later key. */
export const afterDescendants = "\u0002";

const escapeMark = "\u0002";

/** The key of a topic name or of a filter. */
export function topicKey(name: string): string {
  const escaped = name.replaceAll(escapeMark, escapeMark + escapeMark).replaceAll(separator, escapeMark + separator);
  return escaped.replaceAll("/", separator);
}

/** The name or filter that `topicKey` made this key of. */
export function keyTopic(key: string): string {
  if (!key.includes(escapeMark)) return key.replaceAll(separator, "/");
  let name = "";
  for (let at = 0; at < key.length; at++) {
    if (key[at] === escapeMark) name += key[++at];
    else name += key[at] === separator ? "/" : key[at];
  }
  return name;
}

/** The levels of a key, each still escaped. */
export function keyLevels(key: string): string[] {
  if (!key.includes(escapeMark)) return key.split(separator);
  const levels: string[] = [];
  let start = 0;
  for (let at = 0; at < key.length; at++) {
    if (key[at] === escapeMark) at++;
    else if (key[at] === separator) {
      levels.push(key.slice(start, at));
      start = at + 1;
    }
  }
  levels.push(key.slice(start));
  return levels;
}

/** Long keys of one index begin alike: stretches of this length are compared as a whole, 40 times as fast. */
const stretch = 1_024;

/** Order by code point, which is the order of the bytes in UTF-8. */
export function compareKeys(left: string, right: string): number {
  const length = Math.min(left.length, right.length);
  let from = 0;
  while (from + stretch <= length && left.slice(from, from + stretch) === right.slice(from, from + stretch)) {
    from += stretch;
  }
  for (let at = from; at < length; at++) {
    const a = left.charCodeAt(at);
    const b = right.charCodeAt(at);
    if (a !== b) return rank(a) - rank(b);
  }
  return left.length - right.length;
}

/** Surrogates stand for characters beyond U+FFFF, so they come after U+E000..U+FFFF. */
function rank(unit: number): number {
  if (unit < 0xd800) return unit;
  return unit < 0xe000 ? unit + 0x2000 : unit - 0x800;
}

/** An ordered set of keys, in memory or in SQL. */
export interface OrderedKeys {
  /** The smallest key that is not smaller than `from`. */
  seek(from: string): string | undefined;
}
