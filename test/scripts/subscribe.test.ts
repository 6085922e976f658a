// SUBSCRIBE and UNSUBSCRIBE: the row first, then the shards, then the answer; and retained messages page by page.

import { describe, expect, test } from "vitest";
import { play, type ScriptLine } from "../support/script.ts";

test("[MQTT-3.8.4-1] SUBACK follows the answer of the last shard concerned", () => {
  play([
    ["connect", "connack"],
    ["subscribe #1 a,q1 b,q2", "ask subscribe a q1 +retained", "ask subscribe b q2 +retained"],
    ["answer b"],
    ["answer a", "suback #1 0x01,0x02"],
  ]);
});

test("a filter with a wildcard in front registers in every shard", () => {
  play([
    ["connect", "connack"],
    ["subscribe #1 +/x,q0", "ask subscribe +/x q0 +retained ×4"],
    ["answer all", "suback #1 0x00"],
    ["unsubscribe #2 +/x", "ask unsubscribe +/x ×4"],
    ["answer all", "unsuback #2 0x00"],
  ]);
});

test("[MQTT-3.8.4-6] [MQTT-3.9.3-1] a reason for each filter, in order; the refused ones go nowhere", () => {
  play(
    [
      ["connect", "connack"],
      [
        "subscribe #1 a,q1 a/#/b,q0 $share/g/a,q0 b,q0",
        "refusal subscription-refused 2",
        "ask subscribe a q1 +retained",
        "ask subscribe b q0 +retained",
      ],
      ["answer all", "suback #1 0x01,0x8f,0x9e,0x00"],
      ["subscribe #2 a/#/b,q0", "refusal subscription-refused", "suback #2 0x8f"],
    ],
    { limits: { sharedAvailable: false } },
  );
});

test("3.1.1 is told of a refusal by 0x80", () => {
  play(
    [
      ["connect v4 clean", "connack"],
      ["subscribe #1 a,q1 b,q1", "refusal subscription-refused", "ask subscribe a q1 +retained"],
      ["answer a", "suback #1 0x01,0x80"],
    ],
    { limits: { subscriptionsMax: 1 } },
  );
});

test("no more subscriptions than allowed, but a known one may be renewed", () => {
  play(
    [
      ["connect", "connack"],
      [
        "subscribe #1 a,q0 b,q0 c,q0",
        "refusal subscription-refused",
        "ask subscribe a q0 +retained",
        "ask subscribe b q0 +retained",
      ],
      ["answer all", "suback #1 0x00,0x00,0x97"],
      ["subscribe #2 a,q1", "ask subscribe a q1 +retained"],
      ["answer a", "suback #2 0x01"],
      ["unsubscribe #3 b", "ask unsubscribe b"],
      ["answer b", "unsuback #3 0x00"],
      ["subscribe #4 c,q0", "ask subscribe c q0 +retained"],
      ["answer c", "suback #4 0x00"],
    ],
    { limits: { subscriptionsMax: 2 } },
  );
});

test("[MQTT-3.3.1-9] [MQTT-3.3.1-10] [MQTT-3.3.1-11] Retain Handling", () => {
  play([
    ["connect expiry=100", "connack"],
    ["subscribe #1 a,q0,rh1 b,q0,rh2", "ask subscribe a q0 +retained", "ask subscribe b q0"],
    ["answer all", "suback #1 0x00,0x00"],
    ["subscribe #2 a,q0,rh1", "ask subscribe a q0"],
    ["answer all", "suback #2 0x00"],
    ["subscribe #3 a,q0,rh0", "ask subscribe a q0 +retained"],
    ["answer all", "suback #3 0x00"],
  ]);
});

test("[MQTT-3.8.4-3] a subscription is replaced by a later one to the same filter", () => {
  const rig = play([
    ["connect expiry=100", "connack"],
    ["subscribe #1 a,q0,nl identifier=7", "ask subscribe a q0 +retained"],
    ["answer a", "suback #1 0x00"],
    ["subscribe #2 a,q2,rap identifier=9", "ask subscribe a q2 +retained"],
    ["answer a", "suback #2 0x02"],
  ]);
  expect(rig.store.subscriptions()).toEqual([
    { filter: "a", qos: 2, noLocal: false, retainAsPublished: true, identifier: 9 },
  ]);
});

