// More retained messages than a session's queue holds: they come all the same, as the client acknowledges, also when the
// broker is killed in the middle.

import { expect, test } from "vitest";
import { isKillable, isOurs } from "../support/broker.ts";
import { TestClient, uniqueName } from "../support/client.ts";
import { eventually } from "../support/eventually.ts";
import { useBroker } from "../support/use-broker.ts";

const broker = useBroker({ env: { QUEUE_MESSAGES_MAX: "600" } });

test.runIf(isOurs)("[MQTT-3.3.1-9] 2,000 retained messages reach a session whose queue holds 600", async () => {
  const publisher = await TestClient.connect(broker().url);
  const topics = Array.from({ length: 2_000 }, (_, index) => `many/values/${index}`);
  await Promise.all(topics.map((topic) => publisher.publish(topic, topic, 1, true)));

  const subscriber = await TestClient.connect(broker().url, { persistent: true, version: 5 });
  await subscriber.subscribe("many/values/#", 1);
  const payloads = await subscriber.takePayloads(topics.length);
  expect(new Set(payloads)).toEqual(new Set(topics));
  expect(await broker().counter("durablemq_drops_total")).toBe(0);
});

test.runIf(isOurs && isKillable)("RPL-1 all 2,000 of them although the broker is killed twice on the way", async () => {
  const clientId = uniqueName("slow");
  const connect = () => TestClient.connect(broker().url, { clientId, persistent: true });
  const seen = new Set<string>();
  const note = ({ received }: TestClient) => {
    for (const { payload } of received) seen.add(payload);
  };
  let subscriber = await connect();
  await subscriber.subscribe("many/values/#", 1);
  for (const count of [300, 400]) {
    await subscriber.take(count);
    await broker().kill9();
    note(subscriber);
    await broker().restart();
    subscriber = await connect();
  }
  await eventually("all have come", () => {
    note(subscriber);
    return seen.size === 2_000;
  });
});
