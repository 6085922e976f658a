// A topic shard: routes, retained messages, and the fan-out. What a batch leads to is decided in src/shard; here it is
// written, sent, and answered.

import { DurableObject } from "cloudflare:workers";
import { Fence } from "../../src/hop/fence.ts";
import type { Stale } from "../../src/hop/key.ts";
import { countRecords, RecordReader } from "../../src/queue/record.ts";
import { RetainedQuota } from "../../src/retain/quota.ts";
import type { ShardAnswer } from "../../src/session/routing.ts";
import type { ShardChange } from "../../src/shard/changes.ts";
import { DelayedMessages } from "../../src/shard/delayed.ts";
import { Tally } from "../../src/shard/outcome.ts";
import { type Batch, type Plan, plan } from "../../src/shard/plan.ts";
import { RememberedRequest } from "../../src/shard/requests.ts";
import { Routes } from "../../src/shard/routes.ts";
import { SourceCursors, sourceName } from "../../src/shard/source-cursors.ts";
import type { SavedKey, SavedKind, ShardPage } from "../../src/store/shard-pages.ts";
import { ShardStore } from "../../src/store/shard-store.ts";
import { Sql } from "../../src/store/sql.ts";
import type { SubscriptionList, SubscriptionQuery } from "../../src/store/subscription-rows.ts";
import { filtersMatching } from "../../src/topic/filters-matching.ts";
import { topicKey } from "../../src/topic/key.ts";
import { shardsOf } from "../../src/topic/shards.ts";
import { isShared, plainFilter } from "../../src/topic/share.ts";
import type { TopicMark } from "../../src/trace/topics.ts";
import { Alarm } from "../alarm.ts";
import { Awake } from "../awake.ts";
import { before } from "../before.ts";
import type { ExchangeAnswer, RetainedAnswer, RetainedQuery, ShardRequest, ShardTotals } from "../calls.ts";
import { carryOut } from "../carry-out.ts";
import { configOf } from "../config.ts";
import { counters, report } from "../counters.ts";
import type { Env } from "../env.ts";
import { newIncarnation } from "../incarnation.ts";
import { shardIndex } from "../names.ts";
import { Semaphore } from "../semaphore.ts";
import { ObjectSql } from "../sql.ts";
import { CostlyCount } from "./costly-count.ts";
import { FanOut } from "./fan-out.ts";
import { Groups } from "./groups.ts";
import { Relays } from "./relays.ts";
import { Release } from "./release.ts";
import { type RestoreCall, type RestoreOutcome, restoreShard } from "./restored.ts";
import { RetainedMessages } from "./retained.ts";
import { SessionCalls } from "./session-call.ts";
import { ShardTracing } from "./tracing.ts";

/** Calls that a shard has under way at once. */
const concurrentCallsMax = 64;
/** Sessions whose last call is remembered, to answer a repeat of it. */
const callersMax = 10_000;
/** So often it is looked what is due while sessions that hang hold the alarm up. */
const releaseEveryMs = 1_000;
/** By then the platform has given up an alarm that failed. */
const alarmLostAfterMs = 5 * 60_000;
const nothing: ShardAnswer = { refused: [], retained: [] };