test("[MQTT-3.3.1-8] retained messages come page by page, through the queue", () => {
  play([
    ["connect expiry=100 receive=2", "connack"],
    ["subscribe #1 a/+,q1", "ask subscribe a/+ q1 +retained ×4"],
    [
      "answer a/1 retained=a/1:x_q1;a/2:y_q0 next=k",
      "ask replay a/+ after k",
      "publish a/2:y q0 retain",
      "publish a/1:x q1 #1 retain",
    ],
    ["answer a/1 retained=a/3:z_q1;a/4:z_q1", "publish a/3:z q1 #2 retain"],
    ["puback #1", "publish a/4:z q1 #3 retain"],
  ]);
});

test("[MQTT-3.10.4-4] [MQTT-3.11.3-2] UNSUBACK says of each filter whether it was there", () => {
  play([
    ["connect", "connack"],
    ["subscribe #1 a,q0", "ask subscribe a q0 +retained"],
    ["answer a", "suback #1 0x00"],
    ["unsubscribe #2 b a a", "ask unsubscribe a, a"],
    ["answer a", "unsuback #2 0x11,0x00,0x00"],
    ["unsubscribe #3 a", "unsuback #3 0x11"],
  ]);
});

test("a crash between the row and the shard: the UNSUBSCRIBE is carried through on the next connection", () => {
  const rig = play([
    ["connect expiry=100", "connack"],
    ["subscribe #1 a,q0", "ask subscribe a q0 +retained"],
    ["answer a", "suback #1 0x00"],
    ["unsubscribe #2 a", "ask unsubscribe a"],
    ["crash"],
    ["connect expiry=100", "ask unsubscribe a", "connack present"],
    ["crash"],
    ["connect expiry=100", "ask unsubscribe a", "connack present"],
    ["answer a"],
  ]);
  expect(rig.store.subscriptions()).toEqual([]);
});

test("a crash between the row and the shard: the SUBSCRIBE, sent again, is carried through", () => {
  play([
    ["connect expiry=100", "connack"],
    ["subscribe #1 a,q1", "ask subscribe a q1 +retained"],
    ["crash"],
    ["connect expiry=100", "connack present"],
    ["subscribe #1 a,q1", "ask subscribe a q1 +retained"],
    ["answer a", "suback #1 0x01"],
  ]);
});

/** The client has heard nothing of its first SUBSCRIBE, and asks again for what is retained where the subscription is new. */
const again: readonly ScriptLine[] = [
  ["subscribe #1 a,q1,rh1", "ask subscribe a q1 +retained"],
  ["answer a retained=a:1_q1", "suback #1 0x01", "publish a:1 q1 #1 retain"],
  ["puback #1"],
  ["subscribe #2 a,q1,rh1", "ask subscribe a q1"],
  ["answer a", "suback #2 0x01"],
  ["crash"],
  ["connect expiry=100", "connack present"],
  ["subscribe #3 a,q1,rh1", "ask subscribe a q1"],
  ["answer a", "suback #3 0x01"],
];

describe("SUB-1 a subscription whose SUBSCRIBE was cut short is new to the next", () => {
  test.each(["rh0", "rh1", "rh2"])("by a crash, its first with Retain Handling %s", (handling) => {
    const asked = `ask subscribe a q1${handling === "rh2" ? "" : " +retained"}`;
    play([
      ["connect expiry=100", "connack"],
      [`subscribe #1 a,q1,${handling}`, asked],
      ["crash"],
      ["connect expiry=100", "connack present"],
      ...again,
    ]);
  });

  test("by a shard that does not answer", () => {
    play([
      ["connect expiry=100", "connack"],
      ["subscribe #1 a,q1,rh1", "ask subscribe a q1 +retained"],
      ["fail a", "refusal Server busy", "disconnect 0x89", "close"],
      ["connect expiry=100", "connack present"],
      ...again,
    ]);
  });

  test("in one shard of several", () => {
    play([
      ["connect expiry=100", "connack"],
      ["subscribe #1 +/x,q1,rh1", "ask subscribe +/x q1 +retained ×4"],
      ["answer a/x"],
      ["crash"],
      ["connect expiry=100", "connack present"],
      ["subscribe #1 +/x,q1,rh1", "ask subscribe +/x q1 +retained ×4"],
      ["answer all", "suback #1 0x01"],
      ["subscribe #2 +/x,q1,rh1", "ask subscribe +/x q1 ×4"],
    ]);
  });

  test("by the end of its connection, whose answer nobody has seen", () => {
    play([
      ["connect expiry=100", "connack"],
      ["subscribe #1 a,q0,rh1", "ask subscribe a q0 +retained"],
      ["cut"],
      ["answer a retained=a:1_q0"],
      ["connect expiry=100", "connack present"],
      ["subscribe #2 a,q0,rh1", "ask subscribe a q0 +retained"],
      ["answer a retained=a:1_q0", "suback #2 0x00", "publish a:1 q0 retain"],
    ]);
  });

  test("by the end of its connection, though it is answered after the next has asked", () => {
    play([
      ["connect expiry=100", "connack"],
      ["subscribe #1 a,q0,rh1", "ask subscribe a q0 +retained"],
      ["cut"],
      ["connect expiry=100", "connack present"],
      ["subscribe #2 a,q0,rh1", "ask subscribe a q0 +retained"],
      ["answer a"],
      ["crash"],
      ["connect expiry=100", "connack present"],
      ["subscribe #3 a,q0,rh1", "ask subscribe a q0 +retained"],
    ]);
  });
});

