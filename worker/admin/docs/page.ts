// The documentation of the HTTP API as one page without scripts, and without a call to anywhere.

import { html } from "hono/html";
import type { FieldOutline, OperationOutline, TagOutline } from "./outline.ts";

type Markup = ReturnType<typeof html>;

export function pageOfOutline(tags: readonly TagOutline[], basePath: string): Markup {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>DurableMQ HTTP API</title>
<style>
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { max-width: 60rem; margin: 0 auto; padding: 1rem; }
code, th { font-family: ui-monospace, monospace; font-size: .9em; }
nav { columns: 14rem; }
details { border: 1px solid #8886; border-radius: 6px; margin: .5rem 0; padding: .5rem .75rem; }
summary { cursor: pointer; overflow-wrap: anywhere; }
summary small { opacity: .75; }
table { border-collapse: collapse; width: 100%; margin: .5rem 0; }
td, th { text-align: left; vertical-align: top; padding: .2rem .6rem .2rem 0; border-top: 1px solid #8884; overflow-wrap: anywhere; }
</style>
</head>
<body>
<h1>DurableMQ HTTP API</h1>
<p>JSON under <code>${basePath}</code>, with an API key as <code>Authorization: Bearer &lt;key&gt;</code>. Errors are
<code>application/problem+json</code>, and say what to do. For machines: <a href="${basePath}/openapi.json">OpenAPI 3.1</a>.</p>
<nav>${tags.map(({ name }) => html`<a href="#${anchorOf(name)}">${name}</a><br>`)}</nav>
${tags.map(
  ({ name, operations }) => html`<h2 id="${anchorOf(name)}">${name}</h2>
${operations.map(operationMarkup)}`,
)}
</body>
</html>
`;
}

function operationMarkup(operation: OperationOutline): Markup {
  const { method, path, summary, scope, text, parameters, body, bodyTypes, answer, answerFields } = operation;
  return html`<details><summary><strong>${method}</strong> <code>${path}</code> ${summary} <small>(${scope})</small></summary>
<p>${withCode(text)}</p>
${table("Parameters", parameters)}
${bodyTypes.length === 0 ? "" : table(`Body, ${bodyTypes.join(" or ")}`, body)}
<p>Answers ${withCode(answer)}</p>
${table("Answer", answerFields)}
</details>
`;
}

function table(title: string, fields: readonly FieldOutline[]): Markup | string {
  if (fields.length === 0) return "";
  return html`<table><caption>${title}</caption>
${fields.map(
  ({ name, kind, required, text }) =>
    html`<tr><th>${name}${required ? "" : "?"}</th><td>${kind}</td><td>${withCode(text)}</td></tr>
`,
)}</table>`;
}

/** What stands between backticks is code. */
function withCode(text: string): (string | Markup)[] {
  return text.split("`").map((part, index) => (index % 2 === 0 ? part : html`<code>${part}</code>`));
}

function anchorOf(name: string): string {
  return name.toLowerCase().replaceAll(/[^a-z0-9]+/g, "-");
}
