// A restart onto a newer schema: what a broker with an earlier one left when it was killed is there for its clients. The
// data in test/fixtures was written by those brokers; test/fixtures/record.ts says how.

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { restore } from "../fixtures/databases.ts";
import { dataTopic, environment, forEver, half, midwayTopic, numbers } from "../fixtures/leave-state.ts";
import { isOurs, startBroker, type TestBroker } from "../support/broker.ts";
import { cutClients, TestClient } from "../support/client.ts";
import { RawClient } from "../support/raw-client.ts";
import { cutRawSockets } from "../support/raw-socket.ts";

let stateDir: string;
let broker: TestBroker | undefined;

beforeEach(async () => {
  stateDir = await mkdtemp(join(tmpdir(), "durablemq-earlier-"));
});

afterEach(async () => {
  cutClients();
  cutRawSockets();
  await broker?.stop();
  await rm(stateDir, { recursive: true, force: true });
});

describe.runIf(isOurs)("data of an earlier schema", () => {
  test.each(["schema-1"])("%s: sessions, queues, exchanges, wills and retained messages are there", async (name) => {
    restore(fileURLToPath(new URL(`../fixtures/${name}`, import.meta.url)), join(stateDir, "v3/do"));
    broker = await startBroker({ stateDir, env: environment });
    await expectState(broker.url);
  });
});

async function expectState(url: string): Promise<void> {
  const { client: midway, connack } = await RawClient.connect(url, { clientId: "midway", clean: false });
  expect(connack.sessionPresent).toBe(true);
  const again = await midway.pending();
  expect(again.map((packet) => (packet.cmd === "publish" ? String(packet.payload) : packet.cmd))).toEqual([
    "pubrel",
    "received",
    "at least once",
  ]);
  expect(again.slice(1)).toMatchObject([{ dup: true }, { dup: true }]);
  const [release, ...unanswered] = again;
  midway.send({ cmd: "pubcomp", messageId: release?.messageId ?? 0 });
  for (const packet of unanswered) if (packet.cmd === "publish") await midway.acknowledge(packet);
  expect(await midway.pending()).toEqual([]);

  // The exchange that was under way goes on: the message that was taken over is not published again.
  const { client: sender, connack: ofSender } = await RawClient.connect(url, { clientId: "sender", clean: false });
  expect(ofSender.sessionPresent).toBe(true);
  sender.send({ ...half, dup: true });
  expect((await sender.expectPacket("pubrec")).messageId).toBe(half.messageId);
  sender.send({ cmd: "pubrel", messageId: half.messageId });
  await sender.expectPacket("pubcomp");

  // Its next CONNECT settles what became of the connection that was killed.
  await RawClient.connect(url, { clientId: "mortal" });

  const away = await TestClient.connect(url, { version: 5, clientId: "away", clean: false, ...forEver });
  expect(away.sessionPresent).toBe(true);
  const publisher = await TestClient.connect(url);
  await publisher.publish(dataTopic, "now", 2);
  const received = await away.take(numbers.length + 7);
  const on = (topic: string) => received.filter((one) => one.topic === topic).map(({ payload }) => payload);
  expect(on("earlier/retained")).toEqual(["kept"]);
  expect(on("earlier/will")).toEqual(["died"]);
  expect(on(midwayTopic).toSorted()).toEqual(["at least once", "received", "released"]);
  expect(on(dataTopic).filter((payload) => Number(payload) % 2 === 0)).toEqual(["0", "2", "4", "6", "8"]);
  expect(on(dataTopic).filter((payload) => Number(payload) % 2 !== 0)).toEqual([
    "1",
    "3",
    "5",
    "7",
    "9",
    "half",
    "now",
  ]);

  const late = await TestClient.connect(url);
  await late.subscribe("earlier/retained");
  expect(await late.take(1)).toMatchObject([{ payload: "kept", retain: true }]);
}
