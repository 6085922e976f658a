// What an operator does to a session, whether or not its client is connected.

import { expect, test } from "vitest";
import { ReasonCode } from "../../../src/protocol/reason.ts";
import type { ManageRequest } from "../../../src/session/manage.ts";
import { connectOf, ManagedSession } from "../../support/managed-session.ts";
import { textOf } from "../../support/records.ts";

const subscription = { filter: "a", qos: 1, noLocal: false, retainAsPublished: false, retainHandling: 0 } as const;

const provision = (more: Partial<Extract<ManageRequest, { kind: "provision" }>> = {}): ManageRequest => ({
  kind: "provision",
  clientId: "c1",
  expirySeconds: 1_000,
  subscriptions: [subscription],
  limits: {},
  ...more,
});

test("a session that is provisioned keeps messages, and its client's first CONNECT finds it", () => {
  const session = new ManagedSession();
  const { answer, waits } = session.rig.manage(provision());
  expect([answer, waits]).toMatchObject([{ kind: "provisioned", created: true, reasons: [1] }, true]);
  expect(session.settled).toEqual([]);
  session.answerAll();
  expect(session.settled).toEqual([{ ticket: 1, isDone: true }]);
  session.deliver("a:1 q1");
  session.rig.crash();
  session.connect();
  expect(session.takeSent()).toEqual(["connack present", "publish a:1 q1 #1"]);
});

test("a session that was provisioned is so until its client has connected, also one that never expires", () => {
  const session = ManagedSession.provisioned();
  expect(session.rig.manage({ kind: "describe" }).answer).toMatchObject({ standing: { state: "provisioned" } });
  session.connect();
  session.rig.crash();
  expect(session.rig.manage({ kind: "describe" }).answer).toMatchObject({ standing: { state: "away", version: 5 } });
});

test("provisioning again changes what is different, and keeps messages and other subscriptions", () => {
  const session = new ManagedSession();
  session.rig.manage(provision());
  session.answerAll();
  session.deliver("a:1 q1");
  const again = session.rig.manage(
    provision({ subscriptions: [{ ...subscription, filter: "b" }], limits: { queueMessagesMax: 1 } }),
  );
  session.answerAll();
  expect(again.answer).toMatchObject({ kind: "provisioned", created: false });
  const list = session.rig.manage({ kind: "subscriptions", after: "", limit: 10 }).answer;
  expect(list).toMatchObject({ subscriptions: [{ filter: "a" }, { filter: "b" }] });
  session.rig.crash();
  expect(session.rig.manage({ kind: "describe" }).answer).toMatchObject({
    limits: { queueMessagesMax: 1 },
    queueMessages: 1,
  });
});

test("a session of its own limits keeps them through its connections, and not beyond its end", () => {
  const session = new ManagedSession({ queueMessagesMax: 10 });
  session.rig.manage(provision({ limits: { queueMessagesMax: 1, queuePolicy: "drop-newest" }, expirySeconds: 50 }));
  session.answerAll();
  session.connect({ sessionExpirySeconds: 100 });
  session.rig.step({ type: "closed" });
  session.rig.crash();
  session.deliver("a:1 q1", "a:2 q1");
  expect(session.rig.manage({ kind: "describe" }).answer).toMatchObject({
    queueMessages: 1,
    drops: {},
    expirySeconds: 100,
  });
  expect(session.reports).toMatchObject([{ event: "drop", reason: "queue-full", count: 1 }]);
  session.connect({ cleanStart: true });
  expect(session.rig.manage({ kind: "describe" }).answer).toMatchObject({ limits: { queueMessagesMax: 10 } });
});

test("provisioning again leaves the limits of the session's user in force", () => {
  const session = new ManagedSession();
  const limits = { queueMessagesMax: 5, subscriptionsMax: 4, sessionExpirySecondsMax: 600 };
  session.rig.step({ type: "connect", connect: connectOf(), epoch: 1, clientIdWasAssigned: false, limits });
  session.rig.manage(provision({ limits: { subscriptionsMax: 3 } }));
  const expected = { expirySeconds: 600, limits: { queueMessagesMax: 5, subscriptionsMax: 3 } };
  expect(session.rig.manage({ kind: "describe" }).answer).toMatchObject(expected);
  session.rig.crash();
  expect(session.rig.manage({ kind: "describe" }).answer).toMatchObject(expected);
});

test("a session that was provisioned and is never used ends when its time is over", () => {
  const session = ManagedSession.provisioned({}, 100);
  session.rig.nowMs += 100_000;
  session.rig.tick();
  expect(session.rig.manage({ kind: "describe" }).answer).toEqual({ kind: "absent" });
  expect(session.rig.store.isEmpty).toBe(true);
});

