// A full queue under the policy "drop-newest": what is there stays, what does not fit goes, counted.

import { afterEach, expect, test } from "vitest";
import { countFor } from "./support/bill.ts";
import { Client, cutClients, payloads } from "./support/client.ts";
import { absentSubscriber, comeBack, configureQueue, dropsOf } from "./support/queue.ts";

configureQueue("drop-newest");
afterEach(cutClients);

test.each([
  [1, 4],
  [1, 5],
  [2, 4],
  [2, 5],
] as const)(
  "QUE-11 of seven QoS %i messages (version %i) in a queue of four, the first are left",
  async (qos, version) => {
    const absent = await absentSubscriber();
    const drops = countFor("drops", "queue-full");
    const publisher = await Client.connect({ version });
    // The publisher is acknowledged: the operator chose so.
    for (let index = 0; index < 7; index++) await publisher.deliver(absent.topic, `${index}`, qos);
    expect(countFor("drops", "queue-full") - drops).toBe(3);
    expect(await dropsOf(absent)).toEqual({ "queue-full": 3 });
    const client = await comeBack(absent);
    const received = await client.expectPublishes(4);
    expect(payloads(received)).toEqual(["0", "1", "2", "3"]);
    for (const packet of received) await client.acknowledge(packet);
    expect(await client.pending()).toEqual([]);
    await publisher.deliver(absent.topic, "7", qos);
    expect(payloads([await client.expect("publish")])).toEqual(["7"]);
  },
);
