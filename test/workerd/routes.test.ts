// Every route of the HTTP API: what it answers and does when it is asked for something right, and what it says to each kind of
// bad input. The kinds are made from its own schemas, so a new parameter is tested without a word here; a new route needs a row.
// What it says without a key or a scope is in admin.test.ts, and to what is bad in several places at once in api-fuzz.test.ts.

import { afterAll, afterEach, describe, expect, test } from "vitest";
import { basePath } from "../../worker/admin/base-path.ts";
import { type Operation, openApiOf } from "../../worker/admin/docs/document.ts";
import type { Route } from "../../worker/admin/route.ts";
import { routes } from "../../worker/admin/routes.ts";
import { webhookClientId } from "../../worker/names.ts";
import { type ApiAnswer, manage } from "./support/api.ts";
import { type BadInput, badInputs } from "./support/bad-inputs.ts";
import { cutClients, uniqueId } from "./support/client.ts";
import { closeEndpoints } from "./support/endpoint.ts";
import { callRoute, type Given, nameOf, type Row, urlOf } from "./support/route-call.ts";
import { controlRows } from "./support/route-rows/control.ts";
import { messageRows } from "./support/route-rows/messages.ts";
import { type PagedList, pagedRows } from "./support/route-rows/pages.ts";
import { sessionRows } from "./support/route-rows/sessions.ts";
import { transferRows } from "./support/route-rows/transfer.ts";
import { webhookRows } from "./support/route-rows/webhooks.ts";

const rows = { ...sessionRows, ...messageRows, ...controlRows, ...webhookRows, ...transferRows };
const document = openApiOf(routes, basePath);

afterEach(cutClients);
afterAll(closeEndpoints);

/** Its queue can be emptied like any other; nobody is connected to it. */
const leavesTheSession = ["DELETE /sessions/{clientId}/queue", "POST /clients/{clientId}/kick"];

/** Of some things there may be few. */
async function forget({ tag }: Route): Promise<void> {
  if (tag !== "Traces" && tag !== "Webhooks") return;
  const collection = tag.toLowerCase();
  const { items } = await manage("GET", `/${collection}`);
  for (const { id, name } of items) await manage("DELETE", `/${collection}/${id ?? name}`);
}

test("every route has a row, and every row a route", () => {
  expect(Object.keys(rows).sort()).toEqual(routes.map(nameOf).sort());
});

test("bad input is of every kind that there is", () => {
  const operations = Object.values(document.paths).flatMap((of) => Object.values(of));
  const kinds = operations.flatMap((operation) => badInputs(operation, {}).map(({ kind }) => kind));
  expect([...new Set(kinds)].sort()).toEqual([
    "malformed",
    "missing",
    "not of the list",
    "not whole",
    "null",
    "too few",
    "too large",
    "too long",
    "too many",
    "too short",
    "too small",
    "unknown field",
    "unknown name",
    "unknown parameter",
    "wrong type",
  ]);
});

const known = routes.filter((route) => Object.hasOwn(rows, nameOf(route)));

