// SHARED_STRATEGY=sticky through the whole runtime: a topic's messages go to one member, in order, as long as it is there.

import { runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { afterEach, expect, test, vi } from "vitest";
import { stickTo } from "../../src/shard/strategy.ts";
import { sessionName } from "../../worker/names.ts";
import { eventually } from "../support/eventually.ts";
import { quiet } from "./support/bill.ts";
import { Client, cutClients, payloads, uniqueId } from "./support/client.ts";
import { everybodySleeps, reset, vanish } from "./support/faults.ts";
import { sessionOf, shardOfTopic } from "./support/objects.ts";
import { configureStrategy, type Handled, handledBy, member } from "./support/sharing.ts";

configureStrategy("sticky");
afterEach(() => {
  vi.useRealTimers();
  cutClients();
});

const rounds = [0, 1, 2, 3];

/** Who handled which topics; fails if a topic's messages were not all handled by one, in the order of the rounds. */
function ownersOf(members: readonly (readonly Handled[])[]): Map<string, number> {
  const owners = new Map<string, number>();
  for (const [index, handled] of members.entries()) {
    for (const topic of new Set(handled.map((one) => one.topic))) {
      expect(owners.has(topic)).toBe(false);
      owners.set(topic, index);
      expect(handled.filter((one) => one.topic === topic).map(({ payload }) => payload)).toEqual(rounds.map(String));
    }
  }
  return owners;
}

test.each([1, 2] as const)("STK-1 at QoS %i each topic has one member, also when shards sleep", async (qos) => {
  const name = uniqueId("sticky/owners");
  const topics = Array.from({ length: 24 }, (_, index) => `${name}/${index}`);
  const clients = await Promise.all(rounds.slice(1).map(() => member(`${name}/+`, qos)));
  const members = clients.map(handledBy);
  const publisher = await Client.connect();
  for (const round of rounds) {
    for (const topic of topics) publisher.publish(topic, `${round}`, qos, { messageId: publisher.packetId() });
    for (const _ of topics) await publisher.expect(qos === 1 ? "puback" : "pubrec");
    await eventually("all are handled", () => members.flat().length === topics.length * (round + 1));
    await everybodySleeps();
  }
  const owners = ownersOf(members);
  expect(owners.size).toBe(topics.length);
  expect(new Set(owners.values()).size).toBe(3);
});

test("STK-2 the topics of a member that goes move to others, theirs stay, and come back with it", async () => {
  const name = uniqueId("sticky/moves");
  const topics = Array.from({ length: 12 }, (_, index) => `${name}/${index}`);
  const [first, second] = [
    await member(`${name}/+`, 1, { persistent: true }),
    await member(`${name}/+`, 1, { persistent: true }),
  ];
  const publisher = await Client.connect();
  const pass = async (...members: readonly (readonly Handled[])[]) => {
    const before = members.map((handled) => handled.length);
    for (const topic of topics) await publisher.deliver(topic, "m", 1);
    const after = () => members.map((handled, index) => handled.slice(before[index]).map(({ topic }) => topic));
    await eventually("all are handled", () => after().flat().length === topics.length);
    return after();
  };
  const [ofFirst, ofSecond] = [handledBy(first), handledBy(second)];
  const before = await pass(ofFirst, ofSecond);
  for (const own of before) expect(own.length).toBeGreaterThan(0);
  await first.disconnect();
  expect((await pass(ofSecond))[0]).toHaveLength(topics.length);
  const back = handledBy(await Client.connect({ version: 5, persistent: true, clientId: first.id }));
  expect(await pass(back, ofSecond)).toEqual(before);
});

test("STK-3 a topic waits for its member while that is busy, in order, though another is idle", async () => {
  const name = uniqueId("sticky/busy");
  const members = [
    await member(`${name}/+`, 1, { receiveMaximum: 1 }),
    await member(`${name}/+`, 1, { receiveMaximum: 1 }),
  ];
  const publisher = await Client.connect();
  const sent = Array.from({ length: 6 }, (_, index) => `${index}`);
  for (const payload of sent) await publisher.deliver(`${name}/one`, payload, 1);
  const received = await Promise.all(members.map((client) => client.pending()));
  const owner = received.findIndex((packets) => packets.length > 0);
  expect(received[1 - owner]).toEqual([]);
  const [busy, idle] = [members[owner] as Client, members[1 - owner] as Client];
  let [packet] = received[owner] ?? [];
  for (const payload of sent) {
    packet ??= await busy.expect("publish");
    expect(payloads([packet])).toEqual([payload]);
    if (packet.cmd === "publish") await busy.acknowledge(packet);
    packet = undefined;
  }
  expect(await idle.pending()).toEqual([]);
});

/** A member that takes one message at a time and another one, and a topic that sticks to the first though both are there. */
async function busyAndIdle() {
  const name = uniqueId("sticky/busy");
  const [busyId, idleId] = [uniqueId("busy"), uniqueId("idle")];
  const sessions = [busyId, idleId].map((clientId) => ({ session: sessionName(clientId) }));
  const topics = Array.from({ length: 64 }, (_, index) => `${name}/${index}`);
  const topic = topics.find((one) => stickTo(sessions, one) === sessions[0]) as string;
  // What rings is for this test.
  await runInDurableObject(shardOfTopic(topic), (_, { storage }) => storage.deleteAlarm());
  await reset(shardOfTopic(topic));
  const busy = await member(`${name}/+`, 1, { clientId: busyId, persistent: true, receiveMaximum: 1 });
  const idle = await member(`${name}/+`, 1, { clientId: idleId });
  return { topic, busy, idle: handledBy(idle), publisher: await Client.connect() };
}

test.each(["its connection ends", "its object is reset"] as const)(
  "STK-4 what waits for a busy member goes to another when %s",
  async (how) => {
    const { topic, busy, idle, publisher } = await busyAndIdle();
    const sent = Array.from({ length: 8 }, (_, index) => `${index}`);
    for (const payload of sent) await publisher.deliver(topic, payload, 1);
    expect(payloads([await busy.expect("publish")])).toEqual(["0"]);
    await quiet();
    expect(idle).toEqual([]);
    if (how === "its connection ends") {
      await vanish(busy);
    } else {
      await reset(sessionOf(busy.id));
      // Nobody says that it has gone: the shard looks now and then.
      vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 30_000 });
      expect(await runDurableObjectAlarm(shardOfTopic(topic))).toBe(true);
    }
    await eventually("the other handles the rest", () => idle.length === 7);
    expect(idle.map(({ payload }) => payload)).toEqual(sent.slice(1));
  },
);

test("STK-5 a QoS 0 message that finds a busy member away sets what waits for it going", async () => {
  const { topic, busy, idle, publisher } = await busyAndIdle();
  for (const payload of ["1", "2"]) await publisher.deliver(topic, payload, 1);
  await busy.expect("publish");
  await reset(sessionOf(busy.id));
  await busy.expectClose();
  publisher.publish(topic, "0", 0);
  await eventually("the other handles both", () => idle.length === 2);
  expect(idle.map(({ payload }) => payload).sort()).toEqual(["0", "2"]);
});
