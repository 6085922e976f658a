// Pages of retained messages for a new subscription go on where they stopped, whatever came in between.

import { expect, test } from "vitest";
import { play, type ScriptLine } from "../support/script.ts";

const limits = { queueMessagesMax: 4 };

/** The first page has come, three messages wait, and further pages would be too many for the queue. */
const begun: readonly ScriptLine[] = [
  ["connect expiry=100 receive=1", "connack"],
  ["subscribe #1 a,q1", "ask subscribe a q1 +retained"],
  ["answer a retained=a:1_q1;a:2_q1;a:3_q1 next=k", "suback #1 0x01", "publish a:1 q1 #1 retain"],
];
/** `again`: behind a crash everything that was stored while its client was connected may have been sent. */
const goesOn = (again = ""): readonly ScriptLine[] => [
  ["puback #1", "ask replay a after k", `publish a:2 q1 #2${again} retain`],
  ["answer a retained=a:4_q1"],
  ["puback #2", `publish a:3 q1 #3${again} retain`],
  ["puback #3", "publish a:4 q1 #4 retain"],
];

test("RPL-1 with its object always awake", () => {
  const rig = play([...begun, ...goesOn()], { limits });
  expect(rig.store.load().replays).toEqual([]);
});

test("RPL-1 after its object slept", () => {
  play([...begun, ["sleep"], ...goesOn()], { limits });
});

test.each([
  ["cut", ""],
  ["crash", " dup"],
])("RPL-1 on the next connection, after a %s", (what, again) => {
  const connected: ScriptLine = ["connect expiry=100 receive=1", "connack present", "publish a:1 q1 #1 dup retain"];
  play([...begun, [what], connected, ...goesOn(again)], { limits });
});

test("RPL-1 when there is room at once on the next connection", () => {
  play(
    [
      ["connect expiry=100 receive=1", "connack"],
      ["subscribe #1 a,q1", "ask subscribe a q1 +retained"],
      ["answer a retained=a:1_q1 next=k", "ask replay a after k", "suback #1 0x01", "publish a:1 q1 #1 retain"],
      ["crash"],
      ["connect expiry=100 receive=1", "ask replay a after k", "connack present", "publish a:1 q1 #1 dup retain"],
      ["answer a retained=a:2_q1"],
      ["puback #1", "publish a:2 q1 #2 retain"],
    ],
    { limits },
  );
});

test("RPL-2 a page that a shard did not give is asked for on the next connection", () => {
  play(
    [
      ...begun,
      ["puback #1", "ask replay a after k", "publish a:2 q1 #2 retain"],
      ["fail a", "refusal Server busy", "disconnect 0x89", "close"],
      ["connect expiry=100 receive=1", "ask replay a after k", "connack present", "publish a:2 q1 #2 dup retain"],
    ],
    { limits },
  );
});

test("RPL-3 a subscription that asks for all of them anew begins anew, and the pages before lead no further", () => {
  play(
    [
      ...begun,
      ["puback #1", "ask replay a after k", "publish a:2 q1 #2 retain"],
      ["subscribe #2 a,q1", "ask subscribe a q1 +retained"],
      ["puback #2", "publish a:3 q1 #3 retain"],
      ["answer a retained=a:4_q1 next=l"],
      ["answer a", "suback #2 0x01"],
    ],
    { limits },
  );
});

test("RPL-3 after UNSUBSCRIBE no further page is asked for", () => {
  const rig = play(
    [
      ...begun,
      ["unsubscribe #2 a", "ask unsubscribe a"],
      ["answer a", "unsuback #2 0x00"],
      ["puback #1", "publish a:2 q1 #2 retain"],
    ],
    { limits },
  );
  expect(rig.store.load().replays).toEqual([]);
});

test("RPL-3 an UNSUBSCRIBE of another filter changes nothing", () => {
  play(
    [
      ...begun,
      ["subscribe #2 b,q1", "ask subscribe b q1 +retained"],
      ["answer b retained=b:1_q1 next=m", "suback #2 0x01"],
      ["unsubscribe #3 b", "ask unsubscribe b"],
      ["answer b", "unsuback #3 0x00"],
      ["puback #1", "ask replay a after k", "publish a:2 q1 #2 retain"],
      ["puback #2", "publish a:3 q1 #3 retain"],
    ],
    { limits },
  );
});

test("RPL-4 what a session that ends has not been sent is counted", () => {
  const rig = play(
    [...begun, ["disconnect expiry=0", "drop session-ended 3", "drop retained-unsent", "ask unsubscribe a", "close"]],
    {
      limits,
    },
  );
  expect(rig.store.load().replays).toEqual([]);
});

test("RPL-5 a first page that comes when half of the queue is taken is asked for again when it is not", () => {
  const rig = play(
    [
      ["connect expiry=100 receive=1", "connack"],
      ["subscribe #1 a,q1 b,q1", "ask subscribe a q1 +retained", "ask subscribe b q1 +retained"],
      ["answer a retained=a:1_q1;a:2_q1;a:3_q1", "publish a:1 q1 #1 retain"],
      ["answer b retained=b:1_q1;b:2_q1", "suback #1 0x01,0x01"],
      ["puback #1", "ask replay b after ", "publish a:2 q1 #2 retain"],
      ["answer b retained=b:1_q1;b:2_q1"],
      ["puback #2", "publish a:3 q1 #3 retain"],
      ["puback #3", "publish b:1 q1 #4 retain"],
      ["puback #4", "publish b:2 q1 #5 retain"],
    ],
    { limits },
  );
  expect(rig.store.load().replays).toEqual([]);
});
