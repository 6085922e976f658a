// A full queue: what is refused, what is dropped, and that each is counted.

import { expect, test } from "vitest";
import { generationOf } from "../../src/session/state.ts";
import { records } from "../support/records.ts";
import { play, type ScriptLine } from "../support/script.ts";

const away: readonly ScriptLine[] = [["connect expiry=100", "connack"], ["cut"]];

test("reject: what does not fit is refused, and everything behind it of the same publisher", () => {
  play(
    [
      ...away,
      ["deliver a:1 q1, a:2 q2 seq=1, a:n q0, a:3 q2 seq=2, a:4 q1", "refusal queue-full", "refused 3,4"],
      ["deliver a:3 q2 seq=2", "refusal queue-full", "refused 0"],
      ["connect expiry=100", "connack present", "publish a:1 q1 #1", "publish a:2 q2 #2"],
      ["puback #1"],
      ["deliver a:3 q2 seq=2", "publish a:3 q2 #3"],
    ],
    { limits: { queueMessagesMax: 2 } },
  );
});

test("reject: what is acknowledged to its publisher waits at the shard while the queue is full", () => {
  play(
    [
      ...away,
      ["deliver a:1 q1, a:2 q1"],
      ["deliver a:3 q1, a:4 q1 | owed", "busy"],
      ["connect expiry=100", "connack present", "publish a:1 q1 #1", "publish a:2 q1 #2"],
      ["deliver a:3 q1, a:4 q1, a:n q0 | owed", "busy"],
      ["puback #2"],
      ["deliver a:3 q1, a:4 q1, a:n q0 | owed", "drop qos0-late", "publish a:3 q1 #3", "publish a:4 q1 #4"],
    ],
    { limits: { queueMessagesMax: 2 } },
  );
});

test("reject: a retained message cannot be refused to anybody, so it is dropped and counted", () => {
  play(
    [
      ["connect expiry=100 receive=1", "connack"],
      ["subscribe #1 a,q1", "ask subscribe a q1 +retained"],
      ["answer a retained=a:1_q1;a:2_q1", "drop queue-full", "suback #1 0x01", "publish a:1 q1 #1 retain"],
    ],
    { limits: { queueMessagesMax: 1 } },
  );
});

test("drop-newest: what does not fit is dropped and counted, the publisher has its acknowledgement", () => {
  play(
    [
      ...away,
      ["deliver a:1 q1, a:2 q1, a:3 q1, a:4 q1", "drop queue-full 2"],
      ["deliver a:5 q1", "drop queue-full"],
      ["connect expiry=100", "connack present", "publish a:1 q1 #1", "publish a:2 q1 #2"],
      ["puback #1"],
      ["deliver a:6 q1", "publish a:6 q1 #3"],
    ],
    { limits: { queueMessagesMax: 2, queuePolicy: "drop-newest" } },
  );
});

test("drop-newest: what waited at the shard does not go beyond the limits either", () => {
  play(
    [
      ...away,
      ["deliver a:1 q1, a:2 q1, a:3 q2 seq=1 | owed", "drop queue-full"],
      ["deliver a:4 q1, a:3 q2 seq=1, a:5 q2 seq=2 | owed", "drop queue-full 2"],
      ["connect expiry=100", "connack present", "publish a:1 q1 #1", "publish a:2 q1 #2"],
    ],
    { limits: { queueMessagesMax: 2, queuePolicy: "drop-newest" } },
  );
});

test("drop-newest: a QoS 2 message that was dropped is not taken when it comes again", () => {
  play(
    [
      ...away,
      ["deliver a:1 q2 seq=1, a:2 q2 seq=2", "drop queue-full"],
      ["connect expiry=100", "connack present", "publish a:1 q2 #1"],
      ["pubrec #1", "pubrel #1"],
      ["pubcomp #1"],
      ["deliver a:2 q2 seq=2"],
    ],
    { limits: { queueMessagesMax: 1, queuePolicy: "drop-newest" } },
  );
});

