// The body of a request to the HTTP API: JSON, or for routes that take lists one JSON value on each line.

import { invalid, invalidInput, ProblemError } from "./problem.ts";
import type { Route } from "./route.ts";

const bodyBytesMaxUnlessSaid = 1024 * 1024;

export async function readBody(
  { takesLines, bodyBytesMax = bodyBytesMaxUnlessSaid }: Route,
  request: Request,
): Promise<unknown> {
  const [type = ""] = (request.headers.get("Content-Type") ?? "").toLowerCase().split(";");
  const isLines = takesLines && type.trim() === "application/x-ndjson";
  if (!isLines && type.trim() !== "application/json") {
    const other = takesLines ? ", or one JSON value on each line, with application/x-ndjson" : "";
    throw invalid("body", `send JSON, with Content-Type: application/json${other}`);
  }
  const text = await textOf(request, bodyBytesMax);
  if (isLines) return linesOf(text);
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
