// What the broker says of itself: the values of the topics under $SYS, and gauges. What this copy of the Worker has counted costs
// nothing; what only objects know is asked of them when somebody wants it, and kept for a while.

import pMap from "p-map";
import packageJson from "../package.json" with { type: "json" };
import type { StateCounts } from "../src/directory/listing.ts";
import type { SysTopic } from "../src/topic/sys.ts";
import type { ShardTotals } from "./calls.ts";
import { configOf } from "./config.ts";
import { counters } from "./counters.ts";
import type { Env } from "./env.ts";
import { withRetries } from "./retry.ts";
import { SharedLoad } from "./shared-load.ts";
import { directoryPartStub, shardStub } from "./stubs.ts";

/** So long an answer of the objects is kept, by each copy of the Worker. */
const keptMs = 30_000;
const atOnce = 6;

class Kept<Value> {
  readonly #loads = new SharedLoad<Value>();
  readonly #ask: (env: Env) => Promise<Value>;
  #known: { readonly value: Value; readonly atMs: number } | undefined;

  constructor(ask: (env: Env) => Promise<Value>) {
    this.#ask = ask;
  }

  async get(env: Env, nowMs: number): Promise<Value> {
    if (this.#known !== undefined && nowMs - this.#known.atMs < keptMs) return this.#known.value;
    const value = await this.#loads.get(() => this.#ask(env));
    this.#known = { value, atMs: nowMs };
    return value;
  }
}

const sessions = new Kept<StateCounts>(async (env) => {
  const parts = Array.from({ length: configOf(env).directoryShards }, (_, part) => part);
  const ask = (part: number) => withRetries(async () => directoryPartStub(env, part).count());
  const counts = await pMap(parts, ask, { concurrency: atOnce });
  const sum = (state: keyof StateCounts) => counts.reduce((total, one) => total + one[state], 0);
  return { connected: sum("connected"), away: sum("away"), provisioned: sum("provisioned") };
});

const topics = new Kept<ShardTotals>(async (env) => {
  const shards = Array.from({ length: configOf(env).topicShards }, (_, shard) => shard);
  const ask = (shard: number) => withRetries(async () => shardStub(env, shard).totals());
  const totals = await pMap(shards, ask, { concurrency: atOnce });
  const sum = (name: keyof ShardTotals) => totals.reduce((total, one) => total + one[name], 0);
  return { retained: sum("retained"), subscriptions: sum("subscriptions") };
});

let begunAtMs: number | undefined;

/** As the list of sessions has it. */
export function sessionCounts(env: Env, nowMs: number): Promise<StateCounts> {
  return sessions.get(env, nowMs);
}

export async function sysValue(topic: SysTopic, env: Env, nowMs: number): Promise<string> {
  begunAtMs ??= nowMs;
  switch (topic) {
    case "$SYS/broker/version":
      return `DurableMQ ${packageJson.version}`;
    case "$SYS/broker/uptime":
      return `${Math.floor((nowMs - begunAtMs) / 1000)} seconds`;
    case "$SYS/broker/clients/connected":
      return `${(await sessionCounts(env, nowMs)).connected}`;
    case "$SYS/broker/clients/disconnected": {
      const { away, provisioned } = await sessionCounts(env, nowMs);
      return `${away + provisioned}`;
    }
    case "$SYS/broker/clients/total": {
      const { connected, away, provisioned } = await sessionCounts(env, nowMs);
      return `${connected + away + provisioned}`;
    }
    case "$SYS/broker/messages/received":
      return `${counters.get("messages_published")}`;
    case "$SYS/broker/messages/sent":
      return `${counters.get("messages_sent")}`;
    case "$SYS/broker/bytes/received":
      return `${counters.getFor("message_bytes", "in")}`;
    case "$SYS/broker/bytes/sent":
      return `${counters.getFor("message_bytes", "out")}`;
    case "$SYS/broker/publish/messages/dropped":
      return `${counters.get("drops")}`;
    case "$SYS/broker/subscriptions/count":
      return `${(await topics.get(env, nowMs)).subscriptions}`;
    case "$SYS/broker/retained messages/count":
      return `${(await topics.get(env, nowMs)).retained}`;
  }
}
