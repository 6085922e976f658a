// A delivery that comes again: what was refused when nobody could be told any more has to be taken.

import { expect, test } from "vitest";
import { type DeliveryPart, refusedThenOwed } from "../../../src/session/deliver.ts";
import { records, recordTexts } from "../../support/records.ts";

const part = (owed: boolean, ...texts: string[]): DeliveryPart => ({
  publisher: "=p",
  publisherGeneration: 1,
  generation: 2,
  body: records(...texts),
  owed,
});
const taken = { gone: false, refused: [] };

test.each([
  ["all taken", [part(true, "a:1 q1")], [taken], []],
  ["refused, its publisher told", [part(false, "a:1 q1")], [{ gone: false, refused: [0] }], []],
  [
    "refused in part",
    [part(true, "a:1 q1", "a:2 q2 seq=4", "a:3 q1")],
    [{ gone: false, refused: [1, 2] }],
    [["a:2 q2 seq=4", "a:3 q1"]],
  ],
  [
    "of several parts",
    [part(true, "a:1 q1"), part(true, "b:1 q1"), part(true, "c:1 q1")],
    [{ gone: false, refused: [0] }, taken, { gone: false, refused: [0] }],
    [["a:1 q1"], ["c:1 q1"]],
  ],
  ["gone", [part(true, "a:1 q1")], [{ gone: true, refused: [] }], []],
  ["an answer that has fewer parts", [part(true, "a:1 q1"), part(true, "b:1 q1")], [taken], []],
])("%s", (_, parts, answers, expected) => {
  const again = refusedThenOwed(parts, { busy: false, parts: answers });
  expect(again.map(({ body }) => recordTexts(body))).toEqual(expected);
  for (const left of again)
    expect(left).toMatchObject({ publisher: "=p", publisherGeneration: 1, generation: 2, owed: true });
});
