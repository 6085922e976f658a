// A full queue under the policy "drop-oldest": what was not begun longest ago goes, counted, and the newest is there.

import { afterEach, expect, test } from "vitest";
import { countFor } from "./support/bill.ts";
import { Client, cutClients, payloads } from "./support/client.ts";
import { everybodySleeps } from "./support/faults.ts";
import { absentSubscriber, comeBack, configureQueue, dropsOf, queueBytesMax } from "./support/queue.ts";

configureQueue("drop-oldest");
afterEach(cutClients);

test.each([1, 2] as const)("QUE-8 of seven QoS %i messages in a queue of four, the last four are left", async (qos) => {
  const absent = await absentSubscriber();
  const drops = countFor("drops", "queue-full");
  const publisher = await Client.connect({ version: 5 });
  for (let index = 0; index < 7; index++) await publisher.deliver(absent.topic, `${index}`, qos);
  expect(countFor("drops", "queue-full") - drops).toBe(3);
  expect(await dropsOf(absent)).toEqual({ "queue-full": 3 });
  await everybodySleeps();
  const client = await comeBack(absent);
  const received = await client.expectPublishes(4);
  expect(payloads(received)).toEqual(["3", "4", "5", "6"]);
  for (const packet of received) await client.acknowledge(packet);
  expect(await client.pending()).toEqual([]);
});

test("QUE-9 what is on its way to the client is not dropped", async () => {
  const absent = await absentSubscriber(1);
  const client = await comeBack(absent, { version: 5, receiveMaximum: 2 });
  const publisher = await Client.connect();
  for (let index = 0; index < 8; index++) await publisher.deliver(absent.topic, `${index}`, 1);
  const begun = await client.expectPublishes(2);
  for (const packet of begun) await client.acknowledge(packet);
  const rest = await client.expectPublishes(2);
  expect(payloads([...begun, ...rest])).toEqual(["0", "1", "6", "7"]);
  expect(await dropsOf(absent)).toEqual({ "queue-full": 4 });
});

test("QUE-10 bytes are bounded as messages are", async () => {
  const absent = await absentSubscriber();
  const publisher = await Client.connect();
  for (const name of ["a", "b", "c"]) await publisher.deliver(absent.topic, name.repeat(queueBytesMax * 0.4), 1);
  const client = await comeBack(absent);
  expect(payloads(await client.expectPublishes(2)).map(([first]) => first)).toEqual(["b", "c"]);
});
