// What docs/configuration.md says of a variable and worker/config.ts knows: what it is unless set, and what it may be. What it
// means stands in the page alone. A test fails when a cell is not as the code is.

import * as z from "zod/mini";
import { variables } from "../worker/config.ts";

export const configurationPath = "docs/configuration.md";

/** The page with its cells as the code is. */
export function configurationPage(page) {
  return page.replace(/^\| (`([A-Z][A-Z0-9_]+)` *) \| (.*?) \| (.*?) \|/gm, (row, cell, name, before, range) => {
    const facts = factsOf(name);
    if (facts === undefined) return row;
    const written = [cell, settle(before, facts.fallback), settle(range, facts.range)];
    return `| ${written.join(" | ")} |`;
  });
}

const schema = z.toJSONSchema(variables, { io: "output", unrepresentable: "any" }).properties;
const fallbacks = variables.parse({});

/** Undefined in place of a word: the code does not say it, and the page does. */
export function factsOf(name) {
  const described = schema[name];
  if (described === undefined) return undefined;
  const fallback = fallbacks[name];
  return { fallback: fallbackWord(fallback), range: rangeWord(described, fallback) };
}

function fallbackWord(fallback) {
  switch (typeof fallback) {
    case "number":
      return number(fallback);
    case "boolean":
      return String(fallback);
    case "string":
      return fallback === "" ? undefined : fallback;
    default:
      return undefined;
  }
}

function rangeWord({ type, minimum, maximum, enum: choices, maxLength }, fallback) {
  if (typeof fallback === "boolean") return "true, false";
  if (choices !== undefined) return choices.join(", ");
  if (type === "integer") return `${number(minimum)} to ${number(maximum)}`;
  return maxLength === undefined ? undefined : `up to ${number(maxLength)} characters`;
}

function number(value) {
  return value.toLocaleString("en-US");
}

/** A cell may say more than the code does, behind what the code says. */
function settle(cell, word) {
  const text = cell.trim().replaceAll("`", "");
  const isRight =
    word === undefined || text === word || [`${word}; `, `${word}, and `].some((one) => text.startsWith(one));
  return isRight ? cell : word;
}
