// What a connected client must not send. In 5.0 it is told why by DISCONNECT, in 3.x the connection just closes; the
// refusal is counted, and nobody else notices.

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { isOurs, type Version, versionNames, versions } from "../support/broker.ts";
import { bytes, connect, noProperties, packet, text, variableInteger, withLength } from "../support/bytes.ts";
import { Neighbour } from "../support/neighbour.ts";
import { RawClient } from "../support/raw-client.ts";
import { refusal } from "../support/refusal.ts";
import { useBroker } from "../support/use-broker.ts";

const broker = useBroker();
const neighbour = new Neighbour(broker);
beforeAll(() => neighbour.connect());
afterAll(() => neighbour.end());

interface Case {
  readonly what: string;
  readonly send: (version: Version) => Buffer;
  /** DISCONNECT reason codes of 5.0. Where the specification leaves a choice, ours comes first; a peer may take another. */
  readonly reasons: readonly number[];
  /** Versions in which this is a mistake; all by default. */
  readonly only?: readonly Version[];
}

const malformed = 0x81;
const protocolError = 0x82;
const topicInvalid = 0x90;
const aliasInvalid = 0x94;
const tooLarge = 0x95;

const publish = (version: Version, firstByte: number, topic: Uint8Array, id: readonly number[] = []): Buffer =>
  packet(firstByte, topic, bytes(...id), noProperties(version), bytes(0x78));
const subscribe = (version: Version, filter: Uint8Array, options: number, firstByte = 0x82): Buffer =>
  packet(firstByte, bytes(0, 9), noProperties(version), filter, bytes(options));
const aliased = (alias: number): Buffer =>
  packet(0x30, text("a"), bytes(3, 0x23, alias >> 8, alias & 0xff), bytes(0x78));

