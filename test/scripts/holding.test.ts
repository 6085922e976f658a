// What a client acknowledges at once is not written, and what it does not is, before anybody counts on it.

import { expect, test } from "vitest";
import { play, type ScriptLine, type ScriptOptions } from "../support/script.ts";

const holding: ScriptOptions = { limits: { heldMessagesMax: 3 }, writes: true };

const connected: ScriptLine = ["connect expiry=never", "write put-session", "connack"];
/** The window's row says once for thousands of messages that their positions may have been used. */
const firstHeld: readonly ScriptLine[] = [
  connected,
  ["deliver a:m1 q1, a:m2 q1", "write put-window", "held", "publish a:m1 q1 #1", "publish a:m2 q1 #2"],
];

test("a batch whose client acknowledges it in time writes nothing", () => {
  const { store } = play(
    [
      ...firstHeld,
      ["puback #1"],
      ["puback #2", "settled"],
      ["deliver a:m3 q1", "held", "publish a:m3 q1 #3"],
      ["puback #3", "settled"],
      ["disconnect", "close"],
      ["connect expiry=never", "connack present"],
    ],
    holding,
  );
  expect(store.queueBounds()).toBeUndefined();
});

test("out of order too", () => {
  play([...firstHeld, ["puback #2"], ["puback #1", "settled"]], holding);
});

test.each([
  ["cut", []],
  ["disconnect", ["close"]],
] as const)(
  "[MQTT-4.4.0-1] %s before the acknowledgement: it is written first, and comes again as it was",
  (how, outcome) => {
    play(
      [
        ...firstHeld,
        ["puback #1"],
        [how, "write put-segment", "write put-window", "settled, written", ...outcome],
        ["connect expiry=never", "connack present", "publish a:m2 q1 #2 dup"],
        ["puback #2", "write delete-segments"],
      ],
      holding,
    );
  },
);

test("not acknowledged in time, it is written, and comes again after a crash", () => {
  play(
    [
      ...firstHeld,
      ["late", "write put-segment", "settled, written"],
      ["crash"],
      ["connect expiry=never", "connack present", "publish a:m1 q1 #1 dup", "publish a:m2 q1 #2 dup"],
      ["puback #1 & puback #2", "write delete-segments"],
    ],
    holding,
  );
});

test("a client that was late twice is trusted with nothing for a while, a new connection is", () => {
  const late = (message: string, id: number): ScriptLine[] => [
    [`deliver a:${message} q1`, "held", `publish a:${message} q1 #${id}`],
    ["late", "write put-segment", "settled, written"],
    [`puback #${id}`, "write delete-segments"],
  ];
  const written = (message: string, id: number): ScriptLine[] => [
    [`deliver a:${message} q1`, "write put-segment", `publish a:${message} q1 #${id}`],
    [`puback #${id}`, "write delete-segments"],
  ];
  play(
    [
      ...firstHeld,
      ["puback #1 & puback #2", "settled"],
      ...late("m3", 3),
      ...written("m4", 4),
      ...late("m5", 5),
      ...written("m6", 6),
      ...written("m7", 7),
      ["disconnect", "close"],
      ["connect expiry=never", "connack present"],
      ["deliver a:m8 q1", "held", "publish a:m8 q1 #8"],
    ],
    holding,
  );
});

test("[MQTT-2.2.1-4] after a crash no identifier is used again that a message which was never written may have had", () => {
  play(
    [
      ...firstHeld,
      ["crash"],
      ["connect expiry=never", "connack present"],
      ["deliver a:m1 q1, a:m2 q1 | owed", "write put-segment", "publish a:m1 q1 #4099", "publish a:m2 q1 #4100"],
    ],
    holding,
  );
});

