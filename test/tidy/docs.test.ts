// What the documentation names exists, and what an operator has to know is in it.

import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { configurationPage, configurationPath } from "../../scripts/configuration.mjs";
import { counterHelp } from "../../src/metrics/counters.ts";
import { secretVariables } from "../../worker/config.ts";
import { filesOf, root, type Source } from "./sources.ts";

const pages = [...filesOf("*.md"), ...filesOf("docs/**/*.md")];

function textOf(path: string): string {
  return readFileSync(join(root, path), "utf8");
}

function eachPage(offences: (page: Source) => string[]): string[] {
  return pages.flatMap((page) => offences(page).map((offence) => `${page.path}: ${offence}`));
}

function matchesIn(text: string, pattern: RegExp): string[] {
  return [...text.matchAll(pattern)].map((match) => match[1] ?? "");
}

const withoutCode = (text: string): string => text.replace(/^```[\s\S]*?^```/gm, "").replace(/`[^`\n]*`/g, "code");

/** Headings as the names that links can jump to. */
function anchorsOf(text: string): string[] {
  const headings = matchesIn(text.replace(/^```[\s\S]*?^```/gm, ""), /^#{1,6} +(.+)$/gm);
  return headings.map((heading) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, "")
      .replaceAll(" ", "-"),
  );
}

test("relative links lead somewhere, and so do those to a heading", () => {
  const offences = eachPage(({ path, text }) =>
    matchesIn(withoutCode(text), /\]\(([^)\s]+)\)/g)
      .filter((link) => !/^[a-z]+:/.test(link))
      .filter((link) => {
        const [target = "", anchor] = link.split("#");
        const file = target === "" ? path : join(dirname(path), target);
        if (!existsSync(join(root, file))) return true;
        return anchor !== undefined && !anchorsOf(textOf(file)).includes(anchor);
      }),
  );
  expect(offences).toEqual([]);
});

test("paths in backticks exist", () => {
  const parts = "src|worker|test|scripts|bench|docs|dashboard";
  const path = new RegExp(`\`((?:${parts})/[\\w./-]+?)/?\``, "g");
  expect(eachPage(({ text }) => matchesIn(text, path).filter((each) => !existsSync(join(root, each))))).toEqual([]);
});

test("every npm script that is named exists", () => {
  const { scripts } = JSON.parse(textOf("package.json")) as { scripts: Record<string, string> };
  const named = /\bnpm (?:run (?:--silent )?([\w:-]+)|(?:start|test)\b)/g;
  expect(
    eachPage(({ text }) => matchesIn(text, named).filter((name) => name !== "" && !Object.hasOwn(scripts, name))),
  ).toEqual([]);
});

const variables = matchesIn(textOf("worker/config.ts"), /^ {2}([A-Z][A-Z0-9_]+):/gm).toSorted();

test("the variables of worker/config.ts are those of docs/configuration.md, of worker/env.ts, and of wrangler.toml unless secret", () => {
  const ofLauncher = ["PORT", "STATE_DIR"];
  const described = matchesIn(textOf("docs/configuration.md"), /^\| `([A-Z][A-Z0-9_]+)` +\|/gm);
  expect(variables).not.toEqual([]);
  expect(described.filter((name) => !ofLauncher.includes(name)).toSorted()).toEqual(variables);
  // The launcher takes from the environment what [vars] lists.
  const [, listed = ""] = /^\[vars\]\n([\s\S]*?)(?=^\[)/m.exec(textOf("wrangler.toml")) ?? [];
  expect(
    matchesIn(listed, /^([A-Z][A-Z0-9_]+) =/gm)
      .concat(secretVariables)
      .toSorted(),
  ).toEqual(variables);
  expect(matchesIn(textOf("worker/env.ts"), /readonly ([A-Z][A-Z0-9_]+)\?: string/g).toSorted()).toEqual(variables);
});

test("docs/configuration.md has defaults and ranges as `npm run docs` writes them", () => {
  const page = textOf(configurationPath);
  expect(configurationPage(page)).toBe(page);
  const stale = page.replace(/^(\| `QUEUE_POLICY` *\|) [^|]+ \|/m, "$1 drop-oldest |");
  expect(stale).not.toBe(page);
  expect(configurationPage(stale)).toContain("| reject |");
});

test("the counters of src/metrics are those of docs/operations.md", () => {
  const [, section = ""] = /^## Counters\n([\s\S]*?)(?=^##)/m.exec(textOf("docs/operations.md")) ?? [];
  expect(matchesIn(section, /^\| `(\w+)` +\|/gm).toSorted()).toEqual(Object.keys(counterHelp).toSorted());
});

test("every event that is logged is in docs/operations.md", () => {
  const logged = filesOf("worker/**/*.ts").flatMap(({ text }) => matchesIn(text, /\bevent: "([\w-]+)"/g));
  const described = matchesIn(textOf("docs/operations.md"), /^\| `([\w-]+)` +\|/gm);
  expect([...new Set(logged)].filter((event) => !described.includes(event))).toEqual([]);
});

test("every reason for which something is dropped or refused is in docs/operations.md", () => {
  const reasons = filesOf("{src,worker}/**/*.ts").flatMap(({ text }) => [
    ...matchesIn(text, /\.(?:drop|refuse)\("([\w-]+)"/g),
    ...matchesIn(text, /\breason: "([\w-]+)"/g),
  ]);
  const described = matchesIn(textOf("docs/operations.md"), /`([\w-]+)`/g);
  expect(reasons).not.toEqual([]);
  expect(reasons.filter((reason) => !described.includes(reason))).toEqual([]);
});

test("each decision has a number of its own, which heads its page", () => {
  const numbers = filesOf("docs/decisions/*.md").map(({ path, text }) => {
    const number = Number(/\/(\d{4})-/.exec(path)?.[1]);
    expect(text, path).toMatch(new RegExp(`^# ${number}\\. `));
    return number;
  });
  expect(new Set(numbers).size).toBe(numbers.length);
});

test("each budget has a number of its own, and its test has it", () => {
  const titles = filesOf("test/workerd/*.ts").flatMap(({ text }) => text.match(/["`](BILL-\d+)(?= )/g) ?? []);
  expect(titles.toSorted()).toEqual([...new Set(titles)].toSorted());
  const numbers = new Set(titles.map((title) => title.slice(1)));
  const named = filesOf("docs/**/*.md").flatMap(({ text }) => text.match(/BILL-\d+/g) ?? []);
  expect(named.filter((number) => !numbers.has(number))).toEqual([]);
});

test("every finding of doctor is in docs/deployment.md", () => {
  const [, section = ""] = /^## What doctor finds\n([\s\S]*)/m.exec(textOf("docs/deployment.md")) ?? [];
  const found = matchesIn(textOf("cli/deployment/findings.ts"), /\b(?:error|warning)\(\s*"([a-z-]+)"/g);
  expect(found).not.toEqual([]);
  expect(matchesIn(section, /^\| `([a-z-]+)` +\|/gm)).toEqual([...new Set(found)].toSorted());
});

test("the deploy button asks for every secret, and says what each binding is for", () => {
  const { cloudflare } = JSON.parse(textOf("package.json")) as {
    cloudflare: { bindings: Record<string, { description: string }> };
  };
  const asked = matchesIn(textOf(".dev.vars.example"), /^([A-Z_]+)=/gm);
  expect(asked.toSorted()).toEqual(secretVariables.toSorted());
  const bound = matchesIn(textOf("worker/env.ts"), /readonly ([A-Z]+): \w/g);
  expect(Object.keys(cloudflare.bindings)).toEqual(expect.arrayContaining([...bound, ...asked]));
});
