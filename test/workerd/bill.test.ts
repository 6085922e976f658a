// The bill, against the budgets of the design: what each workload costs in steady state, after schemas are made and
// the first message has passed. A set alarm is a row too.

import { evictAllDurableObjects, runInDurableObject } from "cloudflare:test";
import { afterEach, expect, test, vi } from "vitest";
import { testAdminKey } from "../support/admin-key.ts";
import { eventually } from "../support/eventually.ts";
import { send } from "./support/api.ts";
import { type Bill, inWords, measure, quiet } from "./support/bill.ts";
import { Client, type ConnectOptions, cutClients, publishPacket, uniqueId } from "./support/client.ts";
import { putToSleep, sessionOf, silenceSessions } from "./support/objects.ts";

afterEach(async () => {
  vi.useRealTimers();
  cutClients();
  await quiet();
  // What is counted next is not to be of a client that left long ago.
  await silenceSessions();
});

interface Budget {
  readonly rows: number;
  readonly calls?: number;
  /** To objects. */
  readonly frames?: number;
}

/** Without what the list of sessions costs, which has a budget of its own: clients of earlier tests are still leaving. */
function expectWithin(what: string, bill: Bill, { rows, calls, frames }: Budget): void {
  const figures = inWords(what, bill);
  const { rows_written, alarms_set, directory_rows_written, object_calls, directory_calls } = bill;
  expect(rows_written + alarms_set - directory_rows_written, figures).toBeLessThanOrEqual(rows + rounding);
  if (calls !== undefined) expect(object_calls - directory_calls, figures).toBeLessThanOrEqual(calls + rounding);
  if (frames !== undefined) expect(bill.socket_messages, figures).toBeLessThanOrEqual(frames + rounding);
}

/** A batch costs no row, or two where its client was late: on a busy machine it is, once in a while. */
function expectUnwritten(what: string, bill: Bill, budget: Omit<Budget, "rows">): void {
  const late = 1 - bill.batches_unwritten;
  expect(late, inWords(what, bill)).toBeLessThan(1);
  expectWithin(what, bill, { rows: 2 * late, ...budget });
}

/** Figures are per message: sums of fractions. */
const rounding = 1e-9;
const lone = 20;

interface Lone {
  readonly persistent?: boolean;
  /** The subscriber is the one member of a group. */
  readonly shared?: boolean;
  /** The subscriber acknowledges only when the publisher has its acknowledgement. */
  readonly late?: boolean;
  /** All objects concerned sleep before each message, as they do when messages are rare. */
  readonly asleep?: boolean;
}

async function loneMessages(qos: 0 | 1 | 2, options: Lone = {}): Promise<Bill> {
  const { persistent = true, shared = false, late = false, asleep = false } = options;
  const topic = uniqueId("bill/lone");
  const subscriber = await Client.connect({ persistent });
  const publisher = await Client.connect({ persistent: true });
  await subscriber.subscribe(shared ? `$share/group/${topic}` : topic, qos);
  const send = async () => {
    const accepted = qos === 0 ? publisher.publish(topic, "m", 0) : publisher.deliver(topic, "m", qos);
    const packet = await subscriber.expect("publish");
    if (late) await accepted;
    await subscriber.acknowledge(packet);
    await accepted;
  };
  await send();
  const messages = asleep ? 5 : lone;
  return measure(messages, async () => {
    for (let count = 0; count < messages; count++) {
      if (asleep) {
        await quiet();
        await evictAllDurableObjects();
      }
      await send();
    }
  });
}

test("BILL-1 a lone QoS 0 message writes no row and takes 2 calls", async () => {
  expectWithin("lone QoS 0", await loneMessages(0), { rows: 0, calls: 2 });
});

test("BILL-2 a lone QoS 1 message to a persistent session online writes no row and takes 2 calls", async () => {
  expectUnwritten("lone QoS 1", await loneMessages(1), { calls: 2, frames: 2 });
});

test("BILL-18 a lone QoS 1 message whose client acknowledges late writes 2 rows and takes 2 calls", async () => {
  const bill = await loneMessages(1, { late: true });
  expectWithin("lone QoS 1, late", bill, { rows: 2, calls: 2 });
  expect(bill.rows_written, inWords("lone QoS 1, late", bill)).toBe(2);
});

test("BILL-3 a lone QoS 1 message to a clean session online writes no row", async () => {
  expectWithin("lone QoS 1, clean session", await loneMessages(1, { persistent: false }), { rows: 0, calls: 2 });
});

