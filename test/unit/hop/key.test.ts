// The names of calls: those of one life of a sender are never those of another.

import { expect, test } from "vitest";
import { incarnationAbove, Numbering } from "../../../src/hop/key.ts";

const known = 1_938_898_950_310_071;

test("what a life calls itself is above all that the receiver knows, and its own where that is enough", () => {
  expect(incarnationAbove(20, 21)).toBe(21);
  for (const own of [20, 19, 0, known - 1]) expect(incarnationAbove(known, own)).toBeGreaterThan(known);
  expect(Number.isSafeInteger(incarnationAbove(known, known))).toBe(true);
});

test("two lives that go above the same one do not meet, nor when they have to do it again", () => {
  const lives = [known - 5_000_000, known - 4_999_999, known - 1].map((own) => new Numbering("s", own));
  const keys = [known, known + 2 ** 21].flatMap((later) =>
    lives.map((life) => {
      life.renew(later);
      return life.next().incarnation;
    }),
  );
  expect(new Set(keys).size).toBe(keys.length);
});
