// QoS 1 towards the client, interrupted wherever it can be.

import { test } from "vitest";
import { play, type ScriptLine } from "../support/script.ts";

const started: readonly ScriptLine[] = [
  ["connect expiry=100", "connack"],
  ["deliver a:m1 q1, a:m2 q1, a:m3 q1", "publish a:m1 q1 #1", "publish a:m2 q1 #2", "publish a:m3 q1 #3"],
];

test.each(["cut", "crash", "disconnect"])(
  "[MQTT-4.4.0-1] %s: all unacknowledged comes again in order, with DUP and its identifier",
  (how) => {
    play([
      ...started,
      how === "disconnect" ? [how, "close"] : [how],
      [
        "connect expiry=100",
        "connack present",
        "publish a:m1 q1 #1 dup",
        "publish a:m2 q1 #2 dup",
        "publish a:m3 q1 #3 dup",
      ],
      ["puback #1"],
      ["puback #2 & puback #3"],
      ["cut"],
      ["connect expiry=100", "connack present"],
    ]);
  },
);

test("[MQTT-4.4.0-1] what was acknowledged before an orderly end does not come again", () => {
  play([
    ...started,
    ["puback #1"],
    ["puback #3"],
    ["disconnect", "close"],
    ["sleep"],
    ["connect expiry=100", "connack present", "publish a:m2 q1 #2 dup"],
  ]);
});

test("hibernation in between changes nothing", () => {
  play([
    ...started,
    ["sleep"],
    ["puback #2"],
    ["sleep"],
    ["deliver a:m4 q1", "publish a:m4 q1 #4"],
    ["sleep"],
    ["puback #1 & puback #3 & puback #4"],
    ["sleep"],
    ["cut"],
    ["connect expiry=100", "connack present"],
  ]);
});

test("a finished segment is one deleted row, after a crash too", () => {
  play(
    [
      ["connect expiry=never", "write put-session", "connack"],
      ["deliver a:m1 q1, a:m2 q1", "write put-segment", "publish a:m1 q1 #1", "publish a:m2 q1 #2"],
      ["puback #1"],
      ["puback #2", "write delete-segments"],
      ["crash"],
      ["connect expiry=never", "connack present"],
    ],
    { writes: true },
  );
});

test("[MQTT-3.3.1-2] a message that waits for the window goes out without DUP when its turn comes on the next connection", () => {
  play([
    ["connect expiry=100 receive=1", "connack"],
    ["deliver a:m1 q1, a:m2 q1, a:m3 q1", "publish a:m1 q1 #1"],
    ["puback #1", "publish a:m2 q1 #2"],
    ["cut"],
    ["connect expiry=100 receive=2", "connack present", "publish a:m2 q1 #2 dup", "publish a:m3 q1 #3"],
  ]);
});

test("[MQTT-3.3.1-2] a message stored while its client was away goes out without DUP, and with it after a crash", () => {
  play([
    ["connect expiry=100", "connack"],
    ["cut"],
    ["deliver a:m1 q1"],
    ["deliver a:m2 q1"],
    ["connect expiry=100", "connack present", "publish a:m1 q1 #1", "publish a:m2 q1 #2"],
    ["crash"],
    ["connect expiry=100", "connack present", "publish a:m1 q1 #1 dup", "publish a:m2 q1 #2 dup"],
    ["puback #1"],
    ["disconnect", "close"],
    ["deliver a:m3 q1"],
    ["sleep"],
    ["connect expiry=100", "connack present", "publish a:m2 q1 #2 dup", "publish a:m3 q1 #3"],
  ]);
});

test("[MQTT-3.3.4-9] never more in flight than Receive Maximum, and in order as places come free", () => {
  play([
    ["connect expiry=100 receive=2", "connack"],
    ["deliver a:m1 q1, a:m2 q2 seq=1, a:m3 q1", "publish a:m1 q1 #1", "publish a:m2 q2 #2"],
    ["deliver a:m4 q1, a:n q0", "publish a:n q0"],
    ["puback #1", "publish a:m3 q1 #3"],
    ["pubrec #2", "pubrel #2"],
    ["puback #3", "publish a:m4 q1 #4"],
    ["sleep"],
    ["deliver a:m5 q1"],
    ["pubcomp #2", "publish a:m5 q1 #5"],
  ]);
});

test("the deployment's own bound on messages in flight holds too", () => {
  play(
    [
      ["connect expiry=100", "connack"],
      ["deliver a:m1 q1, a:m2 q1, a:m3 q1", "publish a:m1 q1 #1", "publish a:m2 q1 #2"],
      ["puback #2", "publish a:m3 q1 #3"],
    ],
    { limits: { inflightMax: 2 } },
  );
});

test("a wrong acknowledgement changes nothing", () => {
  play([
    ["connect expiry=100", "connack"],
    ["deliver a:m1 q1, a:m2 q2 seq=1", "publish a:m1 q1 #1", "publish a:m2 q2 #2"],
    ["puback #2", "refusal unexpected-puback"],
    ["puback #9", "refusal unexpected-puback"],
    ["pubcomp #2", "refusal unexpected-pubcomp"],
    ["pubrec #1", "refusal unexpected-pubrec", "pubrel #1 0x92"],
    ["puback #1"],
    ["puback #1", "refusal unexpected-puback"],
    ["cut"],
    ["connect expiry=100", "connack present", "publish a:m2 q2 #2 dup"],
  ]);
});

test("[MQTT-4.4.0-2] a message that the client refuses does not come again", () => {
  play([
    ["connect expiry=100", "connack"],
    ["deliver a:m1 q1, a:m2 q2 seq=1", "publish a:m1 q1 #1", "publish a:m2 q2 #2"],
    ["puback #1 0x97 & pubrec #2 0x97"],
    ["disconnect", "close"],
    ["sleep"],
    ["connect expiry=100", "connack present"],
  ]);
});

test("a session without expiry writes nothing that goes out at once, and what has to wait", () => {
  play(
    [
      ["connect receive=2", "connack"],
      ["deliver a:m1 q1", "publish a:m1 q1 #1"],
      ["sleep"],
      ["deliver a:m2 q1, a:m3 q1", "write put-segment", "publish a:m2 q1 #2"],
      ["sleep"],
      ["puback #1", "publish a:m3 q1 #3"],
      ["sleep"],
      ["puback #2"],
      ["puback #3", "write delete-segments"],
      ["sleep"],
      ["deliver a:m4 q1", "publish a:m4 q1 #4"],
      ["puback #4"],
    ],
    { writes: true },
  );
});

test("[MQTT-4.4.0-1] an acknowledgement and DISCONNECT in one frame: nothing comes again", () => {
  play([
    ...started,
    ["puback #1 & puback #2"],
    ["puback #3 & disconnect", "close"],
    ["sleep"],
    ["connect expiry=100", "connack present"],
  ]);
});

test("[MQTT-3.3.1-1] what was sent before a crash carries DUP, also when a connection in between did not come to it", () => {
  play([
    ["connect expiry=100", "connack"],
    ["deliver a:1 q2 seq=1, a:2 q2 seq=2", "publish a:1 q2 #1", "publish a:2 q2 #2"],
    ["crash"],
    ["connect expiry=100 receive=1", "connack present", "publish a:1 q2 #1 dup"],
    ["cut"],
    ["connect expiry=100", "connack present", "publish a:1 q2 #1 dup", "publish a:2 q2 #2 dup"],
  ]);
});
