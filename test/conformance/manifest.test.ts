// The manifest: every numbered statement of MQTT 5.0 and 3.1.1 that binds this server is cited by a test, or stands in
// untested.ts with a reason.

import { describe, expect, test } from "vitest";
import { filesOf } from "../tidy/sources.ts";
import { citations, citationsIn } from "./citations.ts";
import { figuresTable } from "./figures.ts";
import { bindsUs } from "./statement.ts";
import { statementsThree } from "./statements-3.ts";
import { statementsFive } from "./statements-5.ts";
import { untested, untestedMax } from "./untested.ts";

const all = [
  ...statementsFive.map((statement) => ({ ...statement, id: `MQTT-${statement.id}` })),
  ...statementsThree.map((statement) => ({ ...statement, id: `MQTT3-${statement.id}` })),
];
const known = new Map(all.map((statement) => [statement.id, statement]));
const cited = new Set(citations().map(({ id }) => id));
const listed = new Set(untested.map(({ id }) => id));

test("the statements are those of the specifications: so many, each once", () => {
  expect([statementsFive.length, statementsThree.length]).toEqual([251, 141]);
  expect(known.size).toBe(all.length);
});

test("a rule for clients says whether it is policed, and no other does", () => {
  const offences = all.filter(
    ({ who, policed, unpoliced }) => [policed, unpoliced].filter(Boolean).length !== (who === "client" ? 1 : 0),
  );
  expect(offences).toEqual([]);
});

test("every id that is cited exists", () => {
  expect(citations().filter(({ id }) => !known.has(id))).toEqual([]);
});

test("every statement that binds this server is cited by a test or listed as untested", () => {
  const open = all.filter((statement) => bindsUs(statement) && !cited.has(statement.id) && !listed.has(statement.id));
  expect(open.map(({ id, says }) => `${id}: ${says}`)).toEqual([]);
});

describe("the list of the untested", () => {
  test("may only shrink: when it does, lower untestedMax", () => {
    expect(untested.length).toBe(untestedMax);
  });

  test("names statements that exist and bind this server, each once", () => {
    const offences = untested.filter(({ id }) => {
      const statement = known.get(id);
      return statement === undefined || !bindsUs(statement);
    });
    expect(offences).toEqual([]);
    expect(listed.size).toBe(untested.length);
  });

  test("names none that a test cites, unless it is kept in one place and broken in another", () => {
    expect(untested.filter(({ id, why }) => cited.has(id) && why !== "broken")).toEqual([]);
  });

  test("gives a reason for each", () => {
    expect(untested.filter(({ reason }) => reason.trim().length < 20)).toEqual([]);
  });
});

test("no test that could cite is switched off", () => {
  const switchedOff = /\b(?:test|it|describe)(?:\.each)?\.(?:skip|only|todo|fails)\b/;
  const offences = filesOf("test/**/*.ts").filter(({ text }) =>
    text.split("\n").some((line) => switchedOff.test(line)),
  );
  expect(offences.map(({ path }) => path)).toEqual([]);
});

test("the figures in docs/conformance.md are these", () => {
  const [page] = filesOf("docs/conformance.md");
  const squeezed = (text: string) => text.replace(/ +/g, " ").replace(/-{2,}/g, "-");
  expect(squeezed(page?.text ?? "")).toContain(squeezed(figuresTable(cited)));
});

describe("what counts as a citation", () => {
  test.each([
    ["a title", 'test("[MQTT-3.1.0-1] no CONNECT", () => {});', ["MQTT-3.1.0-1"]],
    ["two ids of both versions", "`[MQTT-3.1.0-2] [MQTT3-3.1.0-2] twice`", ["MQTT-3.1.0-2", "MQTT3-3.1.0-2"]],
    ["a comment does not", '// "MQTT-3.1.0-1"\nfine();', []],
    ["nor code outside a string", "MQTT-3.1.0-1", []],
    ["a misprint is seen as one", '"MQTT-3-8.3-4"', ["MQTT-3-8.3-4"]],
    ["so is a section without a number", '"MQTT-3.1"', ["MQTT-3.1"]],
  ])("%s", (_what, text, ids) => {
    expect(citationsIn(text)).toEqual(ids);
  });
});
