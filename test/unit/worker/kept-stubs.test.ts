import { expect, test } from "vitest";
import { KeptStubs } from "../../../worker/kept-stubs.ts";

function keptStubs(max: number) {
  const made: string[] = [];
  const stubs = new KeptStubs((name: string) => {
    made.push(name);
    return { name, number: made.length };
  }, max);
  const number = (name: string) => stubs.call(name, async (stub) => stub.number);
  return { stubs, made, number };
}

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

test("after a call that failed there is another stub, for that name alone, and the caller hears why", async () => {
  const { stubs, made, number } = keptStubs(4);
  await number("a");
  await number("b");
  const fails = stubs.call("a", async () => {
    throw new Error("the object was reset");
  });
  await expect(fails).rejects.toThrow("the object was reset");
  expect([await number("a"), await number("b"), made]).toEqual([3, 2, ["a", "b", "a"]]);
});

test("a stub that throws before it calls is replaced as well", async () => {
  const { stubs, made, number } = keptStubs(4);
  const throws = () => {
    throw new Error("broken");
  };
  await expect(stubs.call("a", throws)).rejects.toThrow("broken");
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