test("a client with a session that ends with its connection is not provisioned behind its back", () => {
  const session = new ManagedSession();
  session.connect({ cleanStart: true, sessionExpirySeconds: 0 });
  expect(session.rig.manage(provision()).answer).toMatchObject({ kind: "connected" });
});

test("subscriptions are added, listed and removed on the client's behalf, while it is away and while it is there", () => {
  const session = ManagedSession.provisioned();
  const add = (filter: string): ManageRequest => {
    return { kind: "subscribe", subscriptions: [{ ...subscription, filter }], identifier: 7 };
  };
  expect(session.rig.manage(add("x/+")).answer).toEqual({ kind: "subscribed", reasons: [1], before: [] });
  session.answerAll();
  session.connect();
  expect(session.rig.manage(add("y")).answer).toEqual({ kind: "subscribed", reasons: [1], before: [] });
  expect(session.rig.manage(add("no/#/such")).answer).toEqual({ kind: "subscribed", reasons: [0x8f], before: [] });
  session.answerAll();
  expect(session.takeSent()).toEqual(["connack present"]);
  expect(session.rig.manage({ kind: "subscriptions", after: "", limit: 1 }).answer).toMatchObject({
    subscriptions: [{ filter: "x/+", identifier: 7 }],
  });
  expect(session.rig.manage({ kind: "subscriptions", after: "x/+", limit: 5 }).answer).toMatchObject({
    subscriptions: [{ filter: "y" }],
  });
  session.rig.step({ type: "closed" });
  const removal = session.rig.manage({ kind: "unsubscribe", filters: ["x/+", "z"] });
  const before = [{ filter: "x/+", qos: 1, noLocal: false, retainAsPublished: false, identifier: 7 }];
  expect(removal).toEqual({ answer: { kind: "subscribed", reasons: [0, 0x11], before }, waits: true });
  session.answerAll();
  expect(session.count("subscription")).toBe(1);
  expect(session.settled).toHaveLength(3);
});

test("a shard that stays away is told to who asked, and who asks again completes it", () => {
  const session = new ManagedSession();
  session.rig.manage(provision());
  session.rig.fail(session.rig.shardOf("a"));
  expect(session.settled).toEqual([{ ticket: 1, isDone: false }]);
  expect(session.rig.manage(provision())).toMatchObject({ answer: { created: false }, waits: true });
  session.answerAll();
  expect(session.settled.at(-1)).toEqual({ ticket: 2, isDone: true });
});

test("a client that is kicked is told why, its will is published, and its session stays", () => {
  const session = new ManagedSession();
  const will = { topic: "w", topicBytes: new TextEncoder().encode("w"), payload: new Uint8Array(), qos: 1 } as const;
  session.connect({ will: { ...will, retain: false, delaySeconds: 0, properties: new Uint8Array() } });
  session.takeSent();
  const kick: ManageRequest = { kind: "kick", reason: 0x98 };
  const before = { standing: { state: "connected" }, hasWill: true };
  expect(session.rig.manage(kick).answer).toMatchObject({ kind: "kicked", wasConnected: true, before });
  expect(session.takeSent()).toEqual(["disconnect 0x98", "close"]);
  expect(session.rig.inFlight(session.rig.shardOf("w"))).toMatchObject([{ kind: "publish" }]);
  expect(session.rig.manage(kick).answer).toEqual({ kind: "kicked", wasConnected: false });
  expect(session.rig.manage({ kind: "describe" }).answer).toMatchObject({ standing: { state: "away" } });
});

test.each([true, false])("a session is ended with everything it has, connected %s", (isConnected) => {
  const session = new ManagedSession();
  session.rig.manage(provision());
  session.answerAll();
  session.deliver("a:1 q1", "a:2 q1");
  if (isConnected) session.connect();
  expect(session.rig.manage({ kind: "end" }).answer).toMatchObject({
    kind: "ended",
    existed: true,
    before: { standing: { state: isConnected ? "connected" : "provisioned" }, queueMessages: 2, subscriptions: 1 },
  });
  session.answerAll();
  expect(session.rig.isConnected).toBe(false);
  expect(session.rig.store.isEmpty).toBe(true);
  expect(session.reports.at(-1)).toMatchObject({ event: "drop", reason: "session-ended", count: 2 });
  expect(session.rig.manage({ kind: "end" }).answer).toEqual({ kind: "ended", existed: false });
});

