// A subscriber whose many overlapping subscriptions all match: each message carries all their identifiers, and batches
// grow by them. That must not break its session, the shard, or anybody else's messages.

import { afterEach, expect, test } from "vitest";
import { Client, cutClients, publishPacket, uniqueId } from "./support/client.ts";

afterEach(cutClients);

const levels = 9;

/** All filters that match the topic by a "+" or the name itself on each of the last levels. */
function overlapping(prefix: string): string[] {
  return Array.from({ length: 2 ** levels }, (_, bits) =>
    [prefix, ...Array.from({ length: levels }, (_level, at) => ((bits >> at) & 1 ? "+" : `${at}`))].join("/"),
  );
}

test("LIM-7 a batch for a subscriber with 512 overlapping subscriptions is taken over", async () => {
  const prefix = uniqueId("limits/overlap");
  const topic = [prefix, ...Array.from({ length: levels }, (_, at) => `${at}`)].join("/");
  const greedy = await Client.connect({ version: 5, persistent: true });
  for (const [index, filter] of overlapping(prefix).entries()) {
    const properties = { subscriptionIdentifier: index + 1 };
    greedy.send({ cmd: "subscribe", messageId: index + 1, properties, subscriptions: [{ topic: filter, qos: 1 }] });
  }
  for (let index = 0; index < 2 ** levels; index++) await greedy.expect("suback");
  const modest = await Client.connect();
  await modest.subscribe(topic, 1);
  const publisher = await Client.connect();
  // Together with their identifiers more than a row holds.
  const count = 1_100;
  const frames = Array.from({ length: count }, (_, index) =>
    publisher.encode(publishPacket(topic, `${index}`, 1, { messageId: index + 1 })),
  );
  publisher.sendBytes(Buffer.concat(frames));
  for (let index = 0; index < count; index++) await publisher.expect("puback");
  for (let index = 0; index < count; index++) {
    await modest.acknowledge(await modest.expect("publish"));
    const packet = await greedy.expect("publish");
    expect(packet.payload.toString()).toBe(`${index}`);
    expect(packet.properties?.subscriptionIdentifier).toHaveLength(2 ** levels);
    await greedy.acknowledge(packet);
  }
});
