// Tables as CSV (RFC 4180), for spreadsheets and scripts. A cell is text; what it means its column says:
//
//   1. An empty cell says nothing: the field is absent.
//   2. The members of a list stand behind each other with a semicolon between; `\` takes a semicolon or `\` as it is.
//   3. A spreadsheet takes a cell that begins with = + - @, a tab or a return for a formula, and may run it. So such a cell is
//      written with an apostrophe before it, also one that begins with apostrophes followed by that, and read without the first.

import Papa from "papaparse";

export type ColumnKind = "text" | "number" | "boolean" | "list" | "numbers" | "json";

/** By name, which is the path of the field: `limits.queueMessagesMax`. */
export type Columns = Readonly<Record<string, ColumnKind>>;

export interface ReadCsv {
  readonly values: readonly unknown[];
  /** Where each of them begins; the first line is 1. */
  readonly lines: readonly number[];
}

export interface CsvProblem {
  readonly path: string;
  readonly message: string;
}

const formula = /^'*[=+\-@\t\r＝＋－＠]/;
const lineEnd = "\r\n";

export function headOf(columns: Columns): string {
  return write([Object.keys(columns)]);
}

export function rowOf(columns: Columns, item: unknown): string {
  const cells = Object.entries(columns).map(([name, kind]) => {
    const value = name
      .split(".")
      .reduce<unknown>((of, key) => (of as Record<string, unknown> | undefined)?.[key], item);
    return value === undefined || value === null ? "" : toCell(kind, value);
  });
  return write([cells]);
}

function write(rows: string[][]): string {
  return Papa.unparse(rows, { escapeFormulae: formula, newline: lineEnd }) + lineEnd;
}

/** What it says, or what is wrong with it as a whole. */
export function readCsv(columns: Columns, text: string): ReadCsv | CsvProblem[] {
  const rows: string[][] = [];
  const lines: number[] = [];
  const problems: CsvProblem[] = [];
  const body = text.replace(/^\uFEFF/, "");
  let at = 0;
  let line = 1;
  Papa.parse<string[]>(body, {
    delimiter: ",",
    step: ({ data, errors, meta }) => {
      for (const { message } of errors) problems.push({ path: `line ${line}`, message });
      const isEmpty = data.length === 1 && data[0] === "";
      if (!isEmpty) lines.push(line);
      if (!isEmpty) rows.push(data);
      for (; at < meta.cursor; at++) if (body[at] === "\n") line++;
    },
  });
  const head = rows.shift()?.map((name) => name.trim());
  lines.shift();
  if (head === undefined) return [{ path: "line 1", message: "the names of the columns are missing" }];
  const known = Object.keys(columns);
  for (const [index, name] of head.entries()) {
    if (!known.includes(name))
      problems.push({ path: `line 1, column ${name}`, message: `there are ${known.join(", ")}` });
    else if (head.indexOf(name) < index)
      problems.push({ path: `line 1, column ${name}`, message: "stands there twice" });
  }
  if (problems.length > 0) return problems;
  const values = rows.map((cells, row) => {
    if (cells.length > head.length) {
      problems.push({
        path: `line ${lines[row]}`,
        message: `has ${cells.length} cells, and there are ${head.length} columns`,
      });
    }
    return itemOf(columns, head, cells);
  });
  return problems.length > 0 ? problems : { values, lines };
}

function itemOf(columns: Columns, head: readonly string[], cells: readonly string[]): unknown {
  const item: Record<string, unknown> = {};
  for (const [index, name] of head.entries()) {
    const cell = withoutGuard(cells[index] ?? "");
    if (cell === "") continue;
    const [first = name, second] = name.split(".");
    const value = fromCell(columns[name] as ColumnKind, cell);
    if (second === undefined) item[first] = value;
    else item[first] = { ...(item[first] as object | undefined), [second]: value };
  }
  return item;
}

function withoutGuard(cell: string): string {
  return cell.startsWith("'") && formula.test(cell) ? cell.slice(1) : cell;
}

function toCell(kind: ColumnKind, value: unknown): string {
  switch (kind) {
    case "list":
    case "numbers":
      return (value as readonly unknown[]).map((one) => `${one}`.replaceAll(/[;\\]/g, "\\$&")).join(";");
    case "json":
      return JSON.stringify(value);
    default:
      return `${value}`;
  }
}

/** What is no value of its kind stays text: the schema says so, with the column's name. */
function fromCell(kind: ColumnKind, cell: string): unknown {
  switch (kind) {
    case "text":
      return cell;
    case "number":
      return toNumber(cell);
    case "boolean":
      return /^(true|false)$/i.test(cell.trim()) ? cell.trim().toLowerCase() === "true" : cell;
    case "list":
      return members(cell);
    case "numbers":
      return members(cell).map(toNumber);
    case "json":
      return toJson(cell);
  }
}

function toNumber(cell: string): number | string {
  return /^\d{1,16}$/.test(cell.trim()) ? Number(cell) : cell;
}

function members(cell: string): string[] {
  return Array.from(cell.matchAll(/(?:\\.|[^;\\])+/gsu), ([text]) => text.replaceAll(/\\(.)/gsu, "$1"));
}

function toJson(cell: string): unknown {
  try {
    return JSON.parse(cell);
  } catch {
    return cell;
  }
}
