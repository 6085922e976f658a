// The retained messages of a shard, a page at a time: for new subscriptions, and for those who manage them.

import { RecordReader } from "../../src/queue/record.ts";
import { type Page, type RetainedTerms, retainedPage } from "../../src/retain/page.ts";
import type { RetainedQuota } from "../../src/retain/quota.ts";
import type { ShardChange, ShardReads } from "../../src/shard/changes.ts";
import { topicKey } from "../../src/topic/key.ts";
import type { RetainedAnswer, RetainedQuery } from "../calls.ts";
import { counters } from "../counters.ts";

export interface RetainedEvents {
  persist(changes: readonly ShardChange[]): void;
  nowMs(): number;
}

export class RetainedMessages {
  readonly #reads: ShardReads;
  readonly #quota: RetainedQuota;
  readonly #events: RetainedEvents;

  constructor(reads: ShardReads, quota: RetainedQuota, events: RetainedEvents) {
    this.#reads = reads;
    this.#quota = quota;
    this.#events = events;
  }

  page(terms: RetainedTerms, after: string | undefined, messagesMax?: number): Page {
    const page = retainedPage(this.#reads, terms, after, this.#events.nowMs(), messagesMax);
    this.#delete(page.expired);
    if (page.expired.length > 0) counters.add("retained_expired", page.expired.length);
    return page;
  }

  /** As they were published. */
  list({ filter, after, limit }: RetainedQuery): RetainedAnswer {
    const { body, after: next } = this.page({ filter, qos: 2, identifier: 0 }, after, limit);
    return { body, after: next };
  }

  /** Takes away what a page would list, and says what that was. */
  clear(query: RetainedQuery): RetainedAnswer {
    const answer = this.list(query);
    const keys: string[] = [];
    for (const reader = new RecordReader(answer.body); reader.next(); ) keys.push(topicKey(reader.topic));
    this.#delete(keys);
    return answer;
  }

  #delete(keys: readonly string[]): void {
    for (const key of keys) this.#quota.take(key, 0);
    this.#events.persist(keys.map((key) => ({ kind: "delete-retained", key })));
  }
}
