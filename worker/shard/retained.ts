// The retained messages of a shard, a page at a time: for new subscriptions, and for those who manage them.

import { RecordReader } from "../../src/queue/record.ts";
import { type Page, type RetainedTerms, retainedPage } from "../../src/retain/page.ts";
import type { RetainedQuota } from "../../src/retain/quota.ts";
import type { RouteEntry } from "../../src/session/outgoing.ts";
import { beforeAll } from "../../src/session/replay.ts";
import type { RetainedPage } from "../../src/session/routing.ts";
import type { ShardChange, ShardReads } from "../../src/shard/changes.ts";
import { topicKey } from "../../src/topic/key.ts";
import type { RetainedAnswer, RetainedQuery } from "../calls.ts";
import { counters } from "../counters.ts";

/** An answer to a SUBSCRIBE carries no further pages when it has so much: many filters may match what is large. */
const answerBytesMax = 1024 * 1024;
const empty = new Uint8Array(0);

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

  /** Of the subscriptions of one SUBSCRIBE. Where the answer has no room any more a page is empty, and all is still to come. */
  firstPages(entries: readonly RouteEntry[]): RetainedPage[] {
    let bytes = 0;
    const pages = entries.map((entry) => {
      if (bytes >= answerBytesMax) return { entry, body: empty, after: beforeAll };
      const page = this.pageFor(entry, undefined);
      bytes += page.body.length;
      return page;
    });
    return pages.filter(({ body, after }) => body.length > 0 || after !== undefined);
  }

  pageFor(entry: RouteEntry, after: string | undefined): RetainedPage {
    const { body, after: next } = this.#page(entry, after);
    return { entry, body, after: next };
  }

  /** As they were published. */
  list({ filter, after, limit }: RetainedQuery): RetainedAnswer {
    const { body, after: next } = this.#page({ filter, qos: 2, identifier: 0 }, after, limit);
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

  #page(terms: RetainedTerms, after: string | undefined, messagesMax?: number): Page {
    const page = retainedPage(this.#reads, terms, after, this.#events.nowMs(), messagesMax);
    this.#delete(page.expired);
    if (page.expired.length > 0) counters.add("retained_expired", page.expired.length);
    return page;
  }

  #delete(keys: readonly string[]): void {
    for (const key of keys) this.#quota.take(key, 0);
    this.#events.persist(keys.map((key) => ({ kind: "delete-retained", key })));
  }
}
