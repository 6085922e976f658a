// SHARED_STRATEGY=random through the whole runtime.

import { afterEach, expect, test } from "vitest";
import { eventually } from "../support/eventually.ts";
import { Client, cutClients, uniqueId } from "./support/client.ts";
import { configureStrategy, handledBy, member } from "./support/sharing.ts";

configureStrategy("random");
afterEach(cutClients);

test.each([0, 1, 2] as const)("RND-1 at QoS %i any member gets a message, and one alone", async (qos) => {
  const topic = uniqueId("random/any");
  const members = [handledBy(await member(topic, 2)), handledBy(await member(topic, 2))];
  const publisher = await Client.connect();
  const sent = Array.from({ length: 60 }, (_, index) => `${index}`);
  for (const payload of sent) {
    if (qos === 0) publisher.publish(topic, payload, 0);
    else await publisher.deliver(topic, payload, qos);
  }
  await eventually("all are handled", () => members.flat().length >= sent.length);
  const handled = members.map((each) => each.map(({ payload }) => payload));
  expect(handled.flat().sort()).toEqual([...sent].sort());
  // A fair coin shows one side ten times or less in one of ten million runs.
  for (const each of handled) expect(each.length).toBeGreaterThan(10);
  // Not in turn: a coin that alternates sixty times is rarer still.
  expect(handled[0]).not.toEqual(sent.filter((_, index) => index % 2 === Number(handled[0]?.[0] !== "0")));
});