describe.each(known.map((route) => [nameOf(route), route] as const))("%s", (name, route) => {
  const row = rows[name] as Row;
  const operation = document.paths[route.path]?.[route.method.toLowerCase()] as Operation;

  afterAll(() => forget(route));
  let made: Promise<Given> | undefined;
  /** What is refused changes nothing, and can be asked for of what one has had its turn with. */
  const once = () => {
    made ??= Promise.resolve(row.valid());
    return made;
  };

  test("does what it says, and answers as documented and nothing else", async () => {
    const given = await once();
    const answer = await callRoute(route, given);
    expect(answer.status, JSON.stringify(answer.body)).toBe(route.answers.status);
    await row.proves?.(bodyOf(route, answer), given);
  });

  test("names what is wrong with each kind of bad input", async () => {
    const valid = await once();
    const bad = badInputs(operation, valid);
    for (const one of bad) expectInvalid(one, await callRoute(route, one.given));
  });

  test("refuses a parameter that is given twice, and a path that is no text", async () => {
    const valid = await once();
    for (const { name: parameter, in: place } of operation.parameters) {
      const url = urlOf(route, valid);
      if (place === "query") {
        url.searchParams.append(parameter, "1");
        url.searchParams.append(parameter, "2");
        expectProblem(await callRoute(route, valid, { url }), 400, "invalid-input", `query.${parameter}`);
      }
      if (place === "path") {
        const [before = "", after = ""] = route.path.split(`{${parameter}}`);
        const fill = (text: string) => urlOf({ ...route, path: text }, valid).pathname;
        const broken = new URL(`${url.origin}${fill(before)}%ff${fill(after).slice(basePath.length)}${url.search}`);
        expectProblem(await callRoute(route, valid, { url: broken }), 400, "invalid-input", "path");
      }
    }
  });

  if (route.path.includes("{")) {
    test("knows no id that nobody has", async () => {
      const valid = await once();
      for (const parameter of Object.keys(valid.path ?? {})) {
        const { status, body } = await callRoute(route, {
          ...valid,
          path: { ...valid.path, [parameter]: otherThan(route, valid, parameter) },
        });
        expect([parameter, status], JSON.stringify(body)).toEqual([parameter, row.ofNobody ?? 404]);
        if (row.ofNobody === undefined) expect(body).toMatchObject(problem(404, "not-found"));
      }
    });
  }

  if (route.path.includes("{clientId}") && route.method !== "GET" && !leavesTheSession.includes(name)) {
    test("leaves the session of a webhook to its webhook", async () => {
      const given = { ...(await once()), path: { clientId: webhookClientId("a") } };
      const answer = await callRoute(route, given);
      expectProblem(answer, 400, "invalid-input", "path.clientId");
      expect(answer.body.errors[0].message).toContain("/api/v1/webhooks");
    });
  }

  if (route.body !== undefined) {
    test("refuses a body of another kind, that is broken, none, or too large", async () => {
      const valid = await once();
      const types = Object.keys(operation.requestBody?.content ?? {});
      const ask = (raw: BodyInit, type: string) => callRoute(route, valid, { raw, type });
      expectProblem(await ask("a: 1", "application/yaml"), 415, "unsupported-media-type");
      for (const type of types) {
        const broken = type === "text/csv" ? 'nonsense\n"' : '{"a":';
        expectProblem(await ask(broken, type), 400, "invalid-input", type === "text/csv" ? "line 1" : "body");
        // Lines of nothing are the export of an empty table.
        const mayBeNone = type === "application/x-ndjson" && route.body?.safeParse([]).success === true;
        const none = await ask("", type);
        if (mayBeNone) expect(none.status).toBe(route.answers.status);
        else expectProblem(none, 400, "invalid-input", type === "text/csv" ? "line 1" : "body");
        const { stream, pulled } = endless();
        expectProblem(await ask(stream, type), 413, "body-too-large");
        expect(pulled()).toBeLessThan((route.bodyBytesMax ?? 1024 * 1024) / chunkBytes + 8);
      }
    });
  }

  if (row.refused !== undefined) {
    test.each(row.refused.map((one) => [one.about, one] as const))("refuses %s", async (_, one) => {
      const valid = await once();
      const given = typeof one.given === "function" ? await one.given(valid) : one.given;
      expectProblem(await callRoute(route, { ...valid, ...given }), one.status, one.name, one.at);
    });
  }
});

const paged = routes.filter(({ query, answers }) => answers.type !== "text/event-stream" && "after" in shapeOf(query));

test("every list that comes in pages has a row, and every such row a list", () => {
  expect(Object.keys(pagedRows).sort()).toEqual(paged.map(nameOf).sort());
});

const listed = paged.flatMap((route) => {
  const row = pagedRows[nameOf(route)];
  return row === undefined ? [] : [[nameOf(route), route, row] as const];
});

describe.each(listed)("the pages of %s", (_, route, row) => {
  afterEach(() => forget(route));

  const own = (list: PagedList, seen: readonly string[]) => seen.filter((name) => list.names.includes(name));

  /** What it knows of the list, page by page, as long as there are more. */
  async function read(list: PagedList, between: (seen: readonly string[]) => Promise<void>): Promise<string[]> {
    const { given = {}, nameOf: of, names, from = "" } = list;
    const seen: string[] = [];
    let after = from;
    for (;;) {
      // Others have made more that is in it.
      const isOver = own(list, seen).length >= names.length - 1;
      const limit = "limit" in shapeOf(route.query) ? { limit: isOver ? "1000" : "2" } : {};
      const query = { ...given.query, ...limit, ...(after === "" ? {} : { after }) };
      const answer = await callRoute(route, { ...given, query });
      expect(answer.status, JSON.stringify(answer.body)).toBe(200);
      const body = bodyOf(route, answer);
      const items = row.itemsOf?.(body) ?? (body as { items: unknown[] }).items;
      if (limit.limit !== undefined) expect(items.length).toBeLessThanOrEqual(Number(limit.limit));
      seen.push(...items.map(of));
      const { next } = (Array.isArray(body) ? body.at(-1) : body) as { next: string | number | null };
      if (next === null) return seen;
      expect(`${next}`).not.toBe(after);
      after = `${next}`;
      await between(seen);
    }
  }

  test("hold each item once, whatever comes and goes meanwhile, and begin nowhere but where one has ended", async () => {
    const list = await row.make();
    const { given = {}, names } = list;
    const answer = await callRoute(route, { ...given, query: { ...given.query, after: row.foreign ?? "~" } });
    if (row.foreign !== undefined) expectProblem(answer, 400, "invalid-input", "query.after");
    else if (!row.takes) bodyOf(route, answer);

    const seen = await read(list, async () => {});
    if (row.takes) return expect(seen.length).toBe(names.length);
    expect(own(list, seen)).toEqual(names);
    await expectSteady(list);
  });

  /** Of what a reader has yet to see one goes, and of what it has seen; and one comes. */
  async function expectSteady(list: PagedList): Promise<void> {
    const { names, add, remove } = list;
    const [first = "", , , fourth = ""] = names;
    let added: Awaited<ReturnType<NonNullable<typeof add>>> | undefined;
    let isChanged = false;
    const seen = await read(list, async (so) => {
      if (isChanged || own(list, so).length < 2) return;
      isChanged = true;
      await remove?.(first);
      await remove?.(fourth);
      added = await add?.();
    });
    expect(own(list, seen)).toEqual(names.filter((name) => remove === undefined || name !== fourth));
    if (added === undefined) return;
    const { name, place } = added;
    expect(seen.filter((one) => one === name)).toEqual(place === "end" ? [name] : []);
  }
});

