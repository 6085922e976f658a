// How many a message reached, and why it was refused.

import { expect, test } from "vitest";
import { defaultRetainLimits, RetainedQuota } from "../../../src/retain/quota.ts";
import { Tally } from "../../../src/shard/outcome.ts";
import { plan } from "../../../src/shard/plan.ts";
import { Routes } from "../../../src/shard/routes.ts";
import { memoryShard, putRoutes } from "../../support/memory-shard.ts";
import { records } from "../../support/records.ts";

const routes = ["a s1 q1", "b s1 q1", "a s2 q1", "# s3 q0"];

function tallied(batch: readonly string[], retainedMessagesMax = 1) {
  const store = memoryShard();
  putRoutes(store, ...routes);
  const quota = new RetainedQuota(store, { ...defaultRetainLimits, retainedMessagesMax }, () => 0);
  const body = records(...batch);
  const planned = plan(new Routes(store), {
    publisher: "p",
    body,
    routedUpTo: () => 0,
    repeated: false,
    quota,
    delays: false,
  });
  return { planned, tally: new Tally(planned, batch.length) };
}

const counts = (tally: Tally) => tally.outcomes().map(({ reached }) => reached);

test.each([
  [
    ["a:1 q1", "a:2 q1"],
    [3, 3],
  ],
  [
    ["a:1 q1", "b:2 q1", "c:3 q1"],
    [3, 2, 1],
  ],
])("%j reach %j", (batch, reached) => {
  expect(counts(tallied(batch).tally)).toEqual(reached);
});

test.each([[["a:1 q1", "a:2 q1"]], [["a:1 q1", "b:2 q1"]]])("of %j a session that is gone was not reached", (batch) => {
  const { planned, tally } = tallied(batch);
  const before = counts(tally);
  const delivery = planned.deliveries.find(({ session }) => session === "s1");
  if (delivery === undefined) throw new Error("s1 gets nothing");
  tally.heard(delivery, { gone: true, refused: [] });
  expect(counts(tally)).toEqual(before.map((count) => count - 1));
});

test("a session without room was not reached, and the first reason for a refusal counts", () => {
  const { planned, tally } = tallied(["b:1 q1", "a:2 q1"]);
  const delivery = planned.deliveries.find(({ session }) => session === "s2");
  if (delivery === undefined) throw new Error("s2 gets nothing");
  tally.heard(delivery, { gone: false, refused: [0] });
  tally.refuse(new Set([1]), "queue-full");
  tally.refuse(new Set([1]), "group-full");
  expect(tally.outcomes()).toEqual([{ reached: 2 }, { reached: 2, refused: "queue-full" }]);
});

test("what there was no room to retain is told, of each message to that topic", () => {
  const { tally } = tallied(["c:1 q1 retain", "d:2 q1 retain", "d:3 q0", "d:4 q1 retain"]);
  expect(tally.outcomes().map(({ unretained }) => unretained)).toEqual([undefined, true, undefined, true]);
});