test("BILL-4 a lone QoS 2 message writes at most 8 rows", async () => {
  expectWithin("lone QoS 2", await loneMessages(2), { rows: 8, calls: 2 });
});

test.each([
  [0, { rows: 0, calls: 2 }],
  [2, { rows: 8, calls: 2 }],
] as const)("BILL-5 a QoS %i message costs no more when all its objects slept", async (qos, budget) => {
  expectWithin(`rare QoS ${qos}`, await loneMessages(qos, { asleep: true }), budget);
});

test("BILL-26 nor does a QoS 1 message", async () => {
  expectUnwritten("rare QoS 1", await loneMessages(1, { asleep: true }), { calls: 2 });
});

interface OverHttp {
  readonly qos?: 0 | 1 | 2;
  /** Under an Idempotency-Key. */
  readonly keyed?: boolean;
  readonly retain?: boolean;
  readonly subscribers?: 0 | 1;
}

/** To a persistent session online. */
async function httpMessages({ qos = 1, keyed = false, retain = false, subscribers = 1 }: OverHttp): Promise<Bill> {
  const topic = uniqueId("bill/http");
  const subscriber = subscribers === 0 ? undefined : await Client.connect({ persistent: true });
  await subscriber?.subscribe(topic, qos);
  const publish = async () => {
    const accepted = send(
      new Request("http://broker/api/v1/publish", {
        method: "POST",
        headers: {
          Authorization: `Bearer ${testAdminKey}`,
          "Content-Type": "application/json",
          ...(keyed ? { "Idempotency-Key": uniqueId("key") } : {}),
        },
        body: JSON.stringify({ topic, payload: "m", qos, retain }),
      }),
    );
    await subscriber?.acknowledge(await subscriber.expect("publish"));
    expect((await accepted).body).toEqual({ reached: subscribers, retained: retain });
  };
  await publish();
  return measure(lone, async () => {
    for (let count = 0; count < lone; count++) await publish();
  });
}

test("BILL-22 a lone QoS 1 message over HTTP writes no row and takes 2 calls, as one over MQTT", async () => {
  expectUnwritten("HTTP, QoS 1", await httpMessages({}), { calls: 2, frames: 1 });
});

test.each([
  ["of QoS 0", { qos: 0 }, { rows: 0, calls: 2, frames: 0 }],
  ["of QoS 2: as over MQTT, and what became of it", { qos: 2 }, { rows: 5, calls: 2, frames: 2 }],
  ["for nobody", { subscribers: 0 }, { rows: 0, calls: 1, frames: 0 }],
  ["under a key, for nobody: what became of it", { keyed: true, subscribers: 0 }, { rows: 1, calls: 1, frames: 0 }],
  // What became of it; at the subscriber's the message, that it is finished, and that it was taken over.
  ["of QoS 1 under a key: as often as one of QoS 2", { keyed: true }, { rows: 4, calls: 2, frames: 1 }],
] as const)("BILL-23 a lone message over HTTP %s", async (what, options, budget) => {
  expectWithin(`HTTP, ${what}`, await httpMessages(options), budget);
});

test("BILL-24 a retained message over HTTP writes a row more", async () => {
  const bill = await httpMessages({ retain: true });
  const late = 1 - bill.batches_unwritten;
  expectWithin("HTTP, retained", bill, { rows: 1 + 2 * late, calls: 2, frames: 1 });
});

/** A stream with 64 under way, to a subscriber of each filter. */
async function streamTo(filtersOf: (topic: string) => readonly string[]): Promise<Bill> {
  const messages = 4_000;
  const window = 64;
  const topic = uniqueId("bill/stream");
  const publisher = await Client.connect();
  let received = 0;
  const consume = async (subscriber: Client) => {
    for (;;) {
      await subscriber.acknowledge(await subscriber.expect("publish", 60_000));
      received++;
    }
  };
  for (const filter of filtersOf(topic)) {
    const subscriber = await Client.connect({ persistent: true });
    await subscriber.subscribe(filter, 1);
    // Until its connection is cut, after the test.
    consume(subscriber).catch(() => {});
  }
  const stream = async (count: number) => {
    const expected = received + count;
    let sent = 0;
    for (; sent < Math.min(window, count); sent++) publisher.publish(topic, `${sent}`, 1);
    for (let acknowledged = 0; acknowledged < count; acknowledged++) {
      await publisher.expect("puback");
      if (sent < count) publisher.publish(topic, `${sent++}`, 1);
    }
    await eventually("all have arrived", () => received === expected);
  };
  await stream(window);
  return measure(messages, () => stream(messages));
}

