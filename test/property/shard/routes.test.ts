// Remembered answers of the routes against answers that were never remembered.

import fc from "fast-check";
import { expect, test } from "vitest";
import type { Route } from "../../../src/shard/changes.ts";
import { Routes, type Target } from "../../../src/shard/routes.ts";
import { topicKey } from "../../../src/topic/key.ts";
import { memoryShard } from "../../support/memory-shard.ts";
import { topicFilter, topicName } from "../../support/topic-arbitraries.ts";

const route: fc.Arbitrary<Route> = fc.record({
  session: fc.constantFrom("s1", "s2", "s3"),
  generation: fc.integer({ min: 1, max: 3 }),
  qos: fc.constantFrom<0 | 1 | 2>(0, 1, 2),
  noLocal: fc.boolean(),
  retainAsPublished: fc.boolean(),
  identifier: fc.nat(3),
});

const command = fc.oneof(
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("put" as const), filter: topicFilter, route }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("delete" as const),
      pick: fc.nat(),
      generation: fc.nat(3),
      earlierToo: fc.boolean(),
    }),
  },
);

const byName = (left: Target, right: Target) =>
  left.session === right.session ? left.generation - right.generation : left.session < right.session ? -1 : 1;

test("after any subscription came or went, each topic has the targets that the database says", () => {
  fc.assert(
    fc.property(
      fc.array(topicName, { minLength: 1, maxLength: 8 }),
      fc.array(command, { maxLength: 25, size: "max" }),
      (topics, commands) => {
        const store = memoryShard();
        const routes = new Routes(store);
        const put: { key: string; session: string }[] = [];
        for (const command of commands) {
          for (const topic of topics) routes.destinations(topic).targets;
          if (command.kind === "put") {
            const key = topicKey(command.filter);
            put.push({ key, session: command.route.session });
            store.apply([{ kind: "put-route", key, route: command.route }]);
            routes.forget(key);
          } else {
            const chosen = put[command.pick % Math.max(1, put.length)];
            if (chosen === undefined) continue;
            store.apply([
              { kind: "delete-route", ...chosen, generation: command.generation, earlierToo: command.earlierToo },
            ]);
            routes.forget(chosen.key);
          }
          const fresh = new Routes(store);
          for (const topic of topics) {
            expect([...routes.destinations(topic).targets].sort(byName)).toEqual(
              [...fresh.destinations(topic).targets].sort(byName),
            );
          }
        }
      },
    ),
    { numRuns: 200 },
  );
});
