// A session as a member of groups: what it takes, when it asks for more, and what it hands back at its end. The shard's
// side is in test/unit/shard/group.test.ts.

import { describe, expect, test } from "vitest";
import { wakeAtMs } from "../../src/session/closing.ts";
import { records } from "../support/records.ts";
import { play, type ScriptLine } from "../support/script.ts";

const share = "$share/g/a";
const offered = (records: string, terms = "") => `deliver ${records} | share=${share} ${terms}`;

const member = (connect: string, qos = 2): readonly ScriptLine[] => [
  [connect, "connack"],
  [`subscribe #1 ${share},q${qos}`, `ask subscribe ${share} q${qos}`],
  ["answer all", `suback #1 0x0${qos}`],
];

/** A session that is full, has been told so by three shards, and has nothing acknowledged. */
const full: readonly ScriptLine[] = [
  ...member("connect expiry=100 receive=4"),
  [offered("a:1 q1, a:2 q1, a:3 q1"), "publish a:1 q1 #1", "publish a:2 q1 #2", "publish a:3 q1 #3", "took 3 room 1"],
  [offered("a:4 q1, a:5 q1"), "publish a:4 q1 #4", "took 1 room 0"],
  [offered("a:6 q1", "shard=1"), "took 0 room 0"],
];

describe("room", () => {
  test("no more is taken than can be sent at once, and with half of it free each shard hears of it once", () => {
    play([
      ...full,
      ["puback #2"],
      ["puback #1", "ask attend 2 ×2"],
      ["puback #3 & puback #4"],
      ["answer all"],
      [offered("a:5 q1"), "publish a:5 q1 #5", "took 1 room 3"],
      ["puback #5"],
    ]);
  });

  const back: ScriptLine = [
    "connect expiry=100 receive=4",
    "connack present",
    ...["1", "2", "3", "4"].map((payload) => `publish a:${payload} q1 #${payload} dup`),
  ];
  test.each<[title: string, lines: readonly ScriptLine[], shards: number]>([
    ["its object sleeps", [["sleep"]], 2],
    // Where its subscription is known: the others were told when the connection ended.
    ["it comes back", [["cut", "ask attend 0 ×2"], back], 1],
    ["its object is reset and it comes back", [["crash"], back], 1],
  ])("whoever waits for room is not forgotten when %s", (_title, lines, shards) => {
    const attends = `ask attend 3${shards > 1 ? ` ×${shards}` : ""}`;
    play([...full, ...lines, ["puback #1 & puback #2 & puback #3", attends]]);
  });

  test("a message that is too large for the client makes room for another at once", () => {
    play([
      ...member("connect expiry=100 receive=1 packet=100"),
      [offered("a:200*x q1"), "drop packet-too-large", "ask attend 1", "took 1 room 0"],
    ]);
  });

  test("there is none while older messages wait, and messages of other subscriptions take some", () => {
    play([
      ...member("connect expiry=100 receive=2"),
      ["deliver b:1 q1", "publish b:1 q1 #1"],
      [offered("a:1 q1, a:2 q1"), "publish a:1 q1 #2", "took 1 room 0"],
      ["deliver b:2 q1"],
      ["puback #1", "publish b:2 q1 #3"],
      [offered("a:2 q1"), "took 0 room 0"],
      ["puback #3", "ask attend 1"],
    ]);
  });

  test("what one call brings is counted together", () => {
    const rig = play(member("connect expiry=100 receive=3"));
    const { generation = 0 } = rig.session.connection ?? {};
    const part = { publisher: share, publisherGeneration: 1, generation, owed: false, share };
    const bodies = [records("a:1 q1", "a:2 q1"), records("a:3 q2 seq=1", "a:4 q2 seq=2"), records("a:5 q1")];
    const { parts } = rig.deliver(
      0,
      bodies.map((body) => ({ ...part, body })),
    );
    expect(parts.map((answer) => [answer.share?.taken, answer.share?.room])).toEqual([
      [2, 1],
      [1, 0],
      [0, 0],
    ]);
    expect(rig.session.window.inflight).toBe(3);
  });

  test("QoS 0 goes out past the window", () => {
    play([...full, [offered("a:0 q0, a:5 q1"), "publish a:0 q0", "took 1 room 0"]]);
  });
});

describe("offers", () => {
  test("QoS 2 that is offered again is taken once, whatever has happened since", () => {
    for (const interruption of [["sleep"], ["crash"]] as const) {
      const isGone = interruption[0] === "crash";
      play([
        ...member("connect expiry=100"),
        [
          offered("a:1 q2 seq=1, a:2 q2 seq=2", "pubgen=7"),
          "publish a:1 q2 #1",
          "publish a:2 q2 #2",
          "took 2 room 1022",
        ],
        interruption,
        [
          offered("a:1 q2 seq=1, a:2 q2 seq=2, a:3 q2 seq=3", "pubgen=7"),
          ...(isGone ? ["took 2 away"] : ["publish a:3 q2 #3", "took 3 room 1021"]),
        ],
      ]);
    }
  });

  test("numbers of another life of the group are others", () => {
    play([
      ...member("connect expiry=100"),
      [offered("a:1 q2 seq=5", "pubgen=7"), "publish a:1 q2 #1", "took 1 room 1023"],
      [offered("a:2 q2 seq=1", "pubgen=8"), "publish a:2 q2 #2", "took 1 room 1022"],
    ]);
  });

  test("who is away takes nothing, and says that it is back on CONNECT", () => {
    play([
      ...member("connect expiry=100"),
      ["cut"],
      [offered("a:1 q1"), "took 0 away"],
      ["connect expiry=100", "ask attend 1024", "connack present"],
    ]);
  });

  test("[MQTT-3.10.4-2] who has unsubscribed takes nothing, whether or not the shard has heard of it", () => {
    play([
      ...member("connect expiry=100"),
      [`unsubscribe #2 ${share}`, `ask unsubscribe ${share}`],
      [offered("a:1 q1"), "took 0 away"],
      ["answer all", "unsuback #2 0x00"],
      [offered("a:1 q1"), "took 0 away"],
      [`subscribe #3 ${share},q1`, `ask subscribe ${share} q1`],
      [offered("a:1 q1"), "publish a:1 q1 #1", "took 1 room 1023"],
    ]);
  });

  test("another session of the client id takes nothing that its predecessor was offered", () => {
    play([...member("connect expiry=100"), [offered("a:1 q1", "gen=1"), "gone"]]);
  });
});

