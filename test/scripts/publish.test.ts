// PUBLISH from the client: nothing is acknowledged before the shards have answered, and acknowledgements keep their order.

import { expect, test } from "vitest";
import { play, type ScriptLine } from "../support/script.ts";

// "a", "b" and "e" live in three shards.

test("[MQTT-4.3.2-4] PUBACK follows the shard's answer", () => {
  play([
    ["connect", "connack"],
    ["publish a:m1 q1 #1", "ask publish a:m1 q1"],
    ["answer a", "puback #1"],
  ]);
});

test("[MQTT-4.6.0-2] [MQTT-4.6.0-3] acknowledgements leave in the order of the PUBLISHes, however shards answer", () => {
  play([
    ["connect", "connack"],
    [
      "publish a:1 q1 #1 & publish b:2 q2 #2 & publish e:3 q1 #3 & publish a:4 q2 #4",
      "ask publish a:1 q1, a:4 q2 seq=2",
      "ask publish b:2 q2 seq=1",
      "ask publish e:3 q1",
    ],
    ["answer e"],
    ["answer b"],
    ["answer a", "puback #1", "pubrec #2", "puback #3", "pubrec #4"],
  ]);
});

test("what one frame brings for one shard leaves as one call; what follows waits for its answer", () => {
  const rig = play([
    ["connect", "connack"],
    ["publish a:1 q1 #1 & publish a:2 q0", "ask publish a:1 q1, a:2 q0"],
    ["publish a:3 q1 #3", "ask publish a:3 q1"],
    ["publish a:4 q1 #4", "ask publish a:4 q1"],
  ]);
  expect(rig.inFlight(rig.shardOf("a"))).toHaveLength(1);
  rig.answer(rig.shardOf("a"));
  expect(rig.inFlight(rig.shardOf("a"))).toHaveLength(2);
});

test("a SUBSCRIBE between two PUBLISHes keeps its place", () => {
  play([
    ["connect", "connack"],
    [
      "publish a:1 q0 & subscribe #1 a,q0 & publish a:2 q0",
      "ask publish a:1 q0",
      "ask subscribe a q0 +retained",
      "ask publish a:2 q0",
    ],
    ["answer a"],
    ["answer a", "suback #1 0x00"],
    ["answer a"],
  ]);
});

test("a shard out of reach: nothing is acknowledged and the connection ends, also what waits behind", () => {
  play([
    ["connect expiry=100", "connack"],
    ["publish a:1 q1 #1 & publish b:2 q1 #2", "ask publish a:1 q1", "ask publish b:2 q1"],
    ["publish a:3 q1 #3", "ask publish a:3 q1"],
    ["answer b"],
    ["fail a", "refusal Server busy", "disconnect 0x89", "close"],
    ["connect expiry=100", "connack present"],
    ["publish a:1 q1 #1 dup & publish a:3 q1 #3 dup", "ask publish a:1 q1, a:3 q1"],
    ["answer a", "puback #1", "puback #3"],
  ]);
});

test("an answer for a connection that is gone acknowledges nothing to the next one", () => {
  play([
    ["connect expiry=100", "connack"],
    ["publish a:1 q1 #1", "ask publish a:1 q1"],
    ["cut"],
    ["connect expiry=100", "connack present"],
    ["publish a:1 q1 #1 dup", "ask publish a:1 q1"],
    ["answer a"],
    ["answer a", "puback #1"],
  ]);
});

test("[MQTT-4.3.3-10] QoS 2: the identifier is held until PUBREL, and a repetition is acknowledged but not routed", () => {
  play([
    ["connect expiry=100", "connack"],
    ["publish a:m q2 #1", "ask publish a:m q2 seq=1"],
    ["answer a", "pubrec #1"],
    ["publish a:m q2 #1 dup", "pubrec #1"],
    ["pubrel #1", "pubcomp #1"],
    ["pubrel #1", "pubcomp #1 0x92"],
    ["publish a:n q2 #1", "ask publish a:n q2 seq=2"],
    ["answer a", "pubrec #1"],
  ]);
});