test("SUB-2 a second SUBSCRIBE of the same connection is not of a new subscription, whether or not the first is answered", () => {
  play([
    ["connect expiry=100", "connack"],
    ["subscribe #1 a,q1,rh1 & subscribe #2 a,q0,rh1", "ask subscribe a q1 +retained", "ask subscribe a q0"],
    ["answer a retained=a:1_q1", "suback #1 0x01", "publish a:1 q1 #1 retain"],
    ["crash"],
    ["connect expiry=100", "connack present", "publish a:1 q1 #1 dup retain"],
    ["subscribe #3 a,q0,rh1", "ask subscribe a q0"],
  ]);
  play([
    ["connect expiry=100", "connack"],
    ["subscribe #1 a,q1,rh1 & subscribe #2 a,q0,rh1", "ask subscribe a q1 +retained", "ask subscribe a q0"],
    ["crash"],
    ["connect expiry=100", "connack present"],
    ["subscribe #3 a,q0,rh1", "ask subscribe a q0 +retained"],
  ]);
});

test("SUB-3 what is confirmed is written where it outlives the connection, once, and not of what has no retained messages", () => {
  play(
    [
      ["connect", "connack"],
      ["subscribe #1 a,q1,rh1", "write put-subscription", "ask subscribe a q1 +retained"],
      ["answer a", "suback #1 0x01"],
      ["subscribe #2 a,q1,rh1", "write put-subscription", "ask subscribe a q1"],
    ],
    { writes: true },
  );
  play(
    [
      ["connect expiry=100", "write put-session", "connack"],
      ["subscribe #1 a,q1", "write put-subscription", "ask subscribe a q1 +retained"],
      ["answer a", "write confirm-subscription", "suback #1 0x01"],
      ["subscribe #2 a,q1", "write put-subscription", "ask subscribe a q1 +retained"],
      ["answer a", "suback #2 0x01"],
      [
        "subscribe #3 b,q1 & unsubscribe #4 b",
        "write put-subscription",
        "ask subscribe b q1 +retained",
        "write put-subscription",
        "ask unsubscribe b",
      ],
      ["answer b", "suback #3 0x01"],
      ["answer b", "write delete-subscription", "unsuback #4 0x00"],
      ["subscribe #5 $share/g/a,q1", "write put-subscription", "ask subscribe $share/g/a q1"],
      ["answer a", "suback #5 0x01"],
    ],
    { writes: true },
  );
});

test("UNSUBSCRIBE and SUBSCRIBE in a row, the shard slow: the subscription is there at the end", () => {
  const rig = play([
    ["connect expiry=100", "connack"],
    ["subscribe #1 a,q0", "ask subscribe a q0 +retained"],
    ["answer a", "suback #1 0x00"],
    ["unsubscribe #2 a", "ask unsubscribe a"],
    ["subscribe #3 a,q1", "ask subscribe a q1 +retained"],
    ["answer a", "unsuback #2 0x00"],
    ["answer a", "suback #3 0x01"],
  ]);
  expect(rig.store.subscriptions()).toMatchObject([{ filter: "a", qos: 1 }]);
});

test("an answer for a connection that is gone is not sent to the next one", () => {
  play([
    ["connect expiry=100", "connack"],
    ["subscribe #1 a,q0", "ask subscribe a q0 +retained"],
    ["cut"],
    ["connect expiry=100", "connack present"],
    ["answer a"],
  ]);
});

test("a shard out of reach: SUBSCRIBE is not answered, the connection ends", () => {
  play([
    ["connect expiry=100", "connack"],
    ["subscribe #1 a,q0", "ask subscribe a q0 +retained"],
    ["fail a", "refusal Server busy", "disconnect 0x89", "close"],
  ]);
});