test("BILL-6 a QoS 1 stream with 64 in flight writes 0.1 rows and takes 0.1 calls a message", async () => {
  expectWithin("QoS 1 stream", await streamTo((topic) => [topic]), { rows: 0.1, calls: 0.1 });
});

test("BILL-25 a QoS 1 message to 50 persistent sessions online takes a call each and writes no row", async () => {
  const subscribers = 50;
  const messages = 5;
  const topic = uniqueId("bill/fan-out");
  let received = 0;
  for (let count = 0; count < subscribers; count++) {
    const subscriber = await Client.connect({ persistent: true });
    await subscriber.subscribe(topic, 1);
    const consume = async () => {
      for (;;) {
        await subscriber.acknowledge(await subscriber.expect("publish", 60_000));
        received++;
      }
    };
    // Until its connection is cut, after the test.
    consume().catch(() => {});
  }
  const publisher = await Client.connect();
  const publish = async () => {
    const expected = received + subscribers;
    await publisher.deliver(topic, "m", 1);
    await eventually("all have it", () => received === expected);
  };
  await publish();
  const bill = await measure(subscribers * messages, async () => {
    for (let count = 0; count < messages; count++) await publish();
  });
  expectUnwritten("fan-out, a delivery", bill, { calls: 1 + 1 / subscribers, frames: 1 + 1 / subscribers });
});

test("BILL-7 SUBSCRIBE to a literal prefix takes 1 call and writes at most 3 rows", async () => {
  const client = await Client.connect({ persistent: true });
  await client.subscribe("bill/literal/first/+", 1);
  const bill = await measure(lone, async () => {
    for (let count = 0; count < lone; count++) await client.subscribe(`bill/literal/${count}/#`, 1);
  });
  expectWithin("SUBSCRIBE", bill, { rows: 3, calls: 1 });
});

test("BILL-27 a new session with one subscription makes two tables: 12 rows, its route and an alarm with them", async () => {
  // The shard's first route makes the shard's own tables.
  await (await Client.connect({ persistent: true })).subscribe("bill/new/+", 1);
  await quiet();
  const bill = await measure(1, async () => {
    const client = await Client.connect({ version: 4, persistent: true });
    await client.subscribe("bill/new/first", 1);
    await quiet();
  });
  expectWithin("a new session", bill, { rows: 12, calls: 3 });
});

/** A session that resumes after its object slept; how it went before alternates between a goodbye and a cut. */
async function reconnects(options: ConnectOptions): Promise<Bill> {
  const clientId = uniqueId();
  const reconnect = async (index: number) => {
    const client = await Client.connect({ ...options, clientId });
    if (index % 2 === 0) await client.disconnect();
    else client.cut();
    await quiet();
    await putToSleep(sessionOf(clientId));
    return client;
  };
  const first = await Client.connect({ ...options, clientId });
  await first.subscribe(uniqueId("bill/resume"), 1);
  await first.disconnect();
  await reconnect(0);
  return measure(10, async () => {
    for (let count = 0; count < 10; count++) {
      const { connack } = await reconnect(count);
      expect(connack?.sessionPresent).toBe(true);
    }
  });
}

test("BILL-8 reconnecting to an unchanged session writes no row, and calls its gate and its session", async () => {
  expectWithin("reconnect", await reconnects({ version: 4, persistent: true }), { rows: 0, calls: 2 });
});

test("BILL-19 a connection costs the list of sessions 2 rows and 2 calls: that it is there, and that it is not", async () => {
  const bill = await reconnects({ version: 4, persistent: true });
  const figures = inWords("reconnect, the list", bill);
  expect(bill.directory_rows_written, figures).toBeLessThanOrEqual(2);
  expect(bill.directory_calls, figures).toBeLessThanOrEqual(2);
});

test("BILL-9 a session with an expiry writes when it began to wait and that it waits no more, and sets an alarm", async () => {
  expectWithin("reconnect, 5.0, an hour", await reconnects({ version: 5, persistent: true }), { rows: 3, calls: 2 });
});

test("BILL-10 a connected client that only pings costs nothing", async () => {
  const client = await Client.connect({ persistent: true });
  await client.subscribe(uniqueId("bill/idle"), 1);
  const bill = await measure(1, async () => {
    for (let count = 0; count < 50; count++) await client.ping();
  });
  expect(Object.values(bill), inWords("50 pings", bill)).toEqual(Object.values(bill).map(() => 0));
});

