// Who gets what: overlapping subscriptions become one delivery on the best terms.

import { expect, test } from "vitest";
import { Routes, type Target } from "../../../src/shard/routes.ts";
import { topicKey } from "../../../src/topic/key.ts";
import { memoryShard, putRoutes } from "../../support/memory-shard.ts";

/** "session gen=1 q1 rap ids=1,2 / own q0"; own terms are left out where they are the same. */
function text({ session, generation, own, others }: Target): string {
  const terms = ({ qos, retainAsPublished, identifiers }: Target["others"]) =>
    `q${qos}${retainAsPublished ? " rap" : ""}${identifiers.length > 0 ? ` ids=${[...identifiers].sort().join()}` : ""}`;
  const same = own !== undefined && terms(own) === terms(others);
  const gen = generation === 1 ? "" : ` gen=${generation}`;
  return `${session}${gen} ${terms(others)}${same ? "" : ` / own ${own === undefined ? "none" : terms(own)}`}`;
}

const cases: readonly (readonly [
  title: string,
  topic: string,
  routes: readonly string[],
  targets: readonly string[],
])[] = [
  ["nobody", "a", ["b s1 q0", "a/b s1 q0"], []],
  ["one", "a", ["a s1 q1"], ["s1 q1"]],
  ["[MQTT-3.3.4-2] the highest QoS of overlapping filters", "a/b", ["a/+ s1 q0", "a/b s1 q2", "# s1 q1"], ["s1 q2"]],
  [
    "[MQTT-3.3.4-4] the identifiers of all overlapping filters",
    "a/b",
    ["a/+ s1 q0 id=1", "a/b s1 q1 id=268435455", "# s1 q1"],
    ["s1 q1 ids=1,268435455"],
  ],
  ["Retain As Published of any", "a", ["a s1 q0", "+ s1 q0 rap"], ["s1 q0 rap"]],
  ["[MQTT-3.8.3-3] No Local", "a", ["a s1 q1 nl"], ["s1 q1 / own none"]],
  [
    "[MQTT-3.8.3-3] No Local beside a filter without it",
    "a",
    ["a s1 q2 nl id=1", "+ s1 q0 id=2"],
    ["s1 q2 ids=1,2 / own q0 ids=2"],
  ],
  [
    "each generation of a session for itself: the living one need not be the highest",
    "a",
    ["a s1 q0 gen=5 id=1", "+ s1 q2 gen=4 id=2", "# s1 q1 gen=4 id=3"],
    ["s1 gen=4 q2 ids=2,3", "s1 gen=5 q0 ids=1"],
  ],
  ["each session for itself", "a", ["a s1 q0", "a s2 q1", "# s2 q0", "+ s3 q2"], ["s1 q0", "s2 q1", "s3 q2"]],
  [
    "[MQTT-4.7.2-1] no wildcard in front for a topic of ours",
    "$SYS/a",
    ["# s1 q0", "+/a s1 q0", "$SYS/# s2 q0"],
    ["s2 q0"],
  ],
];

test.each(cases)("%s", (_, topic, routes, targets) => {
  const store = memoryShard();
  putRoutes(store, ...routes);
  const found = new Routes(store).destinations(topic).targets;
  expect(found.map(text).sort()).toEqual(targets);
});

test("a topic's answer is remembered until a subscription that matches it changes", () => {
  const store = memoryShard();
  const routes = new Routes(store);
  putRoutes(store, "a s1 q0");
  const before = routes.destinations("a").targets;
  expect(routes.destinations("a").targets).toBe(before);
  routes.forget(topicKey("b/#"));
  expect(routes.destinations("a").targets).toBe(before);
  putRoutes(store, "# s2 q0");
  routes.forget(topicKey("#"));
  expect(
    routes
      .destinations("a")
      .targets.map(({ session }) => session)
      .sort(),
  ).toEqual(["s1", "s2"]);
});

test("what is remembered of a topic is looked at when it comes again, however many filters have changed meanwhile", () => {
  const store = memoryShard();
  const routes = new Routes(store);
  putRoutes(store, "a/b s1 q0");
  const first = routes.destinations("a/b");
  const change = (count: number) => {
    for (let index = 0; index < count; index++) routes.forget(topicKey(`+/${index}/#`));
  };
  change(64);
  expect(routes.destinations("a/b")).toBe(first);
  change(64);
  expect(routes.destinations("a/b")).toBe(first);
  putRoutes(store, "a/+ s2 q0");
  routes.forget(topicKey("a/+"));
  change(63);
  const second = routes.destinations("a/b");
  expect(second.targets).toHaveLength(2);
  change(65);
  // To find out whether any of them concerns it would cost more than to read it again.
  expect(routes.destinations("a/b")).not.toBe(second);
  expect(routes.destinations("a/b")).toEqual(second);
});

test.each([
  ["the sessions they go to", (index: number) => `all/${index}`, 1_000],
  ["the length of their names", (index: number) => `all/${"x".repeat(60_000)}/${index}`, 1],
])("what is remembered of topics is bounded by %s", (_, topicOf, sessions) => {
  const store = memoryShard();
  putRoutes(store, ...Array.from({ length: sessions }, (_, index) => `all/# s${index} q0`));
  const routes = new Routes(store);
  const before = Array.from({ length: 300 }, (_, index) => routes.destinations(topicOf(index)));
  const remembered = before.filter((destinations, index) => routes.destinations(topicOf(index)) === destinations);
  expect(remembered.length).toBe(0);
  const one = routes.destinations("all");
  expect(routes.destinations("all")).toBe(one);
});

test("a session that is gone takes the routes of its generation with it, not those of one that has a lower number", () => {
  const store = memoryShard();
  putRoutes(store, "a s1 q0 gen=5", "+ s1 q0 gen=4");
  for (const filter of ["a", "+"]) {
    const key = topicKey(filter);
    store.apply([{ kind: "delete-route", key, session: "s1", generation: 5, earlierToo: false }]);
  }
  expect(new Routes(store).destinations("a").targets.map(({ generation }) => generation)).toEqual([4]);
});

test("UNSUBSCRIBE deletes a route of its generation or an earlier one, never of a later one", () => {
  const store = memoryShard();
  putRoutes(store, "a s1 q0 gen=5");
  const remove = (generation: number) =>
    store.apply([{ kind: "delete-route", key: topicKey("a"), session: "s1", generation, earlierToo: true }]);
  remove(4);
  expect(store.routesAt(topicKey("a"))).toHaveLength(1);
  remove(5);
  expect(store.routesAt(topicKey("a"))).toEqual([]);
});
