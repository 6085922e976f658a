// What a session sends to the shards in one call.

import { expect, test } from "vitest";
import {
  callBytesMax,
  joinBodies,
  type LaneItem,
  Outbox,
  type PublishItem,
  packItems,
} from "../../../src/session/outgoing.ts";
import { message, records, recordTexts } from "../../support/records.ts";

const publish = (bytes: number, generation = 1, will = false): LaneItem => ({
  kind: "publish",
  body: new Uint8Array(bytes),
  count: 1,
  pending: [undefined],
  generation,
  stream: undefined,
  weight: 0,
  will: will
    ? { shard: 0, body: records("w"), generation, delayMs: 0, expiryMs: 0, id: 1, dueAtMs: 1, sequence: 1 }
    : undefined,
});
const unsubscribe: LaneItem = { kind: "unsubscribe", generation: 1, filters: ["a"], operation: undefined };
const half = callBytesMax / 2;

test.each([
  ["publishes together", [publish(1), publish(1), publish(1)], 3],
  ["as many as fit", [publish(half), publish(half), publish(1)], 2],
  ["one that is too large alone", [publish(2 * callBytesMax), publish(1)], 1],
  ["messages of one session only", [publish(1, 1), publish(1, 2)], 1],
  ["a will alone", [publish(1, 1, true), publish(1)], 1],
  ["not with a will", [publish(1), publish(1, 1, true)], 1],
  ["another request alone", [unsubscribe, unsubscribe], 1],
  ["what stands before another request", [publish(1), publish(1), unsubscribe, publish(1)], 2],
] as const)("%s", (_, waiting, count) => {
  expect(packItems(waiting)).toBe(count);
});

test("an outbox keeps the order within a shard, and joins what nothing stands between", () => {
  const outbox = new Outbox();
  const add = (shard: number, text: string) => outbox.publish(shard, 1, message(text), undefined);
  add(0, "a:1");
  add(1, "b:1");
  add(0, "a:2");
  outbox.push(0, unsubscribe);
  add(0, "a:3");
  const shown = outbox.take().map(({ shard, item }) => {
    if (item.kind !== "publish") return `${shard} ${item.kind}`;
    return `${shard} ${item.count}/${item.pending.length} ${recordTexts(item.body).join(", ")}`;
  });
  expect(shown).toEqual(["0 2/2 a:1 q0, a:2 q0", "1 1/1 b:1 q0", "0 unsubscribe", "0 1/1 a:3 q0"]);
});

test("what is added to an outbox weighs what its items weigh: records, and what is kept with each and with each item", () => {
  const outbox = new Outbox();
  const bytes = records("a:1").length;
  const acknowledgement = { packetId: 1, qos: 1, entry: undefined, reason: undefined, told: false } as const;
  const first = outbox.publish(0, 1, message("a:1"), undefined);
  const second = outbox.publish(0, 1, message("a:2"), undefined);
  const acknowledged = outbox.publish(0, 1, message("a:3"), { ...acknowledgement });
  expect([second - bytes, first - second, acknowledged - bytes]).toEqual([8, 512, 128]);
  const elsewhere = outbox.publish(1, 1, message("b:1"), undefined);
  const weights = outbox.take().map(({ item }) => (item as PublishItem).weight);
  expect(weights).toEqual([first + second + acknowledged, elsewhere]);
});

test("a batch that has grown large is closed, and joined again for the call", () => {
  const outbox = new Outbox();
  for (let count = 0; count < 6; count++) outbox.publish(0, 1, message(`a:${100 * 1024}*x`), undefined);
  const items = outbox.take().map(({ item }) => item as PublishItem);
  expect(items.map(({ count }) => count)).toEqual([3, 3]);
  expect(recordTexts(joinBodies(items))).toHaveLength(6);
});
