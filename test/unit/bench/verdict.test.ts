// The judge of the runs with kills must find every kind of broken promise, and only those.

import { describe, expect, test } from "vitest";
import { type RetainedSnapshot, wrongTopics } from "../../../bench/kill/retained.ts";
import type { Delivery } from "../../../bench/kill/streams.ts";
import { type Audience, type Evidence, judge, type PublishedStream } from "../../../bench/kill/verdict.ts";
import type { WillLife } from "../../../bench/kill/will-client.ts";

const atTwo: PublishedStream = {
  name: "plain",
  quality: 2,
  isOrdered: true,
  messages: 4,
  acknowledged: new Set([0, 1, 2, 3]),
  refused: new Set(),
  sessionsForgotten: 0,
};
const atOne: PublishedStream = { ...atTwo, quality: 1 };
const nothingElse = {
  wills: { clients: [], deliveries: [] },
  retained: { looked: 0, wrong: 0 },
} satisfies Partial<Evidence>;

function delivered(quality: number, ...sequences: readonly number[]): Delivery[] {
  return sequences.map((sequence) => ({ stream: "plain", topic: `topic/${sequence % 2}`, sequence, quality }));
}

function judged(stream: PublishedStream, deliveries: readonly Delivery[], audience: Partial<Audience> = {}) {
  const audiences = [{ name: "consumer", isOrdered: true, deliveries, sessionsForgotten: 0, ...audience }];
  return judge({ ...nothingElse, streams: [stream], audiences });
}

describe("the verdict on a run with kills", () => {
  test("everything once and in order passes", () => {
    const verdict = judged(atTwo, delivered(2, 0, 1, 2, 3));
    expect(verdict).toMatchObject({ passed: true, lost: 0, repeatedAtQualityTwo: 0, outOfOrder: 0 });
  });

  test("an acknowledged message that never came is lost", () => {
    expect(judged(atTwo, delivered(2, 0, 1, 3))).toMatchObject({ passed: false, lost: 1 });
  });

  test("each audience is owed each message", () => {
    const heard = { name: "online", isOrdered: true, deliveries: delivered(2, 0, 1, 2, 3), sessionsForgotten: 0 };
    const audiences = [heard, { ...heard, name: "offline", deliveries: delivered(2, 0) }];
    const verdict = judge({ ...nothingElse, streams: [atTwo], audiences });
    expect(verdict).toMatchObject({ passed: false, lost: 3 });
    expect(verdict.streams.map(({ audience, lost }) => ({ audience, lost }))).toEqual([
      { audience: "online", lost: 0 },
      { audience: "offline", lost: 3 },
    ]);
  });

  test("a message delivered at another QoS, or of another stream, is not the one that is owed", () => {
    expect(judged(atTwo, delivered(1, 0, 1, 2, 3))).toMatchObject({ passed: false, lost: 4 });
    expect(judged({ ...atTwo, name: "delayed" }, delivered(2, 0, 1, 2, 3))).toMatchObject({ passed: false, lost: 4 });
  });

  test("a message that was never acknowledged is not owed, but the run is not complete", () => {
    const stream = { ...atTwo, acknowledged: new Set([0, 1, 2]) };
    expect(judged(stream, delivered(2, 0, 1, 2))).toMatchObject({ passed: false, lost: 0, acknowledged: 3 });
  });

  test("twice is wrong at QoS 2 and allowed at QoS 1", () => {
    expect(judged(atTwo, delivered(2, 0, 1, 2, 3, 2))).toMatchObject({ passed: false, repeatedAtQualityTwo: 1 });
    expect(judged(atOne, delivered(1, 0, 1, 2, 3, 2))).toMatchObject({ passed: true, repeatedAtQualityTwo: 0 });
  });

  test("first deliveries must be in order within a topic; between topics there is none", () => {
    expect(judged(atTwo, delivered(2, 2, 0, 1, 3))).toMatchObject({ passed: false, outOfOrder: 1 });
    expect(judged(atTwo, delivered(2, 1, 3, 0, 2))).toMatchObject({ passed: true, outOfOrder: 0 });
  });

  test("a stream or an audience without a promise of order is not held to one", () => {
    expect(judged({ ...atTwo, isOrdered: false }, delivered(2, 2, 0, 1, 3))).toMatchObject({ passed: true });
    expect(judged(atTwo, delivered(2, 2, 0, 1, 3), { isOrdered: false })).toMatchObject({ passed: true });
  });

  test("a group is owed each message once, whoever of it gets it", () => {
    const group = { name: "group", isOrdered: false };
    expect(judged(atTwo, delivered(2, 3, 2, 1, 1, 0), group)).toMatchObject({ passed: false, repeatedAtQualityTwo: 1 });
    expect(judged(atTwo, delivered(2, 3, 2, 1), group)).toMatchObject({ passed: false, lost: 1 });
  });

  test("a repetition at QoS 1 does not count as out of order", () => {
    expect(judged(atOne, delivered(1, 0, 2, 0, 2, 1, 3))).toMatchObject({ passed: true, outOfOrder: 0 });
  });

  test("a forgotten session is a broken promise, even if nothing is missing", () => {
    const verdict = judged(atTwo, delivered(2, 0, 1, 2, 3), { sessionsForgotten: 1 });
    expect(verdict).toMatchObject({ passed: false, sessionsForgotten: 1 });
  });

  test("a wrong retained value is a broken promise", () => {
    const retained = { looked: 10, wrong: 1 };
    expect(judge({ ...nothingElse, streams: [], audiences: [], retained })).toMatchObject({ passed: false, retained });
  });
});

