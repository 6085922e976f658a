// Deliveries by way of relays: how many calls carry how many of them, and what becomes of those that no answer came for.

import { beforeEach, describe, expect, test, vi } from "vitest";
import type { DeliveryAnswer } from "../../../src/session/deliver.ts";
import type { Delivery } from "../../../src/shard/plan.ts";
import type { DeliveryCall } from "../../../worker/calls.ts";
import type { Env } from "../../../worker/env.ts";
import type { RelayedAnswer, RelayedCall } from "../../../worker/relay/object.ts";
import { memoryShard } from "../../support/memory-shard.ts";
import { records } from "../../support/records.ts";
import { fanOutOver } from "./support/fan-out.ts";

const taken: DeliveryAnswer = { busy: false, parts: [{ gone: false, refused: [] }] };
const body = records("a:1 q1");

beforeEach(() => {
  vi.spyOn(console, "error").mockImplementation(() => {});
});

function deliveries(count: number, bodyOf = (_index: number) => body): Delivery[] {
  return Array.from({ length: count }, (_, index) => {
    return {
      session: `c:${index}`,
      generation: 1,
      body: bodyOf(index),
      count: 1,
      indexes: undefined,
      guaranteed: true,
    };
  });
}

/** A shard's fan-out that calls at most ten sessions itself. */
function fanOut(answer: (calls: readonly RelayedCall[]) => Promise<readonly RelayedAnswer[]>, width = 64) {
  const relayed: (readonly RelayedCall[])[] = [];
  const direct: DeliveryCall[] = [];
  const relays: string[] = [];
  const env = {
    SESSION: {
      getByName: () => ({
        deliver: async (call: DeliveryCall) => {
          direct.push(call);
          return taken;
        },
      }),
    },
    RELAY: {
      getByName: (name: string) => ({
        deliver: (calls: readonly RelayedCall[]) => {
          relays.push(name);
          relayed.push(calls);
          return answer(calls);
        },
      }),
    },
  } as unknown as Env;
  const store = memoryShard();
  const events = { persist: store.apply.bind(store), gone: () => {}, wakeAt: () => {} };
  const fanOut = fanOutOver({ env, reads: store, shard: 3, incarnation: 60, width, directMax: 10 }, events);
  return { fanOut, store, relayed, direct, relays, send: (of: readonly Delivery[]) => fanOut.send("=p", 1, of, true) };
}

const takeAll = async (calls: readonly RelayedCall[]) => calls.map(() => taken);

test("as many as a shard calls itself need no relay; one more, and all go by way of one", async () => {
  const { send, relayed, direct } = fanOut(takeAll);
  await send(deliveries(10));
  expect([direct.length, relayed.length]).toEqual([10, 0]);
  await send(deliveries(11));
  expect([direct.length, relayed.map(({ length }) => length)]).toEqual([10, [11]]);
});

test("fifty thousand are 98 calls, to no more relays than may be called at once", async () => {
  const { send, store, relayed, direct, relays } = fanOut(takeAll);
  expect(await send(deliveries(50_000))).toEqual([]);
  expect(relayed.map(({ length }) => length)).toEqual([...Array(97).fill(512), 336]);
  expect(relayed.flatMap((calls) => calls.map(({ target }) => target))).toHaveLength(50_000);
  expect(new Set(relayed.flat().map(({ target }) => target)).size).toBe(50_000);
  expect([direct, store.owedTargets()]).toEqual([[], []]);
  expect(new Set(relays).size).toBeLessThanOrEqual(64);
});

test("what all get alike counts once in a call's size, what each gets for itself each time", async () => {
  const large = records("a:1500000*x q1");
  const alike = fanOut(takeAll);
  await alike.send(deliveries(100, () => large));
  expect(alike.relayed.map(({ length }) => length)).toEqual([100]);
  const apart = fanOut(takeAll);
  await apart.send(deliveries(12, () => large.slice()));
  expect(apart.relayed.map(({ length }) => length)).toEqual([5, 5, 2]);
});

describe("no answer", () => {
  test.each(["overloaded", "durableObjectReset", "remote"])(
    "of a relay (%s): it is not called again, and each session is owed the call under the key that it had",
    async (why) => {
      const failing = fanOut(async () => {
        throw Object.assign(new Error("no"), { [why]: true });
      });
      expect(await failing.send(deliveries(20))).toEqual([]);
      expect([failing.relayed.length, failing.direct.length, failing.store.owedTargets().length]).toEqual([1, 0, 20]);
      await failing.fanOut.deliverOwed();
      expect(failing.store.owedTargets()).toEqual([]);
      const keys = failing.relayed.flat().map(({ call: { key } }) => `${key.incarnation}.${key.sequence}`);
      expect(failing.direct.map(({ key }) => `${key.incarnation}.${key.sequence}`)).toEqual(keys);
    },
  );

  test("of one of its sessions: that one is owed", async () => {
    const { send, store } = fanOut(async (calls) => calls.map(({ target }) => (target === "c:7" ? undefined : taken)));
    expect(await send(deliveries(20))).toEqual([]);
    expect(store.owedTargets().map(({ target }) => target)).toEqual(["c:7"]);
  });

  test("from a relay that hangs: all are owed in the end", async () => {
    vi.useFakeTimers();
    const { send, store } = fanOut(() => new Promise(() => {}));
    const sent = send(deliveries(20));
    await vi.advanceTimersByTimeAsync(8_000);
    vi.useRealTimers();
    expect(await sent).toEqual([]);
    expect(store.owedTargets()).toHaveLength(20);
  });
});

test("a session that knows a later life of the shard is called directly, under a key above it", async () => {
  const { send, direct, store } = fanOut(async (calls) =>
    calls.map(({ target }) => (target === "c:7" ? { stale: 1_000 } : taken)),
  );
  expect(await send(deliveries(20))).toEqual([]);
  expect(direct.map(({ key }) => key.incarnation > 1_000)).toEqual([true]);
  expect(store.owedTargets()).toEqual([]);
});

test("what a session refuses is refused to the publisher", async () => {
  const full: DeliveryAnswer = { busy: false, parts: [{ gone: false, refused: [0] }] };
  const { send } = fanOut(async (calls) => calls.map(({ target }) => (target === "c:7" ? full : taken)));
  expect(await send(deliveries(20))).toEqual([0]);
});
