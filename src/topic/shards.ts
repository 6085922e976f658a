// Which shard a topic name lives in, and which shards a filter must register in so that every topic name it matches
// finds it. The hash is part of what is stored: changing it moves every topic.

/** FNV-1a, 32 bits, over the UTF-16 code units (low byte, high byte) of the first `depth` levels, high half folded in. */
export function shardOf(topic: string, depth: number, count: number): number {
  return hash(topic, prefixEnd(topic, depth)) % count;
}

export function shardsOf(filter: string, depth: number, count: number): number[] {
  const end = prefixEnd(filter, depth);
  if (isLiteral(filter, end)) return [hash(filter, end) % count];
  return Array.from({ length: count }, (_, shard) => shard);
}

/** Where the first `depth` levels end. */
function prefixEnd(name: string, depth: number): number {
  let end = -1;
  for (let level = 0; level < depth; level++) {
    end = name.indexOf("/", end + 1);
    if (end === -1) return name.length;
  }
  return end;
}

/** With depth 2 `a/#` is not literal, and must not be: the names it matches differ within their first two levels. */
function isLiteral(filter: string, end: number): boolean {
  for (let at = 0; at < end; at++) if (filter[at] === "+" || filter[at] === "#") return false;
  return true;
}

function hash(text: string, end: number): number {
  let value = 0x811c9dc5;
  for (let at = 0; at < end; at++) {
    const unit = text.charCodeAt(at);
    value = Math.imul(value ^ (unit & 0xff), 0x01000193);
    value = Math.imul(value ^ (unit >>> 8), 0x01000193);
  }
  // A product's low bits depend on low bits only, and counts are often powers of two.
  return (value ^ (value >>> 16)) >>> 0;
}
