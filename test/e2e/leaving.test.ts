// A client that sends and goes at once. What has arrived whole is processed, whether or not anybody is left to be answered.

import type { Packet } from "mqtt-packet";
import { describe, expect, test } from "vitest";
import { isOurs, type Version, versionNames, versions } from "../support/broker.ts";
import { uniqueName } from "../support/client.ts";
import { connectPacket, RawClient } from "../support/raw-client.ts";
import { RawSocket } from "../support/raw-socket.ts";
import { refusal } from "../support/refusal.ts";
import { useBroker } from "../support/use-broker.ts";

const broker = useBroker();

/** What was sent lies before the end in the byte stream, so it arrives whole. */
const ways: readonly (readonly [how: string, leave: (socket: RawSocket) => void])[] = [
  ["closes its WebSocket", (socket) => socket.close()],
  ["ends its TCP connection", (socket) => socket.finish()],
];

const publishes = (topic: string, qualities: readonly (0 | 1 | 2)[] = [0, 1, 2]): Packet[] =>
  qualities.map((qos, index) => ({
    cmd: "publish",
    topic,
    payload: `${index}`,
    qos,
    messageId: index + 1,
    dup: false,
    retain: false,
  }));

const disconnect: Packet = { cmd: "disconnect", reasonCode: 0 };

/** One frame. */
function together(client: RawClient, packets: readonly Packet[]): Buffer {
  return Buffer.concat(packets.map((packet) => client.encode(packet)));
}

/** Somebody to whom it matters. */
async function witnessOf(topic: string, version: Version): Promise<RawClient> {
  const { client } = await RawClient.connect(broker().url, { version });
  await client.subscribe(topic, 2);
  return client;
}

async function expectPayloads(witness: RawClient, payloads: readonly string[]): Promise<void> {
  const received = await witness.expectPublishes(payloads.length);
  expect(received.map(({ payload }) => payload.toString())).toEqual(payloads);
  expect(await witness.pending()).toEqual([]);
}

const farewells = [
  { farewell: "without a DISCONNECT", last: [] },
  { farewell: "with a DISCONNECT", last: [disconnect] },
] as const;

describe.runIf(isOurs).each(versions.map((version) => ({ version, name: versionNames[version] })))(
  "in $name, a client",
  ({ version }) => {
    describe.each(farewells)("$farewell", ({ last }) => {
      test.each(ways)("%s right behind its messages", async (_how, leave) => {
        const topic = `${uniqueName("leaving")}/value`;
        const witness = await witnessOf(topic, version);
        const { client } = await RawClient.connect(broker().url, { version });
        client.socket.sendBytes(together(client, [...publishes(topic), ...last]));
        leave(client.socket);
        await expectPayloads(witness, ["0", "1", "2"]);
      });

      test.each(ways)("%s before it has read CONNACK", async (_how, leave) => {
        const topic = `${uniqueName("leaving")}/value`;
        const will = { topic, payload: Buffer.from("will"), qos: 1 as const, retain: false };
        const witness = await witnessOf(topic, version);
        const client = new RawClient(await RawSocket.open(broker().url), version);
        client.socket.sendBytes(together(client, [connectPacket(version, { will }), ...publishes(topic), ...last]));
        leave(client.socket);
        await expectPayloads(witness, ["0", "1", "2", ...(last.length === 0 ? ["will"] : [])]);
      });
    });

    test("resets its TCP connection once it knows that its messages have arrived", async () => {
      const topic = `${uniqueName("leaving")}/value`;
      const witness = await witnessOf(topic, version);
      for (let round = 0; round < 20; round += 1) {
        const { client: sender } = await RawClient.connect(broker().url, { version });
        sender.socket.sendBytes(together(sender, [...publishes(topic), { cmd: "pingreq" }]));
        // The broker reads in order: whoever answers the ping has read what came before it.
        while ((await sender.nextPacket()).cmd !== "pingresp");
        sender.socket.reset();
        const received = await witness.expectPublishes(3);
        expect(received.map(({ payload }) => payload.toString())).toEqual(["0", "1", "2"]);
      }
      expect(await witness.pending()).toEqual([]);
    });

    test("ends in the middle of a packet: those before it count, the half does not", async () => {
      const topic = `${uniqueName("leaving")}/value`;
      const witness = await witnessOf(topic, version);
      const { client } = await RawClient.connect(broker().url, { version });
      const bytes = together(client, publishes(topic, [1, 1, 1]));
      client.socket.sendBytes(bytes.subarray(0, bytes.length - 1));
      client.socket.finish();
      await expectPayloads(witness, ["0", "1"]);
    });

    test("makes a mistake right behind its messages, all in the frame of its CONNECT", async () => {
      const topic = `${uniqueName("leaving")}/value`;
      const witness = await witnessOf(topic, version);
      const client = new RawClient(await RawSocket.open(broker().url), version);
      const sent = together(client, [connectPacket(version), ...publishes(topic)]);
      client.socket.sendBytes(Buffer.concat([sent, Buffer.of(0x00, 0x00), together(client, publishes(topic))]));
      await expectPayloads(witness, ["0", "1", "2"]);
      const said = await refusal(client.socket, version, 0);
      const acknowledged = said.replaceAll(/packet 0x[45]0, /g, "");
      expect(acknowledged).toBe(version === 5 ? "CONNACK 0x00, DISCONNECT 0x81" : "CONNACK 0");
    });
  },
);
