// As many messages under way as there are packet identifiers, in both directions, and acknowledged late and in any order.

import type { IPublishPacket, Packet } from "mqtt-packet";
import { describe, expect, test } from "vitest";
import { isOurs, versionNames, versions } from "../support/broker.ts";
import { uniqueName } from "../support/client.ts";
import { RawClient } from "../support/raw-client.ts";
import { useBroker } from "../support/use-broker.ts";

const packetIds = 65_535;
const together = 1_000;

const everyIdentifier = Array.from({ length: packetIds }, (_unused, index) => index + 1);

/** The same packets in a scattered order that is the same in each run. */
function scattered<Value>(values: readonly Value[]): Value[] {
  const rank = (index: number): number => Math.imul(index + 1, 0x9e3779b1) >>> 0;
  return values
    .map((value, index) => ({ value, rank: rank(index) }))
    .sort((left, right) => left.rank - right.rank)
    .map(({ value }) => value);
}

/** Many packets, some to a frame. */
function sendAll(client: RawClient, packets: readonly Packet[]): void {
  for (let at = 0; at < packets.length; at += together) {
    const some = packets.slice(at, at + together);
    client.socket.sendBytes(Buffer.concat(some.map((packet) => client.encode(packet))));
  }
}

const publish = (topic: string, payload: number, qos: 1 | 2, messageId: number, dup = false): IPublishPacket => ({
  cmd: "publish",
  topic,
  payload: `${payload}`,
  qos,
  messageId,
  dup,
  retain: false,
});

/** Publishes with every identifier once, and hears of each. */
async function publishAll(client: RawClient, topic: string, qos: 1 | 2, first: number, count: number): Promise<void> {
  for (let at = 0; at < count; at += together) {
    const some = everyIdentifier.slice(at, Math.min(at + together, count));
    sendAll(
      client,
      some.map((messageId) => publish(topic, first + messageId - 1, qos, messageId)),
    );
    for (const messageId of some) {
      const { cmd, messageId: answered } = await client.nextPacket();
      if (cmd !== (qos === 1 ? "puback" : "pubrec") || answered !== messageId) throw new Error(`${cmd} ${answered}`);
    }
  }
}

const payloadOf = (packet: IPublishPacket): number => Number(packet.payload.toString());

