// CONNECT, resume, take-over and the end of sessions by time.

import { expect, test } from "vitest";
import { records } from "../support/records.ts";
import { play } from "../support/script.ts";

test("[MQTT-3.1.2-4] a clean start ends the session that was, with its routes and its queue", () => {
  play([
    ["connect expiry=100", "connack"],
    ["subscribe #1 a,q1", "ask subscribe a q1 +retained"],
    ["answer a", "suback #1 0x01"],
    ["cut"],
    ["deliver a:m1 q1"],
    ["connect clean expiry=100", "drop session-ended", "ask unsubscribe a", "connack"],
    ["answer all"],
    ["cut"],
    ["connect expiry=100", "connack present"],
  ]);
});

test("[MQTT-3.1.2-5] a session resumes with its subscriptions and its queue", () => {
  const rig = play([
    ["connect expiry=100", "connack"],
    ["subscribe #1 a,q1 b,q2", "ask subscribe a q1 +retained", "ask subscribe b q2 +retained"],
    ["answer all", "suback #1 0x01,0x02"],
    ["cut"],
    ["deliver a:m1 q1, b:m2 q2 seq=1"],
    ["crash"],
    ["connect expiry=100", "connack present", "publish a:m1 q1 #1", "publish b:m2 q2 #2"],
  ]);
  expect(rig.store.subscriptions()).toMatchObject([
    { filter: "a", qos: 1 },
    { filter: "b", qos: 2 },
  ]);
});

test("[MQTT-3.1.2-6] a session without expiry ends with its connection", () => {
  play([
    ["connect", "connack"],
    ["subscribe #1 a,q1", "ask subscribe a q1 +retained"],
    ["answer a", "suback #1 0x01"],
    ["cut", "ask unsubscribe a"],
    ["answer all"],
    ["deliver a:m1 q1 | born=1000000", "gone"],
    ["connect", "connack"],
  ]);
});

test("[MQTT-3.1.2-6] a session without expiry whose end nobody saw is cleared when its object wakes", () => {
  const rig = play([
    ["connect", "connack"],
    ["subscribe #1 a,q1", "ask subscribe a q1 +retained"],
    ["answer a", "suback #1 0x01"],
    ["crash"],
    ["deliver a:m1 q1 | born=1000000", "ask unsubscribe a", "gone"],
    ["answer all"],
  ]);
  expect(rig.store.isEmpty).toBe(true);
});

test("[MQTT-3.1.2-6] so is one behind whose back a will of an earlier connection still waits for its shard", () => {
  play([
    ["connect will=w:1", "connack"],
    ["cut", "ask will w:1 q0 seq=1000000"],
    ["fail w"],
    ["connect", "connack"],
    ["publish a:old q2 #1", "ask publish a:old q2 seq=1"],
    ["crash"],
    ["connect", "ask will w:1 q0 seq=1000000", "connack"],
    // Had the identifier been left, this would be taken for the old message, which the shard has.
    ["publish a:new q2 #1", "ask publish a:new q2 seq=2"],
  ]);
});

test("[MQTT-3.1.4-3] whoever comes later takes over; the session is unharmed", () => {
  play([
    ["connect expiry=100", "connack"],
    ["deliver a:m1 q1", "publish a:m1 q1 #1"],
    [
      "connect expiry=100",
      "refusal Session taken over",
      "disconnect 0x8e",
      "close",
      "connack present",
      "publish a:m1 q1 #1 dup",
    ],
    ["puback #1"],
  ]);
});

test("a 3.1.1 client that is taken over is closed without a word", () => {
  play([
    ["connect v4", "connack"],
    ["connect v4", "refusal Session taken over", "close", "connack present"],
  ]);
});

test("[MQTT-3.1.2-23] a session ends when its time is over, and not before", () => {
  const rig = play([
    ["connect expiry=100", "connack"],
    ["subscribe #1 a,q1", "ask subscribe a q1 +retained"],
    ["answer a", "suback #1 0x01"],
    ["cut"],
    ["deliver a:m1 q1, a:m2 q1"],
    ["wait 99999"],
    ["tick"],
    ["wait 1"],
    ["tick", "drop session-ended 2", "ask unsubscribe a"],
    ["answer all"],
    ["deliver a:m1 q1 | born=1000000", "gone"],
  ]);
  expect(rig.store.isEmpty).toBe(true);
});

