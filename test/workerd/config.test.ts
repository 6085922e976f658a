// A deployment whose variables are wrong says so, on every route, and does nothing else.

import { createExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { configOf, parseConfig } from "../../worker/config.ts";
import type { Env } from "../../worker/env.ts";
import worker from "../../worker/index.ts";
import { scramEntry } from "../support/scram-client.ts";

function ask(path: string, variables: Partial<Env>, headers: HeadersInit = {}): Response | Promise<Response> {
  const request = new Request<unknown, IncomingRequestCfProperties>(`http://broker${path}`, { headers });
  return worker.fetch(request, { ...env, ...variables }, createExecutionContext());
}

const routes = ["/", "/mqtt", "/healthz", "/metrics", "/elsewhere"];
const upgrade = { Upgrade: "websocket", "Sec-WebSocket-Protocol": "mqtt" };

test.each(routes)("CFG-1 %s answers 500 and names the variable that is wrong", async (path) => {
  for (const headers of [{}, upgrade]) {
    const response = await ask(path, { QUEUE_POLICY: "keep-all" }, headers);
    expect(response.status).toBe(500);
    expect(response.webSocket).toBeNull();
    expect(await response.text()).toContain("QUEUE_POLICY");
  }
});

test.each([
  ["TOPIC_SHARDS", "0"],
  ["TOPIC_SHARDS", "sixteen"],
  ["TOPIC_SHARDS", "1.5"],
  ["TOPIC_SHARD_DEPTH", "9"],
  ["MAXIMUM_PACKET_BYTES", "2000000"],
  ["INFLIGHT_MAX", "65536"],
  ["RECEIVE_MAXIMUM", "65536"],
  ["RECEIVE_MAXIMUM", "0"],
  ["QUEUE_MESSAGES_MAX", "-1"],
  ["QUEUE_BYTES_MAX", "NaN"],
  ["SESSION_EXPIRY_SECONDS_MAX", "4294967296"],
  ["CONNECT_TIMEOUT_SECONDS", ""],
  ["SCRAM_USERS", "alice:wonderland"],
] as const)("CFG-2 %s = %j is refused by name", async (name, value) => {
  const response = await ask("/healthz", { [name]: value });
  expect(response.status).toBe(500);
  expect(await response.text()).toContain(name);
});

test("CFG-3 several mistakes are named together", () => {
  const wrong = { ...env, TOPIC_SHARDS: "0", INFLIGHT_MAX: "many" };
  expect(() => configOf(wrong)).toThrow(/TOPIC_SHARDS[\s\S]*INFLIGHT_MAX|INFLIGHT_MAX[\s\S]*TOPIC_SHARDS/);
});

test.each([
  ["QUEUE_POLICY", "keep-all", "drop-oldest"],
  ["TOPIC_SHARDS", "0", "1"],
  ["INFLIGHT_MAX", "65536", "65535"],
  ["RECEIVE_MAXIMUM", "many", "number"],
  ["SCRAM_USERS", "alice:wonderland", "the entry of alice is not of the form"],
])("CFG-4 %s = %j is answered with what may be said", (name, value, words) => {
  expect(() => configOf({ ...env, [name]: value })).toThrow(words);
});

test("CFG-7 what is wrong with a user is said without what is secret of the others", () => {
  const right = scramEntry("alice", "wonderland");
  const wrong = () => parseConfig({ SCRAM_USERS: `${right} bob:builder` });
  expect(wrong).toThrow("the entry of bob");
  expect(wrong).not.toThrow(right.slice("alice:SCRAM-SHA-256$4096:".length));
  expect(wrong).not.toThrow("builder");
  expect([...parseConfig({ SCRAM_USERS: right }).scramUsers.keys()]).toEqual(["alice"]);
});

// Last: what is read rightly once is kept.
test("CFG-5 without a variable its default holds", () => {
  expect(configOf(env)).toMatchObject({
    topicShards: 16,
    topicShardDepth: 2,
    inflightMax: 1024,
  });
});

test("CFG-6 what holds when nothing is set: closed, 10 seconds for CONNECT, 10,000 messages and 64 MiB a session", () => {
  expect(parseConfig({})).toMatchObject({
    allowAnonymous: false,
    connectTimeoutSeconds: 10,
    queueMessagesMax: 10_000,
    queueBytesMax: 64 * 1024 * 1024,
    queuePolicy: "reject",
    topicShards: 16,
    topicShardDepth: 2,
  });
});