const three: readonly ScriptLine[] = [
  [
    offered("a:1 q1, a:2 q2 seq=2, a:3 q1"),
    "publish a:1 q1 #1",
    "publish a:2 q2 #2",
    "publish a:3 q1 #3",
    "took 3 room 1021",
  ],
];

describe("hand-back", () => {
  test("[MQTT-4.8.2-5] a session that ends hands back what is of QoS 1 and not finished, behind its UNSUBSCRIBE", () => {
    const lines: readonly ScriptLine[] = [
      ...member("connect clean"),
      ...three,
      ["puback #1"],
      ["cut", "drop session-ended", `ask unsubscribe ${share}`, `ask hand-back ${share} a:3 q1`],
    ];
    const rig = play(lines);
    expect(rig.store.load().handBacks).toHaveLength(1);
    expect(play([...lines, ["answer all"]]).store.isEmpty).toBe(true);
  });

  test("one that lives on keeps what it has begun", () => {
    play([
      ...member("connect expiry=100"),
      ...three,
      ["cut"],
      [
        "connect expiry=100",
        "ask attend 1021",
        "connack present",
        "publish a:1 q1 #1 dup",
        "publish a:2 q2 #2 dup",
        "publish a:3 q1 #3 dup",
      ],
    ]);
  });

  test("and hands it back when its time is over", () => {
    play([
      ...member("connect expiry=100"),
      ...three,
      ["cut"],
      ["wait 100000"],
      ["tick", "drop session-ended", `ask unsubscribe ${share}`, `ask hand-back ${share} a:1 q1, a:3 q1`],
    ]);
  });

  test("a clean session whose object was reset does so by its alarm, with what it may have had acknowledged", () => {
    for (const then of [["puback #1"], ["sleep"]] as const) {
      const rig = play([...member("connect clean"), ...three, then]);
      expect(wakeAtMs(rig.session, rig.nowMs)).toBe(rig.nowMs + 90_000);
    }
    play([
      ...member("connect clean"),
      ...three,
      ["puback #1"],
      ["crash"],
      ["tick", "drop session-ended", `ask unsubscribe ${share}`, `ask hand-back ${share} a:1 q1, a:3 q1`],
    ]);
  });

  test("one that holds nothing of a group needs no alarm, nor one that never ends", () => {
    for (const [connect, lines] of [
      ["connect clean", []],
      ["connect clean", [...three, ["puback #1 & puback #3 & pubrec #2 & pubcomp #2", "pubrel #2"]]],
      ["connect expiry=never", three],
    ] as const) {
      const rig = play([...member(connect), ...(lines as readonly ScriptLine[])]);
      expect(wakeAtMs(rig.session, rig.nowMs)).toBeUndefined();
    }
  });

  test.each(["fail", "crash"])("what no shard has confirmed is tried again: %s", (how) => {
    const rig = play([
      ...member("connect clean"),
      ...three,
      ["cut", "drop session-ended", `ask unsubscribe ${share}`, `ask hand-back ${share} a:1 q1, a:3 q1`],
      ...(how === "fail" ? ([["fail a"]] as const) : ([["crash"]] as const)),
      ["tick", `ask hand-back ${share} a:1 q1, a:3 q1`],
      ["tick"],
    ]);
    expect(wakeAtMs(rig.session, rig.nowMs)).toBe(rig.nowMs + 30_000);
    rig.answer(0);
    expect(wakeAtMs(rig.session, rig.nowMs)).toBeUndefined();
    expect(rig.store.isEmpty).toBe(true);
  });

  test("a new session of the client id does not stand in its way", () => {
    play([
      ...member("connect clean"),
      ...three,
      ["cut", "drop session-ended", `ask unsubscribe ${share}`, `ask hand-back ${share} a:1 q1, a:3 q1`],
      ["crash"],
      ["wait 1"],
      ["connect expiry=100", "connack"],
      ["tick", `ask hand-back ${share} a:1 q1, a:3 q1`],
      ["crash"],
      ["connect expiry=100", "connack present"],
      ["tick", `ask hand-back ${share} a:1 q1, a:3 q1`],
    ]);
  });

  test("each group gets its own back", () => {
    const other = "$share/other/a";
    play([
      ...member("connect clean"),
      [`subscribe #2 ${other},q1`, `ask subscribe ${other} q1`],
      ["answer all", "suback #2 0x01"],
      [offered("a:1 q1"), "publish a:1 q1 #1", "took 1 room 1023"],
      [`deliver a:2 q1 | share=${other}`, "publish a:2 q1 #2", "took 1 room 1022"],
      ["deliver a:3 q1", "publish a:3 q1 #3"],
      [offered("a:4 q1"), "publish a:4 q1 #4", "took 1 room 1020"],
      [
        "cut",
        "drop session-ended",
        `ask unsubscribe ${share}, ${other}`,
        `ask hand-back ${share} a:1 q1`,
        `ask hand-back ${other} a:2 q1`,
        `ask hand-back ${share} a:4 q1`,
      ],
    ]);
  });
});
