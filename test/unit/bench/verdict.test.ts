// The judge of the runs with kills must find every kind of broken promise, and only those.

import { describe, expect, test } from "vitest";
import type { Delivery } from "../../../bench/kill/consumer.ts";
import { judge, type PublishedStream } from "../../../bench/kill/verdict.ts";

const acknowledged = new Set([0, 1, 2, 3]);
const atTwo: PublishedStream = { quality: 2, messages: 4, acknowledged, refused: new Set(), sessionsForgotten: 0 };

function delivered(quality: number, ...sequences: readonly number[]): Delivery[] {
  return sequences.map((sequence) => ({ topic: `topic/${sequence % 2}`, sequence, quality }));
}

function judged(stream: PublishedStream, deliveries: readonly Delivery[], sessionsForgotten = 0) {
  return judge([stream], [{ name: "consumer", deliveries, sessionsForgotten }]);
}

describe("the verdict on a run with kills", () => {
  test("everything once and in order passes", () => {
    const verdict = judged(atTwo, delivered(2, 0, 1, 2, 3));
    expect(verdict).toMatchObject({ passed: true, lost: 0, repeatedAtQualityTwo: 0, outOfOrder: 0 });
  });

  test("an acknowledged message that never came is lost", () => {
    expect(judged(atTwo, delivered(2, 0, 1, 3))).toMatchObject({ passed: false, lost: 1 });
  });

  test("a message delivered at another QoS is not the one that is owed", () => {
    expect(judged(atTwo, delivered(1, 0, 1, 2, 3))).toMatchObject({ passed: false, lost: 4 });
  });

  test("a message that was never acknowledged is not owed, but the run is not complete", () => {
    const stream = { ...atTwo, acknowledged: new Set([0, 1, 2]) };
    expect(judged(stream, delivered(2, 0, 1, 2))).toMatchObject({ passed: false, lost: 0, acknowledged: 3 });
  });

  test("twice is wrong at QoS 2 and allowed at QoS 1", () => {
    expect(judged(atTwo, delivered(2, 0, 1, 2, 3, 2))).toMatchObject({ passed: false, repeatedAtQualityTwo: 1 });
    const atOne = { ...atTwo, quality: 1 as const };
    expect(judged(atOne, delivered(1, 0, 1, 2, 3, 2))).toMatchObject({ passed: true, repeatedAtQualityTwo: 0 });
  });

  test("first deliveries must be in order within a topic; between topics there is none", () => {
    expect(judged(atTwo, delivered(2, 2, 0, 1, 3))).toMatchObject({ passed: false, outOfOrder: 1 });
    expect(judged(atTwo, delivered(2, 1, 3, 0, 2))).toMatchObject({ passed: true, outOfOrder: 0 });
  });

  test("a repetition at QoS 1 does not count as out of order", () => {
    const atOne = { ...atTwo, quality: 1 as const };
    expect(judged(atOne, delivered(1, 0, 2, 0, 2, 1, 3))).toMatchObject({ passed: true, outOfOrder: 0 });
  });

  test("a forgotten session is a broken promise, even if nothing is missing", () => {
    expect(judged(atTwo, delivered(2, 0, 1, 2, 3), 1)).toMatchObject({ passed: false, sessionsForgotten: 1 });
  });
});
