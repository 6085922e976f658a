// The body of a request to the HTTP API: JSON, or for routes that take lists one JSON value on each line.

import { invalid, invalidInput, ProblemError } from "./problem.ts";
import type { Route } from "./route.ts";
import { type Columns, readCsv } from "./transfer/csv.ts";

const bodyBytesMaxUnlessSaid = 1024 * 1024;

export interface ReadBody {
  readonly value: unknown;
  /** The path of a field of it, as whoever has sent it knows it. */
  readonly placeOf: (path: readonly PropertyKey[]) => string;
}

export async function readBody(
  { takesLines, takesCsv, bodyBytesMax = bodyBytesMaxUnlessSaid }: Route,
  request: Request,
): Promise<ReadBody> {
  const [type = ""] = (request.headers.get("Content-Type") ?? "").toLowerCase().split(";");
  const isLines = takesLines && type.trim() === "application/x-ndjson";
  const isCsv = takesCsv !== undefined && type.trim() === "text/csv";
  if (!isLines && !isCsv && type.trim() !== "application/json") {
    const lines = takesLines ? ", or one JSON value on each line, with application/x-ndjson" : "";
    const csv = takesCsv === undefined ? "" : ", or CSV, with text/csv";
    throw new ProblemError({
      status: 415,
      name: "unsupported-media-type",
      title: "The route does not take a body of this type.",
      remedy: `Send JSON, with Content-Type: application/json${lines}${csv}.`,
    });
  }
  const text = await textOf(request, bodyBytesMax);
  if (isCsv) return fromCsv(takesCsv, text);
  return { value: isLines ? linesOf(text) : fromJson(text), placeOf: placeInJson };
}

export function placeInJson(path: readonly PropertyKey[]): string {
  return ["body", ...path].map(String).join(".");
}

/** A member of a cell is not told apart: the column is named. */
function fromCsv(columns: Columns, text: string): ReadBody {
  const read = readCsv(columns, text);
  if (Array.isArray(read)) throw invalidInput(read);
  const { values, lines } = read;
  const placeOf = ([index, ...field]: readonly PropertyKey[]) => {
    if (typeof index !== "number") return "the file";
    const names = field.map(String);
    const column = [2, 1].map((count) => names.slice(0, count).join(".")).find((name) => Object.hasOwn(columns, name));
    return column === undefined ? `line ${lines[index]}` : `line ${lines[index]}, column ${column}`;
  };
  return { value: values, placeOf };
}

function fromJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw invalid("body", "is not JSON");
  }
}

function linesOf(text: string): unknown[] {
  const errors: { path: string; message: string }[] = [];
  const values: unknown[] = [];
  for (const line of text.split("\n")) {
    if (line.trim() === "") continue;
    try {
      values.push(JSON.parse(line));
    } catch {
      errors.push({ path: `body.${values.push(undefined) - 1}`, message: "is not JSON" });
    }
  }
  if (errors.length > 0) throw invalidInput(errors);
  return values;
}

/** Reads no more than is allowed, whatever the request says about its length. */
async function textOf(request: Request, bytesMax: number): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  let bytes = 0;
  for await (const chunk of request.body ?? []) {
    bytes += chunk.length;
    if (bytes > bytesMax) {
      throw new ProblemError({
        status: 413,
        name: "body-too-large",
        title: `The body is larger than ${bytesMax} bytes.`,
        remedy: "Send less at once.",
      });
    }
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}
