// Messages that are too old or too large for the client they are for, and messages for sessions that are not there.

import { test } from "vitest";
import { play } from "../support/script.ts";

test("[MQTT-3.1.2-24] [MQTT-3.1.2-25] a packet larger than the client allows is skipped, as if it had been sent", () => {
  play([
    ["connect expiry=100 packet=40", "connack"],
    ["deliver a:50*x q1, a:1 q1, a:50*x q0", "drop packet-too-large 2", "publish a:1 q1 #2"],
    ["puback #2"],
    ["sleep"],
    ["cut"],
    ["connect expiry=100", "connack present"],
  ]);
});

test("[MQTT-3.1.2-24] the limit is that of the connection, not of the session", () => {
  play([
    ["connect expiry=100", "connack"],
    ["deliver a:50*x q1", "publish a:50*x q1 #1"],
    ["cut"],
    ["connect expiry=100 packet=40", "drop packet-too-large", "connack present"],
  ]);
});

test("[MQTT-3.3.2-5] an expired message is not sent, unless its delivery has begun", () => {
  play([
    ["connect expiry=100 receive=1", "connack"],
    ["deliver a:1 q1 exp=1005000, a:2 q1 exp=1005000, a:3 q1", "publish a:1 q1 #1 expiry=5"],
    ["wait 5000"],
    ["cut"],
    ["connect expiry=100", "drop expired", "connack present", "publish a:1 q1 #1 dup expiry=0", "publish a:3 q1 #3"],
  ]);
});

test("[MQTT-3.3.2-5] what is given up as expired or too large stays so when its object crashes", () => {
  play([
    ["connect expiry=never receive=1 packet=40", "connack"],
    ["deliver a:1 q1, a:2 q1 exp=1005000, a:50*x q1, a:4 q1", "publish a:1 q1 #1"],
    ["wait 5000"],
    ["puback #1", "drop expired", "drop packet-too-large", "publish a:4 q1 #4"],
    ["crash"],
    ["connect expiry=never", "connack present", "publish a:4 q1 #4 dup"],
  ]);
});

test("[MQTT-3.3.2-6] the expiry that is sent is what is left of it", () => {
  play([
    ["connect expiry=100", "connack"],
    ["cut"],
    ["deliver a:1 q1 exp=1060000"],
    ["wait 20500"],
    ["connect expiry=100", "connack present", "publish a:1 q1 #1 expiry=40"],
  ]);
});

test("an expired QoS 0 message is not sent; 3.1.1 is not told of an expiry", () => {
  play([
    ["connect v4", "connack"],
    ["deliver a:1 q0 exp=1000000, a:2 q0 exp=1000001", "drop expired", "publish a:2 q0"],
  ]);
});

test("a client that is not there misses QoS 0, and nothing is written for it", () => {
  play(
    [
      ["connect expiry=never", "write put-session", "connack"],
      ["cut"],
      ["deliver a:1 q0"],
      ["connect expiry=never", "connack present"],
    ],
    { writes: true },
  );
});

test("a message for an earlier session of the same client id is not taken: its route can go", () => {
  play([
    ["connect expiry=100", "connack"],
    ["wait 5"],
    ["connect clean expiry=100", "refusal Session taken over", "disconnect 0x8e", "close", "connack"],
    ["deliver a:1 q1 | born=1000000", "gone"],
    ["deliver a:2 q1 | born=1000005", "publish a:2 q1 #1"],
  ]);
});

test("two sessions in the same millisecond are told apart", () => {
  play([
    ["connect expiry=100", "connack"],
    ["connect clean expiry=100", "refusal Session taken over", "disconnect 0x8e", "close", "connack"],
    ["deliver a:1 q1 | born=1000000", "gone"],
  ]);
});