describe.runIf(isOurs)("65,535 messages under way", () => {
  const broker = useBroker({
    env: { INFLIGHT_MAX: `${packetIds}`, RECEIVE_MAXIMUM: `${packetIds}`, QUEUE_MESSAGES_MAX: "200000" },
  });

  test.each(versions.filter((version) => version > 3).map((version) => ({ version, name: versionNames[version] })))(
    "[MQTT-3.3.4-9] [MQTT-2.2.1-4] [MQTT3-2.3.1-4] to a client that acknowledges late and in no order, in $name",
    { timeout: 180_000 },
    async ({ version }) => {
      const topic = `${uniqueName("wide")}/out`;
      const clientId = uniqueName("wide");
      const session = version === 5 ? { sessionExpiryInterval: 3600, receiveMaximum: packetIds } : {};
      const options = {
        version,
        clientId,
        clean: false,
        keepalive: 0,
        ...(version === 5 ? { properties: session } : {}),
      };
      const { client: subscriber } = await RawClient.connect(broker().url, options);
      await subscriber.subscribe(topic, 1);
      const { client: publisher } = await RawClient.connect(broker().url, { keepalive: 0 });
      await publishAll(publisher, topic, 1, 0, packetIds);

      const received = await subscriber.expectPublishes(packetIds);
      expect(received.every((packet, index) => payloadOf(packet) === index)).toBe(true);
      expect(new Set(received.map(({ messageId }) => messageId)).size).toBe(packetIds);
      expect(received.some(({ dup }) => dup)).toBe(false);

      // There is no identifier left: what comes now waits for the first, whatever else is acknowledged.
      const more = 2_000;
      await publishAll(publisher, topic, 1, packetIds, more);
      const [first, ...others] = received;
      const acknowledge = ({ messageId = 0 }: IPublishPacket): Packet => ({ cmd: "puback", messageId });
      sendAll(subscriber, scattered(others).slice(0, 60_000).map(acknowledge));
      expect(await subscriber.pending()).toEqual([]);
      if (first === undefined) throw new Error("no message");
      sendAll(subscriber, [acknowledge(first)]);
      sendAll(subscriber, scattered(others).slice(60_000).map(acknowledge));
      const rest = await subscriber.expectPublishes(more);
      expect(rest.every((packet, index) => payloadOf(packet) === packetIds + index)).toBe(true);
      sendAll(subscriber, scattered(rest).map(acknowledge));
      expect(await subscriber.pending()).toEqual([]);

      subscriber.socket.cut();
      const { client: back, connack } = await RawClient.connect(broker().url, options);
      expect(connack.sessionPresent).toBe(true);
      expect(await back.pending()).toEqual([]);
    },
  );

  test("[MQTT-4.3.3-10] [MQTT-4.3.3-12] from a client that releases late and in no order; each is delivered once", {
    timeout: 240_000,
  }, async () => {
    const topic = `${uniqueName("wide")}/in`;
    const clientId = uniqueName("wide");
    const properties = { sessionExpiryInterval: 3600 };
    const options = { version: 5 as const, clientId, clean: false, keepalive: 0, properties };
    const { client: witness } = await RawClient.connect(broker().url, { keepalive: 0 });
    await witness.subscribe(topic, 0);
    const { client: publisher, connack } = await RawClient.connect(broker().url, options);
    // The largest there is goes without saying.
    expect(connack.properties?.receiveMaximum ?? packetIds).toBe(packetIds);
    await publishAll(publisher, topic, 2, 0, packetIds);

    // Half of them are released, others sent again: they are known, and go nowhere.
    const order = scattered(everyIdentifier);
    const released = order.slice(0, 30_000);
    const again = order.slice(30_000, 31_000);
    await release(publisher, released);
    sendAll(
      publisher,
      again.map((messageId) => publish(topic, messageId - 1, 2, messageId, true)),
    );
    for (const messageId of again) expect(await publisher.expectPacket("pubrec")).toMatchObject({ messageId });

    const delivered = await witness.expectPublishes(packetIds);
    expect(delivered.every((packet, index) => payloadOf(packet) === index)).toBe(true);
    expect(await witness.pending()).toEqual([]);

    // All of that is durable.
    await broker().kill9();
    await broker().restart();
    const { client: lateWitness } = await RawClient.connect(broker().url, { keepalive: 0 });
    await lateWitness.subscribe(topic, 0);
    const { client: back } = await RawClient.connect(broker().url, options);
    const rest = order.slice(30_000);
    sendAll(
      back,
      again.map((messageId) => publish(topic, messageId - 1, 2, messageId, true)),
    );
    for (const messageId of again) expect(await back.expectPacket("pubrec")).toMatchObject({ messageId });
    await release(back, rest);
    // Free again, every one.
    await release(back, everyIdentifier.slice(0, 100), 0x92);
    expect(await lateWitness.pending()).toEqual([]);
  });
});

/** PUBREL for each, and PUBCOMP from the broker. */
async function release(client: RawClient, identifiers: readonly number[], reason = 0): Promise<void> {
  sendAll(
    client,
    identifiers.map((messageId) => ({ cmd: "pubrel", messageId, reasonCode: 0 })),
  );
  for (const messageId of identifiers) {
    const answer = await client.expectPacket("pubcomp");
    if (answer.messageId !== messageId || (answer.reasonCode ?? 0) !== reason) {
      throw new Error(`PUBCOMP ${answer.messageId} ${answer.reasonCode} instead of ${messageId} ${reason}`);
    }
  }
}
