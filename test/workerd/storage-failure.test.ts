// When a write fails nothing that depends on it is said, and the object starts anew from what it had written before.

import { afterEach, expect, test } from "vitest";
import { defaultSessionLimits } from "../../src/session/limits.ts";
import { SessionObject } from "../../worker/session/object.ts";
import { eventually } from "../support/eventually.ts";
import { records } from "../support/records.ts";
import { countOf } from "./support/bill.ts";
import { Client, cutClients, payloads, uniqueId } from "./support/client.ts";
import { Consumer, firstSeen } from "./support/consumer.ts";
import { endFaults, fail, failStatements } from "./support/faults.ts";
import { rowsOf, shardOfTopic } from "./support/objects.ts";
import { Producer } from "./support/producer.ts";

const consumers: Consumer[] = [];
afterEach(async () => {
  endFaults();
  for (const consumer of consumers.splice(0)) await consumer.stop();
  cutClients();
});

/** Fails if any acknowledgement comes while the fault lasts. */
async function expectNothingSaid(client: Client): Promise<void> {
  const said = await client.next(150).catch(() => undefined);
  expect(said?.cmd === "disconnect" ? undefined : said).toBeUndefined();
}

test.each([
  ["the shard's cursor of the publisher", 2, /INSERT INTO source/],
  ["the identifier of a QoS 2 message", 2, /INSERT INTO state/],
  ["the retained message", 1, /INSERT INTO retained/],
] as const)("STO-1 no acknowledgement while %s cannot be written", async (_what, qos, statement) => {
  const topic = uniqueId("storage/publish");
  const producer = await Producer.connected();
  producer.send(topic, ["before"], 2);
  await producer.finish();
  const wakes = countOf("wakes");
  const fault = failStatements(statement);
  producer.send(topic, ["during"], qos, { retain: true });
  await fault.reached();
  await expectNothingSaid(producer.client);
  fault.end();
  await producer.finish();
  expect(countOf("wakes")).toBeGreaterThan(wakes);
  const late = await Client.connect();
  await late.subscribe(topic, 2);
  expect(payloads([await late.expect("publish")])).toEqual(["during"]);
});

test.each([1, 2] as const)(
  "STO-2 QoS %i messages wait in the outbox while their target cannot write them",
  async (qos) => {
    const topic = uniqueId("storage/target");
    const consumer = await Consumer.subscribed(topic, 2);
    consumers.push(consumer);
    const producer = await Producer.connected();
    const fault = failStatements(/INSERT INTO segment/);
    // So many that they are written at once, and not held for the consumer's acknowledgement.
    const sent = Array.from({ length: defaultSessionLimits.heldMessagesMax + 1 }, (_, index) => `${index}`);
    producer.send(topic, sent, qos);
    await fault.reached();
    await producer.finish();
    expect(consumer.payloads).toEqual([]);
    fault.end();
    await eventually("everything arrives", () => consumer.payloads.length >= sent.length);
    expect(consumer.payloads).toEqual(sent);
  },
);

test("STO-3 no acknowledgement while neither the target nor the outbox can be written", async () => {
  const topic = uniqueId("storage/outbox");
  const consumer = await Consumer.subscribed(topic, 2);
  consumers.push(consumer);
  const producer = await Producer.connected();
  const target = fail(SessionObject.prototype, "deliver", "before");
  const outbox = failStatements(/INSERT INTO owed/);
  producer.send(topic, ["a", "b"], 1);
  await outbox.reached();
  await expectNothingSaid(producer.client);
  outbox.end();
  target.end();
  await producer.finish();
  await eventually("everything arrives", () => consumer.payloads.includes("b"));
  expect(firstSeen(consumer.payloads)).toEqual(["a", "b"]);
  expect(await rowsOf(shardOfTopic(topic), "owed")).toBe(0);
});

test.each([
  ["the session's row", /INSERT INTO subscription/],
  ["the shard's route", /INSERT INTO route/],
])("STO-4 no SUBACK while %s cannot be written", async (_what, statement) => {
  const topic = uniqueId("storage/subscribe");
  const options = { version: 5, persistent: true, clientId: uniqueId("subscriber") } as const;
  const client = await Client.connect(options);
  const fault = failStatements(statement);
  client.send({ cmd: "subscribe", messageId: 1, subscriptions: [{ topic, qos: 1 }] });
  await fault.reached();
  await expectNothingSaid(client);
  fault.end();
  // The shard is asked again until it can; a session that could not write has let its client go.
  if (statement.source.includes("route")) return void (await client.expect("suback"));
  await client.expectClose();
  const again = await Client.insist(options);
  await again.subscribe(topic, 1);
});

test("STO-5 no CONNACK while the session cannot be written", async () => {
  const options = { version: 5, persistent: true, clientId: uniqueId("connecting") } as const;
  const fault = failStatements(/INSERT INTO state/);
  await expect(Client.connect(options)).rejects.toThrow();
  fault.end();
  const client = await Client.insist(options);
  expect(client.connack?.sessionPresent).toBe(false);
});

test("STO-6 of a backup's line a shard takes all or nothing: what could not be written is taken in when it comes again", async () => {
  const topic = uniqueId("storage/restored");
  const options = { version: 5, persistent: true, clientId: uniqueId("worker") } as const;
  const worker = await Client.connect(options);
  await worker.subscribe(`$share/g/${topic}`, 1);
  await worker.disconnect();
  const line = {
    id: uniqueId("line"),
    replaces: false,
    retained: [],
    delayed: [],
    cursors: [],
    groups: [{ share: `$share/g/${topic}`, body: records(`${topic}:kept q1`) }],
  };
  const fault = failStatements(/INSERT INTO group_row/);
  const outcome = await shardOfTopic(topic)
    .restore(line)
    .catch(() => "failed");
  expect(outcome).toBe("failed");
  fault.end();
  expect(await shardOfTopic(topic).restore(line)).toEqual({ taken: 1, kept: 0, refused: 0 });
  const again = await Client.connect(options);
  expect(payloads([await again.expect("publish")])).toEqual(["kept"]);
});
