// More retained messages than a session's queue holds: they come all the same, as the client acknowledges.

import { expect, test } from "vitest";
import { isOurs } from "../support/broker.ts";
import { TestClient } from "../support/client.ts";
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
