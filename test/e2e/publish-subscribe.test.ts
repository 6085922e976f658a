// Messages from a publisher to subscribers, over every pair of protocol versions.

import { describe, expect, test } from "vitest";
import { versionNames, versions } from "../support/broker.ts";
import { TestClient, uniqueName } from "../support/client.ts";
import { useBroker } from "../support/use-broker.ts";

const broker = useBroker();
const qualities = [0, 1, 2] as const;
const pairs = versions.flatMap((from) => versions.map((to) => ({ from, to })));

describe.each(pairs)("from version $from to version $to", ({ from, to }) => {
  test.each(qualities)("a message published at QoS %i arrives once, at that QoS", async (qos) => {
    const topic = `${uniqueName("pair")}/value`;
    const subscriber = await TestClient.connect(broker().url, { version: to });
    const publisher = await TestClient.connect(broker().url, { version: from });
    await subscriber.subscribe(topic, 2);
    await publisher.publish(topic, "first", qos);
    await publisher.publish(topic, "last", qos);
    expect(await subscriber.take(2)).toEqual([
      { topic, payload: "first", qos, retain: false, dup: false },
      { topic, payload: "last", qos, retain: false, dup: false },
    ]);
  });
});

describe.each(versions.map((version) => ({ version, name: versionNames[version] })))("in $name", ({ version }) => {
  test.each([
    { published: 2, granted: 1, delivered: 1 },
    { published: 1, granted: 2, delivered: 1 },
    { published: 2, granted: 0, delivered: 0 },
    { published: 0, granted: 2, delivered: 0 },
  ] as const)(
    "published at QoS $published, subscribed at QoS $granted: delivered at QoS $delivered",
    async (quality) => {
      const topic = `${uniqueName("lower")}/value`;
      const client = await TestClient.connect(broker().url, { version });
      await client.subscribe(topic, quality.granted);
      await client.publish(topic, "message", quality.published);
      const [message] = await client.take(1);
      expect(message).toMatchObject({ payload: "message", qos: quality.delivered });
    },
  );

  test("[MQTT-3.3.4-2] overlapping subscriptions get a message once, at the highest QoS", async () => {
    const prefix = uniqueName("overlap");
    const client = await TestClient.connect(broker().url, { version });
    await client.subscribe(`${prefix}/#`, 0);
    await client.subscribe(`${prefix}/+/value`, 2);
    await client.subscribe(`${prefix}/room/value`, 1);
    await client.publish(`${prefix}/room/value`, "once", 2);
    await client.publish(`${prefix}/end`, "end", 2);
    const messages = await client.take(2);
    expect(messages.map(({ payload, qos }) => [payload, qos])).toEqual([
      ["once", 2],
      ["end", 0],
    ]);
  });

  test("[MQTT-4.7.2-1] topics that begin with $ do not match # or +/x", async () => {
    const name = uniqueName("x");
    const client = await TestClient.connect(broker().url, { version });
    await client.subscribe("#", 1);
    await client.subscribe(`+/${name}`, 1);
    await client.publish(`$hidden/${name}`, "hidden", 1);
    await client.publish(`shown/${name}`, "shown", 1);
    expect(await client.takePayloads(1)).toEqual(["shown"]);
  });

  test("a subscription that names the $ topic gets it", async () => {
    const name = uniqueName("x");
    const client = await TestClient.connect(broker().url, { version });
    await client.subscribe(`$hidden/+`, 1);
    await client.publish(`$hidden/${name}`, "hidden", 1);
    expect(await client.takePayloads(1)).toEqual(["hidden"]);
  });

  test("[MQTT-3.10.4-2] nothing comes any more after UNSUBACK", async () => {
    const prefix = uniqueName("unsubscribe");
    const client = await TestClient.connect(broker().url, { version });
    await client.subscribe(`${prefix}/gone`, 1);
    await client.subscribe(`${prefix}/stays`, 1);
    await client.publish(`${prefix}/gone`, "before", 1);
    expect(await client.takePayloads(1)).toEqual(["before"]);
    await client.unsubscribe(`${prefix}/gone`);
    await client.publish(`${prefix}/gone`, "after", 1);
    await client.publish(`${prefix}/stays`, "end", 1);
    expect(await client.takePayloads(1)).toEqual(["end"]);
  });

  test("one SUBSCRIBE may carry filters of every kind", async () => {
    const prefix = uniqueName("many");
    const client = await TestClient.connect(broker().url, { version });
    await client.subscribe([`${prefix}/a`, `${prefix}/+/b`, `${prefix}/c/#`, `+/${prefix}`], 1);
    for (const topic of [`${prefix}/a`, `${prefix}/x/b`, `${prefix}/c`, `${prefix}/c/d/e`, `y/${prefix}`]) {
      await client.publish(topic, topic, 1);
    }
    await client.publish(`${prefix}/a/not`, "not", 1);
    await client.publish(`${prefix}/a`, "end", 1);
    const payloads = await client.takePayloads(6);
    expect(payloads).toEqual([`${prefix}/a`, `${prefix}/x/b`, `${prefix}/c`, `${prefix}/c/d/e`, `y/${prefix}`, "end"]);
  });

  test("payloads of any size and content come back byte for byte", async () => {
    const topic = `${uniqueName("bytes")}/value`;
    const client = await TestClient.connect(broker().url, { version });
    const payloads = [0, 1, 127, 128, 16_383, 16_384, 200_000].map((length) =>
      Buffer.from(Array.from({ length }, (_unused, index) => (index * 31 + length) % 256)),
    );
    const received: Buffer[] = [];
    client.mqtt.on("message", (_topic, payload) => received.push(payload));
    await client.subscribe(topic, 1);
    for (const payload of payloads) await client.mqtt.publishAsync(topic, payload, { qos: 1 });
    await client.take(payloads.length);
    expect(received.map((each, index) => each.equals(payloads[index] ?? Buffer.from("none")))).toEqual(
      payloads.map(() => true),
    );
  });
});