const cases: readonly Case[] = [
  { what: "packet type 0", send: () => bytes(0x00, 0), reasons: [malformed] },
  { what: "packet type 15, reserved before 5.0", send: () => bytes(0xf0, 0), reasons: [], only: [3, 4] },
  { what: "AUTH without an authentication method", send: () => bytes(0xf0, 0), reasons: [protocolError], only: [5] },
  { what: "CONNACK from a client", send: () => bytes(0x20, 2, 0, 0), reasons: [protocolError, malformed] },
  { what: "SUBACK from a client", send: () => bytes(0x90, 3, 0, 1, 0), reasons: [protocolError, malformed] },
  { what: "UNSUBACK from a client", send: () => bytes(0xb0, 2, 0, 1), reasons: [protocolError, malformed] },
  { what: "PINGRESP from a client", send: () => bytes(0xd0, 0), reasons: [protocolError, malformed] },
  { what: "a length of five bytes", send: () => bytes(0x30, 0xff, 0xff, 0xff, 0xff, 0x01), reasons: [malformed] },
  {
    what: "a packet that claims 268,435,455 bytes",
    send: () => bytes(0x30, 0xff, 0xff, 0xff, 0x7f),
    reasons: [tooLarge],
  },
  { what: "[MQTT-3.1.0-2] a second CONNECT", send: (version) => connect(version), reasons: [protocolError] },
  { what: "[MQTT-3.6.1-1] PUBREL with flags 0000", send: () => bytes(0x60, 2, 0, 1), reasons: [malformed] },
  {
    what: "[MQTT-3.8.1-1] SUBSCRIBE with flags 0000",
    send: (version) => subscribe(version, text("a"), 0, 0x80),
    reasons: [malformed],
  },
  {
    what: "[MQTT-3.10.1-1] UNSUBSCRIBE with flags 0000",
    send: (version) => packet(0xa0, bytes(0, 9), noProperties(version), text("a")),
    reasons: [malformed],
  },
  { what: "[MQTT-2.1.3-1] PUBACK with flags", send: () => bytes(0x42, 2, 0, 1), reasons: [malformed], only: [4, 5] },
  { what: "[MQTT-2.1.3-1] PINGREQ with flags", send: () => bytes(0xc1, 0), reasons: [malformed], only: [4, 5] },
  { what: "[MQTT-3.14.1-1] DISCONNECT with flags", send: () => bytes(0xe1, 0), reasons: [malformed], only: [4, 5] },
  { what: "PINGREQ with a body", send: () => bytes(0xc0, 1, 0), reasons: [malformed], only: [4, 5] },
  {
    what: "[MQTT-3.3.1-4] PUBLISH at QoS 3",
    send: (version) => publish(version, 0x36, text("a"), [0, 1]),
    reasons: [malformed],
  },
  {
    what: "[MQTT-3.3.1-2] PUBLISH at QoS 0 with DUP",
    send: (version) => publish(version, 0x38, text("a")),
    reasons: [malformed, protocolError],
    only: [4, 5],
  },
  {
    what: "[MQTT-3.3.2-2] PUBLISH to a topic with #",
    send: (version) => publish(version, 0x30, text("a/#")),
    reasons: [topicInvalid, malformed],
  },
  {
    what: "[MQTT-3.3.2-2] PUBLISH to a topic with +",
    send: (version) => publish(version, 0x30, text("a/+/b")),
    reasons: [topicInvalid, malformed],
  },
  {
    what: "[MQTT-4.7.3-1] PUBLISH to an empty topic",
    send: (version) => publish(version, 0x30, text("")),
    reasons: [protocolError, topicInvalid, malformed],
  },
  {
    what: "[MQTT-1.5.4-1] PUBLISH to a topic that is not UTF-8",
    send: (version) => publish(version, 0x30, withLength(bytes(0x61, 0xc3, 0x28))),
    reasons: [malformed],
  },
  {
    what: "[MQTT-1.5.4-1] PUBLISH to a topic with an overlong encoding",
    send: (version) => publish(version, 0x30, withLength(bytes(0xc0, 0xaf))),
    reasons: [malformed],
  },
  {
    what: "[MQTT-1.5.4-1] PUBLISH to a topic with a surrogate",
    send: (version) => publish(version, 0x30, withLength(bytes(0xed, 0xa0, 0x80))),
    reasons: [malformed],
  },
  {
    what: "[MQTT-1.5.4-2] PUBLISH to a topic with a NUL",
    send: (version) => publish(version, 0x30, text("a\0b")),
    reasons: [malformed, topicInvalid],
  },
  { what: "a topic longer than its packet", send: () => bytes(0x30, 4, 0xff, 0xff, 0x61, 0x62), reasons: [malformed] },
  {
    what: "[MQTT-2.2.1-3] PUBLISH at QoS 1 with packet id 0",
    send: (version) => publish(version, 0x32, text("a"), [0, 0]),
    reasons: [protocolError, malformed],
  },
  {
    what: "PUBLISH at QoS 1 that ends before its packet id",
    send: () => packet(0x32, text("a")),
    reasons: [malformed],
  },
  {
    what: "[MQTT-3.8.3-2] SUBSCRIBE without a filter",
    send: (version) => packet(0x82, bytes(0, 9), noProperties(version)),
    reasons: [protocolError, malformed],
  },
  {
    what: "[MQTT-2.2.1-3] SUBSCRIBE with packet id 0",
    send: (version) => packet(0x82, bytes(0, 0), noProperties(version), text("a"), bytes(0)),
    reasons: [protocolError, malformed],
  },
  {
    what: "SUBSCRIBE for QoS 3",
    send: (version) => subscribe(version, text("a"), 3),
    reasons: [protocolError, malformed],
  },
  {
    what: "[MQTT-3.8.3-5] SUBSCRIBE with reserved option bits",
    send: (version) => subscribe(version, text("a"), 0xc0),
    reasons: [malformed],
    only: [4, 5],
  },
  {
    what: "[MQTT-4.7.1-1] SUBSCRIBE to a/#/b",
    send: (version) => subscribe(version, text("a/#/b"), 0),
    reasons: [0x8f, malformed],
    only: [3, 4],
  },
  {
    what: "[MQTT-1.5.4-1] SUBSCRIBE to a filter that is not UTF-8",
    send: (version) => subscribe(version, withLength(bytes(0xff)), 0),
    reasons: [malformed],
  },
  {
    what: "[MQTT-3.10.3-2] UNSUBSCRIBE without a filter",
    send: (version) => packet(0xa2, bytes(0, 9), noProperties(version)),
    reasons: [protocolError, malformed],
  },
  {
    what: "retain handling 3",
    send: (version) => subscribe(version, text("a"), 0x30),
    reasons: [protocolError, malformed],
    only: [5],
  },
  {
    what: "[MQTT-3.8.3-4] no local on a shared subscription",
    send: (version) => subscribe(version, text("$share/g/a"), 0x04),
    reasons: [protocolError],
    only: [5],
  },
  { what: "[MQTT-3.3.2-8] topic alias 0", send: () => aliased(0), reasons: [aliasInvalid], only: [5] },
  {
    what: "[MQTT-3.3.2-9] a topic alias above the announced maximum",
    send: () => aliased(0xffff),
    reasons: [aliasInvalid],
    only: [5],
  },
  {
    what: "an alias nobody has given a topic",
    send: () => packet(0x30, text(""), bytes(3, 0x23, 0, 1)),
    reasons: [protocolError, aliasInvalid],
    only: [5],
  },
  {
    what: "[MQTT-3.3.4-6] PUBLISH with a subscription identifier",
    send: () => packet(0x30, text("a"), bytes(2, 0x0b, 1)),
    reasons: [protocolError, malformed],
    only: [5],
  },
  {
    what: "PUBLISH with an unknown property",
    send: () => packet(0x30, text("a"), bytes(2, 0x7f, 1)),
    reasons: [malformed],
    only: [5],
  },
  {
    what: "properties longer than the packet",
    send: () => packet(0x30, text("a"), bytes(0x7f)),
    reasons: [malformed],
    only: [5],
  },
  {
    what: "[MQTT-3.14.2-2] a session expiry in DISCONNECT that CONNECT did not have",
    send: () => bytes(0xe0, 7, 0, 5, 0x11, 0, 0, 0, 9),
    reasons: [protocolError],
    only: [5],
  },
];

