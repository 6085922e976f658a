// A page that is merged from several objects. Each is asked for a little more than its share, and again where that was not
// enough, a bounded number of times: a page may be short, and the next goes on from there.

import type { Entry } from "../../src/directory/entry.ts";
import { type List, type ListRequest, merge, type PartialList } from "../../src/directory/listing.ts";

const roundsMax = 4;

/** `ask` asks one of so many objects. */
export async function listFrom(
  parts: number,
  ask: (part: number, request: ListRequest) => Promise<PartialList>,
  request: ListRequest,
): Promise<List> {
  const entries: Entry[] = [];
  let after: string | undefined = request.after;
  for (let round = 0; round < roundsMax && after !== undefined && entries.length < request.limit; round++) {
    const missing = request.limit - entries.length;
    const partial = { ...request, after, limit: Math.min(missing, Math.ceil((missing / parts) * 1.25) + 4) };
    const answers = await Promise.all(Array.from({ length: parts }, (_, part) => ask(part, partial)));
    const list: List = merge(answers, missing);
    entries.push(...list.entries);
    after = list.after;
  }
  return { entries, after };
}
