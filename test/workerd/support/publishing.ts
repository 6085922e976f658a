// A caller that publishes over HTTP, and those it publishes to.

import { expect } from "vitest";
import { testAdminKey } from "../../support/admin-key.ts";
import { type ApiAnswer, send } from "./api.ts";
import { Client, payloads, uniqueId } from "./client.ts";

export function post(path: string, body: string, headers: Record<string, string> = {}): Promise<ApiAnswer> {
  return send(
    new Request(`http://broker/api/v1${path}`, {
      method: "POST",
      headers: { Authorization: `Bearer ${testAdminKey}`, "Content-Type": "application/json", ...headers },
      body,
    }),
  );
}

export function keyed(key: string, message: unknown, path = "/publish"): Promise<ApiAnswer> {
  return post(path, JSON.stringify(message), { "Idempotency-Key": key });
}

/** A session whose client is away. */
export async function awayWith(topic: string, version: 4 | 5 = 4): Promise<{ clientId: string; topic: string }> {
  const clientId = uniqueId();
  const client = await Client.connect({ clientId, persistent: true, version });
  await client.subscribe(topic, 1);
  await client.disconnect();
  return { clientId, topic };
}

/** What waits for it, which is all there is. */
export async function textsFor(clientId: string, count: number): Promise<string[]> {
  const client = await Client.connect({ clientId, persistent: true });
  const received = await client.expectPublishes(count);
  for (const packet of received) await client.acknowledge(packet);
  expect(await client.pending()).toEqual([]);
  return payloads(received);
}
