// The reference of the HTTP API and the types of the dashboard's calls are as the routes are, and the document it comes from is valid OpenAPI.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Validator } from "@seriousme/openapi-schema-validator";
import { expect, test } from "vitest";
import { openApi, written } from "../../scripts/http-api.mjs";
import { root } from "./sources.ts";

test.each(Object.entries(written()))("%s is what `npm run docs` writes", (path, text) => {
  expect(readFileSync(join(root, path), "utf8")).toBe(text);
});

test("the document is valid OpenAPI 3.1", async () => {
  const document = JSON.parse(JSON.stringify(openApi()));
  expect(await new Validator().validate(document)).toEqual({ valid: true });
});

test("every operation has an id of its own", () => {
  const operations = Object.values(openApi().paths).flatMap((path) => Object.values(path));
  expect(operations.length).toBeGreaterThan(0);
  expect(new Set(operations.map(({ operationId }) => operationId)).size).toBe(operations.length);
});