test.each(["reject", "drop-newest"] as const)("%s: what has expired makes room", (queuePolicy) => {
  const outcome = queuePolicy === "reject" ? ["refusal queue-full", "refused 0"] : ["drop queue-full"];
  play(
    [
      ...away,
      ["deliver a:1 q1 exp=1010000, a:2 q1"],
      ["deliver a:3 q1 exp=1020000"],
      ["deliver a:4 q1", ...outcome],
      ["wait 10000"],
      ["deliver a:4 q1 exp=1040000", "drop expired"],
      ["deliver a:5 q1", ...outcome],
      ["crash"],
      ["wait 10000"],
      ["deliver a:5 q1", "drop expired"],
      ["deliver a:6 q1", ...outcome],
      ["sleep"],
      ["wait 10000"],
      ["deliver a:6 q1", ...outcome],
      ["wait 10000"],
      ["deliver a:6 q1", "drop expired"],
      ["crash"],
      ["connect expiry=100", "connack present", "publish a:2 q1 #2", "publish a:5 q1 #5", "publish a:6 q1 #6"],
    ],
    { limits: { queueMessagesMax: 3, queuePolicy } },
  );
});

test("what has expired makes room for bytes, wherever its segment lies, and for what is owed", () => {
  const rig = play(
    [
      ...away,
      ["deliver a:1 q1"],
      [`deliver a:${hundred} q1 exp=1010000`],
      ["deliver a:2 q1"],
      [`deliver a:${hundred} q1 | owed`, "busy"],
      ["wait 10000"],
      [`deliver a:${hundred} q1 | owed`, "drop expired"],
    ],
    { limits: { queueBytesMax: 200 } },
  );
  const bytes = rig.sql.first("SELECT SUM(bytes) AS bytes FROM segment")?.["bytes"];
  expect([rig.session.queue.bytes, rig.session.window.head]).toEqual([bytes, 0]);
});

test("what a client may have been sent makes no room, expired or not", () => {
  play(
    [
      ["connect expiry=100 receive=1", "connack"],
      ["deliver a:1 q1 exp=1010000", "publish a:1 q1 #1 expiry=10"],
      ["wait 20000"],
      ["deliver a:2 q1", "refusal queue-full", "refused 0"],
      ["cut"],
      ["deliver a:2 q1", "refusal queue-full", "refused 0"],
      ["crash"],
      ["deliver a:2 q1", "refusal queue-full", "refused 0"],
    ],
    { limits: { queueMessagesMax: 1 } },
  );
});

test("drop-oldest: the oldest goes, also of the batch that came", () => {
  play(
    [
      ...away,
      ["deliver a:1 q1, a:2 q1, a:3 q1", "drop queue-full"],
      ["deliver a:4 q1", "drop queue-full"],
      ["sleep"],
      ["deliver a:5 q1", "drop queue-full"],
      ["crash"],
      ["connect expiry=100", "connack present", "publish a:4 q1 #4", "publish a:5 q1 #5"],
    ],
    { limits: { queueMessagesMax: 2, queuePolicy: "drop-oldest" } },
  );
});

const hundred = "100*x";

test.each([
  ["reject", ["refusal queue-full", "refused 0"]],
  ["drop-newest", ["drop queue-full"]],
  ["drop-oldest", ["drop queue-full"]],
] as const)("%s counts bytes too", (queuePolicy, outcome) => {
  const deliver = `deliver a:${hundred} q1`;
  play([...away, [deliver], [deliver, ...outcome], ["sleep"], [deliver, ...outcome]], {
    limits: { queueBytesMax: 200, queuePolicy },
  });
});

test("drop-oldest: what goes because there are too many messages makes room in bytes, too", () => {
  play(
    [
      ...away,
      ["deliver a:400*x q1, a:400*y q1, a:400*z q1, a:1 q1", "drop queue-full"],
      ["connect expiry=100", "connack present", "publish a:400*y q1 #2", "publish a:400*z q1 #3", "publish a:1 q1 #4"],
    ],
    { limits: { queueMessagesMax: 3, queueBytesMax: 1_000, queuePolicy: "drop-oldest" } },
  );
});

test("what was dropped is kept with the session, by reason", () => {
  const rig = play([...away]);
  rig.store.addDrops(new Map([["queue-full", 3]]));
  rig.store.addDrops(
    new Map([
      ["queue-full", 2],
      ["expired", 1],
    ]),
  );
  rig.crash();
  expect(rig.store.drops()).toEqual(
    new Map([
      ["queue-full", 5],
      ["expired", 1],
    ]),
  );
});

