// As many messages in flight as there are packet identifiers, acknowledged so that no two neighbours are alike: more than a
// socket can carry through hibernation. Configuration is read once in a runtime, so this is a file of its own.

import { env } from "cloudflare:workers";
import type { IPublishPacket, Packet } from "mqtt-packet";
import { afterEach, expect, test } from "vitest";
import { configOf } from "../../worker/config.ts";
import { countFor, measure, quiet } from "./support/bill.ts";
import { attachmentBytesMax, carriedBy } from "./support/carried.ts";
import { Client, cutClients, publishPacket, uniqueId } from "./support/client.ts";
import { everybodySleeps } from "./support/faults.ts";

configOf({ ...env, INFLIGHT_MAX: "65535", RECEIVE_MAXIMUM: "65535", QUEUE_MESSAGES_MAX: "100000" });
afterEach(cutClients);

const packetIds = 65_535;

/** One frame for many packets: the session takes them in one step. */
function sendTogether(client: Client, packets: readonly Packet[]): void {
  client.sendBytes(Buffer.concat(packets.map((packet) => client.encode(packet))));
}

/** A subscriber that has been sent `packetIds` messages, QoS 1 and 2 in turn, and has acknowledged none. */
async function everythingInFlight() {
  const topic = uniqueId("wide/window");
  const subscriber = await Client.connect({ version: 5, persistent: true, receiveMaximum: packetIds });
  await subscriber.subscribe(topic, 2);
  const publisher = await Client.connect();
  const messages = Array.from({ length: packetIds }, (_, index) =>
    publishPacket(topic, `${index}`, index % 2 === 0 ? 1 : 2, { messageId: index + 1 }),
  );
  const together = 4_096;
  for (let at = 0; at < packetIds; at += together) {
    const some = messages.slice(at, at + together);
    sendTogether(publisher, some);
    for (const { qos, messageId } of some) {
      expect(await publisher.next()).toMatchObject({ cmd: qos === 1 ? "puback" : "pubrec", messageId });
    }
  }
  const received = await subscriber.expectPublishes(packetIds);
  expect(received.map(({ payload }) => Number(payload.toString()))).toEqual(messages.map((_, index) => index));
  expect(new Set(received.map(({ messageId }) => messageId)).size).toBe(packetIds);
  return { topic, subscriber, publisher, received };
}

/** Scattered, and the same each time. */
const isPicked = (index: number): boolean => Math.imul(index + 1, 0x9e3779b1) >>> 31 === 1;

/** Every other message, or so, is finished at QoS 1 and released at QoS 2. */
async function acknowledgeSome(subscriber: Client, received: readonly IPublishPacket[]): Promise<void> {
  const picked = received.filter((_, index) => isPicked(index));
  const acknowledge = ({ qos, messageId = 0 }: IPublishPacket): Packet => {
    return { cmd: qos === 1 ? "puback" : "pubrec", messageId };
  };
  sendTogether(subscriber, picked.map(acknowledge));
  for (const { qos, messageId } of picked) {
    if (qos === 2) expect(await subscriber.expect("pubrel")).toMatchObject({ messageId });
  }
}

const unexpected = ["unexpected-puback", "unexpected-pubrec", "unexpected-pubcomp"] as const;

/** The conversation goes on where it was. */
async function finishAll(subscriber: Client, received: readonly IPublishPacket[]): Promise<void> {
  const refused = () => unexpected.map((reason) => countFor("refusals", reason));
  const before = refused();
  const isReleased = ({ qos }: IPublishPacket, index: number) => qos === 2 && isPicked(index);
  const rest = received.filter((_, index) => !isPicked(index));
  sendTogether(subscriber, [
    ...received.filter(isReleased).map(({ messageId = 0 }): Packet => ({ cmd: "pubcomp", messageId })),
    ...rest.map(({ qos, messageId = 0 }): Packet => ({ cmd: qos === 1 ? "puback" : "pubrec", messageId })),
  ]);
  const released = rest.filter(({ qos }) => qos === 2);
  for (const { messageId } of released) expect(await subscriber.expect("pubrel")).toMatchObject({ messageId });
  sendTogether(
    subscriber,
    released.map(({ messageId = 0 }): Packet => ({ cmd: "pubcomp", messageId })),
  );
  expect(await subscriber.pending()).toEqual([]);
  expect(refused()).toEqual(before);
}