const unanswered: readonly ScriptLine[] = [
  ["connect expiry=100", "connack"],
  ["publish a:m q2 #7 & publish b:n q2 #8", "ask publish a:m q2 seq=1", "ask publish b:n q2 seq=2"],
];
const resent: readonly ScriptLine[] = [
  ["connect expiry=100", "connack present"],
  ["publish a:m q2 #7 dup & publish b:n q2 #8 dup", "ask publish a:m q2 seq=1", "ask publish b:n q2 seq=2"],
];

test("QoS 2, a crash before PUBREC: the message is routed again under the same number", () => {
  play([...unanswered, ["crash"], ...resent, ["answer a", "pubrec #7"], ["answer b", "pubrec #8"]]);
});

test("QoS 2, a cut before PUBREC: the message is routed again, and the answer to the first attempt acknowledges nothing", () => {
  play([
    ...unanswered,
    ["cut"],
    ...resent,
    ["answer a"],
    ["answer b"],
    ["answer b"],
    ["answer a", "pubrec #7", "pubrec #8"],
  ]);
});

test("[MQTT-4.3.3-12] QoS 2, a crash after PUBREC: PUBREL is answered", () => {
  play([
    ["connect expiry=100", "connack"],
    ["publish a:m q2 #7", "ask publish a:m q2 seq=1"],
    ["answer a", "pubrec #7"],
    ["crash"],
    ["connect expiry=100", "connack present"],
    ["pubrel #7", "pubcomp #7"],
    ["crash"],
    ["connect expiry=100", "connack present"],
    ["pubrel #7", "pubcomp #7 0x92"],
    ["publish a:n q2 #7", "ask publish a:n q2 seq=2"],
  ]);
});

test("the number of a QoS 2 message is durable before it leaves, and free again before PUBCOMP: a row each", () => {
  play(
    [
      ["connect expiry=never", "write put-session", "connack"],
      ["publish a:m q2 #1 & publish a:n q2 #2", "write put-inbound", "ask publish a:m q2 seq=1, a:n q2 seq=2"],
      ["answer a", "pubrec #1", "pubrec #2"],
      ["pubrel #1 & pubrel #2", "write put-inbound", "pubcomp #1", "pubcomp #2"],
      ["publish a:o q1 #1", "ask publish a:o q1"],
      ["answer a", "puback #1"],
    ],
    { writes: true },
  );
});

test("[MQTT-3.3.4-7] more unacknowledged than Receive Maximum ends the connection", () => {
  const limits = { receiveMaximum: 2 };
  play(
    [
      ["connect", "connack"],
      ["publish a:1 q1 #1 & publish a:2 q2 #2", "ask publish a:1 q1, a:2 q2 seq=1"],
      ["answer a", "puback #1", "pubrec #2"],
      ["publish a:2 q2 #2 dup & publish a:3 q1 #3", "ask publish a:3 q1", "pubrec #2"],
      ["publish a:4 q0", "ask publish a:4 q0"],
      ["publish a:5 q1 #5", "refusal Receive maximum exceeded", "disconnect 0x93", "close"],
    ],
    { limits },
  );
});

test("[MQTT-4.9.0-1] the quota begins anew with each connection", () => {
  play(
    [
      ["connect expiry=100", "connack"],
      ["publish a:1 q2 #1 & publish a:2 q2 #2", "ask publish a:1 q2 seq=1, a:2 q2 seq=2"],
      ["answer a", "pubrec #1", "pubrec #2"],
      ["cut"],
      // The client owes two PUBRELs, which do not count on the new connection; it may send two messages before them.
      ["connect expiry=100", "connack present"],
      ["publish a:3 q2 #3 & publish a:4 q2 #4", "ask publish a:3 q2 seq=3, a:4 q2 seq=4"],
      ["answer a", "pubrec #3", "pubrec #4"],
      ["pubrel #3", "pubcomp #3"],
      ["publish a:5 q2 #5", "ask publish a:5 q2 seq=5"],
      ["publish a:6 q2 #6", "refusal Receive maximum exceeded", "disconnect 0x93", "close"],
    ],
    { limits: { receiveMaximum: 2 } },
  );
});

