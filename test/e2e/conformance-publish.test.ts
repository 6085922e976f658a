// PUBLISH and its acknowledgements in both directions, statement by statement.

import { expect, test } from "vitest";
import { payloads } from "../conversations/content.ts";
import { forgotten, interrupted } from "../conversations/interrupted.ts";
import { ordered } from "../conversations/order.ts";
import { conversations, play } from "../conversations/play.ts";
import { toTheBroker, toTheSubscriber } from "../conversations/publish.ts";
import { versionNames, versions } from "../support/broker.ts";
import { bytes, noProperties, packet, text, withLength } from "../support/bytes.ts";
import { RawClient } from "../support/raw-client.ts";
import { refusal } from "../support/refusal.ts";
import { useBroker } from "../support/use-broker.ts";

const broker = useBroker();

conversations(broker, toTheBroker);
conversations(broker, toTheSubscriber);
conversations(broker, ordered);
conversations(broker, interrupted);
conversations(broker, forgotten);
conversations(broker, payloads);

const notUtf8 = [0, 2, 0xc3, 0x28];

test.each([
  { title: "[MQTT-3.3.2-13] a response topic", property: [0x08, ...notUtf8] },
  { title: "[MQTT-3.3.2-19] a content type", property: [0x03, ...notUtf8] },
  { title: "[MQTT-1.5.7-1] the name of a user property", property: [0x26, ...notUtf8, 0, 1, 0x61] },
  { title: "[MQTT-1.5.7-1] the value of a user property", property: [0x26, 0, 1, 0x61, ...notUtf8] },
])("$title that is not UTF-8 is malformed", async ({ property }) => {
  const { client } = await RawClient.connect(broker().url, { version: 5 });
  client.socket.sendBytes(packet(0x30, text("a"), bytes(property.length, ...property)));
  expect(await refusal(client.socket, 5, 1)).toBe("DISCONNECT 0x81");
});

test.each(versions.map((version) => ({ version, name: versionNames[version] })))(
  "[MQTT-3.3.2-1] [MQTT3-3.3.2-1] [MQTT3-4.8.0-1] a topic that is not UTF-8 closes the connection, in $name",
  async ({ version }) => {
    const { client } = await RawClient.connect(broker().url, { version });
    client.socket.sendBytes(packet(0x30, withLength(bytes(0xff)), noProperties(version), text("x")));
    expect(await refusal(client.socket, version, 1)).toBe(version === 5 ? "DISCONNECT 0x81" : "closed");
    // Nobody else's.
    await play(broker(), version, ["a > connect", "a < connack 0", "a > pingreq", "a < pingresp"]);
  },
);

test.each(versions.map((version) => ({ version, name: versionNames[version] })))(
  "[MQTT-2.1.3-1] [MQTT3-2.2.2-1] the broker's packets have the flags of their type, in $name",
  async ({ version }) => {
    const { client } = await RawClient.connect(broker().url, { version });
    const topic = `flags/${client.version}/${Math.random()}`;
    await client.subscribe(topic, 2);
    client.send({ cmd: "publish", topic, payload: "1", qos: 1, messageId: 1, dup: false, retain: false });
    client.send({ cmd: "publish", topic, payload: "2", qos: 2, messageId: 2, dup: false, retain: false });
    const packets = [await client.nextPacket(), await client.nextPacket(), await client.nextPacket()];
    packets.push(await client.nextPacket());
    const second = packets.find((each) => each.cmd === "publish" && each.qos === 2);
    client.send({ cmd: "pubrel", messageId: 2 });
    await client.expectPacket("pubcomp");
    client.send({ cmd: "pubrec", messageId: second?.messageId ?? 0 });
    await client.expectPacket("pubrel");
    client.send({ cmd: "unsubscribe", messageId: 9, unsubscriptions: [topic] });
    await client.expectPacket("unsuback");
    client.send({ cmd: "pingreq" });
    await client.expectPacket("pingresp");
    const firstBytes = client.socket.packets.map(({ firstByte }) => firstByte);
    const all = [0x20, 0x32, 0x34, 0x40, 0x50, 0x62, 0x70, 0x90, 0xb0, 0xd0];
    expect(firstBytes.toSorted((left, right) => left - right)).toEqual(all);
  },
);
