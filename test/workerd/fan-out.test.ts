// One message to a thousand sessions, however few calls the platform lets an object have under way at once.

import { runDurableObjectAlarm } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { configOf } from "../../worker/config.ts";
import { relayName, sessionName } from "../../worker/names.ts";
import { RelayObject } from "../../worker/relay/object.ts";
import { Semaphore } from "../../worker/semaphore.ts";
import { SessionObject } from "../../worker/session/object.ts";
import { countOf, quiet } from "./support/bill.ts";
import { Client, cutClients, payloads, uniqueId } from "./support/client.ts";
import { endFaults, fail, hold, reset } from "./support/faults.ts";
import { putToSleep, shardIndexOf, shardOfTopic } from "./support/objects.ts";

const sessions = 1_000;
const topic = uniqueId("fan/out");
const subscribers: Client[] = [];
let publisher: Client;

beforeAll(async () => {
  publisher = await Client.connect();
  const connecting = Array.from({ length: sessions }, async () => {
    const subscriber = await Client.connect();
    await subscriber.subscribe(topic, 1);
    subscribers.push(subscriber);
  });
  await Promise.all(connecting);
});

const { acquire, release } = Semaphore.prototype;
afterEach(() => {
  endFaults();
  Semaphore.prototype.acquire = acquire;
  Semaphore.prototype.release = release;
});
afterAll(cutClients);

/** What the code allows itself. */
const widthOfTheCode = 64;

/** Takes all but `width` places of the next fan-out for good; returns the most that were taken at once. */
function narrow(width: number): () => number {
  const narrowed = new Set<Semaphore>();
  let taken = 0;
  let most = 0;
  Semaphore.prototype.acquire = function () {
    if (!narrowed.has(this)) {
      narrowed.add(this);
      for (let place = width; place < widthOfTheCode; place++) void acquire.call(this);
    }
    const enter = () => {
      taken++;
      most = Math.max(most, taken);
    };
    const waiting = acquire.call(this);
    if (waiting === undefined) return void enter();
    return waiting.then(enter);
  };
  Semaphore.prototype.release = function () {
    taken--;
    release.call(this);
  };
  return () => most;
}

test.each([1, 6, 64])(
  "FAN-1 reaches every session once, %i calls at a time",
  async (width) => {
    await quiet();
    await putToSleep(shardOfTopic(topic));
    const most = narrow(width);
    const owed = countOf("deliveries_owed");
    const expected = ["first", "second", "third"].map((name) => `${name} of ${width}`);
    for (const payload of expected) publisher.publish(topic, payload, 1);
    for (const _ of expected) await publisher.expect("puback", 60_000);
    // Acknowledged means taken over by all: nothing is still to come.
    for (const subscriber of subscribers) {
      const received = await subscriber.expectPublishes(expected.length);
      expect(payloads(received)).toEqual(expected);
      for (const packet of received) await subscriber.acknowledge(packet);
    }
    expect(most()).toBe(width);
    expect(countOf("deliveries_owed")).toBe(owed);
  },
  120_000,
);

/** What a session took and its shard did not hear of comes again if its object fell asleep in between: on a slow machine it does. */
const cameBefore = new Set<string>();

async function expectEach(expected: readonly string[]): Promise<void> {
  for (const subscriber of subscribers) {
    const received: string[] = [];
    while (received.length < expected.length) {
      const [packet] = await subscriber.expectPublishes(1);
      if (packet === undefined) break;
      await subscriber.acknowledge(packet);
      received.push(...payloads([packet]).filter((payload) => !cameBefore.has(payload)));
    }
    expect(received).toEqual(expected);
  }
  for (const payload of expected) cameBefore.add(payload);
}

/** The shard begins a life in which it calls no session itself if a message goes to more than these. */
async function relayBeyond(fanOutDirectMax: number): Promise<void> {
  Object.assign(configOf(env), { fanOutDirectMax });
  await putToSleep(shardOfTopic(topic));
}

test("RLY-1 to more sessions than a shard calls, two calls of it reach a thousand, once and in order", async () => {
  await quiet();
  await relayBeyond(sessions - 1);
  const calls = countOf("object_calls");
  const expected = ["first relayed", "second relayed"];
  for (const payload of expected) await publisher.deliver(topic, payload, 1);
  await expectEach(expected);
  // Of each message: one to the shard, two to relays, and one of theirs to each session.
  expect(countOf("object_calls") - calls).toBe(expected.length * (1 + 2 + sessions));
  expect(await publisher.pending()).toEqual([]);
});

test.each(["before", "after"] as const)(
  "RLY-2 a relay that is lost %s its sessions were called: the publisher is acknowledged, and all get the message once",
  async (when) => {
    await relayBeyond(sessions - 1);
    const relay = relayName(shardIndexOf(topic), 0);
    const held = hold(RelayObject.prototype, "deliver", when, (name) => name === relay);
    const owed = countOf("deliveries_owed");
    publisher.publish(topic, `lost ${when}`, 1);
    await held.reached();
    await reset(env.RELAY.getByName(relay));
    held.end();
    await publisher.expect("puback", 60_000);
    expect(countOf("deliveries_owed") - owed).toBe(512);
    await runDurableObjectAlarm(shardOfTopic(topic));
    await expectEach([`lost ${when}`]);
  },
  120_000,
);

test("RLY-3 one session that fails is owed its message, by way of a relay as without one", async () => {
  await relayBeyond(sessions - 1);
  const owed = countOf("deliveries_owed");
  const failed = sessionName((subscribers[7] as Client).id);
  const failing = fail(SessionObject.prototype, "deliver", "before", (name) => name === failed);
  await publisher.deliver(topic, "to all but one", 1);
  expect(countOf("deliveries_owed") - owed).toBe(1);
  failing.end();
  await runDurableObjectAlarm(shardOfTopic(topic));
  await expectEach(["to all but one"]);
});
