// A topic shard as its object runs it, without the platform: the real rules and the real store on node:sqlite, one
// request after the other, and every session reached at once.

import { RecordReader } from "../../src/queue/record.ts";
import { retainedPage } from "../../src/retain/page.ts";
import { RetainedQuota, type RetainLimits } from "../../src/retain/quota.ts";
import type { DeliveryPart, PartAnswer } from "../../src/session/deliver.ts";
import { joinBodies, type LaneItem, type PublishItem, type RouteEntry, streamOf } from "../../src/session/outgoing.ts";
import type { RetainedPage, ShardAnswer } from "../../src/session/routing.ts";
import type { ShardChange } from "../../src/shard/changes.ts";
import { DelayedMessages } from "../../src/shard/delayed.ts";
import type { DelayedLimits } from "../../src/shard/delayed-quota.ts";
import { type Batch, type Delivery, type Plan, plan } from "../../src/shard/plan.ts";
import { Routes } from "../../src/shard/routes.ts";
import { SourceCursors, sourceName } from "../../src/shard/source-cursors.ts";
import { filtersMatching } from "../../src/topic/filters-matching.ts";
import { topicKey } from "../../src/topic/key.ts";
import { isShared, plainFilter } from "../../src/topic/share.ts";
import { CoreGroups, type GroupSettings } from "./core-groups.ts";
import { memoryShard } from "./memory-shard.ts";
import type { Clock } from "./session-rig.ts";

/** One session takes its messages over, or does not exist any more. */
export type Deliver = (session: string, part: DeliveryPart) => PartAnswer;

export type ShardSettings = RetainLimits &
  GroupSettings &
  DelayedLimits & {
    /** 0: nothing can be delayed. */
    readonly delayedSecondsMax: number;
  };

const nothing: ShardAnswer = { refused: [], retained: [] };

export class CoreShard {
  readonly #settings: ShardSettings;
  readonly #clock: Clock;
  readonly #deliver: Deliver;
  readonly #store = memoryShard();
  #routes!: Routes;
  #cursors!: SourceCursors;
  #quota!: RetainedQuota;
  #groups!: CoreGroups;
  #delayed!: DelayedMessages;
  #incarnation = 0;

  constructor(settings: ShardSettings, clock: Clock, deliver: Deliver) {
    this.#settings = settings;
    this.#clock = clock;
    this.#deliver = deliver;
    this.sleep();
  }

