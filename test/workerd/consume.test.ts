// A session's queue consumed without MQTT, on real objects: what survives sleep and resets, who is told of new messages, and
// what it costs.

import { evictAllDurableObjects } from "cloudflare:test";
import { afterEach, expect, test } from "vitest";
import type { Handle, PullAnswer } from "../../src/session/consume.ts";
import { eventually, within } from "../support/eventually.ts";
import { textOf } from "../support/records.ts";
import { manage } from "./support/api.ts";
import { inWords, measure } from "./support/bill.ts";
import { Client, cutClients, uniqueId } from "./support/client.ts";
import { everybodySleeps, reset } from "./support/faults.ts";
import { rowsOf, sessionOf } from "./support/objects.ts";

afterEach(() => {
  cutClients();
});

type Pulled = Extract<PullAnswer, { kind: "pulled" }>;

class Worker {
  readonly id = uniqueId("consumed");
  readonly topic = uniqueId("work");

  static async provisioned(): Promise<Worker> {
    const worker = new Worker();
    const answer = await sessionOf(worker.id).manage({
      kind: "provision",
      clientId: worker.id,
      expirySeconds: 3600,
      subscriptions: [
        { filter: worker.topic, qos: 2, noLocal: false, retainAsPublished: false, retainHandling: 0 } as const,
      ],
      limits: {},
    });
    expect(answer).toMatchObject({ kind: "provisioned", created: true, reasons: [2] });
    return worker;
  }

  async pull(messagesMax: number, visibilityMs = 60_000): Promise<Pulled> {
    const answer = await sessionOf(this.id).manage({ kind: "pull", messagesMax, bytesMax: 1_000_000, visibilityMs });
    if (answer.kind !== "pulled") throw new Error(answer.kind);
    return answer as Pulled;
  }

  async acknowledge(pulled: Pulled): Promise<void> {
    const handles: Handle[] = pulled.messages.map(({ position }) => {
      return { generation: pulled.generation, lease: pulled.lease, position };
    });
    const answer = await sessionOf(this.id).manage({ kind: "settle", handles, action: "acknowledge", visibleInMs: 0 });
    expect(answer).toEqual({ kind: "settled", statuses: handles.map(() => "done") });
  }

  async waiter(): Promise<WebSocket> {
    const response = await sessionOf(this.id).fetch("https://session/wait", { headers: { Upgrade: "websocket" } });
    const socket = response.webSocket as WebSocket;
    socket.accept();
    return socket;
  }
}

function told(socket: WebSocket): Promise<void> {
  return within(
    "a word to the waiting worker",
    new Promise<void>((resolve) => socket.addEventListener("message", () => resolve(), { once: true })),
  );
}

function texts({ messages }: Pulled): string[] {
  return messages.map(({ payload }) => textOf(payload));
}

test.each(["sleep", "reset"] as const)("a %s between any two steps changes nothing", async (fault) => {
  const worker = await Worker.provisioned();
  const publisher = await Client.connect();
  const interrupt = () => (fault === "sleep" ? everybodySleeps() : reset(sessionOf(worker.id)));
  for (const [text, qos] of [
    ["1", 1],
    ["2", 2],
    ["3", 1],
  ] as const)
    await publisher.deliver(worker.topic, text, qos);
  await interrupt();
  const first = await worker.pull(2);
  await interrupt();
  const second = await worker.pull(2);
  expect([texts(first), texts(second)]).toEqual([["1", "2"], ["3"]]);
  await interrupt();
  await worker.acknowledge(first);
  await interrupt();
  const client = await Client.connect({ version: 5, clientId: worker.id, persistent: true });
  expect(client.connack?.sessionPresent).toBe(true);
  await interrupt();
  await worker.acknowledge(second);
  expect(await rowsOf(sessionOf(worker.id), "segment")).toBe(0);
});

test("who waits is told when a message comes, when a client takes its place, and at once if there is something", async () => {
  const worker = await Worker.provisioned();
  const publisher = await Client.connect();
  const first = await worker.waiter();
  await evictAllDurableObjects({ webSockets: "hibernate" });
  const word = told(first);
  await publisher.deliver(worker.topic, "1", 1);
  await word;
  await told(await worker.waiter());
  await worker.acknowledge(await worker.pull(1));
  const last = told(await worker.waiter());
  await Client.connect({ version: 5, clientId: worker.id, persistent: true });
  await last;
});

test("of those who wait as many are told as messages have come", async () => {
  const worker = await Worker.provisioned();
  const publisher = await Client.connect();
  const sockets = [await worker.waiter(), await worker.waiter()];
  let words = 0;
  for (const socket of sockets) {
    socket.addEventListener("message", () => {
      words++;
    });
  }
  await publisher.deliver(worker.topic, "1", 1);
  await eventually("one is told", () => words === 1);
  await worker.acknowledge(await worker.pull(5));
  expect(words).toBe(1);
  await publisher.deliver(worker.topic, "2", 1);
  await eventually("the other is told", () => words === 2);
});

test("BILL-20 a batch of 100 that is pulled and acknowledged over HTTP writes at most 0.1 rows and takes 0.02 calls a message", async () => {
  const worker = await Worker.provisioned();
  const publisher = await Client.connect();
  const send = async (count: number) => {
    for (let sent = 0; sent < count; sent++) publisher.publish(worker.topic, `${sent}`, 1);
    for (let left = count; left > 0; left--) await publisher.expect("puback");
  };
  const handle = async () => {
    const { messages } = await manage("POST", `/sessions/${worker.id}/pull`, { messagesMax: 100 });
    expect(messages).toHaveLength(100);
    const handles = messages.map((message: { handle: string }) => message.handle);
    await manage("POST", `/sessions/${worker.id}/acknowledge`, { handles });
  };
  await send(100);
  await handle();
  await send(500);
  const bill = await measure(500, async () => {
    for (let batch = 0; batch < 5; batch++) await handle();
  });
  const figures = inWords("pull and acknowledge 100", bill);
  expect(bill.rows_written + bill.alarms_set, figures).toBeLessThanOrEqual(0.1);
  expect(bill.rows_read, figures).toBeLessThanOrEqual(0.5);
  // A pull and an acknowledgement for each hundred.
  expect(bill.object_calls, figures).toBe(0.02);
  expect(await rowsOf(sessionOf(worker.id), "segment")).toBe(0);
});
