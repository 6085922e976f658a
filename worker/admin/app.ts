// The HTTP API under /api/v1: finds the route, asks who calls, checks what came against the route's schemas, and answers every
// error as a problem. What a route does stands in the file of its resource.

import { Hono } from "hono";
import type * as z from "zod/mini";
import { counters } from "../counters.ts";
import { Control } from "../d1/control.ts";
import { tryAnew } from "../d1/seen.ts";
import type { Env } from "../env.ts";
import { checkPath, queryOf } from "./address.ts";
import { basePath } from "./base-path.ts";
import { placeInJson, type ReadBody, readBody } from "./body.ts";
import { openApiOf } from "./docs/document.ts";
import { outlineOf } from "./docs/outline.ts";
import { pageOfOutline } from "./docs/page.ts";
import { errorResponse } from "./errors.ts";
import { permitted } from "./permitted.ts";
import { invalidInput, methodNotAllowed, noSuchRoute, problemResponse } from "./problem.ts";
import type { Route } from "./route.ts";
import { routes } from "./routes.ts";

export const app = new Hono<{ Bindings: Env }>().basePath(basePath);

// Documentation says nothing of this deployment, and needs no key.
app.get("/", (context) => {
  context.header("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'");
  return context.html(pageOfOutline(outlineOf(openApiOf(routes, basePath)), basePath));
});
app.get("/openapi.json", () => Response.json(openApiOf(routes, basePath)));

for (const [path, group] of byPath(routes)) {
  for (const one of group)
    app.on(one.method, path, (context) => serve(one, context.req.raw, context.env, context.req.param()));
  const allowed = group.map(({ method }) => method).join(", ");
  app.all(path, () => problemResponse(methodNotAllowed, { Allow: allowed }));
}

app.notFound(() => problemResponse(noSuchRoute));

app.onError(errorResponse);

/** Those of one path stand together, so that a method that none of them has is told from a path that is none. */
function byPath(all: readonly Route[]): Map<string, Route[]> {
  const groups = new Map<string, Route[]>();
  for (const one of all) {
    const path = one.path.replaceAll(/\{(\w+)\}/g, ":$1");
    groups.set(path, [...(groups.get(path) ?? []), one]);
  }
  return groups;
}

async function serve(route: Route, request: Request, env: Env, params: Record<string, string>): Promise<Response> {
  counters.add("api_calls");
  const nowMs = Date.now();
  const control = new Control(env.CONTROL);
  const caller = await permitted(request, env, control, nowMs, route.scope);
  const url = new URL(request.url);
  checkPath(url);
  const query = queryOf(url);
  const [path, headers] = [check(route.params, params, "path"), headersOf(route.headers, request)];
  const checked = { path, query: check(route.query, query, "query"), headers };
  const { value, placeOf } =
    route.body === undefined ? { value: undefined, placeOf: placeInJson } : await readBody(route, request);
  const call = {
    env,
    control,
    caller,
    nowMs,
    request,
    ...checked,
    body: route.body === undefined ? undefined : check(route.body, value, placeOf),
    placeOf: (index: number, field: string) => placeOf([index, ...field.split(".")]),
  };
  const answer = await tryAnew(() => route.handle(call));
  const answerHeaders = { ...answer.headers, "Cache-Control": "no-store" };
  if (answer.body === undefined) return new Response(null, { status: answer.status, headers: answerHeaders });
  if (!(answer.body instanceof ReadableStream)) {
    return Response.json(answer.body, { status: answer.status, headers: answerHeaders });
  }
  return new Response(answer.body, {
    status: answer.status,
    headers: { "Content-Type": String(route.answers.type ?? "application/octet-stream"), ...answerHeaders },
  });
}

function headersOf(schema: z.ZodMiniObject | undefined, request: Request): Record<string, unknown> {
  if (schema === undefined) return {};
  const given = Object.keys(schema.shape).map((name) => [name, request.headers.get(name) ?? undefined] as const);
  return check(schema, Object.fromEntries(given), "headers");
}

/** `where` says where a field stands in the request. */
function check<Schema extends z.ZodMiniType>(
  schema: Schema,
  value: unknown,
  where: string | ReadBody["placeOf"],
): z.output<Schema> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const placeOf = (path: readonly PropertyKey[]) =>
    typeof where === "string" ? [where, ...path].map(String).join(".") : where(path);
  const issues = result.error.issues.slice(0, issuesMax);
  throw invalidInput(issues.map(({ path, message }) => ({ path: placeOf(path), message })));
}

/** Of a list with many wrong members these are enough to begin with. */
const issuesMax = 100;
