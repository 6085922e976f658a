// Shared subscriptions in the runtime, with objects that lose their memory, sleep, hang or fail at the worst moment. A
// message that was acknowledged reaches a member of the group, at QoS 2 one member, once.

import { runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { afterEach, describe, expect, test } from "vitest";
import { newIncarnation } from "../../worker/incarnation.ts";
import { sessionName } from "../../worker/names.ts";
import { SessionObject } from "../../worker/session/object.ts";
import { TopicShard } from "../../worker/shard/object.ts";
import { eventually } from "../support/eventually.ts";
import { countFor, countOf, quiet } from "./support/bill.ts";
import { Client, cutClients, payloads, uniqueId } from "./support/client.ts";
import { Consumer } from "./support/consumer.ts";
import { endFaults, everybodySleeps, fail, hold, reset, vanish } from "./support/faults.ts";
import { rowsOf, sessionOf, shardOfTopic } from "./support/objects.ts";
import { Producer } from "./support/producer.ts";
import { group, type Handled, handledBy, member } from "./support/sharing.ts";

// Members that hang are waited for, again and again.
const consumers: Consumer[] = [];
afterEach(async () => {
  endFaults();
  for (const consumer of consumers.splice(0)) await consumer.stop();
  cutClients();
});

const numbers = (count: number) => Array.from({ length: count }, (_, index) => `${index}`);
const sorted = (texts: readonly string[]) => [...texts].sort();
const payloadsOf = (handled: readonly (readonly Handled[])[]) => handled.flat().map(({ payload }) => payload);

/** A member that handles everything, however often it has to come back. */
async function worker(topic: string): Promise<Consumer> {
  const consumer = await Consumer.subscribed(group(topic), 2);
  consumers.push(consumer);
  return consumer;
}

function seenBy(...workers: readonly Consumer[]): string[] {
  return workers.flatMap(({ payloads }) => payloads);
}

async function publishAll(topic: string, texts: readonly string[], qos: 1 | 2): Promise<void> {
  const producer = await Producer.connected();
  producer.send(topic, texts, qos);
  await producer.finish();
}

/** Nobody has to be asked, or waited for, about any message to the topic. */
async function expectNothingKept(topic: string, share = group(topic)): Promise<void> {
  const statement = "SELECT COUNT(*) AS count FROM group_row WHERE share = ?";
  await eventually("the group has handled all", () =>
    runInDurableObject(shardOfTopic(topic), (_, { storage: { sql } }) => {
      return sql.exec<{ count: number }>(statement, share).one().count === 0;
    }),
  );
}

function is(clientId: string): (name: string | undefined) => boolean {
  return (name) => name === sessionName(clientId);
}

describe("a member's object is reset when its client has a message and has not acknowledged it", () => {
  test.each([1, 2] as const)("SHR-1 its client comes back and is sent it again, at QoS %i", async (qos) => {
    const topic = uniqueId("shared/reset");
    const first = await member(topic, qos, { persistent: true });
    await publishAll(topic, ["m"], qos);
    await first.expect("publish");
    const other = await member(topic, qos, { persistent: true });
    await reset(sessionOf(first.id));
    await first.expectClose();
    const again = await Client.connect({ version: 5, persistent: true, clientId: first.id });
    const resent = await again.expect("publish");
    expect([payloads([resent]), resent.dup]).toEqual([["m"], true]);
    await again.acknowledge(resent);
    expect(await other.pending()).toEqual([]);
    await expectNothingKept(topic);
  });

  test.each([1, 2] as const)("SHR-2 a clean session: its alarm sees to it, at QoS %i", async (qos) => {
    const topic = uniqueId("shared/abandoned");
    const first = await member(topic, qos);
    await publishAll(topic, ["m"], qos);
    await first.expect("publish");
    const other = await member(topic, qos);
    const dropped = countFor("drops", "session-ended");
    await reset(sessionOf(first.id));
    await first.expectClose();
    expect(await other.pending()).toEqual([]);
    expect(await runDurableObjectAlarm(sessionOf(first.id))).toBe(true);
    // [MQTT-4.8.2-5] QoS 2 goes to nobody.
    if (qos === 1) expect(payloads([await other.expect("publish")])).toEqual(["m"]);
    expect(countFor("drops", "session-ended") - dropped).toBe(qos === 1 ? 0 : 1);
    await publishAll(topic, ["next"], qos);
    expect(payloads([await other.expect("publish")])).toEqual(["next"]);
    expect(await rowsOf(sessionOf(first.id), "hand_back")).toBe(0);
  });
});

test("SHR-3 what a member could not hand back, for want of a shard, it hands back later", async () => {
  const topic = uniqueId("shared/unreachable");
  const first = await member(topic, 1);
  await publishAll(topic, ["m"], 1);
  await first.expect("publish");
  const other = await member(topic, 1);
  const fault = fail(TopicShard.prototype, "exchange", "before");
  await vanish(first);
  await fault.reached();
  await eventually("given up", async () => (await rowsOf(sessionOf(first.id), "hand_back")) === 1);
  await quiet();
  fault.end();
  await reset(sessionOf(first.id));
  expect(await runDurableObjectAlarm(sessionOf(first.id))).toBe(true);
  expect(payloads([await other.expect("publish")])).toEqual(["m"]);
  await eventually("nothing is left", async () => (await rowsOf(sessionOf(first.id), "hand_back")) === 0);
});

test.each(["sleeps", "is reset"] as const)(
  "SHR-4 what is kept for an absent group survives that its shard %s",
  async (how) => {
    for (const qos of [1, 2] as const) {
      const topic = uniqueId("shared/absent");
      const first = await member(topic, 2, { persistent: true });
      await first.disconnect();
      await publishAll(topic, numbers(40), qos);
      if (how === "sleeps") await everybodySleeps();
      else await reset(shardOfTopic(topic));
      await publishAll(topic, ["last"], qos);
      const back = await Client.connect({ version: 5, persistent: true, clientId: first.id });
      expect(payloads(await back.expectPublishes(41))).toEqual([...numbers(40), "last"]);
      expect(await back.pending()).toEqual([]);
      await expectNothingKept(topic);
    }
  },
);

const ways = {
  "hangs before it takes an offer": (target: string) => hold(SessionObject.prototype, "deliver", "before", is(target)),
  "hangs after it took an offer": (target: string) => hold(SessionObject.prototype, "deliver", "after", is(target)),
  "fails before it takes an offer": (target: string) => fail(SessionObject.prototype, "deliver", "before", is(target)),
  "fails after it took an offer": (target: string) => fail(SessionObject.prototype, "deliver", "after", is(target)),
};

describe.each(Object.keys(ways) as (keyof typeof ways)[])("a member %s", (way) => {
  test("SHR-5 its publisher is answered, others go on, and the same offer comes again", async () => {
    for (const qos of [1, 2] as const) {
      const topic = uniqueId("shared/late");
      const slow = await worker(topic);
      await publishAll(topic, ["0"], qos);
      await eventually("the first is handled", () => slow.payloads.length === 1);
      const fault = ways[way](slow.id);
      await publishAll(topic, ["1"], qos);
      const other = await worker(topic);
      await publishAll(topic, ["2", "3"], qos);
      await eventually("the other handles what is new", () => other.payloads.length === 2);
      fault.end();
      await eventually("the offer is answered", () => slow.payloads.length === 2);
      await publishAll(topic, ["4", "5"], qos);
      await eventually("both go on", () => seenBy(slow, other).length === 6);
      expect([slow.payloads.slice(0, 2), sorted(seenBy(slow, other))]).toEqual([["0", "1"], numbers(6)]);
      await expectNothingKept(topic);
    }
  });

  test("SHR-6 and meanwhile the shard is reset: once at QoS 2", async () => {
    const topic = uniqueId("shared/late");
    const slow = await worker(topic);
    const fault = ways[way](slow.id);
    const producer = await Producer.connected();
    producer.send(topic, numbers(3), 2);
    await fault.reached();
    await reset(shardOfTopic(topic));
    fault.end();
    await producer.finish();
    await publishAll(topic, ["3"], 2);
    await eventually("all are handled", () => slow.payloads.includes("3"));
    expect(slow.payloads).toEqual(numbers(4));
    await expectNothingKept(topic);
  });
});

test.each(["before", "after"] as const)(
  "SHR-7 a shard sleeps while a member that failed %s it took an offer has yet to be asked again",
  async (when) => {
    const topic = uniqueId("shared/late");
    const slow = await worker(topic);
    const fault = fail(SessionObject.prototype, "deliver", when, is(slow.id));
    await publishAll(topic, numbers(3), 2);
    await everybodySleeps();
    fault.end();
    await eventually("all are handled", () => slow.payloads.length === 3);
    await expectNothingKept(topic);
    expect(slow.payloads).toEqual(numbers(3));
  },
);

const victims = ["publisher", "shard", "member"] as const;
const places = ["before the shard", "after the shard", "before the member", "after the member"] as const;
const cases = victims.flatMap((victim) => places.map((place) => ({ victim, place })));

test.each(cases)("SHR-8 the $victim is reset while a batch is held $place", async ({ victim, place }) => {
  for (const qos of [1, 2] as const) {
    const topic = uniqueId("shared/batch");
    const workers = [await worker(topic), await worker(topic)] as const;
    const producer = await Producer.connected();
    producer.send(topic, ["before"], qos);
    await producer.finish();
    const when = place.startsWith("before") ? "before" : "after";
    const held = place.endsWith("shard")
      ? hold(TopicShard.prototype, "exchange", when)
      : hold(SessionObject.prototype, "deliver", when);
    producer.send(topic, numbers(6), qos);
    await held.reached();
    const stubs = { publisher: sessionOf(producer.id), shard: shardOfTopic(topic), member: sessionOf(workers[0].id) };
    await reset(stubs[victim]);
    held.end();
    await producer.finish();
    producer.send(topic, ["after", "that"], qos);
    await producer.finish();
    const expected = sorted(["before", ...numbers(6), "after", "that"]);
    await eventually("all are handled", () => new Set(seenBy(...workers)).size === expected.length);
    await expectNothingKept(topic);
    const handled = seenBy(...workers);
    expect(sorted(qos === 2 ? handled : [...new Set(handled)])).toEqual(expected);
  }
});

test("SHR-9 members whose objects start anew again and again handle everything, at QoS 2 once", async () => {
  const topic = uniqueId("shared/restarts");
  const workers = [await worker(topic), await worker(topic)] as const;
  const publisher = await Client.connect();
  for (const [index, payload] of numbers(16).entries()) {
    publisher.publish(topic, payload, 2);
    await reset(sessionOf(workers[index % 2 === 0 ? 0 : 1].id));
  }
  await eventually("all are handled", () => seenBy(...workers).length >= 16, 20_000);
  await expectNothingKept(topic);
  expect(sorted(seenBy(...workers))).toEqual(sorted(numbers(16)));
});

test("SHR-10 a publisher that comes again while its first call still waits for another session: once at QoS 2", async () => {
  const topic = uniqueId("shared/twice");
  const first = await member(topic, 2);
  const slow = await Client.connect({ persistent: true });
  await slow.subscribe(topic, 2);
  const producer = await Producer.connected();
  const held = hold(SessionObject.prototype, "deliver", "before", is(slow.id));
  producer.send(topic, ["a", "b"], 2);
  await held.reached();
  const calls = countOf("object_calls");
  await reset(sessionOf(producer.id));
  const finished = producer.finish();
  await eventually("it has come again", () => countOf("object_calls") > calls + 1);
  held.end();
  await finished;
  expect(payloads(await first.expectPublishes(2))).toEqual(["a", "b"]);
  expect(await first.pending()).toEqual([]);
  await expectNothingKept(topic);
});

test("SHR-11 a member that comes back while it is being said that it is away is there", async () => {
  const topic = uniqueId("shared/race");
  const first = await member(topic, 1, { persistent: true });
  await first.disconnect();
  const publisher = await Client.connect();
  const held = hold(SessionObject.prototype, "deliver", "after", is(first.id));
  const delivered = publisher.deliver(topic, "m", 1);
  await held.reached();
  const back = await Client.connect({ version: 5, persistent: true, clientId: first.id });
  await quiet();
  held.end();
  await delivered;
  expect(payloads([await back.expect("publish")])).toEqual(["m"]);
});

describe("a member that is full", () => {
  test("SHR-12 asks for more when it has slept", async () => {
    for (const persistent of [true, false]) {
      const topic = uniqueId("shared/full");
      const only = await member(topic, 1, { persistent, receiveMaximum: 1 });
      await publishAll(topic, numbers(4), 1);
      for (const payload of numbers(4)) {
        const packet = await only.expect("publish");
        expect(payloads([packet])).toEqual([payload]);
        await quiet();
        await everybodySleeps();
        await only.acknowledge(packet);
      }
      expect(await only.pending()).toEqual([]);
      await expectNothingKept(topic);
    }
  });

  test("SHR-13 keeps nobody from working: three that take one at a time handle a hundred, each once", async () => {
    const topic = uniqueId("shared/one");
    const members = await Promise.all(
      [0, 1, 2].map(async () => handledBy(await member(topic, 2, { receiveMaximum: 1 }))),
    );
    await publishAll(topic, numbers(100), 2);
    await eventually("all are handled", () => members.flat().length >= 100);
    await expectNothingKept(topic);
    expect(sorted(payloadsOf(members))).toEqual(sorted(numbers(100)));
    for (const handled of members) expect(handled.length).toBeGreaterThan(10);
  });

  test("SHR-14 has what it was sent, and others get the rest", async () => {
    const topic = uniqueId("shared/stuck");
    const stuck = await member(topic, 1, { receiveMaximum: 2 });
    await publishAll(topic, numbers(10), 1);
    expect(payloads(await stuck.expectPublishes(2))).toEqual(["0", "1"]);
    const handled = handledBy(await member(topic, 1));
    await eventually("the rest is handled", () => handled.length === 8);
    expect(payloadsOf([handled])).toEqual(numbers(10).slice(2));
    expect(await stuck.pending()).toEqual([]);
  });

  test("SHR-15 skips a message that is too large for it, and asks for more", async () => {
    const topic = uniqueId("shared/large");
    const small = await member(topic, 1, { maximumPacketSize: 200, receiveMaximum: 1 });
    const dropped = countFor("drops", "packet-too-large");
    await publishAll(topic, ["x".repeat(300), "y".repeat(300), "small"], 1);
    expect(payloads([await small.expect("publish")])).toEqual(["small"]);
    expect(countFor("drops", "packet-too-large") - dropped).toBe(2);
    await expectNothingKept(topic);
  });
});

describe("another connection of the client takes over", () => {
  test.each([1, 2] as const)("SHR-16 a session that lives on has it again, at QoS %i", async (qos) => {
    const topic = uniqueId("shared/takeover");
    const first = await member(topic, qos, { persistent: true });
    await publishAll(topic, ["m"], qos);
    await first.expect("publish");
    const other = await member(topic, qos);
    const next = await Client.connect({ version: 5, persistent: true, clientId: first.id });
    const resent = await next.expect("publish");
    expect([payloads([resent]), resent.dup]).toEqual([["m"], true]);
    await next.acknowledge(resent);
    expect(await other.pending()).toEqual([]);
  });

  test("SHR-17 what a session held that ends with it goes to another member, itself included", async () => {
    const topic = uniqueId("shared/takeover");
    const first = await member(topic, 1);
    await publishAll(topic, ["1", "2"], 1);
    await first.expectPublishes(2);
    const other = await member(topic, 1);
    const next = await member(topic, 1, { clientId: first.id });
    const handled = [handledBy(other), handledBy(next)];
    await eventually("both are handled", () => handled.flat().length === 2);
    expect(sorted(payloadsOf(handled))).toEqual(["1", "2"]);
    await expectNothingKept(topic);
  });
});

test("SHR-18 [MQTT-3.10.4-2] a member that has unsubscribed gets nothing, not even what it was being offered", async () => {
  const topic = uniqueId("shared/unsubscribed");
  const leaving = await member(topic, 1);
  const publisher = await Client.connect();
  const held = hold(SessionObject.prototype, "deliver", "before", is(leaving.id));
  const delivered = publisher.deliver(topic, "m", 1);
  await held.reached();
  const other = await member(topic, 1);
  leaving.send({ cmd: "unsubscribe", messageId: 9, unsubscriptions: [group(topic)] });
  await leaving.expect("unsuback");
  held.end();
  await delivered;
  expect(payloads([await other.expect("publish")])).toEqual(["m"]);
  expect(await leaving.pending()).toEqual([]);
});

test("SHR-19 a group whose filter begins with a wildcard is one in each shard", async () => {
  const name = uniqueId("everywhere");
  const topics = numbers(24).map((first) => `shared-${first}/${name}`);
  const filter = `+/${name}`;
  const members = [handledBy(await member(filter, 1, { receiveMaximum: 2 })), handledBy(await member(filter, 1))];
  const away = await member(filter, 1, { persistent: true });
  await away.disconnect();
  const publisher = await Client.connect();
  for (const topic of topics) for (const turn of [1, 2]) await publisher.deliver(topic, `${topic} ${turn}`, 1);
  await eventually("all are handled", () => members.flat().length === 48);
  expect(sorted(payloadsOf(members))).toEqual(sorted(topics.flatMap((topic) => [`${topic} 1`, `${topic} 2`])));
  for (const topic of topics) await expectNothingKept(topic, group(filter));
});

test("SHR-20 a group that was forgotten while it had nothing to do is taken for what it is", async () => {
  const topic = uniqueId("shared/forgotten");
  const only = await member(topic, 2, { persistent: true });
  const publisher = await Client.connect();
  const pass = async (payload: string, qos: 1 | 2) => {
    await publisher.deliver(topic, payload, qos);
    const packet = await only.expect("publish");
    expect(payloads([packet])).toEqual([payload]);
    await only.acknowledge(packet);
  };
  await pass("1", 2);
  await pass("2", 1);
  // More groups in the same shard than it remembers.
  for (const half of [0, 1]) {
    const many = await Client.connect({ version: 5 });
    const filters = numbers(550).map((number) => ({ topic: `$share/${half}-${number}/${topic}/x`, qos: 1 as const }));
    many.send({ cmd: "subscribe", messageId: 1, subscriptions: filters });
    await many.expect("suback");
  }
  await pass("3", 2);
  await pass("4", 1);
});

test("SHR-21 should a shard be reset while it offers something that nobody waits for, its alarm goes on with it", async () => {
  const topic = uniqueId("shared/watched");
  const first = await member(topic, 2, { persistent: true });
  await first.disconnect();
  await publishAll(topic, ["m"], 2);
  const held = hold(SessionObject.prototype, "deliver", "after", is(first.id));
  const back = await Client.connect({ version: 5, persistent: true, clientId: first.id });
  await held.reached();
  const alarmAtMs = await runInDurableObject(shardOfTopic(topic), (_, { storage }) => storage.getAlarm());
  expect((alarmAtMs ?? Number.POSITIVE_INFINITY) - Date.now()).toBeLessThanOrEqual(30_000);
  await reset(shardOfTopic(topic));
  held.end();
  await runDurableObjectAlarm(shardOfTopic(topic));
  await expectNothingKept(topic);
  expect(payloads(await back.pending())).toEqual(["m"]);
});

test("SHR-22 a QoS 0 message passes a member over that is away, and is dropped and counted when all are", async () => {
  const topic = uniqueId("shared/zero");
  const away = await member(topic, 1, { persistent: true });
  const here = await member(topic, 1);
  await away.disconnect();
  const publisher = await Client.connect();
  for (const payload of numbers(4)) {
    publisher.publish(topic, payload, 0);
    expect(payloads([await here.expect("publish")])).toEqual([payload]);
  }
  await here.disconnect();
  const dropped = countFor("drops", "nobody-attends");
  publisher.publish(topic, "for nobody", 0);
  await eventually("it is counted", () => countFor("drops", "nobody-attends") > dropped);
});

test("SHR-23 a member whose session ended unheard goes when its client id unsubscribes, under whichever generation", async () => {
  const topic = uniqueId("shared/ghost");
  const share = group(topic);
  const away = await member(topic, 1, { persistent: true });
  await away.disconnect();
  await publishAll(topic, ["m"], 1);
  await runInDurableObject(sessionOf(away.id), async (_, { storage, abort }) => {
    await storage.deleteAll();
    abort("reset by a test");
  }).catch(() => {});
  const key = { source: sessionName(away.id), incarnation: newIncarnation(), sequence: 1 };
  const request = { kind: "unsubscribe", session: sessionName(away.id), generation: 1, filters: [share], key } as const;
  await shardOfTopic(topic).exchange(request);
  await expectNothingKept(topic);
});
