// A full queue under the policy "drop-newest": what is there stays, what does not fit goes, counted.

import { afterEach, expect, test, vi } from "vitest";
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

test("QUE-13 a drop is logged with its reason, topic and publisher", async () => {
  const lines: string[] = [];
  const log = vi.spyOn(console, "warn").mockImplementation((line: string) => void lines.push(line));
  try {
    const absent = await absentSubscriber();
    const publisher = await Client.connect();
    for (let index = 0; index < 5; index++) await publisher.deliver(absent.topic, `${index}`, 1);
    const [line, ...others] = lines.map((text) => JSON.parse(text)).filter(({ event }) => event === "drop");
    expect(others).toEqual([]);
    expect(line).toMatchObject({ reason: "queue-full", count: 1 });
    expect(line.detail).toContain(absent.topic);
    expect(line.detail).toContain(publisher.id);
  } finally {
    log.mockRestore();
  }
});