describe("the verdict on wills", () => {
  const lives: WillLife[] = [{ ending: "abnormal" }, { ending: "orderly" }, { ending: "unsure" }];
  const cases: { came: number[]; lost: number; repeated: number; uncalledFor: number }[] = [
    { came: [0], lost: 0, repeated: 0, uncalledFor: 0 },
    { came: [0, 2], lost: 0, repeated: 0, uncalledFor: 0 },
    { came: [], lost: 1, repeated: 0, uncalledFor: 0 },
    { came: [0, 0], lost: 0, repeated: 1, uncalledFor: 0 },
    { came: [0, 2, 2], lost: 0, repeated: 1, uncalledFor: 0 },
    { came: [0, 1], lost: 0, repeated: 0, uncalledFor: 1 },
  ];

  test.each(cases)("an abnormal end, an orderly one and an unsure one, of which $came came", ({ came, ...faults }) => {
    const deliveries = came.map((sequence) => ({ stream: "will0", topic: "wills", sequence, quality: 2 }));
    const verdict = judge({
      ...nothingElse,
      streams: [],
      audiences: [],
      wills: { clients: [{ stream: "will0", lives }], deliveries },
    });
    expect(verdict.wills).toEqual({ owed: 1, takenBack: 1, ...faults });
    expect(verdict.passed).toBe(faults.lost + faults.repeated + faults.uncalledFor === 0);
  });
});

describe("the verdict on retained values", () => {
  // Two topics take turns; numbers 4 and 5 clear them.
  const stream = { topics: ["even", "odd"], clears: (sequence: number) => sequence === 4 || sequence === 5 };
  const cases: { name: string; acknowledged: number; sent: number; even?: number; odd?: number; wrong: string[] }[] = [
    { name: "the last acknowledged values", acknowledged: 4, sent: 4, even: 2, odd: 3, wrong: [] },
    { name: "a later one that was sent meanwhile", acknowledged: 2, sent: 4, even: 2, odd: 1, wrong: [] },
    { name: "an older one", acknowledged: 4, sent: 4, even: 0, odd: 3, wrong: ["even"] },
    { name: "one that was not sent", acknowledged: 2, sent: 2, even: 2, odd: 1, wrong: ["even"] },
    { name: "nothing where there was a value", acknowledged: 4, sent: 4, even: 2, wrong: ["odd"] },
    { name: "nothing yet", acknowledged: 0, sent: 0, wrong: [] },
    { name: "a first value that is not acknowledged", acknowledged: 0, sent: 2, even: 0, wrong: [] },
    { name: "nothing after it was cleared", acknowledged: 6, sent: 6, wrong: [] },
    { name: "a value that was cleared", acknowledged: 6, sent: 6, even: 2, wrong: ["even"] },
    { name: "nothing while it is being cleared", acknowledged: 4, sent: 6, wrong: [] },
    { name: "a value set after it was cleared", acknowledged: 6, sent: 8, even: 6, odd: 7, wrong: [] },
  ];

  test.each(cases)("$name", ({ acknowledged, sent, even, odd, wrong }) => {
    const shown = new Map<string, number>();
    if (even !== undefined) shown.set("even", even);
    if (odd !== undefined) shown.set("odd", odd);
    const snapshot: RetainedSnapshot = { acknowledged, sent, shown };
    expect(wrongTopics(stream, snapshot)).toEqual(wrong);
  });
});
