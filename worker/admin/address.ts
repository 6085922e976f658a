// What the address of a request says, if it says it clearly.

import { invalid } from "./problem.ts";

/** By name; a parameter that is there twice would be taken for one of the two. */
export function queryOf({ search, searchParams }: URL): Record<string, string> {
  // Bytes that are no text would be taken for another.
  if (!isText(search)) throw invalid("query", notText);
  const query: Record<string, string> = {};
  for (const [name, value] of searchParams) {
    if (Object.hasOwn(query, name)) throw invalid(`query.${name}`, "stands there twice");
    query[name] = value;
  }
  return query;
}

export function checkPath({ pathname }: URL): void {
  if (!isText(pathname)) throw invalid("path", notText);
}

const notText = "is not UTF-8 in percent-encoding: a percent sign itself is %25";

function isText(encoded: string): boolean {
  try {
    decodeURIComponent(encoded);
    return true;
  } catch {
    return false;
  }
}
