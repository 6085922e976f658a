// The broker's objects as tests reach them.

import { evictDurableObject, listDurableObjectIds, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { shardOf } from "../../../src/topic/shards.ts";
import { configOf } from "../../../worker/config.ts";
import { sessionName, shardName } from "../../../worker/names.ts";
import type { SessionObject } from "../../../worker/session/object.ts";
import type { TopicShard } from "../../../worker/shard/object.ts";

export function sessionOf(clientId: string): DurableObjectStub<SessionObject> {
  return env.SESSION.getByName(sessionName(clientId));
}

export function shardIndexOf(topic: string): number {
  const { topicShardDepth, topicShards } = configOf(env);
  return shardOf(topic, topicShardDepth, topicShards);
}

export function shardOfTopic(topic: string): DurableObjectStub<TopicShard> {
  return env.SHARD.getByName(shardName(shardIndexOf(topic)));
}

/** Its memory is lost, its socket stays. On a slow machine it may have gone to sleep by itself. */
export async function putToSleep(stub: DurableObjectStub): Promise<void> {
  try {
    await evictDurableObject(stub, { webSockets: "hibernate" });
  } catch (error) {
    if (!`${error}`.includes("not currently running")) throw error;
  }
}

/** No session that exists now wakes by its alarm any more, whatever it was left with. */
export async function silenceSessions(): Promise<void> {
  for (const id of await listDurableObjectIds(env.SESSION)) {
    await runInDurableObject(env.SESSION.get(id), (_, { storage }) => storage.deleteAlarm());
  }
}

/** How many rows a table of an object has; 0 if the object has no tables. */
export function rowsOf(stub: DurableObjectStub, table: string): Promise<number> {
  return runInDurableObject(stub, (_, { storage: { sql } }) => {
    const exists = sql.exec("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?", table).toArray();
    return exists.length === 0 ? 0 : sql.exec<{ count: number }>(`SELECT COUNT(*) AS count FROM ${table}`).one().count;
  });
}
