import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { counters } from "../../../worker/counters.ts";
import { KeptStubs } from "../../../worker/kept-stubs.ts";

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["Date"], now: 1_000_000 });
});

afterEach(() => {
  vi.useRealTimers();
});

function keptStubs(max: number) {
  const made: string[] = [];
  const stubs = new KeptStubs((name: string) => {
    made.push(name);
    return { name, number: made.length };
  }, max);
  const number = (name: string) => stubs.call(name, async (stub) => stub.number);
  return { stubs, made, number };
}

const reset = () => new Error("the object was reset");

test("a stub is made once for each name", async () => {
  const { made, number } = keptStubs(2);
  const numbers = [await number("a"), await number("b"), await number("a"), await number("b")];
  expect([numbers, made]).toEqual([
    [1, 2, 1, 2],
    ["a", "b"],
  ]);
});

test("of more than are kept, those go that were used longest ago", async () => {
  const { made, number } = keptStubs(2);
  for (const name of ["a", "b", "a", "c", "a", "b"]) await number(name);
  expect(made).toEqual(["a", "b", "c", "b"]);
});

test.each([1_000, -1_000])("used %i ms ago it is kept, a millisecond further away it is not", async (awayMs) => {
  const { number } = keptStubs(2);
  await number("a");
  vi.setSystemTime(Date.now() + awayMs);
  expect(await number("a")).toBe(1);
  vi.setSystemTime(Date.now() + awayMs + Math.sign(awayMs));
  expect(await number("a")).toBe(2);
});

test("after a call that failed there is another stub, for that name alone, and the caller hears why", async () => {
  const { stubs, made, number } = keptStubs(4);
  await number("a");
  await number("b");
  const fails = stubs.call("a", () => Promise.reject(reset()));
  await expect(fails).rejects.toThrow("the object was reset");
  expect([await number("a"), await number("b"), made]).toEqual([3, 2, ["a", "b", "a"]]);
});

test("a stub that throws before it calls is replaced as well", async () => {
  const { stubs, made, number } = keptStubs(4);
  const throws = () => {
    throw reset();
  };
  await expect(stubs.call("a", throws)).rejects.toThrow("the object was reset");
  await number("a");
  expect(made).toEqual(["a", "a"]);
});

test("what is dropped is made anew", async () => {
  const { stubs, made, number } = keptStubs(4);
  await number("a");
  stubs.drop("a");
  stubs.drop("never made");
  await number("a");
  expect(made).toEqual(["a", "a"]);
});

test("what may be called twice is called again at once, over another stub, if a kept one fails", async () => {
  const { stubs, number } = keptStubs(4);
  await number("a");
  const over: number[] = [];
  const add = vi.spyOn(counters, "add");
  const onAgain = vi.fn();
  const call = async (stub: { readonly number: number }) => {
    over.push(stub.number);
    if (stub.number === 1) throw reset();
    return "answered";
  };
  expect([await stubs.callAgain("a", call, onAgain), over]).toEqual(["answered", [1, 2]]);
  expect(onAgain).toHaveBeenCalledTimes(1);
  // It is billed like any other call.
  expect(add.mock.calls).toEqual([["call_retries"], ["object_calls"]]);
});

test.each([
  ["a new stub", false, reset(), 1],
  ["a kept stub, and the next", true, reset(), 2],
  ["a kept stub to an object that is overloaded", true, Object.assign(reset(), { overloaded: true }), 1],
])("it fails over %s", async (_how, isKept, error, calls) => {
  const { stubs, number } = keptStubs(4);
  if (isKept) await number("a");
  const call = vi.fn(() => Promise.reject(error));
  await expect(stubs.callAgain("a", call)).rejects.toBe(error);
  expect(call).toHaveBeenCalledTimes(calls);
});

test.each([
  [499, 2],
  [500, 1],
])(
  "a call over a kept stub that fails after %i ms is made %i times: later its caller may have given it up",
  async (afterMs, calls) => {
    const { stubs, number } = keptStubs(4);
    await number("a");
    let made = 0;
    const call = stubs.callAgain("a", async () => {
      if (++made > 1) return "answered";
      vi.setSystemTime(Date.now() + afterMs);
      throw reset();
    });
    await call.catch(() => {});
    expect(made).toBe(calls);
  },
);
