// CONNECT and CONNACK, statement by statement.

import { describe, expect, test } from "vitest";
import { connecting } from "../conversations/connect.ts";
import { conversations } from "../conversations/play.ts";
import { sessions } from "../conversations/session.ts";
import { isOurs, versionNames, versions } from "../support/broker.ts";
import { bytes, type ConnectParts, connect, noProperties, packet, text, withLength } from "../support/bytes.ts";
import { uniqueName } from "../support/client.ts";
import { connectPacket, RawClient } from "../support/raw-client.ts";
import { RawSocket } from "../support/raw-socket.ts";
import { refusal } from "../support/refusal.ts";
import { useBroker } from "../support/use-broker.ts";

const broker = useBroker();

conversations(broker, connecting);
conversations(broker, sessions);

interface Refused {
  readonly title: string;
  readonly send: (version: number) => Buffer;
  /** 5.0; 3.x closes without a word. */
  readonly five: string;
}

const notUtf8 = withLength(bytes(0x61, 0xc3, 0x28));
/** Will properties, of which 3.x has none. */
const willFields = (version: number, topic: Uint8Array): Uint8Array[] => [noProperties(version), topic, text("p")];
const id = (): Buffer => text(uniqueName("bad"));

function breach(title: string, parts: (version: number) => ConnectParts): Refused {
  return { title, send: (version) => connect(version, parts(version)), five: "CONNACK 0x81" };
}

const refused: readonly Refused[] = [
  {
    title: "[MQTT-3.1.0-1] [MQTT3-3.1.0-1] SUBSCRIBE comes first",
    send: (version) => packet(0x82, bytes(0, 1), noProperties(version), text("a"), bytes(0)),
    five: "closed",
  },
  breach("[MQTT-3.1.4-1] [MQTT3-3.1.4-1] a byte stands behind the payload", () => ({ payload: [id(), bytes(0)] })),
  breach("[MQTT-3.1.2-9] [MQTT3-3.1.2-9] the will flag without a will", () => ({ flags: 0x06, payload: [id()] })),
  breach("[MQTT3-3.1.2-11] [MQTT-3.1.2-11] a will without the will flag", (version) => ({
    payload: [id(), ...willFields(version, text("t"))],
  })),
  breach("[MQTT-3.1.2-16] [MQTT3-3.1.2-18] a user name without its flag", () => ({ payload: [id(), text("u")] })),
  breach("[MQTT-3.1.2-17] [MQTT3-3.1.2-19] the user name flag without a user name", () => ({
    flags: 0x82,
    payload: [id()],
  })),
  breach("[MQTT-3.1.2-18] [MQTT3-3.1.2-20] a password without its flag", () => ({
    flags: 0x82,
    payload: [id(), text("u"), text("p")],
  })),
  breach("[MQTT-3.1.2-19] [MQTT3-3.1.2-21] the password flag without a password", () => ({
    flags: 0xc2,
    payload: [id(), text("u")],
  })),
  breach("[MQTT-3.1.3-3] [MQTT3-3.1.3-3] no client id", () => ({ payload: [] })),
  breach("[MQTT-3.1.3-4] [MQTT3-3.1.3-4] a client id that is not UTF-8", () => ({ payload: [notUtf8] })),
  breach("[MQTT-3.1.3-11] [MQTT3-3.1.3-10] a will topic that is not UTF-8", (version) => ({
    flags: 0x06,
    payload: [id(), ...willFields(version, notUtf8)],
  })),
  breach("[MQTT-3.1.3-12] [MQTT3-3.1.3-11] a user name that is not UTF-8", () => ({
    flags: 0x82,
    payload: [id(), notUtf8],
  })),
];

describe.each(versions.map((version) => ({ version, name: versionNames[version] })))("in $name", ({ version }) => {
  test.each(refused)("refused: $title", async ({ send, five }) => {
    const socket = await RawSocket.open(broker().url);
    socket.sendBytes(send(version));
    expect(await refusal(socket, version, 0)).toBe(version === 5 ? five : "closed");
  });

  test("[MQTT-3.1.4-6] [MQTT3-3.1.4-5] what follows a refused CONNECT does not count", async () => {
    const topic = `${uniqueName("refused")}/x`;
    const { client: witness } = await RawClient.connect(broker().url, { version });
    await witness.subscribe(topic, 1);
    const socket = await RawSocket.open(broker().url);
    const publish = packet(0x30, text(topic), noProperties(version), text("no"));
    // In 3.x refused for its level, in 5.0 for an authentication method.
    const parts = version === 5 ? { properties: [0x15, 0, 1, 0x78] } : { level: 2 };
    socket.sendBytes(Buffer.concat([connect(version, parts), publish]));
    expect(await refusal(socket, version, 0)).toBe(version === 5 ? "CONNACK 0x8c" : "CONNACK 1");
    expect(await witness.pending()).toEqual([]);
  });

  test("[MQTT-3.1.3-1] [MQTT3-3.1.3-1] the fields of the payload are read in their order", async () => {
    const topic = `${uniqueName("order")}/will`;
    const { client: witness } = await RawClient.connect(broker().url, { version });
    await witness.subscribe(topic, 1);
    const payload = [id(), noProperties(version), text(topic), text("payload"), text("user"), text("password")];
    const socket = await RawSocket.open(broker().url);
    socket.sendBytes(connect(version, { flags: 0xc6, payload }));
    socket.sendBytes(bytes(0xc0, 0));
    const ponged = new RawClient(socket, version);
    await ponged.expectPacket("connack");
    await ponged.expectPacket("pingresp");
    socket.cut();
    expect(await witness.expectPacket("publish")).toMatchObject({ topic, payload: Buffer.from("payload") });
  });

  test("[MQTT-3.2.2-22] [MQTT-3.1.2-20] [MQTT3-3.1.2-23] [MQTT3-3.1.2-24] the client's keep-alive is the clock", async () => {
    const before = performance.now();
    const { client, connack } = await RawClient.connect(broker().url, { version, keepalive: 1 });
    expect(connack.properties?.serverKeepAlive).toBeUndefined();
    // A second client with a longer one is not closed with it.
    const { client: patient } = await RawClient.connect(broker().url, { version, keepalive: 30 });
    expect(await refusal(client.socket, version, 1, 10_000)).toBe(version === 5 ? "DISCONNECT 0x8d" : "closed");
    expect(performance.now() - before).toBeGreaterThan(1_400);
    expect(await patient.pending()).toEqual([]);
  });

  test("[MQTT-3.14.0-1] a mistake right behind CONNECT is not answered with DISCONNECT before CONNACK", async () => {
    for (let count = 0; count < 20; count += 1) {
      const socket = await RawSocket.open(broker().url);
      socket.sendBytes(Buffer.concat([connect(version), bytes(0x00, 0x00)]));
      await refusal(socket, version, 0);
      expect([undefined, 0x20]).toContain(socket.packets[0]?.firstByte);
    }
  });
});

