// The largest that the specification allows, and what is one more than that: each over a raw WebSocket, delivered and
// compared byte for byte.

import { createHash } from "node:crypto";
import type { IPublishPacket } from "mqtt-packet";
import { describe, expect, test } from "vitest";
import { edges, smallLimits } from "../conversations/limits.ts";
import { conversations } from "../conversations/play.ts";
import { isOurs, type Version, versionNames, versions } from "../support/broker.ts";
import { bytes, connect, noProperties, packet, text, variableInteger, withLength } from "../support/bytes.ts";
import { uniqueName } from "../support/client.ts";
import { RawClient } from "../support/raw-client.ts";
import { RawSocket } from "../support/raw-socket.ts";
import { refusal } from "../support/refusal.ts";
import { useBroker } from "../support/use-broker.ts";

const stringBytesMax = 65_535;
const levelsMax = 200;

/** As long as it says, in bytes, and different wherever one looks. */
function longText(lengthBytes: number, seed: string): string {
  let result = seed;
  for (let round = 0; result.length < lengthBytes; round += 1) {
    result += createHash("sha256").update(`${seed}${round}`).digest("base64url");
  }
  return result.slice(0, lengthBytes);
}

/** Topics of as many bytes as a string may have. The first levels are of this test alone. */
const longTopics: readonly (readonly [what: string, topic: () => string])[] = [
  ["in one level", () => longText(stringBytesMax, uniqueName("long"))],
  ["in as many levels as are allowed", () => inLevels(levelsMax)],
  ["of characters of three bytes", () => `${uniqueName("long")}/`.padEnd(15, "x").padEnd(15 + 21_840, "漢")],
];

function inLevels(levels: number): string {
  const level = Math.floor(stringBytesMax / levels) - 1;
  const start = uniqueName("long");
  const topic = Array.from({ length: levels }, (_unused, index) => longText(level, index === 0 ? start : `${index}`));
  return topic.join("/").padEnd(stringBytesMax, "x");
}

const publish = (topic: string, payload: Buffer, qos: 0 | 1 | 2, options: Partial<IPublishPacket> = {}) =>
  ({ cmd: "publish", topic, payload, qos, messageId: 1, dup: false, retain: false, ...options }) as const;

function expectSame(found: IPublishPacket, topic: string, payload: Buffer): void {
  // Without printing 65,535 characters when they differ.
  expect([found.topic === topic, Buffer.compare(found.payload as Buffer, payload)]).toEqual([true, 0]);
}

const broker = useBroker();

conversations(broker, edges);

