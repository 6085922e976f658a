// Persistent sessions: what waits for a client that is away, and who owns a session when two clients claim it.

import { describe, expect, test } from "vitest";
import { versionNames, versions } from "../support/broker.ts";
import { TestClient, uniqueName } from "../support/client.ts";
import { useBroker } from "../support/use-broker.ts";

const broker = useBroker();

describe.each(versions.map((version) => ({ version, name: versionNames[version] })))("in $name", ({ version }) => {
  const persistent = { version, persistent: true };

  test.skipIf(version === 3)("[MQTT-3.2.2-3] session present tells whether there is state", async () => {
    const clientId = uniqueName("present");
    const flags: boolean[] = [];
    for (const isPersistent of [true, true, true, false, true, false, false]) {
      const client = await TestClient.connect(broker().url, { version, clientId, persistent: isPersistent });
      flags.push(client.sessionPresent);
      await client.end();
    }
    expect(flags).toEqual([false, true, true, false, false, false, false]);
  });

  test("messages at QoS 1 and 2 wait for a client that is away, each QoS in order", async () => {
    const clientId = uniqueName("away");
    const topic = `${clientId}/value`;
    const before = await TestClient.connect(broker().url, { ...persistent, clientId });
    await before.subscribe(topic, 2);
    await before.end();
    const publisher = await TestClient.connect(broker().url, { version });
    for (let sequence = 0; sequence < 50; sequence += 1) await publisher.publish(topic, String(sequence), 2);
    for (let sequence = 50; sequence < 100; sequence += 1) await publisher.publish(topic, String(sequence), 1);
    const after = await TestClient.connect(broker().url, { ...persistent, clientId });
    const messages = await after.take(100);
    const sequence = (from: number) => Array.from({ length: 50 }, (_unused, index) => String(from + index));
    // Messages of different QoS may overtake one another: at QoS 2 a client may wait for PUBREL.
    const payloadsAt = (wanted: number) => messages.filter(({ qos }) => qos === wanted).map(({ payload }) => payload);
    expect(payloadsAt(2)).toEqual(sequence(0));
    expect(payloadsAt(1)).toEqual(sequence(50));
    await publisher.publish(topic, "end", 1);
    expect(await after.takePayloads(1)).toEqual(["end"]);
  });

  test("QoS 0 does not wait for a client that is away", async () => {
    const clientId = uniqueName("away");
    const topic = `${clientId}/value`;
    const before = await TestClient.connect(broker().url, { ...persistent, clientId });
    await before.subscribe(topic, 2);
    await before.end();
    const publisher = await TestClient.connect(broker().url, { version });
    await publisher.publish(topic, "lost", 0);
    await publisher.publish(topic, "kept", 1);
    const after = await TestClient.connect(broker().url, { ...persistent, clientId });
    expect(await after.takePayloads(1)).toEqual(["kept"]);
  });

  test("[MQTT-3.1.2-4] a clean start throws the session away", async () => {
    const clientId = uniqueName("clean");
    const topic = `${clientId}/value`;
    const before = await TestClient.connect(broker().url, { ...persistent, clientId });
    await before.subscribe(topic, 2);
    await before.end();
    const publisher = await TestClient.connect(broker().url, { version });
    await publisher.publish(topic, "queued", 1);
    const clean = await TestClient.connect(broker().url, { version, clientId });
    await publisher.publish(topic, "not subscribed", 1);
    await clean.subscribe(topic, 1);
    await publisher.publish(topic, "end", 1);
    expect(await clean.takePayloads(1)).toEqual(["end"]);
  });

  test("unsubscribed filters stay away from a session that comes back", async () => {
    const clientId = uniqueName("unsub");
    const before = await TestClient.connect(broker().url, { ...persistent, clientId });
    await before.subscribe([`${clientId}/gone`, `${clientId}/stays`], 1);
    await before.unsubscribe(`${clientId}/gone`);
    await before.end();
    const publisher = await TestClient.connect(broker().url, { version });
    await publisher.publish(`${clientId}/gone`, "gone", 1);
    await publisher.publish(`${clientId}/stays`, "stays", 1);
    const after = await TestClient.connect(broker().url, { ...persistent, clientId });
    expect(await after.takePayloads(1)).toEqual(["stays"]);
  });

  test("[MQTT-3.1.4-3] a second connection with the same client id takes over; the first is closed", async () => {
    const clientId = uniqueName("twice");
    const topic = `${clientId}/value`;
    const first = await TestClient.connect(broker().url, { ...persistent, clientId });
    await first.subscribe(topic, 1);
    const second = await TestClient.connect(broker().url, { ...persistent, clientId });
    if (version > 3) expect(second.sessionPresent).toBe(true);
    await first.closed();
    if (version === 5) expect(first.disconnect?.reasonCode).toBe(0x8e);
    await second.publish(topic, "mine", 1);
    expect(await second.takePayloads(1)).toEqual(["mine"]);
    expect(second.isClosed).toBe(false);
    expect(first.received).toEqual([]);
  });

  test("ten take-overs in a row leave exactly one owner", async () => {
    const clientId = uniqueName("relay");
    const topic = `${clientId}/value`;
    const clients: TestClient[] = [];
    for (let count = 0; count < 10; count += 1) {
      clients.push(await TestClient.connect(broker().url, { ...persistent, clientId }));
    }
    const last = clients.pop();
    if (last === undefined) throw new Error("no client");
    for (const client of clients) await client.closed();
    await last.subscribe(topic, 1);
    await last.publish(topic, "mine", 1);
    expect(await last.takePayloads(1)).toEqual(["mine"]);
    expect(last.isClosed).toBe(false);
  });
});