/** To a subscriber that costs no row. */
async function delayedMessages(seconds: number, frames: readonly number[]): Promise<Bill> {
  const topic = uniqueId("bill/delayed");
  const name = `$delayed/${seconds}/${topic}`;
  const subscriber = await Client.connect();
  await subscriber.subscribe(topic, 1);
  const publisher = await Client.connect();
  await publisher.deliver(topic, "m", 1);
  await subscriber.acknowledge(await subscriber.expect("publish"));
  const messages = frames.reduce((sum, count) => sum + count, 0);
  return measure(messages, async () => {
    for (const count of frames) {
      const packets = Array.from({ length: count }, () => {
        return publisher.encode(publishPacket(name, "m", 1, { messageId: publisher.packetId() }));
      });
      publisher.sendBytes(Buffer.concat(packets));
      for (let left = count; left > 0; left--) await publisher.expect("puback");
    }
    for (const packet of await subscriber.expectPublishes(messages)) await subscriber.acknowledge(packet);
  });
}

test("BILL-12 a lone delayed QoS 1 message costs its shard 4 rows: kept, alarm, begun to be published, gone", async () => {
  const bill = await delayedMessages(1, [1]);
  expectWithin("lone delayed QoS 1", bill, { rows: 4, calls: 2 });
  expect(bill.alarms, inWords("lone delayed QoS 1", bill)).toBe(1);
});

test("BILL-13 delayed messages that are due at about the same time share the alarm and leave together", async () => {
  expectWithin("delayed QoS 1, one after the other", await delayedMessages(1, Array(20).fill(1)), { rows: 3 });
});

test("BILL-14 delayed messages that came together are one row", async () => {
  expectWithin("delayed QoS 1, 100 together", await delayedMessages(1, [100]), { rows: 0.04, calls: 0.02 });
});

test.each([
  [0, { rows: 0, calls: 2 }],
  [1, { rows: 4, calls: 2 }],
  [2, { rows: 10, calls: 2 }],
] as const)("BILL-15 a lone QoS %i message to a group writes at most 2 rows more than without", async (qos, budget) => {
  expectWithin(`lone QoS ${qos}, group`, await loneMessages(qos, { shared: true }), budget);
  expectWithin(`rare QoS ${qos}, group`, await loneMessages(qos, { shared: true, asleep: true }), budget);
});

test("BILL-16 a member with a clean session writes no more: it has rows of what it may have to hand back", async () => {
  const bill = await loneMessages(1, { shared: true, persistent: false });
  expectWithin("lone QoS 1, group, clean session", bill, { rows: 4, calls: 2 });
});

test.each([
  [1, { rows: 0.1, calls: 0.1 }],
  [3, { rows: 0.3, calls: 0.1 }],
] as const)("BILL-17 a QoS 1 stream with 64 in flight to a group of %i", async (members, budget) => {
  const bill = await streamTo((topic) => Array.from({ length: members }, () => `$share/group/${topic}`));
  expectWithin(`QoS 1 stream, group of ${members}`, bill, budget);
});

const will = { topic: "bill/will", payload: "gone", qos: 1 } as const;

test.each([
  ["with a will", { persistent: true, will }],
  ["with a session expiry", { version: 5, persistent: true }],
] as const)("BILL-11 an idle client %s costs its object at most 24 alarms a day", async (what, options) => {
  const client = await Client.connect(options);
  const start = Date.now();
  vi.useFakeTimers({ toFake: ["Date"], now: start });
  const dayMs = 24 * 3_600_000;
  let alarms = 0;
  const intervals: number[] = [];
  for (let atMs = start; ; ) {
    const next = await runInDurableObject(sessionOf(client.id), async (instance, state) => {
      // As long as the edge shows that it is there.
      state.getWebSocketAutoResponseTimestamp = () => new Date();
      const nextMs = (await state.storage.getAlarm()) ?? Number.POSITIVE_INFINITY;
      vi.setSystemTime(Math.min(nextMs, start + dayMs));
      if (nextMs < start + dayMs) await instance.alarm?.();
      return nextMs;
    });
    if (next >= start + dayMs) break;
    intervals.push(Math.round((next - atMs) / 1000));
    atMs = next;
    alarms++;
  }
  await client.ping();
  expect(client.closed).toBe(false);
  expect(alarms, `idle ${what}: after ${intervals.join(", ")} s`).toBeLessThanOrEqual(24);
});
