// Delays and expiries are kept to within a second: never too early, and not a second late.

import { describe, expect, test } from "vitest";
import { versions } from "../support/broker.ts";
import { TestClient, uniqueName } from "../support/client.ts";
import { RawClient, type RawConnect } from "../support/raw-client.ts";
import { useBroker } from "../support/use-broker.ts";

const broker = useBroker();
const delaySeconds = 2;

interface Wait {
  readonly what: string;
  readonly connect: (topic: string) => RawConnect;
}

const will = (topic: string, willDelayInterval: number) => ({
  topic,
  payload: Buffer.from("now"),
  qos: 1 as const,
  retain: false,
  properties: { willDelayInterval },
});

/** Each is seen by the will that is published at its end. */
const waits: readonly Wait[] = [
  {
    what: "[MQTT-3.1.2-8] a will delay",
    connect: (topic) => ({ properties: { sessionExpiryInterval: 100 }, will: will(topic, delaySeconds) }),
  },
  {
    what: "[MQTT-4.1.0-2] a session expiry",
    connect: (topic) => ({ properties: { sessionExpiryInterval: delaySeconds }, will: will(topic, 1_000) }),
  },
];

/** From when a client leaves to its will. */
async function secondsToWill(connect: Wait["connect"], leave: (client: RawClient) => void): Promise<number> {
  const topic = `${uniqueName("timing")}/will`;
  const witness = await TestClient.connect(broker().url, { version: 5 });
  await witness.subscribe(topic, 1);
  const { client } = await RawClient.connect(broker().url, { version: 5, clean: false, ...connect(topic) });
  const before = performance.now();
  leave(client);
  expect(await witness.takePayloads(1)).toEqual(["now"]);
  return (performance.now() - before) / 1000;
}

/** Never too early; once in time is enough, since the machine may be busy with other things. */
async function expectInTime(waitedSeconds: () => Promise<number>): Promise<void> {
  const waited: number[] = [];
  while (waited.length < 3 && !waited.some((one) => one < delaySeconds + 1)) waited.push(await waitedSeconds());
  expect(Math.min(...waited)).toBeGreaterThan(delaySeconds);
  expect(Math.min(...waited)).toBeLessThan(delaySeconds + 1);
}

describe.skipIf(!versions.includes(5))("to within a second", () => {
  test.each(waits)("$what", async ({ connect }) => {
    await expectInTime(() => secondsToWill(connect, (client) => client.socket.cut()));
  });

  test("a session expiry given with DISCONNECT, counted from there", async () => {
    const connect = (topic: string) => ({ properties: { sessionExpiryInterval: 1 }, will: will(topic, 1_000) });
    const leave = (client: RawClient) =>
      client.send({ cmd: "disconnect", reasonCode: 0x04, properties: { sessionExpiryInterval: delaySeconds } });
    await expectInTime(() => secondsToWill(connect, leave));
  });

  test("[MQTT-3.3.2-6] what is left of a message expiry, queued and retained", async () => {
    const topic = `${uniqueName("timing")}/value`;
    const clock = `${uniqueName("timing")}/clock`;
    const expirySeconds = 100;
    const properties = { sessionExpiryInterval: 100 };
    const away = { version: 5 as const, clientId: uniqueName("away"), clean: false, properties };
    const { client: subscriber } = await RawClient.connect(broker().url, away);
    await subscriber.subscribe(topic, 1);
    subscriber.send({ cmd: "disconnect", reasonCode: 0 });
    await subscriber.expectClose();
    const { client: publisher } = await RawClient.connect(broker().url, { version: 5 });
    const before = performance.now();
    const message = { topic, payload: "m", qos: 1 as const, dup: false, retain: true };
    publisher.send({ cmd: "publish", ...message, messageId: 1, properties: { messageExpiryInterval: expirySeconds } });
    await publisher.expectPacket("puback");

    // Time passes until a will says so.
    const witness = await TestClient.connect(broker().url, { version: 5 });
    await witness.subscribe(clock, 1);
    const { client } = await RawClient.connect(broker().url, {
      version: 5,
      clean: false,
      properties,
      will: will(clock, delaySeconds),
    });
    client.socket.cut();
    await witness.take(1);

    const { client: back } = await RawClient.connect(broker().url, away);
    const { client: late } = await RawClient.connect(broker().url, { version: 5 });
    late.send({ cmd: "subscribe", messageId: 1, subscriptions: [{ topic, qos: 1 }] });
    await late.expectPacket("suback");
    for (const receiver of [back, late]) {
      const { properties: found } = await receiver.expectPacket("publish");
      const waitedSeconds = (performance.now() - before) / 1000;
      const left = found?.messageExpiryInterval ?? 0;
      // Rounded to whole seconds, in the message's favour.
      expect(left).toBeGreaterThanOrEqual(Math.floor(expirySeconds - waitedSeconds));
      expect(left).toBeLessThanOrEqual(expirySeconds - delaySeconds);
    }
  });
});
