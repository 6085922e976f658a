// Habits of the house that a search can hold.

import { homedir } from "node:os";
import { expect, test } from "vitest";
import { filesOf, root, type Source, withoutComments } from "./sources.ts";

const linesMax = 500;

test("core: time and randomness are arguments, and nothing is printed", () => {
  const platform =
    /\b(Date\.now|new Date\(\s*\)|Math\.random|setTimeout|setInterval|queueMicrotask|console|performance)\b/;
  expect(offencesIn(filesOf("src/**/*.ts"), platform, withoutComments)).toEqual([]);
});

test("no note of work left to do", () => {
  const note = new RegExp(`\\b(${["TO" + "DO", "FIX" + "ME", "XX" + "X"].join("|")})\\b`);
  expect(offencesIn(filesOf("**/*.{ts,tsx,mjs,cjs,py,md,toml,sql,json,css,html}"), note)).toEqual([]);
});

test("a source file stays small enough to read", () => {
  const isWritten = /^\/\/ Written by `npm run docs`/;
  const long = filesOf("{src,worker,dashboard}/**/*.{ts,tsx}").filter(({ text }) => {
    return !isWritten.test(text) && text.split("\n").length > linesMax;
  });
  expect(long.map(({ path }) => path)).toEqual([]);
});

test("nothing names a path of the machine it was written on", () => {
  const machine = new RegExp(`${[root, homedir()].map(escapeRegExp).join("/|")}/|/(home|Users)/\\w`);
  const text = filesOf("**/*.{ts,tsx,mjs,cjs,js,py,md,toml,sql,json,sh,css,html}").concat(filesOf(".ci/*"));
  expect(offencesIn(text, machine)).toEqual([]);
});

test("objects are reached through worker/stubs.ts alone: it knows where they live", () => {
  const elsewhere = filesOf("worker/**/*.ts").filter(({ path }) => path !== "worker/stubs.ts");
  expect(offencesIn(elsewhere, /\.(getByName|idFromName|get\(\w*[iI]d\b)/)).toEqual([]);
});

test("tests wait with `eventually`: the runner's own polling gives up after a second, which a busy machine needs", () => {
  expect(offencesIn(filesOf("test/**/*.ts"), /\b(expect\s*\.poll|vi\.wait(For|Until))\b|^\s*\.poll\(/)).toEqual([]);
});

function offencesIn(sources: Source[], pattern: RegExp, prepare = (text: string) => text): string[] {
  return sources.flatMap(({ path, text }) =>
    prepare(text)
      .split("\n")
      .filter((line) => pattern.test(line))
      .map((line) => `${path}: ${line.trim()}`),
  );
}

function escapeRegExp(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}