test("before 5.0 nobody announced a Receive Maximum, so none is enforced", () => {
  play(
    [
      ["connect v4", "connack"],
      ["publish a:1 q1 #1 & publish a:2 q1 #2 & publish a:3 q1 #3", "ask publish a:1 q1, a:2 q1, a:3 q1"],
      ["answer a", "puback #1", "puback #2", "puback #3"],
    ],
    { limits: { receiveMaximum: 2 } },
  );
});

test("a full queue at a subscriber: 5.0 is told which messages were refused", () => {
  play([
    ["connect expiry=100", "connack"],
    [
      "publish a:1 q1 #1 & publish a:2 q1 #2 & publish a:3 q2 #3 & publish a:4 q0",
      "ask publish a:1 q1, a:2 q1, a:3 q2 seq=1, a:4 q0",
    ],
    ["answer a refused=1,2", "puback #1", "puback #2 0x97", "pubrec #3 0x97"],
    ["publish a:5 q2 #3", "ask publish a:5 q2 seq=2"],
    ["answer a", "pubrec #3"],
  ]);
});

test("refusals are counted through the items of one call", () => {
  play([
    ["connect expiry=100", "connack"],
    ["publish a:0 q0", "ask publish a:0 q0"],
    ["publish a:1 q1 #1 & publish a:2 q0", "ask publish a:1 q1, a:2 q0"],
    ["publish a:3 q1 #3", "ask publish a:3 q1"],
    ["answer a"],
    ["answer a refused=2", "puback #1", "puback #3 0x97"],
  ]);
});

test("a full queue at a subscriber: 3.1.1 is closed behind the last that was taken, and comes again", () => {
  play([
    ["connect v4", "connack"],
    ["publish a:1 q1 #1 & publish a:2 q1 #2 & publish a:3 q1 #3", "ask publish a:1 q1, a:2 q1, a:3 q1"],
    ["answer a refused=1", "refusal Quota exceeded", "puback #1", "close"],
    ["connect v4", "connack present"],
    ["publish a:2 q1 #2 dup", "ask publish a:2 q1"],
    ["answer a", "puback #2"],
  ]);
});

test("[MQTT-3.3.2-6] a message expiry becomes a time, counted from now", () => {
  play([
    ["connect", "connack"],
    ["publish a:1 q0 expiry=5", "ask publish a:1 q0 exp=1005000"],
  ]);
});

test("a client that sends faster than the shards take: QoS 0 is dropped and counted, more ends the connection", () => {
  play(
    [
      ["connect", "connack"],
      ["publish a:100*x q1 #1", "ask publish a:100*x q1"],
      ["publish b:1 q0", "drop publisher-too-fast"],
      ["answer a", "puback #1"],
      ["publish b:1 q0", "ask publish b:1 q0"],
      ["answer b"],
      [
        "publish a:100*x q1 #1 & publish b:1 q1 #2",
        "refusal Message rate too high",
        "ask publish a:100*x q1",
        "disconnect 0x96",
        "close",
      ],
    ],
    { limits: { routingBytesMax: 100 } },
  );
});

test("an answer to a message of an earlier session says nothing of one that now has its packet id", () => {
  play([
    ["connect", "connack"],
    ["publish a:old q2 #1", "ask publish a:old q2 seq=1"],
    ["connect clean expiry=100", "refusal Session taken over", "disconnect 0x8e", "close", "connack"],
    ["publish a:new q2 #1", "ask publish a:new q2 seq=2"],
    ["answer a"],
    ["fail a", "refusal Server busy", "disconnect 0x89", "close"],
    ["connect expiry=100", "connack present"],
    ["publish a:new q2 #1 dup", "ask publish a:new q2 seq=2"],
    ["answer a", "pubrec #1"],
  ]);
});

