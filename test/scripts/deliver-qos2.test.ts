// QoS 2 towards the client, interrupted wherever it can be: never a second PUBLISH after PUBREC.

import { describe, test } from "vitest";
import { firstNumber, requestKeptMs } from "../../src/hop/request-numbers.ts";
import { play, type ScriptLine } from "../support/script.ts";

const connected: ScriptLine = ["connect expiry=100", "connack"];
const sent: ScriptLine = ["deliver a:m1 q2 seq=1", "publish a:m1 q2 #1"];
const again = (...outcome: string[]): ScriptLine => ["connect expiry=100", "connack present", ...outcome];

describe.each([[["cut"]], [["crash"]], [["disconnect", "close"]]] as [ScriptLine][])("%s", (interruption) => {
  test("[MQTT-4.3.3-5] before PUBREC: PUBLISH comes again, with DUP", () => {
    play([
      connected,
      sent,
      interruption,
      again("publish a:m1 q2 #1 dup"),
      ["pubrec #1", "pubrel #1"],
      ["pubcomp #1"],
      interruption,
      again(),
    ]);
  });

  test("[MQTT-4.3.3-6] after PUBREC: PUBREL comes again, never PUBLISH", () => {
    play([
      connected,
      sent,
      ["pubrec #1", "pubrel #1"],
      interruption,
      again("pubrel #1"),
      interruption,
      again("pubrel #1"),
      ["pubcomp #1"],
      interruption,
      again(),
    ]);
  });

  test("[MQTT-4.3.3-6] after PUBREC of the second: the first is sent again, the second released again", () => {
    play([
      connected,
      ["deliver a:m1 q2 seq=1, a:m2 q2 seq=2", "publish a:m1 q2 #1", "publish a:m2 q2 #2"],
      ["pubrec #2", "pubrel #2"],
      interruption,
      again("publish a:m1 q2 #1 dup", "pubrel #2"),
      ["pubcomp #2"],
      ["pubrec #1", "pubrel #1"],
      ["pubcomp #1"],
      interruption,
      again(),
    ]);
  });
});

test("[MQTT-4.3.3-6] after PUBCOMP behind one that is unfinished: at most PUBREL comes again", () => {
  play([
    connected,
    ["deliver a:m1 q2 seq=1, a:m2 q2 seq=2", "publish a:m1 q2 #1", "publish a:m2 q2 #2"],
    ["pubrec #2", "pubrel #2"],
    ["pubcomp #2"],
    ["crash"],
    again("publish a:m1 q2 #1 dup", "pubrel #2"),
    ["pubcomp #2 0x92"],
    ["cut"],
    again("publish a:m1 q2 #1 dup"),
  ]);
});

test("hibernation at each step changes nothing", () => {
  play([
    connected,
    ["sleep"],
    sent,
    ["sleep"],
    ["pubrec #1", "pubrel #1"],
    ["sleep"],
    ["pubrec #1", "pubrel #1"],
    ["sleep"],
    ["pubcomp #1"],
    ["sleep"],
    ["cut"],
    again(),
  ]);
});

test("PUBREC is durable before PUBREL leaves, in one row; PUBCOMP costs the segment's delete", () => {
  play(
    [
      ["connect expiry=never", "write put-session", "connack"],
      ["deliver a:m1 q2 seq=1", "write put-source", "write put-segment", "publish a:m1 q2 #1"],
      ["pubrec #1", "write put-window", "pubrel #1"],
      ["pubcomp #1", "write delete-segments"],
    ],
    { writes: true },
  );
});

test("[MQTT-4.3.3-10] a message that a shard delivers again is taken over once", () => {
  play([
    connected,
    ["deliver a:m1 q2 seq=4, a:m2 q2 seq=5", "publish a:m1 q2 #1", "publish a:m2 q2 #2"],
    ["deliver a:m1 q2 seq=4, a:m2 q2 seq=5, a:m3 q2 seq=6", "publish a:m3 q2 #3"],
    ["sleep"],
    ["deliver a:m3 q2 seq=6"],
    ["crash"],
    ["deliver a:m2 q2 seq=5, a:m3 q2 seq=6"],
    again("publish a:m1 q2 #1 dup", "publish a:m2 q2 #2 dup", "publish a:m3 q2 #3 dup"),
  ]);
});

test("cursors are kept for each publisher, session of a publisher, and shard", () => {
  play([
    connected,
    ["deliver a:m1 q2 seq=5 | from=p1", "publish a:m1 q2 #1"],
    ["deliver a:m2 q2 seq=5 | from=p2", "publish a:m2 q2 #2"],
    ["deliver a:m3 q2 seq=5 | from=p1 shard=1", "publish a:m3 q2 #3"],
    ["deliver a:m4 q2 seq=1 | from=p1 pubgen=2", "publish a:m4 q2 #4"],
    ["crash"],
    ["deliver a:m4 q2 seq=1 | from=p1 pubgen=2"],
    ["deliver a:m3 q2 seq=5 | from=p1 shard=1"],
    ["deliver a:m2 q2 seq=5 | from=p2"],
  ]);
});

test("a batch with a duplicate in the middle: the rest is taken, in order", () => {
  play([
    connected,
    ["deliver a:m1 q1, a:m2 q2 seq=2, a:m3 q1", "publish a:m1 q1 #1", "publish a:m2 q2 #2", "publish a:m3 q1 #3"],
    [
      "deliver a:n1 q1, a:m2 q2 seq=2, a:n3 q2 seq=3, a:n q0",
      "publish a:n q0",
      "publish a:n1 q1 #4",
      "publish a:n3 q2 #5",
    ],
  ]);
});

describe("a request over HTTP whose messages are numbered", () => {
  const madeMs = Date.UTC(2026, 10, 30);
  const number = (afterMs: number, index = 0) => firstNumber(madeMs + afterMs) + index;

  test("comes again before its shard has written it down, numbered anew: what was taken is known", () => {
    play([
      connected,
      [`deliver a:m1 q1 seq=${number(0)}`, "publish a:m1 q1 #1"],
      [`deliver a:m1 q1 seq=${number(120_000)}`],
      ["puback #1"],
      [`deliver a:m1 q1 seq=${number(120_000)}, a:m2 q1 seq=${number(120_000, 1)}`, "publish a:m2 q1 #2"],
    ]);
  });

  test("comes again after the day for which it is remembered: it is a new one", () => {
    play([
      connected,
      [`deliver a:m1 q1 seq=${number(0)}`, "publish a:m1 q1 #1"],
      ["puback #1"],
      ["crash"],
      again(),
      [`deliver a:m1 q1 seq=${number(requestKeptMs)}`, "publish a:m1 q1 #1"],
    ]);
  });
});
