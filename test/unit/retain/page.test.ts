// The retained messages for a new subscription, page by page.

import { expect, test } from "vitest";
import { pageMessagesMax, retainedPage } from "../../../src/retain/page.ts";
import { pageMessagesMax as expectedBySessions } from "../../../src/session/replay.ts";
import type { ShardStore } from "../../../src/store/shard-store.ts";
import { keyTopic, topicKey } from "../../../src/topic/key.ts";
import { memoryShard, putRetained } from "../../support/memory-shard.ts";
import { recordTexts } from "../../support/records.ts";

const nowMs = 1_000;

function page(
  store: ShardStore,
  filter: string,
  options: { qos?: 0 | 1 | 2; identifier?: number; after?: string } = {},
) {
  const { qos = 2, identifier = 0, after } = options;
  const found = retainedPage(store, { filter, qos, identifier }, after, nowMs);
  return { texts: recordTexts(found.body), after: found.after, expired: found.expired.map(keyTopic) };
}

test("[MQTT-3.3.1-9] what matches, in the order of topics, with RETAIN set", () => {
  const store = memoryShard();
  putRetained(store, "a/c:2 q1", "b:3 q0", "a/b:1 q2", "a:0 q0", "a/b/c:4 q0");
  expect(page(store, "a/+").texts).toEqual(["a/b:1 q2 retain", "a/c:2 q1 retain"]);
  expect(page(store, "a/#").texts).toEqual([
    "a:0 q0 retain",
    "a/b:1 q2 retain",
    "a/b/c:4 q0 retain",
    "a/c:2 q1 retain",
  ]);
  expect(page(store, "b").texts).toEqual(["b:3 q0 retain"]);
  expect(page(store, "x/#")).toEqual({ texts: [], after: undefined, expired: [] });
});

test("[MQTT-3.8.4-8] [MQTT-3.3.4-3] on the subscription's terms", () => {
  const store = memoryShard();
  putRetained(store, "a:1 q2", "b:2 q0");
  expect(page(store, "#", { qos: 1, identifier: 7 }).texts).toEqual(["a:1 q1 retain ids=7", "b:2 q0 retain ids=7"]);
});

test("[MQTT-4.7.2-1] not what begins with $, for a wildcard in front", () => {
  const store = memoryShard();
  putRetained(store, "$SYS/a:1 q0", "a:2 q0");
  expect(page(store, "#").texts).toEqual(["a:2 q0 retain"]);
  expect(page(store, "$SYS/#").texts).toEqual(["$SYS/a:1 q0 retain"]);
});

test("[MQTT-3.3.2-5] what has expired is not sent, and named for removal; what has not keeps its time", () => {
  const store = memoryShard();
  putRetained(store, "a:1 q0 exp=1000", "b:2 q0 exp=1001", "c:3 q0");
  expect(page(store, "#")).toEqual({
    texts: ["b:2 q0 retain exp=1001", "c:3 q0 retain"],
    after: undefined,
    expired: ["a"],
  });
});

test.each([
  ["many small ones", 700, "x", 3],
  ["few large ones", 8, `${100 * 1024}*x`, 3],
])("pages of %s: each once, in order, on bounded pages", (_, count, payload, pagesMin) => {
  const store = memoryShard();
  const topics = Array.from({ length: count }, (_, index) => `t/${String(index).padStart(4, "0")}`);
  putRetained(store, ...topics.map((topic) => `${topic}:${payload} q1`));
  const seen: string[] = [];
  let after: string | undefined;
  let pages = 0;
  do {
    const found = page(store, "t/#", after === undefined ? {} : { after });
    seen.push(...found.texts.map((text) => text.slice(0, text.indexOf(":"))));
    after = found.after;
    pages++;
  } while (after !== undefined);
  expect(seen).toEqual(topics);
  expect(pages).toBeGreaterThanOrEqual(pagesMin);
});

test("what is published between two pages neither shifts nor repeats what follows", () => {
  const store = memoryShard();
  const topics = Array.from({ length: 300 }, (_, index) => `t/${String(index).padStart(4, "0")}`);
  putRetained(store, ...topics.map((topic) => `${topic}:x q0`));
  const { after } = page(store, "t/#");
  store.apply([{ kind: "delete-retained", key: after as string }]);
  putRetained(store, "t/0000a:new q0", "t/0299a:new q0");
  const rest = page(store, "t/#", { after: after as string }).texts.map((text) => text.slice(0, text.indexOf(":")));
  expect(rest).toEqual([...topics.filter((topic) => topicKey(topic) > (after as string)), "t/0299a"]);
});

test("a page has no more messages than sessions keep room for", () => {
  expect(pageMessagesMax).toBe(expectedBySessions);
});
