// What `npm run docs` writes: docs/http-api.md, and the types of the dashboard's calls, from the routes of the HTTP API. A test fails
// when they are not as the routes are.

import { basePath } from "../worker/admin/base-path.ts";
import { openApiOf } from "../worker/admin/docs/document.ts";
import { outlineOf } from "../worker/admin/docs/outline.ts";
import { routes } from "../worker/admin/routes.ts";
import { typesOf, typesPath } from "./api-types.mjs";

const referencePath = "docs/http-api.md";

export function openApi() {
  return openApiOf(routes, basePath);
}

function reference() {
  const tags = outlineOf(openApi());
  return `${[
    "# HTTP API reference",
    `Written by \`npm run docs\` from the routes themselves: do not edit. How to call them, keys, and errors: [HTTP API](api.md). The broker serves the same at \`${basePath}\`, and as OpenAPI 3.1 at \`${basePath}/openapi.json\`. A \`?\` marks what may be left out.`,
    tags.map(({ name }) => `- [${name}](#${name.toLowerCase().replaceAll(" ", "-")})`).join("\n"),
    ...tags.flatMap(({ name, operations }) => [`## ${name}`, ...operations.flatMap(operationText)]),
  ].join("\n\n")}\n`;
}

function operationText(operation) {
  const { method, path, summary, text, parameters, body, bodyTypes, answer, answerFields } = operation;
  return [
    `### ${summary}`,
    `\`${method} ${path}\``,
    text,
    table("parameter", parameters),
    ...(bodyTypes.length === 0
      ? []
      : [`Body: ${bodyTypes.map((type) => `\`${type}\``).join(" or ")}.`, table("field", body)]),
    `Answers ${answer}`,
    table("field", answerFields),
  ].filter((part) => part !== "");
}

function table(title, fields) {
  if (fields.length === 0) return "";
  const rows = [
    [title, "is", ""],
    ...fields.map(({ name, kind, required, text }) => [
      `\`${name}\`${required ? "" : "?"}`,
      escapeCell(kind),
      escapeCell(text),
    ]),
  ];
  const widths = [0, 1, 2].map((column) => Math.max(3, ...rows.map((cells) => cells[column].length)));
  const line = (cells, filler) => `| ${cells.map((cell, column) => cell.padEnd(widths[column], filler)).join(" | ")} |`;
  const [head, ...body] = rows.map((cells) => line(cells, " "));
  return [head, line(["", "", ""], "-"), ...body].join("\n");
}

function escapeCell(text) {
  return text.replaceAll("|", "\\|").replaceAll("<", "&lt;");
}

/** What is written, by its path. */
export function written() {
  return { [referencePath]: reference(), [typesPath]: typesOf(openApi()) };
}
