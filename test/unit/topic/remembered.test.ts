// What is remembered about topics takes no more memory than it may, whatever topics there are.

import { expect, test } from "vitest";
import { OutgoingAliases } from "../../../src/session/aliases.ts";
import { Routes } from "../../../src/shard/routes.ts";
import { Remembered } from "../../../src/topic/remembered.ts";
import { memoryShard, putRoutes } from "../../support/memory-shard.ts";

/** Of as many topics, how many are still known. */
function known(remembered: Remembered<number>, topics: readonly string[]): number {
  for (const [index, topic] of topics.entries()) remembered.set(topic, index);
  return topics.filter((topic) => remembered.get(topic) !== undefined).length;
}

const numbered = (count: number, tail = "") => Array.from({ length: count }, (_, index) => `a/${index}${tail}`);

test("many short topics are remembered, and of long ones what fits", () => {
  expect(known(new Remembered({ topics: 1_000, bytes: 256 * 1024 }), numbered(1_000))).toBe(1_000);
  expect(
    known(new Remembered({ topics: 1_000, bytes: 256 * 1024 }), numbered(1_000, "x".repeat(60_000))),
  ).toBeLessThanOrEqual(2);
});

test("of many short ones as many are remembered as may be", () => {
  expect(known(new Remembered({ topics: 10, bytes: 256 * 1024 }), numbered(25))).toBe(5);
});

test("what a value takes counts, and what is forgotten does not", () => {
  const remembered = new Remembered<number>({ topics: 10, bytes: 10_000 }, (value) => value);
  remembered.set("a", 9_000);
  remembered.delete("a");
  remembered.delete("a");
  remembered.set("b", 9_000);
  remembered.set("c", 100);
  const topics = () => ["a", "b", "c", "d"].filter((topic) => remembered.get(topic) !== undefined);
  expect(topics()).toEqual(["b", "c"]);
  remembered.set("d", 2_000);
  expect(topics()).toEqual(["d"]);
});

test("what came last is remembered, also if it is too much alone: it may come again at once", () => {
  const remembered = new Remembered<number>({ topics: 10, bytes: 1_000 }, (value) => value);
  remembered.set("a", 1);
  remembered.set("b", 5_000);
  expect([remembered.get("a"), remembered.get("b")]).toEqual([undefined, 5_000]);
});

test("a shard does not keep where thousands of topics go that thousands listen to", () => {
  const store = memoryShard();
  putRoutes(store, ...Array.from({ length: 500 }, (_, index) => `a/+ subscriber-${index} q1`));
  const routes = new Routes(store);
  const topics = numbered(1_000);
  const first = topics.map((topic) => routes.destinations(topic));
  // At 189 bytes for each of them they would take 95 MB.
  const kept = topics.filter((topic, index) => routes.destinations(topic) === first[index]).length;
  expect(kept).toBeLessThan(200);
});

test("[MQTT-3.1.2-26] a client that allows many aliases gets those that there is room for, and topics as they are", () => {
  const connection = { epoch: 1, topicAliasMaximum: 65_535 };
  const aliases = new OutgoingAliases();
  let given = 0;
  for (const topic of numbered(100, "x".repeat(60_000))) {
    const { alias } = aliases.for(topic, connection);
    if (alias === 0) continue;
    given++;
    aliases.sent(topic, alias);
    expect(aliases.for(topic, connection)).toEqual({ alias, isKnown: true });
  }
  expect(given).toBe(2);
  expect(aliases.for("another", { ...connection, epoch: 2 }).alias).toBe(1);
});
