// The HTTP API under /api/v1: finds the route, asks who calls, checks what came against the route's schemas, and answers every
// error as a problem. What a route does stands in the file of its resource.

import { Hono } from "hono";
import type * as z from "zod/mini";
import { counters } from "../counters.ts";
import { Control, ControlUnavailable } from "../d1/control.ts";
import type { Env } from "../env.ts";
import { callerOf, mayUse } from "./caller.ts";
import {
  controlUnavailable,
  internal,
  invalid,
  invalidInput,
  methodNotAllowed,
  noSuchRoute,
  ProblemError,
  problemResponse,
  unauthorized,
} from "./problem.ts";
import type { Route } from "./route.ts";
import { routes } from "./routes.ts";

export const basePath = "/api/v1";
const bodyBytesMax = 1024 * 1024;

export const app = new Hono<{ Bindings: Env }>().basePath(basePath);

for (const [path, group] of byPath(routes)) {
  for (const one of group)
    app.on(one.method, path, (context) => serve(one, context.req.raw, context.env, context.req.param()));
  const allowed = group.map(({ method }) => method).join(", ");
  app.all(path, () => problemResponse(methodNotAllowed, { Allow: allowed }));
}

app.notFound(() => problemResponse(noSuchRoute));

app.onError((error) => {
  if (error instanceof ProblemError) {
    const isUnknown = error.problem === unauthorized;
    return problemResponse(error.problem, isUnknown ? { "WWW-Authenticate": 'Bearer realm="durablemq"' } : {});
  }
  if (error instanceof ControlUnavailable) return problemResponse(controlUnavailable, { "Retry-After": "1" });
  console.error(JSON.stringify({ event: "api-error", error: error.stack ?? `${error}` }));
  return problemResponse(internal);
});

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
  const caller = await callerOf(request, env, control, nowMs);
  if (!mayUse(caller, route.scope)) {
    throw new ProblemError({
      status: 403,
      name: "scope-missing",
      title: `This route needs the scope "${route.scope}".`,
      remedy: "Use a key with that scope, or give the caller one: POST /api/v1/api-keys.",
    });
  }
  const query = Object.fromEntries(new URL(request.url).searchParams);
  const answer = await route.handle({
    env,
    control,
    caller,
    nowMs,
    request,
    path: check(route.params, params, "path"),
    query: check(route.query, query, "query"),
    body: route.body === undefined ? undefined : check(route.body, await jsonOf(request), "body"),
  });
  if (answer.body === undefined) return new Response(null, { status: answer.status });
  return Response.json(answer.body, { status: answer.status, headers: { "Cache-Control": "no-store" } });
}

function check(schema: z.ZodMiniType, value: unknown, where: string): unknown {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw invalidInput(
    result.error.issues.map(({ path, message }) => ({ path: [where, ...path].map(String).join("."), message })),
  );
}

async function jsonOf(request: Request): Promise<unknown> {
  const type = request.headers.get("Content-Type") ?? "";
  if (!/^application\/json\b/i.test(type)) throw invalid("body", "send JSON, with Content-Type: application/json");
  const text = await textOf(request);
  try {
    return JSON.parse(text);
  } catch {
    throw invalid("body", "is not JSON");
  }
}

/** Reads no more than is allowed, whatever the request says about its length. */
async function textOf(request: Request): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  let bytes = 0;
  for await (const chunk of request.body ?? []) {
    bytes += chunk.length;
    if (bytes > bodyBytesMax) {
      throw new ProblemError({
        status: 413,
        name: "body-too-large",
        title: `The body is larger than ${bodyBytesMax} bytes.`,
        remedy: "Send less at once.",
      });
    }
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}