describe.each(versions.map((version) => ({ version, name: versionNames[version] })))("in $name", ({ version }) => {
  const open = (options = {}) => RawClient.connect(broker().url, { version, ...options });

  test.each(longTopics)("[MQTT-4.7.3-3] [MQTT3-4.7.3-3] a topic of 65,535 bytes %s", async (_what, make) => {
    const topic = make();
    expect(Buffer.byteLength(topic)).toBe(stringBytesMax);
    const { client: subscriber } = await open();
    await subscriber.subscribe(topic, 2);
    const { client: publisher } = await open();
    // All of it counts: one that differs in its last byte alone is another.
    const other = `${topic.slice(0, -1)}${topic.endsWith("y") ? "z" : "y"}`;
    publisher.send(publish(other, Buffer.from("other"), 1));
    await publisher.expectPacket("puback");
    for (const qos of [0, 1, 2] as const) {
      const payload = Buffer.from(longText(1_000, `${qos}`));
      publisher.send(publish(topic, payload, qos, { retain: qos === 1 }));
      const received = await subscriber.expectPacket("publish");
      expect(received.qos).toBe(qos);
      expectSame(received, topic, payload);
      if (qos === 1) await publisher.expectPacket("puback");
      if (qos === 2) await publisher.expectPacket("pubrec");
    }
    // Retained, and found with a wildcard.
    const { client: late } = await open();
    const slash = topic.indexOf("/");
    const filter = slash < 0 ? topic : `${topic.slice(0, slash)}/#`;
    late.send({ cmd: "subscribe", messageId: 1, subscriptions: [{ topic: filter, qos: 0 }] });
    // A wildcard asks several shards, and what one has may come before all have answered.
    const found = [await late.nextPacket(), await late.nextPacket()].find(({ cmd }) => cmd === "publish");
    expectSame(found as IPublishPacket, topic, Buffer.from(longText(1_000, "1")));
    // The empty message that clears it comes to both.
    publisher.send(publish(topic, Buffer.alloc(0), 1, { retain: true }));
    await publisher.expectPacket("puback");
    subscriber.send({ cmd: "unsubscribe", messageId: 9, unsubscriptions: [topic] });
    const answers = [await subscriber.nextPacket(), await subscriber.nextPacket()].map(({ cmd }) => cmd);
    expect(answers.toSorted()).toEqual(["publish", "unsuback"]);
  });

  test.each(longTopics)("a will to a topic of 65,535 bytes %s, with a payload of as many", async (_what, make) => {
    const topic = make();
    const payload = Buffer.from(longText(stringBytesMax, "will"));
    const { client: witness } = await open();
    await witness.subscribe(topic, 1);
    const { client } = await open({ will: { topic, payload, qos: 1, retain: false } });
    client.socket.cut();
    expectSame(await witness.expectPacket("publish"), topic, payload);
  });

  test("[MQTT-3.1.3-2] [MQTT3-3.1.3-2] client ids of 65,535 bytes that differ in the last one have a session each", async () => {
    const start = longText(stringBytesMax - 1, uniqueName("id"));
    const keeps = version === 5 ? { clean: false, properties: { sessionExpiryInterval: 100 } } : { clean: false };
    const topic = `${uniqueName("id")}/x`;
    const { client: first } = await open({ ...keeps, clientId: `${start}a` });
    await first.subscribe(topic, 1);
    const { client: second, connack } = await open({ ...keeps, clientId: `${start}b` });
    expect(connack.sessionPresent).toBe(false);
    await second.subscribe(`${topic}/other`, 1);
    first.socket.cut();
    second.send(publish(topic, Buffer.from("m"), 1));
    await second.expectPacket("puback");
    expect(await second.pending()).toEqual([]);
    const again = await open({ ...keeps, clientId: `${start}a` });
    if (version > 3) expect(again.connack.sessionPresent).toBe(true);
    expect((await again.client.expectPacket("publish")).payload.toString()).toBe("m");
  });

  test("a user name and a password of 65,535 bytes", async () => {
    const username = longText(stringBytesMax, "user");
    const password = Buffer.from(Uint8Array.from({ length: stringBytesMax }, (_unused, index) => index));
    const { client } = await open({ username, password });
    expect(await client.pending()).toEqual([]);
  });

  test("a filter of 65,535 bytes of wildcards is a filter like any other", async () => {
    const start = uniqueName("long");
    const filter = `${start}${"/+".repeat(levelsMax - 2)}/${"x".repeat(stringBytesMax - start.length - 2 * levelsMax + 3)}`;
    expect(filter.length).toBe(stringBytesMax);
    const topic = filter.replaceAll("+", "level").slice(0, stringBytesMax);
    const { client } = await open();
    await client.subscribe(filter, 0);
    client.send({ cmd: "unsubscribe", messageId: 2, unsubscriptions: [filter] });
    expect(await client.expectPacket("unsuback")).toMatchObject({ messageId: 2 });
    await client.subscribe(`${start}/#`, 0);
    client.send(publish(topic, Buffer.from("m"), 0));
    expectSame(await client.expectPacket("publish"), topic, Buffer.from("m"));
  });
});