function shapeOf(schema: Route["query"]): object {
  return (schema as unknown as { readonly shape: object }).shape;
}

/** As its schema has it, and no field more. */
function bodyOf({ answers: { schema, type } }: Route, { body, type: sent }: ApiAnswer): unknown {
  if (schema === undefined) return expect(body).toBe(undefined);
  if (type === undefined) expect(sent).toBe("application/json");
  if (type === "text/event-stream") return expect(sent).toBe(type);
  if (type === "application/x-ndjson") {
    expect(sent).toBe(type);
    const lines = (body as string).trim().split("\n");
    return lines.map((line) => strictly(schema, JSON.parse(line)));
  }
  return strictly(schema, body);
}

function strictly(schema: NonNullable<Route["answers"]["schema"]>, body: unknown): unknown {
  const parsed = schema.safeParse(body);
  expect(parsed.error, JSON.stringify(body)).toBe(undefined);
  // What the schema does not know it leaves out.
  expect(parsed.data).toEqual(body);
  return body;
}

function problem(status: number, name: string) {
  const some = expect.stringMatching(/\S/);
  return { type: `urn:durablemq:problem:${name}`, status, title: some, remedy: some };
}

interface NamedError {
  readonly path: string;
  readonly message: string;
}

function expectProblem({ status, type, body }: ApiAnswer, wanted: number, name: string, at?: string, about = ""): void {
  const context = `${about} ${JSON.stringify(body)?.slice(0, 500)}`;
  expect([status, type], context).toEqual([wanted, "application/problem+json"]);
  expect(body, context).toMatchObject(problem(wanted, name));
  if (at === undefined) return;
  const errors = body.errors as readonly NamedError[];
  expect(errors.map(({ path }) => path).join(), context).toContain(at);
  for (const { message } of errors) expect(message, context).not.toMatch(/^(Invalid input)?$/);
}

function expectInvalid({ kind, at, given }: BadInput, answer: ApiAnswer): void {
  const about = `${kind} at ${at}: ${JSON.stringify(given)?.slice(0, 500)}`;
  expectProblem(answer, 400, "invalid-input", undefined, about);
  const errors = answer.body.errors as readonly NamedError[];
  expect(
    errors.map(({ path }) => path),
    about,
  ).toContain(at);
  for (const { message } of errors) expect(message, about).not.toMatch(/^(Invalid input)?$/);
}

/** Another value that the parameter may have. */
function otherThan(route: Route, { path = {} }: Given, parameter: string): string {
  const candidates = [uniqueId("nobody"), "0".repeat(19), "9".repeat(9), "user", "client"];
  const other = candidates.find(
    (one) => one !== path[parameter] && route.params.safeParse({ ...path, [parameter]: one }).success,
  );
  if (other === undefined) throw new Error(`nothing else can be ${parameter}`);
  return other;
}

const chunkBytes = 256 * 1024;

/** More than anything takes, in pieces, and how many of them were asked for. */
function endless(): { readonly stream: ReadableStream<Uint8Array>; readonly pulled: () => number } {
  let count = 0;
  const chunk = new TextEncoder().encode('"'.padEnd(chunkBytes, "x"));
  const stream = new ReadableStream<Uint8Array>({
    pull(controller) {
      if (++count > 400) return controller.close();
      controller.enqueue(chunk);
    },
  });
  return { stream, pulled: () => count };
}