test("drop-oldest behind an unfinished message: rows do not grow without end", () => {
  const lines: ScriptLine[] = [
    ["connect expiry=100 receive=1", "connack"],
    ["deliver a:0 q1", "publish a:0 q1 #1"],
    ["cut"],
    ["deliver a:1 q1"],
  ];
  for (let count = 2; count < 50; count++) lines.push([`deliver a:${count} q1`, "drop queue-full"]);
  const rig = play(lines, { limits: { queueMessagesMax: 2, queuePolicy: "drop-oldest" } });
  expect(rig.sql.first("SELECT COUNT(*) AS count FROM segment")?.["count"]).toBeLessThan(10);
});

test("drop-oldest: what was dropped is taken from the queue's bytes once, which go on to bound it", () => {
  const rig = play([...away], { limits: { queueMessagesMax: 2, queueBytesMax: 250, queuePolicy: "drop-oldest" } });
  for (let count = 0; count < 20; count++) {
    const generation = generationOf(rig.session) ?? 0;
    const body = records(count < 10 ? "a:1 q1" : `a:${hundred} q1`);
    rig.deliver(0, [{ publisher: "p1", publisherGeneration: 1, generation, body, owed: false }]);
    const { count: rows, bytes } = rig.sql.first("SELECT COUNT(*) AS count, SUM(bytes) AS bytes FROM segment") ?? {};
    expect([rig.session.queue.bytes, rows]).toEqual([bytes, count === 0 ? 1 : 2]);
  }
});

test("drop-oldest after a reload: what was dropped does not count against what lives", () => {
  const limits = { queueBytesMax: 500, queuePolicy: "drop-oldest" } as const;
  play(
    [
      ["connect expiry=100 receive=1", "connack"],
      ["deliver a:0 q1", "publish a:0 q1 #1"],
      ["cut"],
      ["deliver a:400*x q1"],
      ["deliver a:400*y q1", "drop queue-full"],
      ["deliver a:400*z q1", "drop queue-full"],
      ["sleep"],
      ["deliver a:last q1"],
      [
        "connect expiry=100",
        "connack present",
        "publish a:0 q1 #1 dup",
        "publish a:400*z q1 #4",
        "publish a:last q1 #5",
      ],
    ],
    { limits },
  );
});

test("drop-oldest after a crash spares what may have been sent", () => {
  play(
    [
      ["connect expiry=100", "connack"],
      ["deliver a:1 q2 seq=1", "publish a:1 q2 #1"],
      ["crash"],
      ["deliver a:2 q1"],
      ["deliver a:3 q1", "drop queue-full"],
      ["connect expiry=100", "connack present", "publish a:1 q2 #1 dup", "publish a:3 q1 #3"],
    ],
    { limits: { queueMessagesMax: 2, queuePolicy: "drop-oldest" } },
  );
});

test("drop-oldest: what is in flight is not dropped, nor what was", () => {
  play(
    [
      ["connect expiry=100 receive=1", "connack"],
      ["deliver a:1 q2 seq=1, a:2 q1", "publish a:1 q2 #1"],
      ["deliver a:3 q1", "drop queue-full"],
      ["cut"],
      ["deliver a:4 q1", "drop queue-full"],
      ["sleep"],
      ["deliver a:5 q1", "drop queue-full"],
      ["connect expiry=100", "connack present", "publish a:1 q2 #1 dup", "publish a:5 q1 #5"],
    ],
    { limits: { queueMessagesMax: 2, queuePolicy: "drop-oldest" } },
  );
});

test("drop-oldest, everything dropped behind an unfinished message, then a reload: what comes next is not lost", () => {
  play(
    [
      ["connect expiry=100", "connack"],
      ["deliver a:300*x q1", "publish a:300*x q1 #1"],
      ["cut"],
      ["deliver a:300*y q1", "drop queue-full"],
      ["sleep"],
      ["deliver a:z q1"],
      ["connect expiry=100", "connack present", "publish a:300*x q1 #1 dup", "publish a:z q1 #3"],
    ],
    { limits: { queueBytesMax: 400, queuePolicy: "drop-oldest" } },
  );
});

test("drop-oldest, what was dropped frees its room at once", () => {
  play(
    [
      ["connect expiry=100", "connack"],
      ["deliver a:300*x q1", "publish a:300*x q1 #1"],
      ["cut"],
      ["deliver a:300*y q1", "drop queue-full"],
      ["deliver a:z q1"],
      ["connect expiry=100", "connack present", "publish a:300*x q1 #1 dup", "publish a:z q1 #3"],
    ],
    { limits: { queueBytesMax: 400, queuePolicy: "drop-oldest" } },
  );
});

