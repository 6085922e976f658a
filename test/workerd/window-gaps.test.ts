// A slow client, and a queue that drops its oldest messages: each message that is sent lies behind a gap. Configuration is
// read once in a runtime, so this is a file of its own.

import { env } from "cloudflare:workers";
import { afterEach, expect, test, vi } from "vitest";
import { configOf } from "../../worker/config.ts";
import { quiet } from "./support/bill.ts";
import { attachmentBytesMax, carriedBy } from "./support/carried.ts";
import { Client, cutClients, uniqueId } from "./support/client.ts";
import { everybodySleeps } from "./support/faults.ts";

const inflight = 1_024;
const waiting = 2;

configOf({ ...env, QUEUE_POLICY: "drop-oldest", QUEUE_MESSAGES_MAX: `${inflight + waiting}` });
afterEach(cutClients);

test("QUE-24 a window with a gap before each of 500 messages sleeps, wakes and empties", async () => {
  const topic = uniqueId("queue/gaps");
  const subscriber = await Client.connect({ version: 5, persistent: true, receiveMaximum: 65_535 });
  await subscriber.subscribe(topic, 1);
  const publisher = await Client.connect();
  let published = 0;
  const publish = async (count: number) => {
    for (let index = 0; index < count; index++) publisher.publish(topic, `${published++}`, 1);
    for (let index = 0; index < count; index++) await publisher.expect("puback");
  };
  await publish(inflight + waiting);
  const received = await subscriber.expectPublishes(inflight);
  const gaps = 500;
  // Each drop is logged, and hundreds of lines are of no use to anybody.
  const log = vi.spyOn(console, "warn").mockImplementation(() => {});
  for (let count = 1; count <= gaps; count++) {
    // What has waited longest goes; what is sent next lies behind that gap.
    await publish(2);
    subscriber.send({ cmd: "puback", messageId: received[count]?.messageId ?? 0 });
    received.push(await subscriber.expect("publish"));
  }
  const expected = Array.from({ length: gaps }, (_, index) => inflight + 2 + index * 2);
  expect(received.slice(inflight).map(({ payload }) => Number(payload.toString()))).toEqual(expected);
  log.mockRestore();
  await quiet();
  const { attachmentBytes, rowBytes } = await carriedBy(subscriber.id);
  expect(attachmentBytes).toBeLessThan(attachmentBytesMax);
  expect(rowBytes).toBeGreaterThan(attachmentBytesMax);
  await everybodySleeps();
  const left = received.filter((_, index) => index === 0 || index > gaps);
  for (const { messageId = 0 } of left) subscriber.send({ cmd: "puback", messageId });
  // Behind the last gap.
  const last = await subscriber.expect("publish");
  expect(Number(last.payload.toString())).toBe(published - 1);
  await subscriber.acknowledge(last);
  expect(await subscriber.pending()).toEqual([]);
  subscriber.cut();
  await quiet();
  const again = await Client.connect({ version: 5, persistent: true, clientId: subscriber.id });
  expect(await again.pending()).toEqual([]);
});
