// Order at full window, and flow control: how many messages may be on the way at once.

import { describe, expect, test } from "vitest";
import { isOurs, versionNames, versions } from "../support/broker.ts";
import { TestClient, uniqueName } from "../support/client.ts";
import { RawClient } from "../support/raw-client.ts";
import { useBroker } from "../support/use-broker.ts";

const broker = useBroker();
const messages = 5_000;
const window = 100;

async function publishWithWindow(client: TestClient, topic: string, qos: 1 | 2): Promise<void> {
  const onTheWay = new Set<Promise<unknown>>();
  for (let sequence = 0; sequence < messages; sequence += 1) {
    const one: Promise<unknown> = client.mqtt.publishAsync(topic, String(sequence), { qos });
    onTheWay.add(one);
    void one.then(() => onTheWay.delete(one));
    if (onTheWay.size >= window) await Promise.race(onTheWay);
  }
  await Promise.all(onTheWay);
}

describe.each(versions.filter((version) => version > 3).map((version) => ({ version, name: versionNames[version] })))(
  "in $name",
  ({ version }) => {
    test.each([1, 2] as const)(
      `${messages} messages at QoS %i with ${window} on the way arrive in order`,
      async (qos) => {
        const topic = `${uniqueName("order")}/value`;
        const subscriber = await TestClient.connect(broker().url, { version, persistent: true });
        const publisher = await TestClient.connect(broker().url, { version });
        await subscriber.subscribe(topic, qos);
        await publishWithWindow(publisher, topic, qos);
        const payloads = await subscriber.takePayloads(messages, 30_000);
        expect(payloads).toEqual(Array.from({ length: messages }, (_unused, sequence) => String(sequence)));
        expect(subscriber.received.length).toBe(messages);
      },
    );
  },
);

describe.skipIf(!versions.includes(5))("receive maximum", () => {
  test.each([1, 2] as const)(
    "[MQTT-3.3.4-9] a client that allows 2 gets 2 at QoS %i until it acknowledges",
    async (qos) => {
      const topic = `${uniqueName("window")}/value`;
      const { client } = await RawClient.connect(broker().url, { version: 5, properties: { receiveMaximum: 2 } });
      const publisher = await TestClient.connect(broker().url);
      await client.subscribe(topic, qos);
      for (const payload of ["1", "2", "3", "4", "5"]) await publisher.publish(topic, payload, qos);
      const [first, second] = await client.expectPublishes(2);
      expect(await client.pending()).toEqual([]);
      if (first === undefined || second === undefined) throw new Error("no messages");
      await client.acknowledge(first);
      const [third] = await client.expectPublishes(1);
      expect(await client.pending()).toEqual([]);
      expect([first, second, third].map((packet) => packet?.payload.toString())).toEqual(["1", "2", "3"]);
    },
  );

  test("a PUBREC does not free its place, only PUBCOMP does", async () => {
    const topic = `${uniqueName("window")}/value`;
    const { client } = await RawClient.connect(broker().url, { version: 5, properties: { receiveMaximum: 1 } });
    const publisher = await TestClient.connect(broker().url);
    await client.subscribe(topic, 2);
    for (const payload of ["1", "2"]) await publisher.publish(topic, payload, 2);
    const first = await client.expectPacket("publish");
    client.send({ cmd: "pubrec", messageId: first.messageId ?? 0 });
    await client.expectPacket("pubrel");
    expect(await client.pending()).toEqual([]);
    client.send({ cmd: "pubcomp", messageId: first.messageId ?? 0 });
    expect((await client.expectPacket("publish")).payload.toString()).toBe("2");
  });

  test("[MQTT-3.3.4-10] QoS 0 does not wait for the window", async () => {
    const topic = uniqueName("window");
    const { client } = await RawClient.connect(broker().url, { version: 5, properties: { receiveMaximum: 1 } });
    const publisher = await TestClient.connect(broker().url);
    await client.subscribe(`${topic}/#`, 1);
    await publisher.publish(`${topic}/one`, "1", 1);
    await publisher.publish(`${topic}/one`, "2", 1);
    await publisher.publish(`${topic}/none`, "0", 0);
    const [first, second] = await client.expectPublishes(2);
    expect([first?.payload.toString(), second?.payload.toString()]).toEqual(["1", "0"]);
  });

  test.runIf(isOurs)("[MQTT-3.3.4-7] a publisher above the announced maximum gets 0x93", async () => {
    const { client, connack } = await RawClient.connect(broker().url, { version: 5 });
    const allowed = connack.properties?.receiveMaximum ?? 65_535;
    const topic = `${uniqueName("flood")}/value`;
    for (let messageId = 1; messageId <= allowed + 1; messageId += 1) {
      client.send({ cmd: "publish", topic, payload: "", qos: 2, messageId, dup: false, retain: false });
    }
    for (let count = 0; count <= allowed + 1; count += 1) {
      const packet = await client.nextPacket();
      if (packet.cmd === "pubrec") continue;
      expect(packet).toMatchObject({ cmd: "disconnect", reasonCode: 0x93 });
      await client.expectClose();
      return;
    }
    throw new Error("no DISCONNECT");
  });
});