describe.skipIf(!versions.includes(5))("the largest properties of 5.0", () => {
  const long = (seed: string) => text(longText(stringBytesMax, seed));
  const pair = (name: Uint8Array, value: Uint8Array) => Buffer.concat([bytes(0x26), name, value]);
  /** As encoded, user properties between the others, one of them there twice, names and values empty. */
  const properties = Buffer.concat([
    pair(long("name"), long("value")),
    Buffer.concat([bytes(0x03), long("type")]),
    pair(text("again"), text("")),
    Buffer.concat([bytes(0x08), long("response")]),
    pair(text("again"), text("")),
    Buffer.concat([
      bytes(0x09),
      withLength(Uint8Array.from({ length: stringBytesMax }, (_unused, index) => index * 7)),
    ]),
    pair(text(""), long("nameless")),
    bytes(0x01, 1),
  ]);
  const section = Buffer.concat([variableInteger(properties.length), properties]);
  const payload = Buffer.from(longText(stringBytesMax, "payload"));

  /** A packet without its identifier, which the broker chooses. */
  const withoutId = (body: Buffer, topicBytes: number) =>
    Buffer.concat([body.subarray(0, 2 + topicBytes), body.subarray(4 + topicBytes)]);

  async function expectForwarded(witness: RawClient, topic: string): Promise<void> {
    await witness.expectPacket("publish");
    const received = witness.socket.packets.at(-1)?.body ?? Buffer.alloc(0);
    const expected = Buffer.concat([text(topic), section, payload]);
    expect(Buffer.compare(withoutId(received, topic.length), expected)).toBe(0);
  }

  test("[MQTT-3.3.2-15] [MQTT-3.3.2-16] [MQTT-3.3.2-17] [MQTT-3.3.2-18] [MQTT-3.3.2-20] of a message, sent at once, queued and retained", async () => {
    const topic = `${uniqueName("large")}/x`;
    const keeps = { version: 5, clientId: uniqueName("away"), clean: false } as const;
    const away = { ...keeps, properties: { sessionExpiryInterval: 100 } };
    const { client: absent } = await RawClient.connect(broker().url, away);
    await absent.subscribe(topic, 1);
    absent.send({ cmd: "disconnect", reasonCode: 0 });
    await absent.expectClose();
    const { client: witness } = await RawClient.connect(broker().url, { version: 5 });
    await witness.subscribe(topic, 1);
    const { client } = await RawClient.connect(broker().url, { version: 5 });
    client.socket.sendBytes(packet(0x33, text(topic), bytes(0, 1), section, payload));
    await client.expectPacket("puback");
    await expectForwarded(witness, topic);
    const { client: back } = await RawClient.connect(broker().url, away);
    await expectForwarded(back, topic);
    const { client: late } = await RawClient.connect(broker().url, { version: 5 });
    late.send({ cmd: "subscribe", messageId: 1, subscriptions: [{ topic, qos: 1 }] });
    await late.expectPacket("suback");
    await expectForwarded(late, topic);
  });

  test("[MQTT-3.1.3-10] of a will", async () => {
    const topic = `${uniqueName("large")}/will`;
    const { client: witness } = await RawClient.connect(broker().url, { version: 5 });
    await witness.subscribe(topic, 1);
    const client = new RawClient(await RawSocket.open(broker().url), 5);
    const fields = [text(uniqueName("large")), section, text(topic), withLength(payload)];
    // Clean start, and a will at QoS 1.
    client.socket.sendBytes(connect(5, { flags: 0x0e, payload: fields }));
    await client.expectPacket("connack");
    client.socket.cut();
    await expectForwarded(witness, topic);
  });

  test("user properties of 65,535 bytes are read in every packet that may have them", async () => {
    const own = { userProperties: { [longText(stringBytesMax, "name")]: longText(stringBytesMax, "value") } };
    const { client } = await RawClient.connect(broker().url, { version: 5, properties: own });
    client.send({ cmd: "subscribe", messageId: 1, subscriptions: [{ topic: "a/b", qos: 1 }], properties: own });
    expect(await client.expectPacket("suback")).toMatchObject({ messageId: 1 });
    client.send({ cmd: "unsubscribe", messageId: 2, unsubscriptions: ["a/b"], properties: own });
    expect(await client.expectPacket("unsuback")).toMatchObject({ messageId: 2 });
    const reasonString = longText(stringBytesMax, "reason");
    for (const cmd of ["puback", "pubrec", "pubrel", "pubcomp"] as const) {
      client.send({ cmd, messageId: 3, reasonCode: 0, properties: { ...own, reasonString } });
    }
    expect(await client.expectPacket("pubrel")).toMatchObject({ messageId: 3, reasonCode: 0x92 });
    expect(await client.expectPacket("pubcomp")).toMatchObject({ messageId: 3, reasonCode: 0x92 });
    client.send({ cmd: "disconnect", reasonCode: 0x04, properties: { ...own, reasonString } });
    expect(await refusal(client.socket, 5, client.socket.packets.length)).toBe("closed");
  });
});

