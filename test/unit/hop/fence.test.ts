// The receiving end of a hop: what is new, what is a repeat and of what, and whose time is over.

import { expect, test } from "vitest";
import { Fence } from "../../../src/hop/fence.ts";
import type { CallKey } from "../../../src/hop/key.ts";

const key = (source: string, incarnation: number, sequence: number): CallKey => ({ source, incarnation, sequence });
const isNew = { kind: "new" };

test("a call is new once; its repeat gets the answer of the first", () => {
  const fence = new Fence<string>(10);
  expect(fence.admit(key("s", 1, 1))).toEqual(isNew);
  expect(fence.admit(key("s", 1, 1))).toEqual({ kind: "repeat", answer: undefined });
  fence.settle(key("s", 1, 1), "one");
  expect(fence.admit(key("s", 1, 1))).toEqual({ kind: "repeat", answer: "one" });
});

test("an older call is a repeat without an answer, and does not disturb the latest", () => {
  const fence = new Fence<string>(10);
  fence.admit(key("s", 1, 1));
  fence.admit(key("s", 1, 5));
  fence.settle(key("s", 1, 5), "five");
  fence.settle(key("s", 1, 1), "one");
  expect(fence.admit(key("s", 1, 1))).toEqual({ kind: "repeat", answer: undefined });
  expect(fence.admit(key("s", 1, 5))).toEqual({ kind: "repeat", answer: "five" });
});

test("a new incarnation begins anew, and an older one is told which is known", () => {
  const fence = new Fence<string>(10);
  fence.admit(key("s", 5, 100));
  expect(fence.admit(key("s", 6, 1))).toEqual(isNew);
  expect(fence.admit(key("s", 5, 101))).toEqual({ kind: "stale", known: 6 });
  fence.settle(key("s", 5, 1), "wrong");
  expect(fence.admit(key("s", 6, 1))).toEqual({ kind: "repeat", answer: undefined });
});

test("a call that failed is forgotten: its repeat runs, and one before it does not get an answer of it", () => {
  const fence = new Fence<string>(10);
  fence.admit(key("s", 1, 4));
  fence.settle(key("s", 1, 4), "failed");
  fence.forget(key("s", 1, 4));
  expect(fence.admit(key("s", 1, 3))).toEqual({ kind: "repeat", answer: undefined });
  expect(fence.admit(key("s", 1, 4))).toEqual(isNew);
});

test("forgetting a call that is not the latest changes nothing", () => {
  const fence = new Fence<string>(10);
  fence.admit(key("s", 1, 4));
  fence.forget(key("s", 1, 3));
  fence.forget(key("s", 2, 4));
  fence.forget(key("t", 1, 4));
  expect(fence.admit(key("s", 1, 4)).kind).toBe("repeat");
});

test("beyond the limit the source that was heard least recently is forgotten", () => {
  const fence = new Fence<string>(2);
  fence.admit(key("a", 1, 1));
  fence.admit(key("b", 1, 1));
  fence.admit(key("a", 1, 2));
  fence.admit(key("c", 1, 1));
  expect(fence.admit(key("a", 1, 2)).kind).toBe("repeat");
  expect(fence.admit(key("c", 1, 1)).kind).toBe("repeat");
  expect(fence.admit(key("b", 1, 1))).toEqual(isNew);
});

test("a source that is known takes nobody's place", () => {
  const fence = new Fence<string>(2);
  fence.admit(key("a", 1, 1));
  fence.admit(key("b", 1, 1));
  fence.admit(key("b", 1, 2));
  expect(fence.admit(key("a", 1, 1)).kind).toBe("repeat");
  expect(fence.admit(key("b", 1, 2)).kind).toBe("repeat");
});

test("what a source had written down holds in the next life, for that call and those before it", () => {
  const written = new Map([["s", { incarnation: 5, sequence: 7 }]]);
  const fence = new Fence<string>(10, (source) => written.get(source));
  expect(fence.admit(key("s", 5, 7))).toEqual({ kind: "repeat", answer: undefined });
  expect(fence.admit(key("s", 4, 9))).toEqual({ kind: "stale", known: 5 });
  expect(fence.admit(key("s", 5, 8))).toEqual(isNew);
  expect(fence.admit(key("s", 5, 8)).kind).toBe("repeat");
  expect(fence.admit(key("t", 1, 1))).toEqual(isNew);
});