test("a refused QoS 2 message of a 3.1.1 client comes again under its number: others have it already", () => {
  play([
    ["connect v4", "connack"],
    ["publish a:1 q2 #1 & publish a:2 q2 #2", "ask publish a:1 q2 seq=1, a:2 q2 seq=2"],
    ["answer a refused=1", "refusal Quota exceeded", "pubrec #1", "close"],
    ["connect v4", "connack present"],
    ["publish a:1 q2 #1 dup & publish a:2 q2 #2 dup", "ask publish a:2 q2 seq=2", "pubrec #1"],
    ["answer a", "pubrec #2"],
  ]);
});

test("a QoS 2 message whose refusal its client did not hear of comes again under its number", () => {
  play([
    ["connect expiry=100", "connack"],
    ["publish a:1 q2 #1", "ask publish a:1 q2 seq=1"],
    ["cut"],
    ["answer a refused=0"],
    ["connect expiry=100", "connack present"],
    ["publish a:1 q2 #1 dup", "ask publish a:1 q2 seq=1"],
    ["answer a", "pubrec #1"],
  ]);
});

test("3.1.1, what waits behind a refused message does not overtake it", () => {
  const rig = play([
    ["connect v4", "connack"],
    ["publish a:1 q2 #1", "ask publish a:1 q2 seq=1"],
    ["publish a:2 q2 #2", "ask publish a:2 q2 seq=2"],
    ["answer a refused=0", "refusal Quota exceeded", "close"],
  ]);
  expect(rig.isIdle).toBe(true);
});

test.each(["q1", "q2"])("%s, a refusal that cannot be told yet halts what follows it to the same shard", (qos) => {
  const rig = play([
    ["connect expiry=100", "connack"],
    ["publish a:1 q1 #1 & publish b:2 q0", "ask publish a:1 q1", "ask publish b:2 q0"],
    [`publish b:3 ${qos} #3`, `ask publish b:3 ${qos}${qos === "q2" ? " seq=1" : ""}`],
    ["answer b"],
    [`publish b:4 ${qos} #4`, `ask publish b:4 ${qos}${qos === "q2" ? " seq=2" : ""}`],
    ["answer b refused=0", "refusal Quota exceeded", "disconnect 0x97", "close"],
  ]);
  expect(rig.inFlight(rig.shardOf("b"))).toEqual([]);
});

test("a QoS 2 message whose refusal was lost comes ahead of unfinished ones with lower numbers: in another stream", () => {
  play([
    ["connect expiry=100", "connack"],
    ["publish a:1 q2 #1", "ask publish a:1 q2 seq=1"],
    ["publish b:2 q2 #2", "ask publish b:2 q2 seq=2"],
    ["answer a refused=0", "pubrec #1 0x97"],
    ["cut"],
    ["connect expiry=100", "connack present"],
    [
      "publish b:1 q2 #1 dup & publish b:2 q2 #2 dup & publish b:3 q2 #3",
      "ask publish/1 b:1 q2 seq=3",
      "ask publish b:2 q2 seq=2, b:3 q2 seq=4",
    ],
  ]);
});

test("a client that sends a QoS 2 message before it comes again with an unfinished one loses neither", () => {
  play([
    ["connect expiry=100", "connack"],
    ["publish a:1 q2 #1 & publish a:2 q2 #2", "ask publish a:1 q2 seq=1, a:2 q2 seq=2"],
    ["crash"],
    ["connect expiry=100", "connack present"],
    [
      "publish a:3 q2 #3 & publish a:4 q1 #4 & publish a:1 q2 #1 dup & publish a:2 q2 #2 dup & publish a:5 q2 #5",
      "ask publish/1 a:3 q2 seq=3, a:4 q1",
      "ask publish a:1 q2 seq=1, a:2 q2 seq=2, a:5 q2 seq=4",
    ],
    // What is known of the streams is durable.
    ["crash"],
    ["connect expiry=100", "connack present"],
    ["publish a:3 q2 #3 dup", "ask publish/1 a:3 q2 seq=3"],
  ]);
});
