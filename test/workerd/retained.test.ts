// Retained messages for new subscriptions: all of them, however many, and never an older one after a newer.

import { afterEach, expect, test } from "vitest";
import { SessionObject } from "../../worker/session/object.ts";
import { TopicShard } from "../../worker/shard/object.ts";
import { eventually } from "../support/eventually.ts";
import { recordTexts } from "../support/records.ts";
import { manage } from "./support/api.ts";
import { countFor, quiet } from "./support/bill.ts";
import { Client, cutClients, payloads, uniqueId } from "./support/client.ts";
import { endFaults, hold, reset } from "./support/faults.ts";
import { sessionOf, shardOfTopic } from "./support/objects.ts";

afterEach(() => {
  endFaults();
  cutClients();
});

/** Sets retained messages, many at a time. */
async function retain(messages: readonly (readonly [topic: string, payload: string])[]): Promise<void> {
  const publisher = await Client.connect();
  for (const [topic, payload] of messages) publisher.publish(topic, payload, 1, { retain: true });
  for (const _ of messages) await publisher.expect("puback");
  publisher.cut();
}

test("RET-1 a new subscriber to # gets all of 2,000 retained messages, 10 at a time too", async () => {
  const messages = Array.from(
    { length: 2_000 },
    (_, index) => [`retained/${index % 50}/${index}`, `${index}`] as const,
  );
  await retain(messages);
  const expected = messages.map(([topic]) => topic).sort();
  for (const [receiveMaximum, filter] of [
    [65_535, "#"],
    [10, "#"],
    [10, "retained/+/+"],
  ] as const) {
    const drops = countFor("drops", "queue-full");
    const subscriber = await Client.connect({ version: 5, receiveMaximum });
    subscriber.send({ cmd: "subscribe", messageId: 1, subscriptions: [{ topic: filter, qos: 1 }] });
    const topics: string[] = [];
    let unacknowledged = 0;
    while (topics.length < messages.length) {
      const packet = await subscriber.next();
      if (packet.cmd === "suback") continue;
      if (packet.cmd !== "publish") throw new Error(`got ${packet.cmd}`);
      expect(packet.retain).toBe(true);
      topics.push(packet.topic);
      expect(++unacknowledged).toBeLessThanOrEqual(receiveMaximum);
      if (unacknowledged < Math.min(receiveMaximum, 10)) continue;
      // A full window's worth at once: the last of each ten brings the acknowledgements of all.
      for (; unacknowledged > 0; unacknowledged--) {
        const position = topics.length - unacknowledged;
        subscriber.send({ cmd: "puback", messageId: identifiers(position, packet.messageId ?? 0, topics.length) });
      }
    }
    expect((await subscriber.pending()).filter(({ cmd }) => cmd === "publish")).toEqual([]);
    expect(topics.sort()).toEqual(expected);
    expect(countFor("drops", "queue-full")).toBe(drops);
    subscriber.cut();
  }
  await retain(messages.map(([topic]) => [topic, ""]));
});

/** Identifiers are consecutive: that of an earlier message, told from the last. */
function identifiers(position: number, lastIdentifier: number, count: number): number {
  return lastIdentifier - (count - 1 - position);
}

test("RET-2 what is published while the answer to a SUBSCRIBE is under way comes after it", async () => {
  const topic = uniqueId("retained/race");
  await retain([[topic, "old"]]);
  const subscriber = await Client.connect();
  const publisher = await Client.connect();
  const answer = hold(TopicShard.prototype, "exchange", "after");
  const delivery = hold(SessionObject.prototype, "deliver", "before");
  subscriber.send({ cmd: "subscribe", messageId: 1, subscriptions: [{ topic, qos: 1 }] });
  await answer.reached();
  publisher.publish(topic, "new", 1, { retain: true });
  await delivery.reached();
  // The delivery gets to the session first.
  delivery.end();
  await quiet();
  answer.end();
  const packets = [await subscriber.next(), await subscriber.next(), await subscriber.next()];
  expect(payloads(packets)).toEqual(["old", "new"]);
});

test("RET-3 while pages of retained messages come and topics change, no topic goes back in time", async () => {
  const prefix = uniqueId("retained/pages");
  const topics = Array.from({ length: 700 }, (_, index) => `${prefix}/${index}`);
  await retain(topics.map((topic) => [topic, "0"]));
  const subscriber = await Client.connect();
  const publisher = await Client.connect();
  subscriber.send({ cmd: "subscribe", messageId: 1, subscriptions: [{ topic: `${prefix}/#`, qos: 1 }] });
  const rounds = 4;
  for (let version = 1; version <= rounds; version++) {
    for (const topic of topics) publisher.publish(topic, `${version}`, 1, { retain: true });
    for (const _ of topics) await publisher.expect("puback");
  }
  const seen = new Map<string, number>();
  let finished = 0;
  while (finished < topics.length) {
    const packet = await subscriber.next();
    if (packet.cmd !== "publish") continue;
    await subscriber.acknowledge(packet);
    const version = Number(packet.payload.toString());
    expect(version, packet.topic).toBeGreaterThanOrEqual(seen.get(packet.topic) ?? 0);
    if (version === rounds && seen.get(packet.topic) !== rounds) finished++;
    seen.set(packet.topic, version);
  }
});