test("WIDE-1 65,535 in flight, none acknowledged, fit the socket, and one more has to wait", async () => {
  const { topic, subscriber, publisher, received } = await everythingInFlight();
  const { attachmentBytes, rowBytes } = await carriedBy(subscriber.id);
  // Two of a kind in turn: the worst there is before anything is acknowledged.
  expect(attachmentBytes).toBeLessThan(attachmentBytesMax);
  expect(rowBytes).toBeLessThan(40_000);
  await publisher.deliver(topic, "one more", 1);
  expect(await subscriber.pending()).toEqual([]);
  await everybodySleeps();
  // Its identifier is that of the first message, so the window waits for just that one.
  subscriber.send({ cmd: "puback", messageId: received[2]?.messageId ?? 0 });
  expect(await subscriber.pending()).toEqual([]);
  subscriber.send({ cmd: "puback", messageId: received[0]?.messageId ?? 0 });
  const last = await subscriber.expect("publish");
  expect([last.payload.toString(), last.messageId]).toEqual(["one more", received[0]?.messageId]);
});

test("WIDE-2 acknowledged in a scattered order, they sleep in a row, and the conversation goes on after it", async () => {
  const { subscriber, received } = await everythingInFlight();
  await acknowledgeSome(subscriber, received);
  await quiet();
  const { attachmentBytes, rowBytes } = await carriedBy(subscriber.id);
  expect(attachmentBytes).toBeLessThan(attachmentBytesMax);
  expect(rowBytes).toBeGreaterThan(attachmentBytesMax);
  expect(rowBytes).toBeLessThan(40_000);
  await everybodySleeps();
  await finishAll(subscriber, received);
  await quiet();
  // It fits again.
  expect(await carriedBy(subscriber.id)).toMatchObject({ rowBytes: 0 });
  await subscriber.disconnect();
  const again = await Client.connect({ version: 5, persistent: true, clientId: subscriber.id });
  expect(await again.pending()).toEqual([]);
});

test("WIDE-3 the connection of a sleeping object breaks: what was not finished comes again, and nothing else", async () => {
  const { subscriber, received } = await everythingInFlight();
  await acknowledgeSome(subscriber, received);
  await quiet();
  await everybodySleeps();
  subscriber.cut();
  await quiet();
  const options = { version: 5, persistent: true, clientId: subscriber.id, receiveMaximum: packetIds } as const;
  const again = await Client.connect(options);
  for (const [index, { qos, messageId, payload }] of received.entries()) {
    if (!isPicked(index)) expect(await again.expect("publish")).toMatchObject({ qos, messageId, payload, dup: true });
    else if (qos === 2) expect(await again.expect("pubrel")).toMatchObject({ messageId });
  }
  await finishAll(again, received);
});

test("WIDE-4 an acknowledgement that the socket has no room for costs one row", async () => {
  const { subscriber, received } = await everythingInFlight();
  await acknowledgeSome(subscriber, received);
  const rest = received.filter(({ qos }, index) => qos === 1 && !isPicked(index)).slice(1, 201);
  const bill = await measure(rest.length, async () => {
    for (const { messageId = 0 } of rest) {
      subscriber.send({ cmd: "puback", messageId });
      // The session has taken it in a step of its own when it answers this.
      expect(await subscriber.pending()).toEqual([]);
    }
  });
  // The barrier is a step too.
  expect(bill.rows_written).toBeLessThanOrEqual(2);
});
