// A session with a small queue whose client is away, under one policy. Configuration is read once in a runtime, so each
// policy has a test file.

import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import type { FullQueuePolicy } from "../../../src/queue/limits.ts";
import { SessionStore } from "../../../src/store/session-store.ts";
import { Sql } from "../../../src/store/sql.ts";
import { configOf } from "../../../worker/config.ts";
import { ObjectSql } from "../../../worker/sql.ts";
import { Client, type ConnectOptions, uniqueId } from "./client.ts";
import { sessionOf } from "./objects.ts";

export const queueMessagesMax = 4;
export const queueBytesMax = 4_096;

export function configureQueue(policy: FullQueuePolicy): void {
  const variables = {
    QUEUE_POLICY: policy,
    QUEUE_MESSAGES_MAX: `${queueMessagesMax}`,
    QUEUE_BYTES_MAX: `${queueBytesMax}`,
  };
  const { queuePolicy } = configOf({ ...env, ...variables });
  if (queuePolicy !== policy) throw new Error("the configuration was read before");
}

export interface Absent {
  readonly clientId: string;
  readonly topic: string;
}

/** A subscriber that is away. */
export async function absentSubscriber(qos: 1 | 2 = 2, topic = uniqueId("queue/full")): Promise<Absent> {
  const client = await Client.connect({ persistent: true });
  await client.subscribe(topic, qos);
  await client.disconnect();
  return { clientId: client.id, topic };
}

export function comeBack({ clientId }: Absent, options: ConnectOptions = {}): Promise<Client> {
  return Client.connect({ ...options, persistent: true, clientId });
}

/** The session's own record of what it gave up. */
export function dropsOf({ clientId }: Absent): Promise<Record<string, number>> {
  return runInDurableObject(sessionOf(clientId), (_, { storage }) => {
    return Object.fromEntries(new SessionStore(new Sql(new ObjectSql(storage))).drops());
  });
}
