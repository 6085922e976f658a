// What is asked of topic shards about filters: each shard is asked about those that it has to know, in calls of bounded size. A session
// may have more and longer ones than one call can carry.

import type { SessionLimits } from "./limits.ts";
import { callBytesMax } from "./outgoing.ts";
import { shardsOfSubscription } from "./sharing.ts";

interface ShardCall<Item> {
  readonly shard: number;
  readonly items: Item[];
}

export function byShard<Item extends { readonly filter: string }>(
  items: Iterable<Item>,
  limits: SessionLimits,
): readonly ShardCall<Item>[] {
  const calls: ShardCall<Item>[] = [];
  const last = new Map<number, { readonly call: ShardCall<Item>; bytes: number }>();
  for (const item of items) {
    // Two for each character, at most.
    const bytes = 2 * item.filter.length;
    for (const shard of shardsOfSubscription(item.filter, limits)) {
      const open = last.get(shard);
      if (open !== undefined && open.bytes + bytes <= callBytesMax) {
        open.call.items.push(item);
        open.bytes += bytes;
        continue;
      }
      const call = { shard, items: [item] };
      calls.push(call);
      last.set(shard, { call, bytes });
    }
  }
  return calls;
}
