// Objects that lose their memory while a batch is on its way. Whoever has an acknowledgement has lost nothing, order is
// kept, and a QoS 2 message arrives once.

import { afterEach, expect, test } from "vitest";
import { SessionObject } from "../../worker/session/object.ts";
import { TopicShard } from "../../worker/shard/object.ts";
import { eventually } from "../support/eventually.ts";
import { cutClients, uniqueId } from "./support/client.ts";
import { Consumer, firstSeen } from "./support/consumer.ts";
import { endFaults, hold, reset } from "./support/faults.ts";
import { sessionOf, shardOfTopic } from "./support/objects.ts";
import { Producer } from "./support/producer.ts";

const consumers: Consumer[] = [];
afterEach(async () => {
  endFaults();
  for (const consumer of consumers.splice(0)) await consumer.stop();
  cutClients();
});

const victims = ["publisher", "shard", "subscriber"] as const;
const places = ["before the shard", "after the shard", "before the target", "after the target"] as const;
const cases = victims.flatMap((victim) => places.map((place) => ({ victim, place })));

test.each(cases)("RST-1 the $victim is reset while a batch is held $place", async ({ victim, place }) => {
  for (const qos of [1, 2] as const) {
    const topic = uniqueId("reset/batch");
    const consumer = await Consumer.subscribed(topic, 2);
    consumers.push(consumer);
    const producer = await Producer.connected();
    producer.send(topic, ["before"], qos);
    await producer.finish();

    const when = place.startsWith("before") ? "before" : "after";
    const held = place.endsWith("shard")
      ? hold(TopicShard.prototype, "exchange", when)
      : hold(SessionObject.prototype, "deliver", when);
    producer.send(topic, ["a", "b", "c"], qos);
    await held.reached();
    const stubs = { publisher: sessionOf(producer.id), shard: shardOfTopic(topic), subscriber: sessionOf(consumer.id) };
    await reset(stubs[victim]);
    held.end();
    await producer.finish();
    producer.send(topic, ["after"], qos);
    await producer.finish();

    await eventually("the last message arrives", () => consumer.payloads.includes("after"));
    const expected = ["before", "a", "b", "c", "after"];
    expect(qos === 2 ? consumer.payloads : firstSeen(consumer.payloads)).toEqual(expected);
  }
});