test("[MQTT-3.1.2-23] the time of a session whose client vanished in a crash begins when that is noticed", () => {
  play([
    ["connect expiry=100", "connack"],
    ["deliver a:m1 q1", "publish a:m1 q1 #1"],
    ["crash"],
    ["wait 500000"],
    ["tick"],
    ["wait 99999"],
    ["tick"],
    ["wait 1"],
    ["tick", "drop session-ended"],
  ]);
});

test("a session that never expires does not end", () => {
  play([
    ["connect expiry=never", "connack"],
    ["cut"],
    ["wait 1000000000000"],
    ["tick"],
    ["connect expiry=never", "connack present"],
  ]);
});

test("[MQTT-3.14.2-2] DISCONNECT may change the expiry, but not give one to a session without", () => {
  play([
    ["connect expiry=100", "connack"],
    ["disconnect expiry=5", "close"],
    ["wait 5000"],
    ["tick"],
    ["connect", "connack"],
    ["disconnect expiry=5", "refusal Protocol error", "disconnect 0x82", "close"],
    ["connect expiry=100", "connack"],
    ["cut"],
    ["connect expiry=0", "connack present"],
    ["disconnect expiry=5", "refusal Protocol error", "disconnect 0x82", "close"],
    ["connect expiry=100", "connack"],
  ]);
});

test("DISCONNECT with expiry 0 ends the session at once", () => {
  const rig = play([
    ["connect expiry=100", "connack"],
    ["deliver a:m1 q1", "publish a:m1 q1 #1"],
    ["disconnect expiry=0", "drop session-ended", "close"],
  ]);
  expect(rig.store.isEmpty).toBe(true);
});

test("a session that comes back as it left is not written", () => {
  play(
    [
      ["connect expiry=never", "write put-session", "connack"],
      ["cut"],
      ["sleep"],
      ["connect expiry=never", "connack present"],
      ["sleep"],
      ["disconnect", "close"],
      ["sleep"],
      ["connect expiry=never", "connack present"],
    ],
    { writes: true },
  );
});

test("[MQTT-3.1.0-2] nothing that follows a violation counts", () => {
  play([
    ["connect", "connack"],
    ["violation & publish a:m q1 #1", "refusal Malformed packet", "disconnect 0x81", "close"],
  ]);
});

test("[MQTT-3.14.4-1] nothing that follows a DISCONNECT counts", () => {
  play([
    ["connect", "connack"],
    ["publish a:m q0 & disconnect & publish a:n q0", "ask publish a:m q0", "close"],
  ]);
});

test("[MQTT-3.12.4-1] a ping that reaches the session is answered", () => {
  play([
    ["connect", "connack"],
    ["ping", "pingresp"],
  ]);
});

test("only what was not finished counts as dropped at the end of a session", () => {
  play([
    ["connect expiry=100", "connack"],
    ["deliver a:1 q1, a:2 q1, a:3 q1", "publish a:1 q1 #1", "publish a:2 q1 #2", "publish a:3 q1 #3"],
    ["puback #2 & puback #3"],
    ["disconnect expiry=0", "drop session-ended", "close"],
  ]);
});

test("a long life is no burden at the next wake", () => {
  const rig = play([["connect expiry=100", "connack"], ["cut"]]);
  const position = 300_000_000;
  rig.store.apply([
    {
      kind: "put-segment",
      segment: { position, count: 1, body: records("a:1 q1"), offered: false, atMs: 0 },
    },
  ]);
  rig.crash();
  expect(rig.session.window.head).toBe(position);
});

test("[MQTT-4.1.0-2] a session whose time is over does not resume, also when its alarm is late", () => {
  play([
    ["connect expiry=100", "connack"],
    ["deliver a:m q1", "publish a:m q1 #1"],
    ["cut"],
    ["sleep"],
    ["wait 100000"],
    ["connect expiry=100", "drop session-ended", "connack"],
  ]);
});

test("[MQTT-4.1.0-2] a session that was to end with its connection does not outlive the broker's crash", () => {
  play([
    ["connect expiry=100", "connack"],
    ["cut"],
    ["connect expiry=0", "connack present"],
    ["crash"],
    ["connect expiry=100", "connack"],
  ]);
});
