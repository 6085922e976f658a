// One message to a thousand sessions, however few calls the platform lets an object have under way at once.

import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { Semaphore } from "../../worker/shard/semaphore.ts";
import { countOf, quiet } from "./support/bill.ts";
import { Client, cutClients, payloads, uniqueId } from "./support/client.ts";
import { putToSleep, shardOfTopic } from "./support/objects.ts";

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
}, 120_000);

const { acquire, release } = Semaphore.prototype;
afterEach(() => {
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