test("[MQTT-4.7.1-1] a wrong filter in 3.1.1 closes the connection when it is a wrong share", () => {
  play([
    ["connect v4", "connack"],
    ["subscribe #1 $share/g,q0", "refusal Topic filter invalid", "close"],
  ]);
});

test("retained messages for a subscription of an earlier session do not reach the next one", () => {
  play([
    ["connect", "connack"],
    ["subscribe #1 a,q0", "ask subscribe a q0 +retained"],
    ["connect", "refusal Session taken over", "ask unsubscribe a", "disconnect 0x8e", "close", "connack"],
    ["answer a retained=a:1_q0"],
  ]);
});

test("SUBSCRIBE and UNSUBSCRIBE in one frame: the subscription is gone", () => {
  const rig = play([
    ["connect expiry=100", "connack"],
    ["subscribe #1 a,q0 & unsubscribe #2 a", "ask subscribe a q0 +retained", "ask unsubscribe a"],
    ["answer a", "suback #1 0x00"],
    ["answer a", "unsuback #2 0x00"],
  ]);
  expect(rig.store.subscriptions()).toEqual([]);
});

test("UNSUBACK waits for the shards also when an earlier UNSUBSCRIBE has asked them", () => {
  play([
    ["connect expiry=100", "connack"],
    ["subscribe #1 a,q0", "ask subscribe a q0 +retained"],
    ["answer a", "suback #1 0x00"],
    ["unsubscribe #2 a", "ask unsubscribe a"],
    ["unsubscribe #3 a b", "ask unsubscribe a"],
    ["answer a", "unsuback #2 0x00"],
    ["answer a", "unsuback #3 0x11,0x11"],
    ["unsubscribe #4 a", "unsuback #4 0x11"],
  ]);
});

test("an UNSUBSCRIBE that is not confirmed outlives a crash, though an earlier one of the same filter is", () => {
  play([
    ["connect expiry=100", "connack"],
    ["subscribe #1 a,q0", "ask subscribe a q0 +retained"],
    ["answer a", "suback #1 0x00"],
    ["unsubscribe #2 a", "ask unsubscribe a"],
    ["subscribe #3 a,q0", "ask subscribe a q0 +retained"],
    ["unsubscribe #4 a", "ask unsubscribe a"],
    ["answer a", "unsuback #2 0x00"],
    ["answer a", "suback #3 0x00"],
    ["crash"],
    ["connect expiry=100", "ask unsubscribe a", "connack present"],
    ["answer a"],
    ["crash"],
    ["connect expiry=100", "connack present"],
  ]);
});

test("two SUBSCRIBEs in one frame do not exceed the limit together", () => {
  play(
    [
      ["connect", "connack"],
      [
        "subscribe #1 a,q0 & subscribe #2 b,q0",
        "ask subscribe a q0 +retained",
        "refusal subscription-refused",
        "suback #2 0x97",
      ],
      ["answer a", "suback #1 0x00"],
    ],
    { limits: { subscriptionsMax: 1 } },
  );
});

test("[MQTT-3.3.1-10] SUBSCRIBE after UNSUBSCRIBE in one frame is a new subscription", () => {
  play([
    ["connect expiry=100", "connack"],
    ["subscribe #1 a,q0", "ask subscribe a q0 +retained"],
    ["answer a", "suback #1 0x00"],
    ["unsubscribe #2 a & subscribe #3 a,q0,rh1", "ask unsubscribe a", "ask subscribe a q0 +retained"],
    ["answer a", "unsuback #2 0x00"],
    ["answer a", "suback #3 0x00"],
  ]);
});

test("[MQTT-3.1.2-24] an answer larger than the client's maximum is not sent: the request ends the connection", () => {
  const names = (count: number) => Array.from({ length: count }, (_, index) => `f${index}`);
  const outcome = ["refusal Packet too large", "disconnect 0x95", "close"] as const;
  const rig = play([
    ["connect packet=128", "connack"],
    [
      `subscribe #1 ${names(124)
        .map((name) => `${name},q0`)
        .join(" ")}`,
      ...outcome,
    ],
    ["connect packet=128", "connack"],
    [`unsubscribe #2 ${names(124).join(" ")}`, ...outcome],
    // 1 + 1 + 2 + 1 + 123 bytes are as many as it takes.
    ["connect packet=128", "connack"],
    [
      `unsubscribe #3 ${names(123).join(" ")}`,
      `unsuback #3 ${names(123)
        .map(() => "0x11")
        .join()}`,
    ],
  ]);
  expect(rig.isConnected).toBe(true);
});
