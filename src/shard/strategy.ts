// Which member of a group gets a message.

/** As a deployment chooses: one after the other, any, or the same one for a topic as long as it is connected. */
export type ShareStrategy = "round-robin" | "random" | "sticky";

interface Named {
  readonly session: string;
}

/** The one after `last` in the order of names, and after the last the first. `candidates` are in that order. */
export function nextAfter<Candidate extends Named>(
  candidates: readonly Candidate[],
  last: string,
): Candidate | undefined {
  return candidates.find(({ session }) => session > last) ?? candidates[0];
}

/**
 * The candidate with the highest hash together with the topic: one that comes or goes moves no topic but its own
 * (rendezvous hashing).
 */
export function stickTo<Candidate extends Named>(
  candidates: readonly Candidate[],
  topic: string,
): Candidate | undefined {
  let chosen: Candidate | undefined;
  let highest = -1;
  for (const candidate of candidates) {
    const weight = hash(candidate.session, hash(topic, 0x811c9dc5));
    if (weight <= highest) continue;
    highest = weight;
    chosen = candidate;
  }
  return chosen;
}

/** FNV-1a over UTF-16 code units, then mixed: names that differ at their end alone must not keep their order. */
function hash(text: string, seed: number): number {
  let value = seed;
  for (let at = 0; at < text.length; at++) value = Math.imul(value ^ text.charCodeAt(at), 0x01000193);
  value = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  value = Math.imul(value ^ (value >>> 13), 0xc2b2ae35);
  return (value ^ (value >>> 16)) >>> 0;
}