export class TopicShard extends DurableObject<Env> {
  readonly #store: ShardStore;
  readonly #routes: Routes;
  readonly #name: string;
  readonly #cursors: SourceCursors;
  readonly #quota: RetainedQuota;
  readonly #retained: RetainedMessages;
  readonly #delayed: DelayedMessages;
  readonly #delays: boolean;
  readonly #release: Release;
  readonly #awake = new Awake(this.env.METRICS);
  readonly #fence: Fence<Promise<ExchangeAnswer>>;
  readonly #fanOut: FanOut;
  readonly #groups: Groups;
  readonly #tracing: ShardTracing;
  readonly #alarm: Alarm;
  readonly #subscriptionCount = new CostlyCount(() => this.#store.subscriptions.count(this.#isListed));
  /** When what sessions did not take is tried again: the alarm rings for other things too. */
  #retryAtMs = Number.POSITIVE_INFINITY;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    counters.add("wakes");
    const config = configOf(env);
    this.#name = ctx.id.name as string;
    this.#store = new ShardStore(new Sql(new ObjectSql(ctx.storage)));
    this.#fence = new Fence(callersMax, (source) => this.#store.lastCall(source));
    this.#routes = new Routes(this.#store);
    this.#cursors = new SourceCursors(this.#store);
    this.#quota = new RetainedQuota(this.#store, config, () => this.#alarm.nowMs);
    this.#retained = new RetainedMessages(this.#store, this.#quota, {
      persist: (changes) => this.#persist(changes),
      nowMs: () => this.#alarm.nowMs,
    });
    this.#delayed = new DelayedMessages(this.#store.delayed, config);
    this.#delays = config.delayedSecondsMax > 0;
    this.#tracing = new ShardTracing(env, this.#store.traces);
    this.#alarm = new Alarm(ctx.storage);
    this.#expectAlarm();
    const shard = shardIndex(this.#name);
    const incarnation = newIncarnation();
    const semaphore = new Semaphore(concurrentCallsMax);
    const events = {
      persist: (changes: readonly ShardChange[]) => this.#persist(changes),
      gone: (session: string, generation: number, body: Uint8Array) => this.#forgetSession(session, generation, body),
      wakeAt: (atMs: number) => this.#retryAt(atMs),
    };
    const calls = { shard, incarnation, semaphore, sessions: new SessionCalls(env) };
    const relays = new Relays(env, shard, semaphore);
    this.#fanOut = new FanOut({ ...calls, reads: this.#store, relays, directMax: config.fanOutDirectMax }, events);
    this.#groups = new Groups({ ...calls, reads: this.#store.groups, fanOut: this.#fanOut, options: config }, events);
    this.#release = new Release(this.#delayed, this.#fanOut, this.#groups, {
      plan: (batch, retains) => this.#plan({ ...batch, quota: retains ? this.#quota : undefined, delays: false }),
      persist: events.persist,
      nowMs: () => this.#alarm.nowMs,
    });
  }

  /** One request of a session. When this returns, what it asked for is durable everywhere it has to be. */
  exchange(request: ShardRequest): Promise<ExchangeAnswer | Stale> {
    return this.#awake.during(() => this.#take(request));
  }

  async #take(request: ShardRequest): Promise<ExchangeAnswer | Stale> {
    const { key } = request;
    const admission = this.#fence.admit(key);
    if (admission.kind === "stale") return { stale: admission.known };
    if (key.endsEarlier) this.#persist([{ kind: "end-earlier-calls", key, atMs: this.#alarm.nowMs }]);
    if (admission.kind === "repeat") return (await admission.answer) ?? nothing;
    const answer = this.#handle(request);
    this.#fence.settle(key, answer);
    try {
      const settled = await answer;
      if (mayRunAgain(request)) this.#fence.forget(key);
      return settled;
    } catch (error) {
      this.#fence.forget(key);
      throw error;
    }
  }

  /** For `/healthz`: it answers. */
  probe(): void {}

  listRetained(query: RetainedQuery): RetainedAnswer {
    return this.#retained.list(query);
  }

  clearRetained(query: RetainedQuery): RetainedAnswer {
    return this.#retained.clear(query);
  }

  /** For `$SYS` and `/metrics`. */
  totals(): ShardTotals {
    return {
      retained: this.#quota.totals.messages,
      subscriptions: this.#subscriptionCount.at(this.#alarm.nowMs),
    };
  }

  subscriptions(query: SubscriptionQuery): SubscriptionList {
    return this.#store.subscriptions.list(query, this.#isListed);
  }

  /** A filter that several shards know is listed by the first of them. */
  readonly #isListed = (filter: string): boolean => {
    const { topicShardDepth, topicShards } = configOf(this.env);
    return shardsOf(plainFilter(filter), topicShardDepth, topicShards)[0] === shardIndex(this.#name);
  };

  /** From the HTTP API. False: there are as many traces as there may be. */
  follow(mark: TopicMark): boolean {
    return this.#tracing.follow(mark, this.#alarm.nowMs);
  }

  /** For a backup: a page of its rows. */
  save(kind: SavedKind, after: SavedKey): ShardPage {
    return this.#store.page(kind, after);
  }

  /** From a backup. When this returns, it is durable. */
  restore(call: RestoreCall): RestoreOutcome {
    const parts = {
      reads: this.#store,
      requests: this.#store.requests,
      quota: this.#quota,
      delayed: this.#delayed,
      cursors: this.#cursors,
      groups: this.#groups,
      persist: (changes: readonly ShardChange[]) => this.#persist(changes),
      wakeAt: (atMs: number) => this.#alarm.wakeAt(atMs),
    };
    return restoreShard(call, parts, this.#alarm.nowMs);
  }

  override alarm(): Promise<void> {
    return this.#awake.during(() => this.#alarm.ring(() => this.#ring()));
  }

  async #ring(): Promise<void> {
    const retried = this.#retry();
    do await this.#release.run();
    while ((await before(releaseEveryMs, retried)) === undefined);
    const nextAtMs = this.#delayed.nextAtMs();
    if (nextAtMs !== undefined) this.#alarm.wakeAt(nextAtMs);
  }

  async #handle(request: ShardRequest): Promise<ExchangeAnswer> {
    switch (request.kind) {
      case "publish":
        return this.#publish(request);
      case "subscribe":
        return this.#subscribe(request);
      case "unsubscribe":
        return this.#unsubscribe(request);
      case "attend":
        this.#groups.attend(request.session, request.room);
        return nothing;
      case "hand-back":
        this.#groups.handBack(request.share, request.body);
        return nothing;
      case "replay":
        return { refused: [], retained: [this.#retained.pageFor(request.entry, request.after)] };
    }
  }

  async #publish(request: ShardRequest & { readonly kind: "publish" }): Promise<ExchangeAnswer> {
    const { session, generation, stream = 0, isWill, repeated } = request;
    const remembered = request.remembered
      ? new RememberedRequest(this.#store.requests, session, request.body, this.#alarm.nowMs)
      : undefined;
    if (remembered?.answer !== undefined) return { ...nothing, outcomes: remembered.answer };
    const body = remembered?.body ?? request.body;
    const source = sourceName(session, isWill, stream);
    const routedUpTo = () => (remembered === undefined ? this.#cursors.get(source, generation) : 0);
    const exactlyOnce = remembered !== undefined;
    const batch = { publisher: session, body, routedUpTo, repeated, quota: this.#quota, delays: this.#delays };
    const planned = this.#plan(exactlyOnce ? { ...batch, exactlyOnce } : batch);
    const { deliveries, shared, delays } = planned;
    const tally = request.asks || exactlyOnce ? new Tally(planned, countRecords(body)) : undefined;
    const nowMs = this.#alarm.nowMs;
    // A will has nobody who could come again with it: where there is no room it is owed.
    const refusedSet = new Set(await this.#fanOut.send(source, generation, deliveries, !isWill, tally));
    tally?.refuse(refusedSet, "queue-full");
    if (delays) this.#refuseWithoutRoom(batch, refusedSet);
    tally?.refuse(refusedSet, "delayed-full");
    const kept = isWill ? this.#groups.release(shared, batch) : this.#groups.admit(shared, batch, refusedSet);
    tally?.refuse(refusedSet, "group-full");
    const delayed = delays ? this.#delayed.take(batch, refusedSet, nowMs) : undefined;
    tally?.refuse(refusedSet, "queue-full");
    if (!this.#tracing.isOff) this.#tracing.refused(session, body, refusedSet, nowMs);
    const refused = [...refusedSet].sort((left, right) => left - right);
    const outcomes = tally?.outcomes();
    const settled = outcomes && remembered?.settle(outcomes, nowMs);
    const advanced = settled ? [settled.change] : this.#cursors.advance(source, generation, body, refused, nowMs);
    // Durable before the publisher hears of it: from here on these messages are never routed again.
    this.#persist([...kept, ...(delayed?.changes ?? []), ...advanced]);
    if (delayed?.nextAtMs !== undefined) {
      counters.add("messages_delayed", delayed.count);
      this.#alarm.wakeAt(delayed.nextAtMs);
    }
    if (shared.length > 0) await this.#groups.dispatch(shared, session);
    return outcomes === undefined
      ? { refused, retained: [] }
      : { refused, retained: [], outcomes: settled?.outcomes ?? outcomes };
  }

  /** What is to be retained is from here on. */
  #plan(batch: Batch): Plan {
    const planned = plan(this.#routes, batch);
    if (!this.#tracing.isOff) {
      this.#tracing.routed(batch.publisher, batch.body, planned, this.#alarm.nowMs);
      // Those who wait for an answer do not wait for that.
      this.ctx.waitUntil(this.#tracing.settled());
    }
    const { changes, expired, unretained } = planned;
    this.#persist(changes);
    if (expired > 0) counters.add("retained_expired", expired);
    if (unretained.length > 0) {
      const detail = `from ${batch.publisher}: topic ${unretained[0]}`;
      report([{ event: "refusal", reason: "retained-full", count: unretained.length, detail }], this.#name);
    }
    return planned;
  }

  #refuseWithoutRoom(batch: Batch, refused: Set<number>): void {
    const { indexes, topic } = this.#delayed.withoutRoom(batch);
    if (indexes.length === 0) return;
    for (const index of indexes) refused.add(index);
    const detail = `from ${batch.publisher}: topic ${topic}`;
    report([{ event: "refusal", reason: "delayed-full", count: indexes.length, detail }], this.#name);
  }

  #subscribe(request: ShardRequest & { readonly kind: "subscribe" }): ShardAnswer {
    const { session, generation, entries } = request;
    const changes: ShardChange[] = entries.map(({ filter, qos, noLocal, retainAsPublished, identifier }) => {
      const member = { session, generation, qos, retainAsPublished, identifier };
      const key = topicKey(plainFilter(filter));
      if (isShared(filter)) return { kind: "put-member", key, share: filter, member };
      return { kind: "put-route", key, route: { ...member, noLocal } };
    });
    this.#persist(changes);
    this.#subscriptionsChanged(entries.map(({ filter }) => filter));
    this.#groups.replaced(session, generation);
    return { refused: [], retained: this.#retained.firstPages(entries.filter(({ sendRetained }) => sendRetained)) };
  }

  #unsubscribe(request: ShardRequest & { readonly kind: "unsubscribe" }): ShardAnswer {
    const { session, generation, filters } = request;
    const changes: ShardChange[] = filters.map((filter) => {
      const key = topicKey(plainFilter(filter));
      if (isShared(filter)) return { kind: "delete-member", key, share: filter, session, generation, earlierToo: true };
      return { kind: "delete-route", key, session, generation, earlierToo: true };
    });
    this.#persist(changes);
    this.#subscriptionsChanged(filters);
    // A session whose rows do not say which it was ends under a generation that may be below its own.
    this.#groups.replaced(session, generation);
    return nothing;
  }

  #subscriptionsChanged(filters: readonly string[]): void {
    for (const filter of filters) {
      this.#routes.forget(topicKey(plainFilter(filter)));
      if (isShared(filter)) this.#groups.membersChanged(filter);
    }
  }

  /** A session does not exist any more: the routes that led these messages to it can go. */
  #forgetSession(session: string, generation: number, body: Uint8Array): void {
    const keys = new Set<string>();
    const reader = new RecordReader(body);
    while (reader.next()) for (const key of filtersMatching(reader.topic, this.#store.filters)) keys.add(key);
    this.#deleteRoutes([...keys], session, generation);
    this.#groups.gone(session, generation);
  }

  #deleteRoutes(keys: readonly string[], session: string, generation: number): void {
    this.#persist(keys.map((key) => ({ kind: "delete-route", key, session, generation, earlierToo: false })));
    for (const key of keys) this.#routes.forget(key);
  }

  #persist(changes: readonly ShardChange[]): void {
    carryOut(this.ctx, { shard: this.#name }, () => this.#store.apply(changes));
  }

  async #retry(): Promise<true> {
    if (this.#alarm.nowMs >= this.#retryAtMs) {
      this.#retryAtMs = Number.POSITIVE_INFINITY;
      await Promise.all([this.#fanOut.deliverOwed(), this.#groups.retry()]);
    } else if (this.#retryAtMs < Number.POSITIVE_INFINITY) {
      this.#alarm.wakeAt(this.#retryAtMs);
    }
    return true;
  }

  #retryAt(atMs: number): void {
    this.#retryAtMs = Math.min(this.#retryAtMs, atMs);
    this.#alarm.wakeAt(atMs);
  }

  /** The alarm for delayed messages was set with them and is not lost with this object's memory. */
  #expectAlarm(): void {
    const atMs = this.#delayed.nextAtMs();
    if (atMs === undefined) return;
    if (atMs + alarmLostAfterMs > this.#alarm.nowMs) this.#alarm.atMs = atMs;
    else this.#alarm.wakeAt(this.#alarm.nowMs);
  }
}

/**
 * A repeat need not have the answer of the first:
 * - a request that may come again has a row, which knows from here on, and tries again what was refused;
 * - pages of retained messages are read again. Thousands of sessions ask for nothing else, and their pages would be all of the memory.
 */
function mayRunAgain(request: ShardRequest): boolean {
  if (request.kind === "publish") return request.remembered === true;
  return request.kind === "subscribe" || request.kind === "replay";
}