test("a purge takes what nobody has in hand, and counts it", () => {
  const session = ManagedSession.provisioned();
  session.deliver("a:1 q1", "a:2 q1", "a:3 q2 seq=1");
  session.pull(1);
  expect(session.rig.manage({ kind: "purge" }).answer).toEqual({ kind: "purged", purged: 2, left: 1 });
  expect(session.reports).toMatchObject([{ event: "drop", reason: "purged", count: 2 }]);
  session.deliver("a:4 q1");
  session.rig.crash();
  session.rig.nowMs += 30_000;
  expect(session.pull(5).texts).toEqual(["a:1", "a:4"]);
});

test("a purge leaves what is in flight, and of what was begun only QoS 2", () => {
  const session = ManagedSession.provisioned();
  session.connect({ receiveMaximum: 2 });
  session.deliver("a:1 q1", "a:2 q2 seq=1", "a:3 q1");
  expect(session.rig.manage({ kind: "purge" }).answer).toEqual({ kind: "purged", purged: 1, left: 2 });
  session.rig.step({ type: "closed" });
  expect(session.rig.manage({ kind: "purge" }).answer).toEqual({ kind: "purged", purged: 1, left: 1 });
  session.rig.crash();
  session.takeSent();
  session.deliver("a:4 q1");
  session.connect();
  expect(session.takeSent()).toEqual(["connack present", "publish a:2 q2 #2 dup", "publish a:4 q1 #4"]);
});

test("a purge does not touch what was acknowledged out of turn, nor what comes long after", () => {
  const session = ManagedSession.provisioned();
  session.connect({ receiveMaximum: 2 });
  session.deliver("a:1 q1", "a:2 q1");
  session.rig.step({ type: "packets", packets: [{ type: "puback", packetId: 2, reason: ReasonCode.success }] });
  session.rig.step({ type: "closed" });
  expect(session.rig.manage({ kind: "purge" }).answer).toEqual({ kind: "purged", purged: 1, left: 0 });
  session.connect();
  session.takeSent();
  for (let count = 0; count < 100; count++) session.deliver("b q1");
  expect(session.takeSent()).toHaveLength(100);
});

test("a purge of all that was begun in QoS 1 leaves no row", () => {
  const session = ManagedSession.provisioned();
  session.connect();
  session.deliver("a:1 q1", "a:2 q1");
  session.rig.step({ type: "closed" });
  expect(session.rig.manage({ kind: "purge" }).answer).toEqual({ kind: "purged", purged: 2, left: 0 });
  expect(session.count("segment")).toBe(0);
});

test("a look into the queue leaves out what is finished, and says what somebody may have had", () => {
  const session = ManagedSession.provisioned();
  session.connect();
  session.deliver("a:1 q1", "a:2 q1", "a:3 q1");
  session.rig.step({ type: "packets", packets: [{ type: "puback", packetId: 2, reason: 0 }] });
  session.rig.step({ type: "closed" });
  session.deliver("a:4 q1", "a:5 q1");
  const look = () => {
    const { answer } = session.rig.manage({ kind: "queue", from: 0, limit: 10, payloadBytesMax: 0 });
    if (answer.kind !== "queue") throw new Error(answer.kind);
    return answer.messages.map(({ position, mayBeKnown, packetId, payload }) => [
      position,
      mayBeKnown,
      packetId,
      payload,
    ]);
  };
  expect(look()).toEqual([
    [0, true, undefined, undefined],
    [2, true, undefined, undefined],
    [3, false, undefined, undefined],
    [4, false, undefined, undefined],
  ]);
  session.pull(3);
  expect(look().map(([, mayBeKnown]) => mayBeKnown)).toEqual([true, true, true, false]);
});

test("a look into the queue shows each message and where it stands, page by page", () => {
  const session = ManagedSession.provisioned();
  session.deliver("a:1 q1", "a:22 q2 seq=1", "a:333 q1 retain", "a:4 q1");
  session.pull(1);
  session.connect({ receiveMaximum: 1 });
  const look = (from: number, limit: number, payloadBytesMax = 0) => {
    const { answer } = session.rig.manage({ kind: "queue", from, limit, payloadBytesMax });
    if (answer.kind !== "queue") throw new Error(answer.kind);
    return answer;
  };
  const page = look(0, 2);
  expect(page).toMatchObject({
    messages: [
      { position: 0, state: "leased", topic: "a", qos: 1, payloadBytes: 1, queuedAtMs: 1_000_000, deliveries: 1 },
      { position: 1, state: "sent", qos: 2, payloadBytes: 2, packetId: 2 },
    ],
    next: 2,
  });
  const rest = look(2, 5, 3);
  expect(rest).toMatchObject({ messages: [{ state: "waiting", retain: true }, { state: "waiting" }] });
  expect(rest.next).toBeUndefined();
  expect(rest.messages.map(({ payload }) => payload && textOf(payload))).toEqual(["333", undefined]);
});