function expected(version: Version, reasons: readonly number[]): string[] {
  const allowed = isOurs ? reasons.slice(0, 1) : reasons;
  return version === 5 ? allowed.map((reason) => `DISCONNECT 0x${reason.toString(16)}`) : ["closed"];
}

async function expectRefused(
  version: Version,
  reasons: readonly number[],
  send: (client: RawClient) => void,
): Promise<void> {
  const refusals = isOurs ? await broker().counter("durablemq_refusals_total") : 0;
  const { client } = await RawClient.connect(broker().url, { version });
  const from = client.socket.packets.length;
  send(client);
  expect(expected(version, reasons)).toContain(await refusal(client.socket, version, from));
  if (isOurs) expect(await broker().counter("durablemq_refusals_total")).toBeGreaterThan(refusals);
  await neighbour.expectAlive();
}

describe.each(versions.map((version) => ({ version, name: versionNames[version] })))("in $name", ({ version }) => {
  const mine = cases.filter(({ only = versions }) => only.includes(version));

  test.each(mine)("$what", ({ send, reasons }) =>
    expectRefused(version, reasons, (client) => client.socket.sendBytes(send(version))),
  );

  test("[MQTT-6.0.0-1] a text frame", () =>
    expectRefused(version, [protocolError, malformed], (client) => client.socket.sendText("hello")));

  test("what comes behind a mistake is not worked off", async () => {
    const { client: witness } = await RawClient.connect(broker().url, { version });
    await witness.subscribe(`behind/${version}`, 0);
    const bad = bytes(0x00, 0);
    const good = publish(version, 0x30, text(`behind/${version}`));
    await expectRefused(version, [malformed], (client) => client.socket.sendBytes(Buffer.concat([bad, good])));
    expect(await witness.pending()).toEqual([]);
  });

  test("half a packet and then the end hurts nobody", async () => {
    const { client } = await RawClient.connect(broker().url, { version });
    client.socket.sendBytes(publish(version, 0x30, text("a".repeat(100))).subarray(0, 50));
    client.socket.cut();
    await neighbour.expectAlive();
  });

  test("[MQTT-3.1.2-22] silence for 1.5 times the keep-alive", async () => {
    const before = performance.now();
    const { client } = await RawClient.connect(broker().url, { version, keepalive: 1 });
    const from = client.socket.packets.length;
    const said = await refusal(client.socket, version, from, 15_000);
    expect(version === 5 ? ["DISCONNECT 0x8d"] : ["closed"]).toContain(said);
    expect(performance.now() - before).toBeGreaterThan(1_400);
  });

  test("PINGREQ keeps a connection for longer than that", async () => {
    const { client } = await RawClient.connect(broker().url, { version, keepalive: 1 });
    const until = performance.now() + 3_500;
    let pings = 0;
    // Every ping waits for its answer, so the loop is bounded by time and by the pace of the answers.
    while (performance.now() < until) {
      client.send({ cmd: "pingreq" });
      await client.expectPacket("pingresp");
      pings += 1;
    }
    expect(pings).toBeGreaterThan(3);
    expect(client.socket.isClosed).toBe(false);
  });
});