test.each([
  ["at once", []],
  ["by an object that has slept meanwhile", [["sleep"]]],
] as const)("[MQTT-2.2.1-4] the same where a later batch is written %s", (_when, meanwhile) => {
  play(
    [
      ...firstHeld,
      ["deliver a:m3 q1 | owed", "write put-segment", "publish a:m3 q1 #3"],
      ["crash"],
      ["connect expiry=never", "connack present", "publish a:m3 q1 #3 dup"],
      ...meanwhile,
      ["deliver a:m4 q1", "write put-segment", "write put-window", "publish a:m4 q1 #4099"],
      ["crash"],
      ["connect expiry=never", "connack present", "publish a:m3 q1 #3 dup", "publish a:m4 q1 #4099 dup"],
      ["puback #3 & puback #4099", "write delete-segments"],
      ["deliver a:m5 q1", "write put-window", "held", "publish a:m5 q1 #4100"],
    ],
    holding,
  );
});

test("what is held behind a batch that becomes a row becomes one too, though it is acknowledged: rows have no holes", () => {
  play(
    [
      ...firstHeld,
      ["deliver a:m3 q1 | shard=1", "held", "publish a:m3 q1 #3"],
      ["deliver a:m4 q1 | owed", "write put-segment", "publish a:m4 q1 #4"],
      ["puback #3"],
      ["late", "write put-segment", "write put-segment", "settled, written", "settled, written"],
      ["crash"],
      [
        "connect expiry=never",
        "connack present",
        ...[1, 2, 3, 4].map((number) => `publish a:m${number} q1 #${number} dup`),
      ],
    ],
    holding,
  );
});

test("more than a batch may have is written at once, and so is what comes behind something written", () => {
  play(
    [
      connected,
      [
        "deliver a:1 q1, a:2 q1, a:3 q1, a:4 q1",
        "write put-segment",
        ...["1", "2", "3", "4"].map((n) => `publish a:${n} q1 #${n}`),
      ],
      ["deliver a:5 q1", "write put-segment", "publish a:5 q1 #5"],
      ["puback #1 & puback #2 & puback #3 & puback #4", "write delete-segments"],
      ["deliver a:6 q1", "write put-segment", "publish a:6 q1 #6"],
      ["puback #5 & puback #6", "write delete-segments"],
      ["deliver a:7 q1", "write put-window", "held", "publish a:7 q1 #7"],
    ],
    holding,
  );
});

test("what does not fit into the window, is of QoS 2, or is owed is written at once", () => {
  play(
    [
      ["connect expiry=never receive=1", "write put-session", "connack"],
      ["deliver a:m1 q1, a:m2 q1", "write put-segment", "publish a:m1 q1 #1"],
      ["puback #1", "publish a:m2 q1 #2"],
      ["puback #2", "write delete-segments"],
      ["deliver a:m3 q2 seq=1", "write put-source", "write put-segment", "publish a:m3 q2 #3"],
      ["pubrec #3", "write put-window", "pubrel #3"],
      ["pubcomp #3", "write delete-segments"],
      ["deliver a:m4 q1 seq=2", "write put-source", "write put-segment", "publish a:m4 q1 #4"],
      ["puback #4", "write delete-segments"],
      ["deliver a:m5 q1 | owed", "write put-segment", "publish a:m5 q1 #5"],
    ],
    holding,
  );
});

test("the session ends: nobody is owed it any more", () => {
  const { held } = play(
    [
      ...firstHeld,
      ["disconnect expiry=0", "write put-session", "write end-session", "settled", "drop session-ended 2", "close"],
    ],
    holding,
  );
  expect(held).toEqual([]);
});

test("a session without a record holds nothing: it writes nothing anyway", () => {
  play([["connect clean", "connack"], ["deliver a:m1 q1", "publish a:m1 q1 #1"], ["puback #1"]], holding);
});

test("[MQTT-4.3.3-6] QoS 2 is written at once, numbered or not: a crash behind PUBREC sends PUBREL again, and no PUBLISH", () => {
  play(
    [
      connected,
      ["deliver a:m1 q2", "write put-segment", "publish a:m1 q2 #1"],
      ["pubrec #1", "write put-window", "pubrel #1"],
      ["crash"],
      ["connect expiry=never", "connack present", "pubrel #1"],
    ],
    holding,
  );
});
