// Every place from which the Worker calls an object, and what it makes of the platform's answers: an object that is
// overloaded is left alone, a stub that a reset has broken is replaced, and nothing counts as done that was not.

import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { DeliveryAnswer } from "../../src/session/deliver.ts";
import { EventRows, eventTables } from "../../src/store/event-rows.ts";
import { Sql } from "../../src/store/sql.ts";
import type { Env } from "../../worker/env.ts";
import { withRetries } from "../../worker/retry.ts";
import { ShardLanes } from "../../worker/session/lanes.ts";
import { EventOutbox } from "../../worker/webhook/outbox.ts";
import { memoryShard } from "../support/memory-shard.ts";
import { NodeSql } from "../support/node-sql.ts";
import { records } from "../support/records.ts";
import { filesOf } from "../tidy/sources.ts";
import { fanOutOver } from "../unit/worker/support/fan-out.ts";

/** Which stubs a file asks for, and where its answers to failures are tested. A new place needs a row, and a test. */
const callSites: Readonly<Record<string, string>> = {
  "worker/admin/backup/restore.ts shardStub": "below: with retries; UNR-8 in test/workerd/unreachable-api.test.ts",
  "worker/admin/backup/save.ts shardStub": "below: with retries; UNR-7 in test/workerd/unreachable-api.test.ts",
  "worker/admin/all-subscriptions.ts shardStub": "below: with retries; SUB-5 in test/workerd/subscriptions-api.test.ts",
  "worker/admin/clients.ts directoryStub": "below: with retries; test/workerd/unreachable-api.test.ts",
  "worker/admin/news.ts sessionStub": "test/workerd/unreachable-api.test.ts",
  "worker/admin/retained.ts shardStub": "below: with retries",
  "worker/admin/session-call.ts sessionStub": "below: with retries; test/workerd/unreachable-api.test.ts",
  "worker/admin/session-list.ts directoryPartStub": "below: with retries; test/workerd/unreachable-api.test.ts",
  // A session that cannot be asked how it is, is asked with the next walk; nothing is acknowledged by it.
  "worker/directory/object.ts sessionStub": "test/workerd/directory.test.ts",
  "worker/edge/direct.ts sessionStub": "test/workerd/unreachable-session.test.ts",
  "worker/edge/upgrade.ts sessionStub": "test/workerd/unreachable-session.test.ts",
  // Whatever fails is what it tells.
  "worker/health.ts sessionStub": "test/workerd/metrics.test.ts",
  "worker/health.ts shardStub": "test/workerd/metrics.test.ts",
  "worker/health.ts directoryPartStub": "test/workerd/metrics.test.ts",
  "worker/sys.ts directoryPartStub": "below: with retries",
  "worker/sys.ts shardStub": "below: with retries",
  "worker/admin/traces.ts shardStub": "below: with retries; TRC-19 in test/workerd/trace.test.ts",
  "worker/admin/traces.ts traceStub": "below: with retries",
  "worker/trace/reader.ts traceStub": "TRC-20 in test/workerd/trace.test.ts",
  // What is traced does not wait for its trace: one call, and what it did not bring is counted.
  "worker/trace/recorder.ts traceStub": "TRC-20 in test/workerd/trace.test.ts",
  "worker/tail.ts sessionStub": "test/workerd/unreachable-api.test.ts",
  "worker/gate/gates.ts gateStub": "below: with retries",
  // Whoever announces tries again.
  "worker/gate/object.ts sessionStub": "test/workerd/direct-access.test.ts",
  // Each drop is in the session's own rows until it was told.
  "worker/session/drop-teller.ts directoryStub": "below: with retries; test/workerd/webhook-events.test.ts",
  "worker/webhook/hooks.ts directoryPartStub": "below: with retries; test/workerd/webhook-events.test.ts",
  "worker/webhook/hooks.ts gateStub": "below: with retries; test/workerd/webhook-events.test.ts",
  "worker/webhook/outbox.ts sessionStub": "below: events to a webhook",
  "worker/publisher.ts shardStub": "below: with retries",
  "worker/session/lanes.ts shardStub": "below: a session to a shard",
  "worker/session/reporter.ts directoryStub": "below: with retries",
  "worker/shard/session-call.ts sessionStub": "below: a shard to a session",
  "worker/shard/relays.ts relayStub": "test/unit/worker/relays.test.ts",
  // Once: its shard owes what was not answered.
  "worker/relay/object.ts sessionStub": "RLY-2 in test/workerd/fan-out.test.ts",
};

