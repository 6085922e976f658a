// Tables as CSV: what is written is read again as it was, and nothing in it is a formula to a spreadsheet.

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Columns, headOf, readCsv, rowOf } from "../../../worker/admin/transfer/csv.ts";

const columns: Columns = {
  name: "text",
  "limits.a": "number",
  groups: "list",
  qos: "numbers",
  disabled: "boolean",
  subscriptions: "json",
};

const visible = fc.string({ unit: "grapheme", minLength: 1 });

const item = fc.record(
  {
    name: fc.oneof(
      visible,
      fc.constantFrom("=1+1", "'=x", "''-", "+/a", "@cmd", "-2", "\t=", "＝x", "'quoted'", " padded "),
    ),
    limits: fc.record({ a: fc.nat() }),
    groups: fc.array(fc.oneof(visible, fc.constantFrom("a;b", "\\", "\\;", "=x", ";")), { minLength: 1 }),
    qos: fc.array(fc.constantFrom(0, 1, 2), { minLength: 1 }),
    disabled: fc.boolean(),
    subscriptions: fc.array(fc.record({ filter: visible, qos: fc.nat(2) })),
  },
  { requiredKeys: [] },
);

describe("CSV", () => {
  test("what is written is read again, whatever it is", () => {
    fc.assert(
      fc.property(fc.array(item, { minLength: 1 }), (items) => {
        const withSomething = items.filter((one) => Object.keys(one).length > 0);
        const text = headOf(columns) + withSomething.map((one) => rowOf(columns, one)).join("");
        expect(readCsv(columns, text)).toMatchObject({ values: withSomething });
      }),
    );
  });

  test("no cell is a formula to a spreadsheet", () => {
    fc.assert(
      fc.property(item, (one) => {
        const cells = readAsSpreadsheet(rowOf(columns, one));
        for (const cell of cells) expect(cell).not.toMatch(/^[=+\-@\t\r＝＋－＠]/);
      }),
    );
    expect(rowOf({ name: "text" }, { name: '=HYPERLINK("http://x","y")' })).toBe(
      '"\'=HYPERLINK(""http://x"",""y"")"\r\n',
    );
  });

  test("rows that spreadsheets write are read: a mark in front, other line ends, cells in other order, empty lines", () => {
    const text = '\uFEFFdisabled,name\nTRUE,"a\nb"\n\nfalse,+/c\n';
    expect(readCsv(columns, text)).toEqual({
      values: [
        { disabled: true, name: "a\nb" },
        { disabled: false, name: "+/c" },
      ],
      lines: [2, 5],
    });
  });

  test.each([
    ["nothing at all", "", "line 1", "columns are missing"],
    ["a column that there is not", "name,colour\nx,y\n", "line 1, column colour", "limits.a"],
    ["a column twice", "name,name\nx,y\n", "line 1, column name", "twice"],
    ["more cells than columns", "name\nx,y\n", "line 2", "has 2 cells"],
    ["a quote that does not end", 'name\nx\n"y\n', "line 3", "Quoted field"],
  ])("%s is said, with its place", (_, text, path, words) => {
    const problems = readCsv(columns, text);
    expect(problems).toEqual([{ path, message: expect.stringContaining(words) }]);
  });

  test("what is no value of its column stays what it is, for the schema to refuse by name", () => {
    const read = readCsv(columns, "limits.a,qos,disabled,subscriptions\nmany,1;x,perhaps,{\n");
    expect(read).toMatchObject({
      values: [{ limits: { a: "many" }, qos: [1, "x"], disabled: "perhaps", subscriptions: "{" }],
    });
  });
});

/** Cells of one row, without what this broker makes of them. */
function readAsSpreadsheet(row: string): string[] {
  const cells: string[] = [];
  let cell = "";
  let isQuoted = false;
  const text = row.slice(0, -2);
  for (let at = 0; at < text.length; at++) {
    const character = text[at] as string;
    if (isQuoted && character === '"' && text[at + 1] === '"') cell += text[++at];
    else if (character === '"') isQuoted = !isQuoted;
    else if (character === "," && !isQuoted) {
      cells.push(cell);
      cell = "";
    } else cell += character;
  }
  return [...cells, cell];
}
