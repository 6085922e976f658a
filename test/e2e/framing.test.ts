// MQTT is a stream of bytes: where the WebSocket frames end must not matter, nor which subprotocol or path was asked for.

import type { Packet } from "mqtt-packet";
import { describe, expect, test } from "vitest";
import { isOurs, versionNames, versions } from "../support/broker.ts";
import { uniqueName } from "../support/client.ts";
import { connectPacket, RawClient } from "../support/raw-client.ts";
import { RawSocket } from "../support/raw-socket.ts";
import { useBroker } from "../support/use-broker.ts";

const broker = useBroker();

describe.each(versions.map((version) => ({ version, name: versionNames[version] })))("in $name", ({ version }) => {
  test("CONNECT, SUBSCRIBE and two PUBLISHes in one frame", async () => {
    const topic = `${uniqueName("one")}/value`;
    const client = new RawClient(await RawSocket.open(broker().url), version);
    const packets: Packet[] = [
      connectPacket(version),
      { cmd: "subscribe", messageId: 1, subscriptions: [{ topic, qos: 0 }] },
      { cmd: "publish", topic, payload: "1", qos: 1, messageId: 2, dup: false, retain: false },
      { cmd: "publish", topic, payload: "2", qos: 1, messageId: 3, dup: false, retain: false },
      { cmd: "pingreq" },
    ];
    client.socket.sendBytes(Buffer.concat(packets.map((packet) => client.encode(packet))));
    await client.expectPacket("connack");
    // Answers of different kinds may overtake one another; each kind keeps its order.
    const answers: Packet[] = [];
    for (let count = 0; count < 6; count += 1) answers.push(await client.nextPacket());
    const of = (command: string) => answers.filter((packet) => packet.cmd === command);
    expect(of("suback").map((packet) => packet.messageId)).toEqual([1]);
    expect(of("puback").map((packet) => packet.messageId)).toEqual([2, 3]);
    expect(of("publish").map((packet) => packet.cmd === "publish" && packet.payload.toString())).toEqual(["1", "2"]);
    expect(of("pingresp").length).toBe(1);
  });

  test.each([1, 2, 3, 7])("everything cut into frames of %i bytes, CONNECT included", async (pieceBytes) => {
    const topic = `${uniqueName("cut")}/value`;
    const client = new RawClient(await RawSocket.open(broker().url), version);
    const send = (packet: Parameters<typeof client.encode>[0]): void =>
      client.socket.sendInPieces(client.encode(packet), pieceBytes);
    send(connectPacket(version));
    await client.expectPacket("connack");
    send({ cmd: "subscribe", messageId: 1, subscriptions: [{ topic, qos: 2 }] });
    await client.expectPacket("suback");
    send({ cmd: "publish", topic, payload: "x".repeat(300), qos: 1, messageId: 2, dup: false, retain: false });
    const answers = [await client.nextPacket(), await client.nextPacket()];
    expect(answers.map(({ cmd }) => cmd).toSorted()).toEqual(["puback", "publish"]);
    const publish = answers.find(({ cmd }) => cmd === "publish");
    expect(publish?.cmd === "publish" && publish.payload.toString()).toBe("x".repeat(300));
    send({ cmd: "pingreq" });
    await client.expectPacket("pingresp");
  });

  test("frames that end in the middle of packets", async () => {
    const topic = `${uniqueName("middle")}/value`;
    const { client } = await RawClient.connect(broker().url, { version });
    await client.subscribe(topic, 0);
    const payloads = Array.from({ length: 200 }, (_unused, index) => `${index}-${"y".repeat(index)}`);
    const bytes = Buffer.concat(
      payloads.map((payload) => client.encode({ cmd: "publish", topic, payload, qos: 0, dup: false, retain: false })),
    );
    client.socket.sendInPieces(bytes, 97);
    const received = await client.expectPublishes(payloads.length);
    expect(received.map(({ payload }) => payload.toString())).toEqual(payloads);
  });
});

test.runIf(isOurs)("an empty frame is no mistake", async () => {
  const { client } = await RawClient.connect(broker().url);
  client.socket.sendBytes(Buffer.alloc(0));
  client.send({ cmd: "pingreq" });
  await client.expectPacket("pingresp");
});

describe("[MQTT-6.0.0-3] subprotocols", () => {
  test.each([
    { asked: ["mqtt"], chosen: "mqtt", version: 4 as const },
    { asked: ["mqttv3.1"], chosen: "mqttv3.1", version: 3 as const },
    { asked: ["mqtt", "mqttv3.1"], chosen: "mqtt", version: 4 as const },
    { asked: ["mqttv3.1", "mqtt"], chosen: /^mqtt(v3\.1)?$/, version: 3 as const },
  ])("asked for $asked", async ({ asked, chosen, version }) => {
    const { client } = await RawClient.connect(broker().url, { version, protocols: asked });
    expect(client.socket.protocol).toMatch(chosen instanceof RegExp ? chosen : new RegExp(`^${chosen}$`));
    client.send({ cmd: "pingreq" });
    await client.expectPacket("pingresp");
  });

  test.runIf(isOurs)("asked for none: the connection works, and none is chosen", async () => {
    const { client } = await RawClient.connect(broker().url, { protocols: [] });
    expect(client.socket.protocol).toBe("");
    client.send({ cmd: "pingreq" });
    await client.expectPacket("pingresp");
  });
});

test.each(["/mqtt", "/"])("MQTT is spoken at %s", async (path) => {
  const { client } = await RawClient.connect(new URL(path, broker().url).href);
  client.send({ cmd: "pingreq" });
  await client.expectPacket("pingresp");
});