describe.runIf(isOurs)("the largest packet that is configured", () => {
  const packetBytesMax = 5_000;
  const small = useBroker({ env: { MAXIMUM_PACKET_BYTES: `${packetBytesMax}` } });

  /** PUBLISH at QoS 1 of exactly so many bytes. */
  function publishOf(version: Version, totalBytes: number, topic: string): Buffer {
    const head = Buffer.concat([text(topic), bytes(0, 7), noProperties(version)]);
    const payload = Buffer.alloc(totalBytes - 1 - variableInteger(totalBytes).length - head.length, 0x78);
    const whole = packet(0x32, head, payload);
    expect(whole.length).toBe(totalBytes);
    return whole;
  }

  describe.each(versions.map((version) => ({ version, name: versionNames[version] })))("in $name", ({ version }) => {
    const tooLarge = version === 5 ? "DISCONNECT 0x95" : "closed";

    test.each([
      ["in one frame", packetBytesMax],
      ["in frames of seven bytes", 7],
    ])("[MQTT-3.2.2-15] exactly so large is accepted and delivered, %s", async (_how, pieceBytes) => {
      const topic = `${uniqueName("size")}/x`;
      const { client, connack } = await RawClient.connect(small().url, { version });
      if (version === 5) expect(connack.properties?.maximumPacketSize).toBe(packetBytesMax);
      await client.subscribe(topic, 0);
      const sent = publishOf(version, packetBytesMax, topic);
      client.socket.sendInPieces(sent, pieceBytes);
      const answers = [await client.nextPacket(), await client.nextPacket()];
      expect(answers.map(({ cmd }) => cmd).toSorted()).toEqual(["puback", "publish"]);
      const received = answers.find((one): one is IPublishPacket => one.cmd === "publish");
      expect(
        Buffer.compare(
          (received?.payload ?? Buffer.alloc(0)) as Buffer,
          sent.subarray(-(received?.payload.length ?? 0)),
        ),
      ).toBe(0);
    });

    test.each([
      ["a byte more", (): Buffer => publishOf(version, packetBytesMax + 1, "size/x")],
      ["268,435,455 bytes", (): Buffer => bytes(0x32, 0xff, 0xff, 0xff, 0x7f, 0, 1, 0x61)],
    ])("%s is refused by its declared length, whatever has arrived of it", async (_what, make) => {
      for (const pieceBytes of [1_000, 1]) {
        const { client } = await RawClient.connect(small().url, { version });
        // Not one byte of its body in the second round.
        client.socket.sendInPieces(make().subarray(0, pieceBytes === 1 ? 5 : 1_000), pieceBytes);
        expect(await refusal(client.socket, version, 1)).toBe(tooLarge);
      }
    });

    test("a CONNECT that is larger is not waited for", async () => {
      const socket = await RawSocket.open(small().url);
      socket.sendBytes(Buffer.concat([bytes(0x10), variableInteger(packetBytesMax), Buffer.alloc(10)]));
      // Of which version it would have been nobody can tell.
      expect(await refusal(socket, version, 0)).toBe("closed");
    });
  });
});

describe.runIf(isOurs)("a broker with small limits", () => {
  conversations(useBroker({ env: smallLimits.env }), smallLimits.conversations);
});

describe.runIf(isOurs)("a broker that allows as many levels as can be configured", () => {
  const levels = 1_000;
  const deep = useBroker({ env: { TOPIC_LEVELS_MAX: `${levels}` } });

  test.each(versions.map((version) => ({ version, name: versionNames[version] })))(
    "a topic of so many levels and 65,535 bytes is delivered, in $name",
    async ({ version }) => {
      const { client } = await RawClient.connect(deep().url, { version });
      for (const topic of [inLevels(levels), "/".repeat(levels - 1).padEnd(stringBytesMax, "x")]) {
        await client.subscribe(topic, 0);
        client.send(publish(topic, Buffer.from("deep"), 0));
        expectSame(await client.expectPacket("publish"), topic, Buffer.from("deep"));
      }
    },
  );
});
