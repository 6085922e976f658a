// A payload that is said to be UTF-8 and is not: the message is refused, the connection goes on. The decoder has found it.

import { expect, test } from "vitest";
import { play } from "../support/script.ts";

test("MQTT 3.3.2.3.2: at QoS 1 and 2 it is refused with 0x99, and goes nowhere", () => {
  const rig = play([
    ["connect", "connack"],
    ["publish a:1 q1 #1 ill-formed", "refusal payload-format-invalid", "puback #1 0x99"],
    ["publish a:2 q2 #2 ill-formed", "refusal payload-format-invalid", "pubrec #2 0x99"],
    ["publish a:3 q1 #3", "ask publish a:3 q1"],
    ["answer a", "puback #3"],
  ]);
  expect(rig.session.acknowledgements.openCount).toBe(0);
});

test("at QoS 0 it is dropped and counted", () => {
  play([
    ["connect", "connack"],
    ["publish a:1 q0 ill-formed & publish a:2 q0", "drop payload-format-invalid", "ask publish a:2 q0"],
  ]);
});

test("[MQTT-4.6.0-2] [MQTT-4.6.0-3] the refusal waits for its turn", () => {
  play([
    ["connect", "connack"],
    [
      "publish a:1 q1 #1 & publish a:2 q2 #2 ill-formed & publish b:3 q1 #3 & publish b:4 q1 #4 ill-formed",
      "refusal payload-format-invalid 2",
      "ask publish a:1 q1",
      "ask publish b:3 q1",
    ],
    ["answer b"],
    ["answer a", "puback #1", "pubrec #2 0x99", "puback #3", "puback #4 0x99"],
  ]);
});

test("[MQTT-4.3.3-9] the refusing PUBREC frees the identifier, and nothing is written for it", () => {
  play(
    [
      ["connect expiry=100", "write put-session", "connack"],
      ["publish a:1 q2 #7 ill-formed", "refusal payload-format-invalid", "pubrec #7 0x99"],
      ["pubrel #7", "pubcomp #7 0x92"],
      ["publish a:2 q2 #7", "write put-inbound", "ask publish a:2 q2 seq=1"],
      ["answer a", "pubrec #7"],
      ["pubrel #7", "write put-inbound", "pubcomp #7"],
    ],
    { writes: true },
  );
});

test("the same message again, with DUP on a new connection, is refused again", () => {
  play([
    ["connect expiry=100", "connack"],
    ["publish a:1 q2 #7 ill-formed", "refusal payload-format-invalid", "pubrec #7 0x99"],
    ["cut"],
    ["connect expiry=100", "connack present"],
    ["publish a:1 q2 #7 dup ill-formed", "refusal payload-format-invalid", "pubrec #7 0x99"],
  ]);
});

test("[MQTT-4.3.3-10] what was taken over before it was judged is not refused when it comes again", () => {
  play([
    ["connect expiry=100", "connack"],
    ["publish a:1 q2 #7", "ask publish a:1 q2 seq=1"],
    ["answer a", "pubrec #7"],
    ["cut"],
    // The broker has been told to validate meanwhile.
    ["connect expiry=100", "connack present"],
    ["publish a:1 q2 #7 dup ill-formed", "pubrec #7"],
    ["pubrel #7", "pubcomp #7"],
    ["publish a:2 q2 #7 ill-formed", "refusal payload-format-invalid", "pubrec #7 0x99"],
  ]);
});

test("[MQTT-3.3.4-7] refused messages count against Receive Maximum until their acknowledgement has left", () => {
  play(
    [
      ["connect", "connack"],
      ["publish a:1 q1 #1 & publish a:2 q2 #2 ill-formed", "refusal payload-format-invalid", "ask publish a:1 q1"],
      ["publish a:3 q1 #3", "refusal Receive maximum exceeded", "disconnect 0x93", "close"],
    ],
    { limits: { receiveMaximum: 2 } },
  );
});
