// A queue that workers consume over HTTP: leases, what ends them, and what an MQTT client of the same session sees.

import { expect, test } from "vitest";
import { ReasonCode } from "../../../src/protocol/reason.ts";
import { ManagedSession } from "../../support/managed-session.ts";

test("workers get what is oldest, each its own, and nothing comes again once it is acknowledged", () => {
  const session = ManagedSession.provisioned();
  session.deliver("a:1 q1", "a:2 q2 seq=1", "b:3 q1", "b:4 q1");
  const first = session.pull(2);
  const second = session.pull(5);
  expect([first.texts, second.texts]).toEqual([
    ["a:1", "a:2"],
    ["b:3", "b:4"],
  ]);
  expect(session.pull(5)).toMatchObject({ texts: [], answer: { kind: "pulled", depth: 4 } });
  expect(session.acknowledge([...second.handles, ...first.handles])).toEqual(["done", "done", "done", "done"]);
  session.rig.nowMs += 60_000;
  expect(session.pull(5)).toMatchObject({ texts: [], answer: { depth: 0 } });
  expect(session.count("segment")).toBe(0);
});

test("a lease that ends makes its messages visible again, the oldest first, and says how often they were handed out", () => {
  const session = ManagedSession.provisioned();
  session.deliver("a:1 q1", "a:2 q1", "a:3 q1");
  const lost = session.pull(2, { visibilityMs: 10_000 });
  expect(lost.answer).toMatchObject({ nextVisibleAtMs: session.rig.nowMs + 10_000 });
  session.rig.nowMs += 9_999;
  expect(session.pull(1).texts).toEqual(["a:3"]);
  session.rig.nowMs += 1;
  const again = session.pull(5);
  expect(again.texts).toEqual(["a:1", "a:2"]);
  expect(again.answer).toMatchObject({
    messages: [
      { deliveries: 2, redelivered: true },
      { deliveries: 2, redelivered: true },
    ],
  });
  expect(session.acknowledge(lost.handles)).toEqual(["lost", "lost"]);
  expect(session.acknowledge(again.handles)).toEqual(["done", "done"]);
});

test("who is late but nobody has it since may acknowledge still", () => {
  const session = ManagedSession.provisioned();
  session.deliver("a:1 q1");
  const { handles } = session.pull(1, { visibilityMs: 1_000 });
  session.rig.nowMs += 5_000;
  expect(session.acknowledge(handles)).toEqual(["done"]);
  expect(session.pull(1).texts).toEqual([]);
});

test("the same acknowledgement again is answered the same", () => {
  const session = ManagedSession.provisioned();
  session.deliver("a:1 q1", "a:2 q1");
  const { handles } = session.pull(2);
  expect(session.acknowledge(handles.slice(1))).toEqual(["done"]);
  expect(session.acknowledge(handles)).toEqual(["done", "done"]);
  session.rig.crash();
  expect(session.acknowledge(handles)).toEqual(["done", "done"]);
});

test("what is returned is visible at once, or after the delay that was asked for", () => {
  const session = ManagedSession.provisioned();
  session.deliver("a:1 q1", "a:2 q1");
  const { handles } = session.pull(2);
  expect(session.giveBack(handles.slice(0, 1))).toEqual(["done"]);
  expect(session.giveBack(handles.slice(1), 5_000)).toEqual(["done"]);
  expect(session.pull(5).texts).toEqual(["a:1"]);
  session.rig.nowMs += 5_000;
  expect(session.pull(5).texts).toEqual(["a:2"]);
  expect(session.acknowledge(handles)).toEqual(["lost", "lost"]);
});

test("a lease that is extended hides its messages longer", () => {
  const session = ManagedSession.provisioned();
  session.deliver("a:1 q1");
  const { handles } = session.pull(1, { visibilityMs: 1_000 });
  expect(session.extend(handles, 60_000)).toEqual(["done"]);
  session.rig.nowMs += 59_999;
  expect(session.pull(1).texts).toEqual([]);
  session.rig.nowMs += 1;
  expect(session.pull(1).texts).toEqual(["a:1"]);
});

test("a crash between any two steps loses neither messages nor leases nor acknowledgements", () => {
  const session = ManagedSession.provisioned();
  session.deliver("a:1 q1", "a:2 q2 seq=1", "a:3 q1");
  session.deliver("a:4 q1", "a:5 q2 seq=2");
  session.rig.crash();
  const first = session.pull(2, { visibilityMs: 10_000 });
  session.rig.crash();
  const second = session.pull(2, { visibilityMs: 20_000 });
  session.rig.crash();
  expect([first.texts, second.texts]).toEqual([
    ["a:1", "a:2"],
    ["a:3", "a:4"],
  ]);
  expect(session.acknowledge([first.handles[1], second.handles[0]].filter((one) => one !== undefined))).toEqual([
    "done",
    "done",
  ]);
  session.rig.crash();
  expect(session.pull(5).texts).toEqual(["a:5"]);
  session.rig.nowMs += 10_000;
  session.rig.crash();
  expect(session.pull(5).texts).toEqual(["a:1"]);
  session.rig.nowMs += 10_000;
  session.rig.crash();
  expect(session.pull(5).texts).toEqual(["a:4"]);
});

