// Topic names and filters for property tests: few levels, a small alphabet, so that they often meet.

import fc from "fast-check";

const words = ["", "a", "b", "ab", "$x", "$", "é", "\uffff", "😀", "\u0001", "\u0002", "a\u0001", " ", "!"];

export const level = fc.constantFrom(...words);

export const topicName = fc
  .array(level, { minLength: 1, maxLength: 4 })
  .map((levels) => levels.join("/"))
  .filter((name) => name !== "");

export const topicFilter = fc
  .tuple(fc.array(fc.oneof(level, fc.constant("+")), { maxLength: 4 }), fc.boolean())
  .map(([levels, open]) => (open ? [...levels, "#"] : levels).join("/"))
  .filter((filter) => filter !== "");
