// Every route of the HTTP API, with what its own schemas allow and with what they nearly do: it never fails for a reason of
// its own, and answers as its documentation says.

import fc from "fast-check";
import { describe, expect, inject, test } from "vitest";
import { basePath } from "../../worker/admin/base-path.ts";
import { type JsonSchema, type Operation, openApiOf } from "../../worker/admin/docs/document.ts";
import type { Route } from "../../worker/admin/route.ts";
import { routes } from "../../worker/admin/routes.ts";
import { testAdminKey } from "../support/admin-key.ts";
import { send } from "./support/api.ts";
import { nearly } from "./support/schema-arbitraries.ts";

const runsPerRoute = 40;
const roundsMax = 200;
const firstSeed = inject("propertySeed") ?? Date.now();
const document = openApiOf(routes, basePath);

interface Input {
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly body: unknown;
}

/** A run that finds something names its seed. */
describe.each(routes.map((route) => [`${route.method} ${route.path}`, route] as const))("%s", (_, route) => {
  const operation = operationOf(route);
  test("answers as documented, whatever comes", async () => {
    let passedTheSchemas = 0;
    const property = fc.asyncProperty(inputFor(operation), async (input) => {
      const request = requestOf(route, operation, input);
      const { status, type, body } = await send(request);
      const context = `${request.method} ${request.url} ${JSON.stringify(input.body)}: ${status} ${JSON.stringify(body)}`;
      expect(status, context).toBeLessThan(500);
      if (status !== 400) passedTheSchemas++;
      if (status >= 400) {
        expect(type, context).toBe("application/problem+json");
        expect(body, context).toMatchObject({
          type: expect.stringMatching(/^urn:durablemq:/),
          status,
          remedy: expect.any(String),
        });
        return;
      }
      expect(status, context).toBe(route.answers.status);
      if (route.answers.schema === undefined || route.answers.type !== undefined) return;
      expect(route.answers.schema.safeParse(body).error, context).toBe(undefined);
    });
    // As long as it comes nowhere it can find nothing.
    for (let round = 0; round < roundsMax && passedTheSchemas === 0; round++) {
      await fc.assert(property, { numRuns: runsPerRoute, seed: firstSeed + round });
    }
    expect(passedTheSchemas).toBeGreaterThan(0);
  });
});

function operationOf({ method, path }: Route): Operation {
  return document.paths[path]?.[method.toLowerCase()] as Operation;
}

function inputFor({ parameters, requestBody }: Operation): fc.Arbitrary<Input> {
  const schema = requestBody?.content["application/json"]?.schema;
  const given = parameters.map(({ name, schema: of }) => [name, parameterOf(name, of)] as const);
  const isNeeded = (name: string) => parameters.some((parameter) => parameter.name === name && parameter.in === "path");
  return fc.record({
    parameters: fc.record(Object.fromEntries(given), { requiredKeys: given.map(([name]) => name).filter(isNeeded) }),
    body: schema === undefined ? fc.constant(undefined) : nearly(schema).map(withoutWaiting),
  });
}

/** Nobody waits here for what does not come. */
function parameterOf(name: string, schema: JsonSchema): fc.Arbitrary<unknown> {
  return name.startsWith("wait") ? fc.constantFrom(0, -1, "x") : nearly(schema);
}

function withoutWaiting(body: unknown): unknown {
  const waits = (body as { readonly waitSeconds?: unknown } | null | undefined)?.waitSeconds;
  return typeof waits === "number" && waits > 0 ? { ...(body as object), waitSeconds: 0 } : body;
}

function requestOf({ method, path }: Route, operation: Operation, { parameters, body }: Input): Request {
  const textOf = (name: string) => {
    const value = parameters[name];
    return typeof value === "object" ? JSON.stringify(value) : String(value);
  };
  // Of a segment that is a dot or nothing no route is found, which is not what is looked for here.
  const segment = (name: string) => encodeURIComponent(textOf(name).toWellFormed()).replace(/^\.*$/, "x");
  const url = new URL(`http://broker${basePath}${path.replaceAll(/\{(\w+)\}/g, (_, name: string) => segment(name))}`);
  const headers = new Headers({ Authorization: `Bearer ${testAdminKey}` });
  for (const parameter of operation.parameters) {
    if (parameters[parameter.name] === undefined) continue;
    const text = textOf(parameter.name);
    if (parameter.in === "query") url.searchParams.set(parameter.name, text);
    if (parameter.in === "header") headers.set(parameter.name, text.replaceAll(/[^\x21-\x7e]/g, "x"));
  }
  if (operation.requestBody !== undefined) headers.set("Content-Type", "application/json");
  return new Request(url, { method, headers, body: body === undefined ? null : JSON.stringify(body) });
}