test("each place that calls an object has a row", () => {
  const found = filesOf("worker/**/*.ts")
    .filter(({ path }) => path !== "worker/stubs.ts")
    .flatMap(({ path, text }) => Array.from(text.matchAll(/\b(\w*[sS]tub)\(/g), ([, name]) => `${path} ${name}`));
  expect([...new Set(found)].sort()).toEqual(Object.keys(callSites).sort());
});

const answers = {
  overloaded: () => Object.assign(new Error("the object is overloaded"), { overloaded: true, retryable: true }),
  reset: () => Object.assign(new Error("the object was reset"), { durableObjectReset: true, retryable: true }),
  failed: () => new Error("internal error"),
};

/** A namespace whose calls fail, the first of them, and are answered then. A stub that was broken stays so. */
class Namespace<Answer> {
  readonly calls: { readonly stub: number; readonly request: { readonly key: object; readonly repeated?: boolean } }[] =
    [];
  stubs = 0;
  readonly #method: string;
  readonly #failures: (keyof typeof answers)[];
  readonly #answer: Answer;

  constructor(method: string, failures: (keyof typeof answers)[], answer: Answer) {
    this.#method = method;
    this.#failures = failures;
    this.#answer = answer;
  }

  getByName(): object {
    const stub = ++this.stubs;
    let broken: Error | undefined;
    const call = async (request: { key: object }) => {
      this.calls.push({ stub, request });
      if (broken !== undefined) throw broken;
      const failure = this.#failures.shift();
      if (failure === undefined) return this.#answer;
      const error = answers[failure]();
      if (failure === "reset") broken = error;
      throw error;
    };
    return { [this.#method]: call };
  }
}

const waits: number[] = [];
beforeEach(() => {
  waits.length = 0;
  vi.stubGlobal("scheduler", { wait: async (waitMs: number) => void waits.push(waitMs) });
  for (const word of ["log", "warn", "error"] as const) vi.spyOn(console, word).mockImplementation(() => {});
});
afterEach(() => {
  vi.useRealTimers();
});

describe("with retries", () => {
  test.each([
    ["overloaded", [0], "the object is overloaded"],
    ["reset", [0, 1, 2, 3, 4], "the object was reset"],
    ["failed", [0, 1, 2, 3, 4], "internal error"],
  ] as const)("%s: attempts %j, and the caller hears why", async (how, attempts, message) => {
    const seen: number[] = [];
    const call = async (attempt: number): Promise<never> => {
      seen.push(attempt);
      throw answers[how]();
    };
    await expect(withRetries(call)).rejects.toThrow(message);
    expect([seen, waits.length]).toEqual([attempts, attempts.length - 1]);
  });
});

describe("a session to a shard", () => {
  const item = {
    kind: "publish" as const,
    body: records("a:1 q1"),
    count: 1,
    pending: [undefined],
    generation: 1,
    stream: undefined,
    will: undefined,
    weight: 0,
  };

  function lanesTo(...failures: (keyof typeof answers)[]) {
    const shards = new Namespace("exchange", failures, { refused: [], retained: [] });
    const heard = { answered: 0, failed: 0 };
    const lanes = new ShardLanes({ SHARD: shards } as unknown as Env, "c:1", 1, {
      answered: () => {
        heard.answered++;
        return false;
      },
      failed: () => heard.failed++,
    });
    return { lanes, heard, shards };
  }

  async function publish(...failures: (keyof typeof answers)[]) {
    const { lanes, heard, shards } = lanesTo(...failures);
    lanes.push({ shard: 0, item });
    await lanes.started();
    return { ...heard, shards };
  }

  test("overloaded: it is not called again, and nothing is acknowledged", async () => {
    const { answered, failed, shards } = await publish("overloaded");
    expect([answered, failed, shards.calls.length, waits]).toEqual([0, 1, 1, []]);
  });

  test("overloaded at the second attempt: not a third", async () => {
    const { answered, failed, shards } = await publish("failed", "overloaded");
    expect([answered, failed, shards.calls.length]).toEqual([0, 1, 2]);
  });

  test("reset: another stub, the same key, and it says that it was said before", async () => {
    const { answered, failed, shards } = await publish("reset");
    expect([answered, failed, shards.calls.map(({ stub }) => stub)]).toEqual([1, 0, [1, 2]]);
    const [first, second] = shards.calls.map(({ request }) => request);
    expect(second?.key).toEqual(first?.key);
    expect([first?.repeated, second?.repeated]).toEqual([false, true]);
  });

  test("a stub is kept as long as its calls succeed", async () => {
    const { lanes, shards } = lanesTo("reset");
    for (let call = 0; call < 3; call++) {
      lanes.push({ shard: 0, item });
      await lanes.started();
    }
    expect(shards.calls.map(({ stub }) => stub)).toEqual([1, 2, 2, 2]);
  });

  test("failed again and again: five times, each time later, and nothing is acknowledged", async () => {
    const { answered, failed, shards } = await publish("failed", "reset", "failed", "reset", "failed");
    expect([answered, failed, shards.calls.length]).toEqual([0, 1, 5]);
    expect(waits).toEqual([...waits].sort((one, other) => one - other));
    expect(waits).toHaveLength(4);
  });
});

describe("a shard to a session", () => {
  const delivery = {
    session: "c:2",
    generation: 1,
    body: records("a:1 q1"),
    count: 1,
    indexes: undefined,
    guaranteed: true,
  };

  function fanOutTo(...failures: (keyof typeof answers)[]) {
    const sessions = new Namespace("deliver", failures, { busy: false, parts: [{ gone: false, refused: [] }] });
    const store = memoryShard();
    const wakes: number[] = [];
    const env = { SESSION: sessions } as unknown as Env;
    const fanOut = fanOutOver(
      { env, reads: store },
      {
        persist: (changes) => store.apply(changes),
        gone: () => {},
        wakeAt: (atMs) => wakes.push(atMs - Date.now()),
      },
    );
    const owed = () => store.owedTargets().length;
    return { fanOut, sessions, wakes, owed };
  }

  test.each(["overloaded", "reset", "failed"] as const)(
    "%s: it is durably owed, and asked again later",
    async (how) => {
      const { fanOut, sessions, wakes, owed } = fanOutTo(how, how);
      // The publisher is acknowledged, because the outbox has it.
      expect(await fanOut.send("=c:1", 1, [delivery], true)).toEqual([]);
      expect([sessions.calls.length, owed()]).toEqual([1, 1]);
      expect(Math.min(...wakes)).toBeGreaterThan(400);
      wakes.length = 0;
      await fanOut.deliverOwed();
      expect([sessions.calls.length, owed()]).toEqual([2, 1]);
      expect(Math.min(...wakes)).toBeGreaterThan(400);
      await fanOut.deliverOwed();
      expect([sessions.calls.map(({ stub }) => stub), owed()]).toEqual([[1, 2, 3], 0]);
      const keys = sessions.calls.map(({ request }) => request.key);
      expect(keys[2]).toMatchObject(keys[0] as object);
    },
  );
});

test("a session that hangs is asked over another stub next", async () => {
  vi.useFakeTimers();
  const stubs: number[] = [];
  let made = 0;
  const getByName = () => {
    const stub = ++made;
    return { deliver: () => new Promise(() => stubs.push(stub)) };
  };
  const store = memoryShard();
  const env = { SESSION: { getByName } } as unknown as Env;
  const events = { persist: store.apply.bind(store), gone: () => {}, wakeAt: () => {} };
  const fanOut = fanOutOver({ env, reads: store }, events);
  const body = records("a:1 q1");
  const delivery = { session: "c:2", generation: 1, body, count: 1, indexes: undefined, guaranteed: true };
  const sent = fanOut.send("=c:1", 1, [delivery], true);
  await vi.advanceTimersByTimeAsync(1_000);
  expect([await sent, stubs]).toEqual([[], [1]]);
  for (const expected of [
    [1, 2],
    [1, 2, 3],
  ]) {
    const worked = fanOut.deliverOwed();
    await vi.advanceTimersByTimeAsync(11_000);
    await worked;
    expect(stubs).toEqual(expected);
  }
});

describe("events to a webhook", () => {
  const event = { type: "client.connected", atMs: 1, data: {} } as const;
  const hook = { session: "c:$webhook/a", revision: 1, generation: 5, events: [event.type] };

  function outboxTo(answer: DeliveryAnswer, ...failures: (keyof typeof answers)[]) {
    const sessions = new Namespace("deliver", failures, answer);
    const sql = new Sql(new NodeSql());
    for (const statement of eventTables) sql.run(statement);
    const rows = new EventRows(sql);
    const outbox = new EventOutbox({ SESSION: sessions } as unknown as Env, "directory-0", rows);
    outbox.putHook(hook);
    outbox.add([event, event]);
    return { outbox, rows, sessions };
  }

  const taken = { busy: false, parts: [{ gone: false, refused: [] }] };

  test.each([
    ["overloaded", [1]],
    ["reset", [1, 2]],
    ["failed", [1, 2]],
  ] as const)("%s: stubs %j; what was not answered is a row still, and goes under the same key", async (how, stubs) => {
    const { outbox, rows, sessions } = outboxTo(taken, how);
    await outbox.flush(Date.now());
    expect(sessions.calls.map(({ stub }) => stub)).toEqual(stubs);
    const isLeft = how === "overloaded";
    expect([rows.hasAny(), outbox.dueAtMs > 0]).toEqual([isLeft, isLeft]);
    vi.useFakeTimers({ toFake: ["Date"], now: outbox.dueAtMs || Date.now() });
    await outbox.flush(Date.now());
    expect([rows.hasAny(), outbox.dueAtMs, sessions.calls.length]).toEqual([false, 0, 2]);
    if (how !== "overloaded") expect(sessions.calls[1]?.request.key).toEqual(sessions.calls[0]?.request.key);
  });

  test("five times in vain: later, and later each time", async () => {
    const { outbox, rows } = outboxTo(taken, ...Array.from({ length: 10 }, () => "failed" as const));
    await outbox.flush(Date.now());
    const first = outbox.dueAtMs - Date.now();
    vi.useFakeTimers({ toFake: ["Date"], now: outbox.dueAtMs });
    await outbox.flush(Date.now());
    expect([rows.hasAny(), first > 4_000, outbox.dueAtMs - Date.now() > 9_000]).toEqual([true, true, true]);
  });

  test("a session that is full keeps them here, one that is gone ends it", async () => {
    const full = outboxTo({ busy: true, parts: [] });
    await full.outbox.flush(Date.now());
    expect([full.rows.hasAny(), full.outbox.isWanted]).toEqual([true, true]);
    const gone = outboxTo({ busy: false, parts: [{ gone: true, refused: [] }] });
    await gone.outbox.flush(Date.now());
    expect([gone.rows.hasAny(), gone.outbox.isWanted, gone.rows.hooks()]).toEqual([false, false, []]);
  });

  test("a session that knows a later life of the caller is called again above it", async () => {
    const { outbox, rows, sessions } = outboxTo({ stale: 2 ** 52 } as unknown as DeliveryAnswer);
    await outbox.flush(Date.now());
    const lives = sessions.calls.map(({ request }) => (request.key as { incarnation: number }).incarnation);
    expect([rows.hasAny(), (lives.at(-1) ?? 0) > 2 ** 52]).toEqual([true, true]);
  });
});