test("the bytes of a batch are bounded, and the first message comes whatever its size", () => {
  const session = ManagedSession.provisioned();
  session.deliver("a:3000*x q1", "a:3000*y q1", "a:1 q1");
  expect(session.pull(5, { bytesMax: 10 }).texts).toHaveLength(1);
  expect(session.pull(5, { bytesMax: 3_500 }).texts).toHaveLength(2);
});

test("an expired message is not handed out, and counted", () => {
  const session = ManagedSession.provisioned();
  session.deliver(`a:1 q1 exp=${session.rig.nowMs + 1_000}`, "a:2 q1");
  session.rig.nowMs += 1_000;
  expect(session.pull(5).texts).toEqual(["a:2"]);
  expect(session.reports).toMatchObject([{ event: "drop", reason: "expired", count: 1 }]);
  session.rig.crash();
  expect(session.pull(5).texts).toEqual([]);
});

test("one that expires is not followed by those that were acknowledged before it", () => {
  const session = ManagedSession.provisioned();
  session.deliver(`a:1 q1 exp=${session.rig.nowMs + 40_000}`, "a:2 q1", "a:3 q1");
  session.acknowledge(session.pull(2).handles.slice(1));
  session.rig.nowMs += 40_000;
  expect(session.pull(5).texts).toEqual(["a:3"]);
});

test("while an MQTT client is connected there is nothing to pull, and what is leased may still be acknowledged", () => {
  const session = ManagedSession.provisioned();
  session.deliver("a:1 q1", "a:2 q1", "a:3 q1");
  const { handles } = session.pull(1);
  session.connect();
  expect(session.takeSent()).toEqual(["connack present", "publish a:2 q1 #2", "publish a:3 q1 #3"]);
  expect(session.pull(1).answer).toEqual({ kind: "connected" });
  expect(session.acknowledge(handles)).toEqual(["done"]);
  session.rig.step({ type: "packets", packets: [{ type: "puback", packetId: 2, reason: 0 }] });
  session.rig.step({ type: "packets", packets: [{ type: "puback", packetId: 3, reason: 0 }] });
  expect(session.count("segment")).toBe(0);
  expect(session.takeSent()).toEqual([]);
});

test("a connected client is sent what a worker gives back, or had for too long", () => {
  const session = ManagedSession.provisioned();
  session.deliver("a:1 q1", "a:2 q2 seq=1", "a:3 q1");
  const returned = session.pull(1);
  session.pull(1, { visibilityMs: 10_000 });
  session.connect();
  expect(session.takeSent()).toEqual(["connack present", "publish a:3 q1 #3"]);
  session.giveBack(returned.handles);
  expect(session.takeSent()).toEqual(["publish a:1 q1 #1"]);
  session.rig.sleep();
  session.rig.nowMs += 10_000;
  session.rig.tick();
  expect(session.takeSent()).toEqual(["publish a:2 q2 #2"]);
  session.rig.step({ type: "packets", packets: [{ type: "puback", packetId: 1, reason: 0 }] });
  session.rig.step({ type: "packets", packets: [{ type: "puback", packetId: 3, reason: 0 }] });
  session.rig.step({ type: "packets", packets: [{ type: "pubrec", packetId: 2, reason: 0 }] });
  session.rig.step({ type: "packets", packets: [{ type: "pubcomp", packetId: 2, reason: 0 }] });
  expect(session.count("segment")).toBe(0);
});

test("what is acknowledged behind a client that has done so before does not come again after a crash", () => {
  const session = ManagedSession.provisioned();
  session.deliver("a:1 q1", "a:2 q1");
  const { handles } = session.pull(2, { visibilityMs: 1_000 });
  session.rig.nowMs += 1_000;
  session.connect();
  session.rig.step({ type: "packets", packets: [{ type: "puback", packetId: 2, reason: ReasonCode.success }] });
  expect(session.acknowledge(handles.slice(1))).toEqual(["done"]);
  session.rig.crash();
  expect(session.pull(2).texts).toEqual(["a:1"]);
});