test("[MQTT3-3.2.2-4] a refusal says no session present, although there is one", async () => {
  const clientId = uniqueName("kept");
  const { client } = await RawClient.connect(broker().url, { version: 4, clientId, clean: false });
  client.send({ cmd: "disconnect" });
  await client.expectClose();
  const socket = await RawSocket.open(broker().url);
  socket.sendBytes(connect(4, { level: 2, flags: 0, payload: [text(clientId)] }));
  await socket.closed;
  expect(socket.packets.map(({ firstByte, body }) => [firstByte, ...body])).toEqual([[0x20, 0, 1]]);
  const { connack } = await RawClient.connect(broker().url, { version: 4, clientId, clean: false });
  expect(connack.sessionPresent).toBe(true);
});

describe.skipIf(!versions.includes(5))("in 5.0 only", () => {
  test("[MQTT-3.2.2-1] of CONNACK's flags only the lowest is ever set", async () => {
    const clientId = uniqueName("flags");
    const flags: number[] = [];
    for (const clean of [true, false, false]) {
      const socket = await RawSocket.open(broker().url);
      const client = new RawClient(socket, 5);
      client.send(connectPacket(5, { clientId, clean, properties: { sessionExpiryInterval: 100 } }));
      await client.expectPacket("connack");
      flags.push(socket.packets[0]?.body[0] ?? -1);
    }
    expect(flags).toEqual([0, 1, 1]);
  });

  test("[MQTT-3.1.3-7] [MQTT-3.2.2-16] the id that an empty one is replaced by is new, told, and names the session", async () => {
    const assigned: string[] = [];
    const properties = { sessionExpiryInterval: 100 };
    for (let count = 0; count < 2; count += 1) {
      const { client, connack } = await RawClient.connect(broker().url, { version: 5, clientId: "", properties });
      expect(connack.sessionPresent).toBe(false);
      assigned.push(connack.properties?.assignedClientIdentifier ?? "");
      client.send({ cmd: "disconnect", reasonCode: 0 });
      await client.expectClose();
    }
    const [first = "", second = ""] = assigned;
    expect(first).not.toBe("");
    expect(second).not.toBe(first);
    const again = { version: 5 as const, clientId: first, clean: false, properties };
    const { connack } = await RawClient.connect(broker().url, again);
    expect(connack.sessionPresent).toBe(true);
    expect(connack.properties?.assignedClientIdentifier).toBeUndefined();
  });
});

describe("the WebSocket", () => {
  test.each([
    { title: "[MQTT-6.0.0-4] [MQTT3-6.0.0-4] mqtt is chosen", offered: ["mqtt"] },
    { title: "mqtt is chosen among others", offered: ["other", "mqtt"] },
  ])("$title", async ({ offered }) => {
    const socket = await RawSocket.open(broker().url, offered);
    expect(socket.protocol).toBe("mqtt");
  });

  test.runIf(isOurs)("[MQTT-6.0.0-3] [MQTT3-6.0.0-3] who offers only others is not upgraded", async () => {
    await expect(RawSocket.open(broker().url, ["other"])).rejects.toThrow();
  });

  test.each(versions.map((version) => ({ version, name: versionNames[version] })))(
    "[MQTT-6.0.0-1] [MQTT3-6.0.0-1] a text frame closes the connection, in $name",
    async ({ version }) => {
      const { client } = await RawClient.connect(broker().url, { version });
      client.socket.sendText("text");
      expect(await refusal(client.socket, version, 1)).toBe(version === 5 ? "DISCONNECT 0x82" : "closed");
    },
  );

  test.each(versions.map((version) => ({ version, name: versionNames[version] })))(
    "[MQTT-6.0.0-2] [MQTT3-6.0.0-2] packets and frames need not line up, in $name",
    async ({ version }) => {
      const client = new RawClient(await RawSocket.open(broker().url), version);
      const all = Buffer.concat(
        [connectPacket(version), { cmd: "pingreq" } as const, { cmd: "pingreq" } as const].map((each) =>
          client.encode(each),
        ),
      );
      client.socket.sendInPieces(all, 5);
      await client.expectPacket("connack");
      await client.expectPacket("pingresp");
      await client.expectPacket("pingresp");
    },
  );
});