test("RET-4 many subscribe and publish at once: whoever subscribes ends with the newest", async () => {
  for (let round = 0; round < 10; round++) {
    const topic = uniqueId("retained/moment");
    await retain([[topic, "old"]]);
    const publisher = await Client.connect();
    const subscribers = await Promise.all(Array.from({ length: 5 }, () => Client.connect()));
    for (const [index, subscriber] of subscribers.entries()) {
      if (index === round % 5) publisher.publish(topic, "new", 1, { retain: true });
      subscriber.send({ cmd: "subscribe", messageId: 1, subscriptions: [{ topic, qos: 1 }] });
    }
    await publisher.expect("puback");
    for (const subscriber of subscribers) {
      const got: string[] = [];
      while (!got.includes("new")) got.push(...payloads([await subscriber.next()]));
      got.push(...payloads(await subscriber.pending()));
      expect(got.lastIndexOf("old")).toBeLessThan(got.indexOf("new"));
    }
  }
});

test.each(["its connection ends", "its object dies"])(
  "RET-5 a subscriber that %s before SUBACK gets them with Retain Handling 1 when it comes again",
  async (what) => {
    const topic = uniqueId("retained/again");
    await retain([[topic, "kept"]]);
    const clientId = uniqueId();
    const ask = (client: Client, messageId: number) =>
      client.send({ cmd: "subscribe", messageId, subscriptions: [{ topic, qos: 0, rh: 1 }] });
    const first = await Client.connect({ clientId, version: 5, persistent: true });
    const answer = hold(TopicShard.prototype, "exchange", "after");
    ask(first, 1);
    await answer.reached();
    if (what === "its object dies") await reset(sessionOf(clientId));
    first.cut();
    await eventually("it is away", async () => (await manage("GET", `/clients/${clientId}`)).state === "away");
    answer.end();
    await quiet();
    const second = await Client.connect({ clientId, version: 5, persistent: true, clean: false });
    ask(second, 1);
    await second.expect("suback");
    expect(payloads(await second.pending())).toEqual(["kept"]);
    ask(second, 2);
    await second.expect("suback");
    expect(payloads(await second.pending())).toEqual([]);
  },
);

test("RET-6 one SUBSCRIBE for many topics brings what is retained for each, if that is more than a call can carry", async () => {
  const prefix = uniqueId("retained-large");
  const topics = Array.from({ length: 36 }, (_, index) => `${prefix}/large/${index}`);
  for (const topic of topics) await retain([[topic, "x".repeat(1_000_000)]]);
  const subscriber = await Client.connect({ version: 5 });
  const subscriptions = topics.map((topic) => ({ topic, qos: 1 as const }));
  subscriber.send({ cmd: "subscribe", messageId: 1, subscriptions });
  const seen: string[] = [];
  await subscriber.expect("suback");
  while (seen.length < topics.length) {
    const packet = await subscriber.expect("publish");
    seen.push(packet.topic);
    await subscriber.acknowledge(packet);
  }
  expect(seen.sort()).toEqual([...topics].sort());
  await retain(topics.map((topic) => [topic, ""]));
});

test("RET-7 one SUBSCRIBE whose first pages alone would fill the queue loses none of them", async () => {
  const end = uniqueId();
  const messages = Array.from({ length: 4_200 }, (_, index) => [`${index % 64}/${index}/${end}`, `${index}`] as const);
  await retain(messages);
  const drops = countFor("drops", "queue-full");
  const subscriber = await Client.connect({ version: 5, receiveMaximum: 100 });
  const filters = [`+/+/${end}`, `+/+/${end}/#`, "+/+/#"];
  subscriber.send({ cmd: "subscribe", messageId: 1, subscriptions: filters.map((topic) => ({ topic, qos: 1 })) });
  for (let left = filters.length * messages.length; left > 0; ) {
    const packet = await subscriber.next();
    if (packet.cmd !== "publish") continue;
    if (packet.topic.endsWith(end)) left--;
    await subscriber.acknowledge(packet);
  }
  expect(countFor("drops", "queue-full")).toBe(drops);
  await retain(messages.map(([topic]) => [topic, ""]));
});

test("RET-8 a shard does not keep the pages that it has given: a call that comes again is answered anew", async () => {
  const topic = uniqueId("retained/repeat");
  await retain([[topic, "before"]]);
  const terms = { qos: 1, noLocal: false, retainAsPublished: false, identifier: 0, sendRetained: true } as const;
  const key = { source: "=c:asker", incarnation: 1, sequence: 1 };
  const call = { session: "c:asker", generation: 1, entries: [{ filter: topic, ...terms }] };
  const ask = async () => {
    const answer = await shardOfTopic(topic).exchange({ kind: "subscribe", key, ...call });
    return "stale" in answer ? [] : answer.retained.flatMap(({ body }) => recordTexts(body));
  };
  expect(await ask()).toEqual([`${topic}:before q1 retain`]);
  await retain([[topic, "after"]]);
  expect(await ask()).toEqual([`${topic}:after q1 retain`]);
});