describe.runIf(isOurs)("the maximum packet size announced in CONNACK", () => {
  const announced = async (): Promise<{ client: RawClient; limit: number }> => {
    const { client, connack } = await RawClient.connect(broker().url, { version: 5 });
    const limit = connack.properties?.maximumPacketSize;
    if (limit === undefined) throw new Error("CONNACK announces no maximum packet size");
    return { client, limit };
  };
  /** A PUBLISH at QoS 1 of exactly so many bytes. */
  const publishOf = (totalBytes: number): Buffer => {
    const head = Buffer.concat([text("big"), bytes(0, 7), bytes(0)]);
    const lengthBytes = variableInteger(totalBytes).length;
    return packet(0x32, head, Buffer.alloc(totalBytes - 1 - lengthBytes - head.length, 0x78));
  };

  test("a packet of exactly that size is accepted", async () => {
    const { client, limit } = await announced();
    expect(publishOf(limit).length).toBe(limit);
    client.socket.sendBytes(publishOf(limit));
    expect(await client.expectPacket("puback", 20_000)).toMatchObject({ messageId: 7 });
  });

  test("one byte more is refused with 0x95, before it has all arrived", async () => {
    const { client, limit } = await announced();
    const from = client.socket.packets.length;
    client.socket.sendBytes(publishOf(limit + 1).subarray(0, 1_000));
    expect(await refusal(client.socket, 5, from)).toBe("DISCONNECT 0x95");
    await neighbour.expectAlive();
  });
});

describe.skipIf(!versions.includes(5))("mistakes in 5.0 that do not end the connection", () => {
  test("[MQTT-4.7.1-1] SUBSCRIBE to a filter that is well-formed UTF-8 but no filter is refused for itself", async () => {
    const { client } = await RawClient.connect(broker().url, { version: 5 });
    const filters = [text("good"), bytes(0), text("a/#/b"), bytes(0), text("a+"), bytes(0)];
    client.socket.sendBytes(packet(0x82, bytes(0, 9), bytes(0), ...filters));
    expect((await client.expectPacket("suback")).granted).toEqual([0, 0x8f, 0x8f]);
  });

  test("PUBREL for an id nobody knows is answered with 0x92", async () => {
    const { client } = await RawClient.connect(broker().url, { version: 5 });
    client.send({ cmd: "pubrel", messageId: 77 });
    expect(await client.expectPacket("pubcomp")).toMatchObject({ messageId: 77, reasonCode: 0x92 });
  });

  test("UNSUBSCRIBE of something that was never subscribed is answered with 0x11", async () => {
    const { client } = await RawClient.connect(broker().url, { version: 5 });
    client.send({ cmd: "unsubscribe", messageId: 5, unsubscriptions: ["never"] });
    expect(await client.expectPacket("unsuback")).toMatchObject({ messageId: 5, granted: [0x11] });
  });
});
