// Every reason with which the broker ends a connection for what its client did: in 5.0 DISCONNECT says it, and is the last
// that is sent; before, the connection closes. One row for each; test/conversations/bad-packets.ts has all ways to 0x81,
// 0x82, 0x90, 0x94 and 0x95.

import type { IPublishPacket } from "mqtt-packet";
import { describe, expect, test } from "vitest";
import { isOurs, type Version, versionNames, versions } from "../support/broker.ts";
import { bytes, noProperties, packet, text } from "../support/bytes.ts";
import { uniqueName } from "../support/client.ts";
import { RawClient, type RawConnect } from "../support/raw-client.ts";
import type { RawSocket } from "../support/raw-socket.ts";
import { refusal } from "../support/refusal.ts";
import { useBroker } from "../support/use-broker.ts";

const packetBytesMax = 1_000_000;

interface Violation {
  readonly reason: number;
  /** As /metrics counts it. */
  readonly name: string;
  readonly what: string;
  readonly provoke: (client: RawClient, version: Version, clientId: string) => void | Promise<void>;
  /** Versions in which it is one; all by default. */
  readonly only?: readonly Version[];
  readonly connect?: RawConnect;
}

const publish = (messageId: number, options: Partial<IPublishPacket> = {}) =>
  ({ cmd: "publish", topic: "a/b", payload: "x", qos: 1, messageId, dup: false, retain: false, ...options }) as const;

const violations: readonly Violation[] = [
  {
    reason: 0x81,
    name: "Malformed packet",
    what: "a packet of type 0",
    provoke: ({ socket }) => socket.sendBytes(bytes(0x00, 0x00)),
  },
  {
    reason: 0x82,
    name: "Protocol error",
    what: "[MQTT-4.13.1-1] a second CONNECT",
    provoke: (client, version, clientId) =>
      client.send({
        cmd: "connect",
        clientId,
        protocolId: version === 3 ? "MQIsdp" : "MQTT",
        protocolVersion: version,
        clean: true,
        keepalive: 0,
      }),
  },
  {
    reason: 0x8d,
    name: "Keep alive timeout",
    what: "silence for 1.5 times the keep-alive",
    connect: { keepalive: 1 },
    provoke: () => {},
  },
  {
    reason: 0x8e,
    name: "Session taken over",
    what: "another client with its id",
    provoke: async (_client, version, clientId) => void (await RawClient.connect(broker().url, { version, clientId })),
  },
  {
    reason: 0x90,
    name: "Topic name invalid",
    what: "a topic with a wildcard",
    provoke: ({ socket }, version) => socket.sendBytes(packet(0x30, text("a/#"), noProperties(version))),
  },
  {
    reason: 0x93,
    name: "Receive maximum exceeded",
    what: "more messages at once than Receive Maximum",
    provoke: (client) => client.socket.sendBytes(Buffer.concat([1, 2, 3].map((id) => client.encode(publish(id))))),
    only: [5],
  },
  {
    reason: 0x94,
    name: "Topic alias invalid",
    what: "a topic alias above the maximum",
    provoke: (client) => client.send(publish(1, { properties: { topicAlias: 2 } })),
    only: [5],
  },
  {
    reason: 0x95,
    name: "Packet too large",
    what: "a packet above the maximum",
    provoke: (client) => client.send(publish(1, { payload: "x".repeat(packetBytesMax) })),
  },
  {
    reason: 0x95,
    name: "Packet too large",
    what: "[MQTT-3.1.2-24] a SUBSCRIBE whose SUBACK would be above the client's maximum",
    connect: { properties: { maximumPacketSize: 200 } },
    provoke: (client) => {
      const subscriptions = Array.from({ length: 200 }, (_unused, index) => ({ topic: `${index}`, qos: 0 as const }));
      client.send({ cmd: "subscribe", messageId: 1, subscriptions });
    },
    only: [5],
  },
  {
    reason: 0x96,
    name: "Message rate too high",
    what: "more bytes at once than may be on their way to the shards",
    provoke: (client) => {
      // Two of them are more than may be, and not more than Receive Maximum.
      const payload = "x".repeat(packetBytesMax * 0.9);
      const frames = Array.from({ length: 12 }, (_unused, index) => client.encode(publish(index + 1, { payload })));
      client.socket.sendBytes(Buffer.concat(frames));
    },
  },
  {
    reason: 0x9a,
    name: "Retain not supported",
    what: "RETAIN where it is not available",
    provoke: (client) => client.send(publish(1, { retain: true })),
  },
  {
    reason: 0x9b,
    name: "QoS not supported",
    what: "QoS 2 where the maximum is 1",
    provoke: (client) => client.send(publish(1, { qos: 2 })),
  },
];

const broker = useBroker({
  env: {
    MAXIMUM_QOS: "1",
    RETAIN_AVAILABLE: "false",
    TOPIC_ALIAS_MAXIMUM: "1",
    RECEIVE_MAXIMUM: "2",
    MAXIMUM_PACKET_BYTES: `${packetBytesMax}`,
    ROUTING_BYTES_MAX: "1500000",
  },
});

/** What the last packet says besides its code. */
function reasonStringIn(socket: RawSocket): string {
  const { body = Buffer.alloc(0) } = socket.packets.at(-1) ?? {};
  // Reason, properties of less than 128 bytes, the only one: identifier, length, text.
  return body[2] === 0x1f ? body.subarray(5).toString() : "";
}

describe.runIf(isOurs).each(versions.map((version) => ({ version, name: versionNames[version] })))(
  "in $name",
  ({ version }) => {
    const mine = violations.filter(({ only = versions }) => only.includes(version));

    test.each(mine)("$what ends the connection with $reason", async ({ reason, name, connect = {}, provoke }) => {
      const counter = `durablemq_refusals_total{reason="${name}"}`;
      const before = await broker().counter(counter);
      const clientId = uniqueName("end");
      const { client } = await RawClient.connect(broker().url, { version, clientId, keepalive: 0, ...connect });
      await provoke(client, version, clientId);
      const said = await refusal(client.socket, version, 1);
      // Messages before the one too many may have been acknowledged.
      const last = said.replaceAll(/packet 0x40, /g, "");
      expect(last).toBe(version === 5 ? `DISCONNECT 0x${reason.toString(16)}` : "closed");
      if (version === 5) expect(reasonStringIn(client.socket)).toBe(name);
      expect(await broker().counter(counter)).toBe(before + 1);
    });
  },
);