test("what a client has finished since its lease ended is leased no more, also after a crash", () => {
  const session = ManagedSession.provisioned();
  session.deliver("a:1 q1", "a:2 q1", "a:3 q1");
  session.pull(3, { visibilityMs: 1_000 });
  session.rig.nowMs += 1_000;
  session.connect();
  session.rig.step({
    type: "packets",
    packets: [1, 3].map((packetId) => ({ type: "puback", packetId, reason: ReasonCode.success })),
  });
  const expected = { queueMessages: 1, leased: 1 };
  expect([...session.rig.session.leases.positions]).toEqual([1]);
  expect(session.rig.manage({ kind: "describe" }).answer).toMatchObject(expected);
  session.rig.step({ type: "closed" });
  session.rig.crash();
  expect(session.rig.manage({ kind: "describe" }).answer).toMatchObject(expected);
});

test("a connected client is sent no more of what workers had for too long than it can take", () => {
  const session = ManagedSession.provisioned();
  session.deliver("a:1 q1", "a:2 q1", "a:3 q1");
  session.pull(3, { visibilityMs: 10_000 });
  session.connect({ receiveMaximum: 2 });
  session.takeSent();
  session.rig.nowMs += 10_000;
  session.rig.tick();
  expect(session.takeSent()).toEqual(["publish a:1 q1 #1", "publish a:2 q1 #2"]);
  session.rig.step({ type: "packets", packets: [{ type: "puback", packetId: 2, reason: 0 }] });
  expect(session.takeSent()).toEqual(["publish a:3 q1 #3"]);
});

test("what a client has begun in QoS 2 is for it to end; what it has begun in QoS 1 is not", () => {
  const session = ManagedSession.provisioned();
  session.connect();
  session.deliver("a:1 q1", "a:2 q2 seq=1");
  session.rig.step({ type: "closed" });
  session.deliver("a:3 q2 seq=2");
  const { texts, answer } = session.pull(5);
  expect(texts).toEqual(["a:1", "a:3"]);
  expect(answer).toMatchObject({ messages: [{ redelivered: true }, { redelivered: false }] });
});

test("drop-oldest does not take what somebody has", () => {
  const session = ManagedSession.provisioned({ queueMessagesMax: 3, queuePolicy: "drop-oldest" });
  session.deliver("a:1 q1", "a:2 q1");
  const { handles } = session.pull(2);
  session.deliver("a:3 q1", "a:4 q1");
  expect(session.acknowledge(handles)).toEqual(["done", "done"]);
  expect(session.pull(5).texts).toEqual(["a:4"]);
});

test("no more than 4,096 messages are out at once", () => {
  const session = ManagedSession.provisioned();
  for (let batch = 0; batch < 50; batch++)
    session.deliver(...Array.from({ length: 100 }, (_, index) => `a:${batch}.${index} q1`));
  const { handles } = session.pull(10_000);
  expect(handles).toHaveLength(4_096);
  expect(session.pull(1).texts).toEqual([]);
  session.acknowledge(handles.slice(0, 1));
  expect(session.pull(2).texts).toEqual(["a:40.96"]);
});

test("handles of an earlier session mean nothing to the next", () => {
  const session = ManagedSession.provisioned();
  session.deliver("a:1 q1");
  const { handles } = session.pull(1);
  session.rig.manage({ kind: "end" });
  session.rig.nowMs += 1;
  session.rig.manage({ kind: "provision", clientId: "c1", expirySeconds: 100, subscriptions: [], limits: {} });
  expect(session.acknowledge(handles)).toEqual(["lost"]);
});

test("who pulls keeps a session that would expire, with a row for each tenth of its time at most", () => {
  const session = ManagedSession.provisioned({}, 100);
  for (let elapsed = 0; elapsed < 300; elapsed += 5) {
    session.rig.nowMs += 5_000;
    session.rig.tick();
    expect(session.pull(1).answer.kind).toBe("pulled");
  }
  session.rig.nowMs += 100_000;
  session.rig.tick();
  expect(session.pull(1).answer.kind).toBe("absent");
});

test("who is late, and meanwhile a client was sent the message, has lost it", () => {
  const session = ManagedSession.provisioned();
  session.deliver("a:1 q1", "a:2 q2 seq=1");
  const { handles } = session.pull(2, { visibilityMs: 1_000 });
  session.connect();
  session.rig.nowMs += 5_000;
  session.rig.tick();
  expect(session.takeSent()).toEqual(["connack present", "publish a:1 q1 #1", "publish a:2 q2 #2"]);
  expect(session.acknowledge(handles)).toEqual(["lost", "lost"]);
  session.rig.step({ type: "packets", packets: [{ type: "puback", packetId: 1, reason: 0 }] });
  expect(session.reports).toEqual([]);
  session.rig.step({ type: "closed" });
  session.rig.crash();
  expect(session.acknowledge(handles)).toEqual(["done", "lost"]);
});
