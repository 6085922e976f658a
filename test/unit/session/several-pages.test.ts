// Retained messages for several filters of one SUBSCRIBE, which come in one answer: they are stored one after the other, and written
// together.

import { expect, test } from "vitest";
import { ManagedSession } from "../../support/managed-session.ts";
import { records } from "../../support/records.ts";

const filters = ["a", "+"];

function subscribeToBoth(session: ManagedSession, ...messages: readonly string[]): void {
  const options = { qos: 1, noLocal: false, retainAsPublished: false, retainHandling: 0 } as const;
  const subscriptions = filters.map((filter) => ({ filter, ...options }));
  const packet = { type: "subscribe", packetId: 1, subscriptions, identifier: 0 } as const;
  session.rig.step({ type: "packets", packets: [packet] });
  const shard = session.rig.shardOf("a");
  const [item] = session.rig.inFlight(shard);
  if (item?.kind !== "subscribe") throw new Error("the shard was not asked to subscribe");
  const body = records(...messages.map((text) => `a:${text} q1 retain`));
  session.rig.answer(
    shard,
    [],
    item.entries.map((entry) => ({ entry, body, after: undefined })),
  );
}

test("they are found behind a backlog that is more than one step sends", () => {
  const session = ManagedSession.provisioned();
  for (let count = 0; count < 7; count++) session.deliver("b:900000*x q1");
  session.rig.crash();
  session.connect();
  expect(session.takeSent()).toHaveLength(1 + 3);
  subscribeToBoth(session, "1", "2");
  expect(session.takeSent()).toEqual([
    ...[4, 5, 6, 7].map((packetId) => `publish b:900000*x q1 #${packetId}`),
    ...["a:1", "a:2", "a:1", "a:2"].map((text, index) => `publish ${text} q1 #${index + 8} retain`),
  ]);
});

test("one that displaces others in a queue is followed by no other, and the bytes of what went are taken off once", () => {
  const session = ManagedSession.provisioned({ queueMessagesMax: 6, queuePolicy: "drop-oldest" });
  session.connect({ receiveMaximum: 1 });
  for (let count = 0; count < 3; count++) session.deliver("b q1");
  subscribeToBoth(session, "1", "2", "3", "4", "5");
  const { rig } = session;
  const bytes = rig.sql.first("SELECT SUM(bytes) AS bytes FROM segment")?.["bytes"];
  expect([rig.session.queue.bytes, session.count("segment"), session.count("replay")]).toEqual([bytes, 2, 1]);
});
