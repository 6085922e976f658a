// Retained messages: kept, replaced, cleared, found by wildcards.

import { describe, expect, test } from "vitest";
import { isKillable, versionNames, versions } from "../support/broker.ts";
import { TestClient, uniqueName } from "../support/client.ts";
import { useBroker } from "../support/use-broker.ts";

const broker = useBroker();

describe.each(versions.map((version) => ({ version, name: versionNames[version] })))("in $name", ({ version }) => {
  test.each([0, 1, 2] as const)("a message retained at QoS %i greets a late subscriber", async (qos) => {
    const topic = `${uniqueName("retained")}/value`;
    const publisher = await TestClient.connect(broker().url, { version });
    await publisher.publish(topic, "kept", qos, true);
    // QoS 0 is not confirmed: the confirmed message behind it says that it has been worked off.
    await publisher.publish(topic, "passing", 1, false);
    const subscriber = await TestClient.connect(broker().url, { version });
    await subscriber.subscribe(topic, 2);
    expect(await subscriber.take(1)).toEqual([{ topic, payload: "kept", qos, retain: true, dup: false }]);
  });

  test("[MQTT-3.3.1-12] someone who is subscribed already gets it without the RETAIN flag", async () => {
    const topic = `${uniqueName("retained")}/value`;
    const client = await TestClient.connect(broker().url, { version });
    await client.subscribe(topic, 1);
    await client.publish(topic, "kept", 1, true);
    expect(await client.take(1)).toMatchObject([{ payload: "kept", retain: false }]);
  });

  test("[MQTT-3.3.1-5] a later one replaces it", async () => {
    const topic = `${uniqueName("retained")}/value`;
    const client = await TestClient.connect(broker().url, { version });
    await client.publish(topic, "old", 1, true);
    await client.publish(topic, "new", 1, true);
    await client.publish(topic, "not retained", 1, false);
    await client.subscribe(topic, 1);
    await client.publish(topic, "end", 1, false);
    expect(await client.takePayloads(2)).toEqual(["new", "end"]);
  });

  test("[MQTT-3.3.1-6] an empty payload clears it, and is delivered itself", async () => {
    const topic = `${uniqueName("retained")}/value`;
    const witness = await TestClient.connect(broker().url, { version });
    await witness.subscribe(topic, 1);
    const client = await TestClient.connect(broker().url, { version });
    await client.publish(topic, "old", 1, true);
    await client.publish(topic, "", 1, true);
    expect(await witness.takePayloads(2)).toEqual(["old", ""]);
    await client.subscribe(topic, 1);
    await client.publish(topic, "end", 1, false);
    expect(await client.takePayloads(1)).toEqual(["end"]);
  });

  test("wildcards find all that match, and nothing else", async () => {
    const prefix = uniqueName("house");
    const client = await TestClient.connect(broker().url, { version });
    for (const topic of ["kitchen/light", "kitchen/heat", "hall/light", "hall/light/level", "garden"]) {
      await client.publish(`${prefix}/${topic}`, topic, 1, true);
    }
    const found = async (filter: string, count: number): Promise<string[]> => {
      const subscriber = await TestClient.connect(broker().url, { version });
      await subscriber.subscribe(filter, 1);
      await client.publish(`${prefix}/kitchen/light/end`, "end", 1, false);
      const payloads = await subscriber.takePayloads(count);
      return payloads.toSorted();
    };
    expect(await found(`${prefix}/+/light`, 2)).toEqual(["hall/light", "kitchen/light"]);
    expect(await found(`${prefix}/kitchen/#`, 3)).toEqual(["end", "kitchen/heat", "kitchen/light"]);
    const all = ["end", "garden", "hall/light", "hall/light/level", "kitchen/heat", "kitchen/light"];
    expect(await found(`${prefix}/#`, 6)).toEqual(all);
    expect(await found(`+/kitchen/heat`, 1)).toEqual(["kitchen/heat"]);
  });

  test("it is sent again to someone who subscribes again", async () => {
    const topic = `${uniqueName("retained")}/value`;
    const client = await TestClient.connect(broker().url, { version });
    await client.publish(topic, "kept", 1, true);
    await client.subscribe(topic, 1);
    await client.subscribe(topic, 1);
    expect(await client.takePayloads(2)).toEqual(["kept", "kept"]);
  });
});

test.runIf(isKillable)("retained messages outlive a kill of the broker", async () => {
  const prefix = uniqueName("retained");
  const publisher = await TestClient.connect(broker().url);
  await publisher.publish(`${prefix}/kept`, "kept", 1, true);
  await publisher.publish(`${prefix}/cleared`, "cleared", 1, true);
  await publisher.publish(`${prefix}/cleared`, "", 1, true);
  await broker().kill9();
  await broker().restart();
  const subscriber = await TestClient.connect(broker().url);
  await subscriber.subscribe(`${prefix}/#`, 1);
  await subscriber.publish(`${prefix}/end`, "end", 1);
  expect((await subscriber.takePayloads(2)).toSorted()).toEqual(["end", "kept"]);
});
