// Wills: published when a client vanishes, and only then.

import { describe, expect, test } from "vitest";
import { isOurs, versionNames, versions } from "../support/broker.ts";
import { TestClient, uniqueName } from "../support/client.ts";
import { RawClient } from "../support/raw-client.ts";
import { useBroker } from "../support/use-broker.ts";

const broker = useBroker();

describe.each(versions.map((version) => ({ version, name: versionNames[version] })))("in $name", ({ version }) => {
  test.each([0, 1, 2] as const)("[MQTT-3.1.2-8] an abrupt end publishes the will at QoS %i", async (qos) => {
    const topic = `${uniqueName("will")}/value`;
    const witness = await TestClient.connect(broker().url, { version });
    await witness.subscribe(topic, 2);
    const will = { topic, payload: Buffer.from("gone"), qos, retain: false };
    const client = await TestClient.connect(broker().url, { version, will });
    client.cut();
    expect(await witness.take(1)).toEqual([{ topic, payload: "gone", qos, retain: false, dup: false }]);
  });

  test("[MQTT-3.1.2-15] a retained will is there for those who come later", async () => {
    const topic = `${uniqueName("will")}/value`;
    const witness = await TestClient.connect(broker().url, { version });
    await witness.subscribe(topic, 1);
    const will = { topic, payload: Buffer.from("gone"), qos: 1 as const, retain: true };
    const client = await TestClient.connect(broker().url, { version, will });
    client.cut();
    await witness.take(1);
    const late = await TestClient.connect(broker().url, { version });
    await late.subscribe(topic, 1);
    expect(await late.take(1)).toMatchObject([{ payload: "gone", retain: true }]);
  });

  test("[MQTT-3.14.4-3] DISCONNECT takes the will back", async () => {
    const topic = uniqueName("will");
    const witness = await TestClient.connect(broker().url, { version });
    await witness.subscribe(`${topic}/#`, 1);
    const will = { topic: `${topic}/gone`, payload: Buffer.from("gone"), qos: 1 as const, retain: false };
    const polite = await TestClient.connect(broker().url, { version, will });
    await polite.end();
    const rude = await TestClient.connect(broker().url, { version, will: { ...will, topic: `${topic}/rude` } });
    rude.cut();
    expect(await witness.take(1)).toMatchObject([{ topic: `${topic}/rude` }]);
  });

  test("[MQTT-3.1.2-22] a client silent for 1.5 times its keep-alive is gone: its will is published", async () => {
    const topic = `${uniqueName("will")}/value`;
    const witness = await TestClient.connect(broker().url, { version });
    await witness.subscribe(topic, 1);
    const will = { topic, payload: Buffer.from("silent"), qos: 1 as const, retain: false };
    await RawClient.connect(broker().url, { version, keepalive: 1, will });
    expect(await witness.takePayloads(1, 15_000)).toEqual(["silent"]);
  });

  test("a protocol error publishes the will", async () => {
    const topic = `${uniqueName("will")}/value`;
    const witness = await TestClient.connect(broker().url, { version });
    await witness.subscribe(topic, 1);
    const will = { topic, payload: Buffer.from("error"), qos: 1 as const, retain: false };
    const { client } = await RawClient.connect(broker().url, { version, will });
    client.socket.sendBytes(Buffer.from([0x00, 0x00]));
    expect(await witness.takePayloads(1)).toEqual(["error"]);
  });
});

describe.skipIf(!versions.includes(5))("in 5.0 only", () => {
  test("DISCONNECT with 0x04 asks for the will", async () => {
    const topic = `${uniqueName("will")}/value`;
    const witness = await TestClient.connect(broker().url, { version: 5 });
    await witness.subscribe(topic, 1);
    const will = { topic, payload: Buffer.from("asked"), qos: 1 as const, retain: false };
    const { client } = await RawClient.connect(broker().url, { version: 5, will });
    client.send({ cmd: "disconnect", reasonCode: 0x04 });
    expect(await witness.takePayloads(1)).toEqual(["asked"]);
  });

  test("[MQTT-3.1.3-9] coming back within the will delay takes the will back", async () => {
    const topic = uniqueName("will");
    const clientId = uniqueName("client");
    const witness = await TestClient.connect(broker().url, { version: 5 });
    await witness.subscribe(`${topic}/#`, 1);
    const delayed = (name: string, willDelayInterval: number) => ({
      topic: `${topic}/${name}`,
      payload: Buffer.from(name),
      qos: 1 as const,
      retain: false,
      properties: { willDelayInterval },
    });
    const options = { version: 5 as const, clientId, persistent: true };
    const first = await TestClient.connect(broker().url, { ...options, will: delayed("first", 2) });
    first.cut();
    const second = await TestClient.connect(broker().url, { ...options, will: delayed("second", 3) });
    second.cut();
    expect(await witness.takePayloads(1, 15_000)).toEqual(["second"]);
  });
});

test.runIf(isOurs)("a will is published when the broker was killed and the client does not come back", async () => {
  const topic = `${uniqueName("will")}/value`;
  const will = { topic, payload: Buffer.from("lost"), qos: 1 as const, retain: true };
  const client = await TestClient.connect(broker().url, { keepalive: 2, will });
  await broker().kill9();
  client.cut();
  await broker().restart();
  const witness = await TestClient.connect(broker().url);
  await witness.subscribe(topic, 1);
  expect(await witness.takePayloads(1, 40_000)).toEqual(["lost"]);
});