  /** Memory is lost. */
  sleep(): void {
    this.#routes = new Routes(this.#store);
    this.#cursors = new SourceCursors(this.#store);
    this.#quota = new RetainedQuota(this.#store, this.#settings, () => this.#clock.nowMs);
    this.#delayed = new DelayedMessages(this.#store.delayed, this.#settings);
    this.#groups = new CoreGroups(this.#store.groups, this.#settings, this.#clock, ++this.#incarnation, {
      persist: (changes) => this.#store.apply(changes),
      deliver: this.#deliver,
    });
  }

  /** What one call of a session's lane carries. */
  exchange(session: string, items: readonly LaneItem[]): ShardAnswer {
    const first = items[0] as LaneItem;
    switch (first.kind) {
      case "publish":
        return this.#publish(session, items as readonly PublishItem[]);
      case "subscribe":
        return this.#subscribe(session, first.generation, first.entries);
      case "unsubscribe":
        return this.#unsubscribe(session, first.generation, first.filters);
      case "attend":
        this.#groups.attend(session, first.room);
        return nothing;
      case "hand-back":
        this.#groups.handBack(first.handBack.share, first.handBack.body);
        return nothing;
      case "replay":
        return { refused: [], retained: [this.#page(first.entry, first.replay.after)] };
    }
  }

  #publish(session: string, items: readonly PublishItem[]): ShardAnswer {
    const { generation, will } = items[0] as PublishItem;
    const source = sourceName(session, will !== undefined, streamOf(items));
    const body = joinBodies(items);
    const routedUpTo = () => this.#cursors.get(source, generation);
    const delays = this.#settings.delayedSecondsMax > 0;
    const batch = { publisher: session, body, routedUpTo, repeated: false, quota: this.#quota, delays };
    const planned = this.#plan(batch);
    const refusedSet = new Set(planned.deliveries.flatMap((delivery) => this.#send(source, generation, delivery)));
    if (planned.delays) for (const index of this.#delayed.withoutRoom(batch).indexes) refusedSet.add(index);
    const kept = this.#groups.admit(planned.shared, batch, refusedSet);
    const delayed = planned.delays ? this.#delayed.take(batch, refusedSet, this.#clock.nowMs).changes : [];
    const refused = [...refusedSet].sort((left, right) => left - right);
    const advanced = this.#cursors.advance(source, generation, body, refused, this.#clock.nowMs);
    this.#store.apply([...kept, ...delayed, ...advanced]);
    this.#groups.dispatch(planned.shared);
    return { refused, retained: [] };
  }

  #plan(batch: Batch): Plan {
    const planned = plan(this.#routes, batch);
    this.#store.apply(planned.changes);
    return planned;
  }

  /** When the next delayed message is due. */
  nextAtMs(): number | undefined {
    return this.#delayed.nextAtMs();
  }

  /** Publishes the delayed messages that are due. */
  release(): void {
    for (;;) {
      const page = this.#delayed.nextPage(this.#clock.nowMs);
      if (page === undefined) return;
      if (page.begin !== undefined) this.#store.apply([page.begin]);
      const planned = page.rows.map(({ publisher, body }) => {
        const batch = { publisher, body, routedUpTo: () => 0, repeated: false, quota: this.#quota, delays: false };
        const { deliveries, shared } = this.#plan(batch);
        const refused = deliveries.flatMap((delivery) => this.#send(`~${publisher}`, 0, delivery));
        if (refused.length > 0) throw new Error("nobody keeps a delayed message that a full queue has refused");
        return shared;
      });
      this.#store.apply([...planned.flatMap((shared) => this.#groups.release(shared)), page.end]);
      this.#delayed.left(page);
      for (const shared of planned) this.#groups.dispatch(shared);
    }
  }

  /** Indexes in the batch of what was refused. */
  #send(publisher: string, publisherGeneration: number, delivery: Delivery): number[] {
    const { session, generation, body, indexes } = delivery;
    const { gone, refused } = this.#deliver(session, { publisher, publisherGeneration, generation, body, owed: false });
    if (gone) this.#forgetSession(session, generation, body);
    return refused.map((record) => indexes?.[record] ?? record);
  }

  #subscribe(session: string, generation: number, entries: readonly RouteEntry[]): ShardAnswer {
    const changes = entries.map(({ filter, qos, noLocal, retainAsPublished, identifier }): ShardChange => {
      const member = { session, generation, qos, retainAsPublished, identifier };
      const key = topicKey(plainFilter(filter));
      if (isShared(filter)) return { kind: "put-member", key, share: filter, member };
      return { kind: "put-route", key, route: { ...member, noLocal } };
    });
    this.#change(
      changes,
      entries.map(({ filter }) => filter),
    );
    const retained = entries.filter((entry) => entry.sendRetained).map((entry) => this.#page(entry, undefined));
    return { refused: [], retained };
  }

  #unsubscribe(session: string, generation: number, filters: readonly string[]): ShardAnswer {
    const changes = filters.map((filter): ShardChange => {
      const key = topicKey(plainFilter(filter));
      if (isShared(filter)) return { kind: "delete-member", key, share: filter, session, generation, earlierToo: true };
      return { kind: "delete-route", key, session, generation, earlierToo: true };
    });
    this.#change(changes, filters);
    return nothing;
  }

  #change(changes: readonly ShardChange[], filters: readonly string[]): void {
    this.#store.apply(changes);
    for (const filter of filters) {
      this.#routes.forget(topicKey(plainFilter(filter)));
      if (isShared(filter)) this.#groups.membersChanged(filter);
    }
  }

  #page(entry: RouteEntry, from: string | undefined): RetainedPage {
    const { body, after, expired } = retainedPage(this.#store, entry, from, this.#clock.nowMs);
    for (const key of expired) this.#quota.take(key, 0);
    this.#store.apply(expired.map((key) => ({ kind: "delete-retained", key })));
    return { entry, body, after };
  }

  #forgetSession(session: string, generation: number, body: Uint8Array): void {
    const keys = new Set<string>();
    const reader = new RecordReader(body);
    while (reader.next()) for (const key of filtersMatching(reader.topic, this.#store.filters)) keys.add(key);
    this.#store.apply([...keys].map((key) => ({ kind: "delete-route", key, session, generation, earlierToo: false })));
    for (const key of keys) this.#routes.forget(key);
  }
}
