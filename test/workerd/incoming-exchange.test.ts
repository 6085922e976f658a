// From a client to the broker: QoS 1 and 2 messages in flight together, interrupted after every step. Every step may be
// taken again after an interruption, as a client does; each QoS 2 message arrives once.

import { afterEach, expect, test } from "vitest";
import { Client, cutClients, payloads, uniqueId } from "./support/client.ts";
import { everybodySleeps, reset, vanish } from "./support/faults.ts";
import { sessionOf, shardOfTopic } from "./support/objects.ts";

afterEach(cutClients);

const unknownIdentifier = 0x92;
const ids = { x: 1, y: 2, z: 3 } as const;
type Name = keyof typeof ids;

const steps: readonly (readonly ["publish" | "repeat" | "pubrel" | "pubrel again", Name])[] = [
  ["publish", "x"],
  ["repeat", "x"],
  ["publish", "y"],
  ["pubrel", "x"],
  ["publish", "z"],
  ["pubrel", "y"],
  ["pubrel again", "y"],
];

async function take(client: Client, topic: string, [what, name]: (typeof steps)[number]): Promise<void> {
  const messageId = ids[name];
  const qos = name === "z" ? 1 : 2;
  if (what === "pubrel" || what === "pubrel again") {
    client.send({ cmd: "pubrel", messageId });
    const reasonCode = what === "pubrel" ? 0 : unknownIdentifier;
    expect(await client.expect("pubcomp")).toMatchObject({ messageId, reasonCode });
    return;
  }
  client.publish(topic, name, qos, { messageId, dup: what === "repeat" });
  expect(await client.expect(qos === 1 ? "puback" : "pubrec")).toMatchObject({ messageId });
}

const interruptions = ["sleeps", "is cut", "sleeps and is cut", "is reset", "is reset with its shard"] as const;

async function interrupt(how: (typeof interruptions)[number], client: Client, topic: string): Promise<Client> {
  if (how === "sleeps") {
    await everybodySleeps();
    return client;
  }
  if (how === "sleeps and is cut") await everybodySleeps();
  if (how === "is reset with its shard") await reset(shardOfTopic(topic));
  if (how === "is reset" || how === "is reset with its shard") {
    await reset(sessionOf(client.id));
    await client.expectClose();
  } else await vanish(client);
  const again = await Client.connect({ version: 5, persistent: true, clientId: client.id });
  expect(again.connack?.sessionPresent).toBe(true);
  return again;
}

test.each(interruptions)("EXC-2 a publisher that %s after any step has each message delivered once", async (how) => {
  const subscriber = await Client.connect({ persistent: true });
  for (let point = 1; point <= steps.length; point++) {
    const topic = uniqueId("exchange/incoming");
    await subscriber.subscribe(topic, 2);
    let publisher = await Client.connect({ version: 5, persistent: true });
    for (const [index, step] of steps.entries()) {
      if (index === point || (index > 0 && point === steps.length)) {
        publisher = await interrupt(how, publisher, topic);
        // Unless PUBREC was seen, the client would send again; unless PUBREL has gone, it may.
        const [what, name] = steps[index - 1] as (typeof steps)[number];
        if (what !== "pubrel" && what !== "pubrel again" && name !== "z") {
          await take(publisher, topic, ["repeat", name]);
        }
      }
      await take(publisher, topic, step);
    }
    const received = await subscriber.expectPublishes(3);
    expect(payloads(received)).toEqual(["x", "y", "z"]);
    for (const packet of received) await subscriber.acknowledge(packet);
    expect(await subscriber.pending()).toEqual([]);
    publisher.cut();
  }
});
