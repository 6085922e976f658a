// The outbox of a shard, against a session that knows calls by their keys, as sessions do.

import { expect, test } from "vitest";
import { Fence } from "../../../src/hop/fence.ts";
import type { DeliveryAnswer } from "../../../src/session/deliver.ts";
import type { DeliveryCall } from "../../../worker/calls.ts";
import type { Env } from "../../../worker/env.ts";
import { memoryShard } from "../../support/memory-shard.ts";
import { records, recordTexts } from "../../support/records.ts";
import { fanOutOver } from "./support/fan-out.ts";

const taken: DeliveryAnswer = { busy: false, parts: [{ gone: false, refused: [] }] };

test("calls that are owed from several lives reach a session that knows a later one, all of them and in order", async () => {
  const store = memoryShard();
  const part = { publisher: "=p", publisherGeneration: 1, generation: 1, owed: true };
  const call = { target: "c:1", incarnation: 5, sequence: 2, parts: [{ ...part, body: records("a:m q1") }] };
  store.apply([{ kind: "put-owed", call }]);
  const fence = new Fence<DeliveryAnswer>(10);
  fence.admit({ source: "shard-0", incarnation: 20, sequence: 1 });
  const arrived: string[] = [];
  const deliver = async ({ key, parts }: DeliveryCall) => {
    const admission = fence.admit(key);
    if (admission.kind === "stale") return { stale: admission.known };
    if (admission.kind === "new") arrived.push(...parts.flatMap(({ body }) => recordTexts(body)));
    return taken;
  };
  const env = { SESSION: { getByName: () => ({ deliver }) } } as unknown as Env;
  const events = { persist: store.apply.bind(store), gone: () => {}, wakeAt: () => {} };
  const fanOut = fanOutOver({ env, reads: store, incarnation: 60, width: 1 }, events);
  for (const topic of ["b", "c", "d", "e", "f"]) {
    const delivery = { session: "c:1", generation: 1, body: records(`${topic}:m q1`), count: 1, guaranteed: true };
    await fanOut.send("=p", 1, [{ ...delivery, indexes: undefined }], true);
  }
  await fanOut.deliverOwed();
  expect(arrived).toEqual(["a", "b", "c", "d", "e", "f"].map((topic) => `${topic}:m q1`));
  expect(store.owedTargets()).toEqual([]);
});