test("drop-oldest, what a later connection passed over is not taken off the depth twice", () => {
  const lines: ScriptLine[] = [
    ["connect expiry=100 receive=1", "connack"],
    ["deliver a:0 q1", "publish a:0 q1 #1"],
    ["cut"],
    ["deliver a:1 q1"],
    ["deliver a:2 q1", "drop queue-full"],
    ["deliver a:3 q1", "drop queue-full"],
    ["deliver a:4 q1", "drop queue-full"],
    ["connect expiry=100", "connack present", "publish a:0 q1 #1 dup", "publish a:4 q1 #5"],
    ["puback #5"],
    ["cut"],
    ["deliver a:5 q1"],
    ["deliver a:6 q1", "drop queue-full"],
  ];
  play(lines, { limits: { queueMessagesMax: 2, queuePolicy: "drop-oldest" } });
});

test("drop-oldest: what was given up before is not given up again in place of what waits", () => {
  play(
    [
      ["connect expiry=1000 receive=1", "connack"],
      ["deliver a:1 q1, a:2 q1 exp=1001000", "publish a:1 q1 #1"],
      ["cut"],
      ["wait 1000"],
      ["connect expiry=1000 receive=5", "drop expired", "connack present", "publish a:1 q1 #1 dup"],
      ["crash"],
      ["deliver a:3 q1, a:4 q1, a:5 q1", "drop queue-full"],
      ["connect expiry=1000", "connack present", "publish a:1 q1 #1 dup", "publish a:4 q1 #4", "publish a:5 q1 #5"],
    ],
    { limits: { queueMessagesMax: 3, queuePolicy: "drop-oldest" } },
  );
});

test("behind what is refused nothing of its publisher is taken, in whatever part of the call it comes", () => {
  const limits = { queuePolicy: "reject", queueBytesMax: 120 } as const;
  const rig = play([["connect expiry=never", "connack"], ["cut"]], { limits });
  const generation = rig.session.record?.generation ?? 0;
  const part = (publisher: string, ...texts: string[]) => {
    return { publisher, publisherGeneration: 1, generation, body: records(...texts), owed: false };
  };
  const large = "x".repeat(100);
  const { parts } = rig.deliver(0, [
    part("~p", "a:1 q2 seq=1"),
    part("~p", `a:${large} q2 seq=2`),
    part("~other", "a:2 q2 seq=2"),
    part("~p", "a:3 q2 seq=3", "a:4 q1"),
  ]);
  expect(parts.map(({ refused }) => refused)).toEqual([[], [0], [], [0, 1]]);
  // What was refused, and is owed then, is not taken for old.
  expect(rig.store.sourceSequence("~p", 1, 0)).toBe(1);
});

test("drop-oldest: what is dropped as it comes is not held for its client, nor written when the connection ends", () => {
  const rig = play(
    [
      ["connect expiry=100", "connack"],
      ["deliver a:1 q1", "held", "publish a:1 q1 #1"],
      ["deliver a:2 q1", "drop queue-full"],
      ["deliver a:3 q1", "drop queue-full"],
      ["cut", "settled, written"],
      ["connect expiry=100", "connack present", "publish a:1 q1 #1 dup"],
    ],
    { limits: { queueMessagesMax: 1, queuePolicy: "drop-oldest", heldMessagesMax: 3 } },
  );
  const rows = rig.sql.first("SELECT COUNT(*) AS count, SUM(bytes) AS bytes FROM segment");
  expect(rows).toEqual({ count: 1, bytes: rig.session.queue.bytes });
});

test("what a session had published that its client has ended since is refused to nobody", () => {
  play([
    ["connect v4 expiry=never", "connack"],
    ["subscribe #1 b,q1", "ask subscribe b q1 +retained"],
    ["answer b", "suback #1 0x01"],
    ["publish a:1 q1 #2", "ask publish a:1 q1"],
    ["cut"],
    ["connect v4 clean", "ask unsubscribe b", "connack"],
    ["answer a refused=0"],
    ["publish a:2 q1 #2", "ask publish a:2 q1"],
    ["answer a", "puback #2"],
  ]);
});
