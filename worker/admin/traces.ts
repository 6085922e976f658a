// Traces: what happens to a client, at an address or to the messages of a filter, written down for a bounded time, and read meanwhile
// or afterwards.

import pMap from "p-map";
import * as z from "zod/mini";
import { shardsOf } from "../../src/topic/shards.ts";
import type { TraceMark } from "../../src/trace/mark.ts";
import { newId } from "../auth/secret.ts";
import { subjectOf } from "../auth/subjects.ts";
import { configOf } from "../config.ts";
import type { Control } from "../d1/control.ts";
import { countTraces, deleteTrace, endTrace, insertTrace, readTrace, type Trace, tracesBefore } from "../d1/traces.ts";
import type { Env } from "../env.ts";
import { sessionName } from "../names.ts";
import { withRetries } from "../retry.ts";
import { shardStub, traceStub } from "../stubs.ts";
import type { TracePage } from "../trace/calls.ts";
import { openTrace } from "../trace/reader.ts";
import { type Caller, mayUse } from "./caller.ts";
import { change } from "./change.ts";
import { clientId } from "./client-schemas.ts";
import { conflict, invalidInput, notFound, ProblemError } from "./problem.ts";
import { filter } from "./retained.ts";
import { route } from "./route.ts";
import { idCursor, none, page, pageSchema } from "./schemas.ts";
import { orUnavailable, reachSession } from "./session-call.ts";
import { listSessions } from "./session-list.ts";

const tag = "Traces";
const secondsMax = 3_600;
/** How long a trace can be read when it is over. */
const keptMs = 24 * 3_600_000;
const runningMax = 16;
const keptMax = 100;
const atOnce = 6;
/** Sessions at one address that are told at once; the others as they connect anew. */
const sessionsMax = 1_000;
const listPagesMax = 10;

const id = z.string().check(z.regex(/^[0-9a-z]{19}$/));
const tracePath = z.strictObject({ id });
const address = z.string().check(z.minLength(1), z.maxLength(64));

const target = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("client"), value: clientId }),
  z.strictObject({ kind: z.literal("address"), value: address }),
  z.strictObject({ kind: z.literal("topic"), value: filter }),
]);

const shownTrace = z.object({
  id: z.string(),
  kind: z.enum(["client", "address", "topic"]),
  value: z.string(),
  payload: z.boolean(),
  createdAtMs: z.number(),
  createdBy: z.string(),
  untilMs: z.number().check(z.describe("When it ends, or has ended.")),
  keptUntilMs: z.number().check(z.describe("Until when it can be read.")),
});

const totals = {
  ended: z
    .nullable(z.enum(["time", "stopped", "full"]))
    .check(z.describe("Why nothing more is recorded; null: it runs. full: at 20,000 events or 16 MiB.")),
  events: z.number(),
  missed: z.number().check(z.describe("Events that came faster than they could be told.")),
};

const text = z.optional(z.string());
const shownEvent = z.object({
  number: z.int(),
  atMs: z.number(),
  at: z.enum(["edge", "session", "shard"]),
  what: z.string(),
  clientId: text,
  address: text,
  user: text,
  packet: text,
  packetId: z.optional(z.int()),
  topic: text,
  qos: z.optional(z.literal([0, 1, 2])),
  retain: z.optional(z.boolean()),
  dup: z.optional(z.boolean()),
  payloadBytes: z.optional(z.int()),
  payload: z.optional(z.string().check(z.describe("The first 1,024 bytes, as `encoding` says."))),
  encoding: z.optional(z.enum(["text", "base64"])),
  filters: z.optional(z.array(z.string())),
  reason: text,
  rule: text,
  detail: text,
  targets: z.optional(z.int().check(z.describe("Sessions that the message was routed to."))),
  sessions: z.optional(z.array(z.string()).check(z.describe("The first of them."))),
  groups: z.optional(z.array(z.string())),
});

const afterNumber = z._default(z.coerce.number().check(z.int(), z.minimum(0), z.maximum(1_000_000)), 0);

function show({ id: of, kind, value, payload, createdAtMs, createdBy, untilMs, keptUntilMs }: Trace) {
  return { id: of, kind, value, payload, createdAtMs, createdBy, untilMs, keptUntilMs };
}

function noPayloads(): ProblemError {
  return new ProblemError({
    status: 403,
    name: "scope-missing",
    title: 'A trace with payloads needs the scope "operate".',
    remedy: "Use a key with that scope, or a trace without payloads.",
  });
}

async function known(control: Control, of: string, nowMs: number): Promise<Trace> {
  const trace = await readTrace(control, of, nowMs);
  if (trace === undefined) throw notFound(`trace ${JSON.stringify(of)}`);
  return trace;
}

function readPage(env: Env, of: string, after: number, limit: number): Promise<TracePage> {
  const read = async () => traceStub(env, of).page(after, limit) as Promise<TracePage>;
  return orUnavailable("trace", of, withRetries(read));
}

/** What was recorded with payloads is for those alone who may see them. */
function mayRead(caller: Caller, { payload }: Trace): void {
  if (payload && !mayUse(caller, "operate")) throw noPayloads();
}

interface Told {
  readonly told: number;
  readonly untold: number;
}

/** Those that are to record at once, and cannot know of it otherwise. */
async function tellOf(env: Env, { kind, value }: Trace, mark: TraceMark): Promise<Told> {
  switch (kind) {
    case "client":
      return tellSessions(env, [sessionName(value)], mark, false);
    case "address":
      return tellSessions(env, await sessionsAt(env, value), mark, true);
    case "topic": {
      const { topicShardDepth, topicShards } = configOf(env);
      const shards = shardsOf(value, topicShardDepth, topicShards);
      const tell = (shard: number) =>
        orUnavailable(
          "shard",
          `${shard}`,
          withRetries(async () => shardStub(env, shard).follow({ ...mark, filter: value })),
        ).catch(() => false);
      return countOf(await pMap(shards, tell, { concurrency: atOnce }));
    }
  }
}

async function tellSessions(env: Env, names: readonly string[], mark: TraceMark, ofConnection: boolean): Promise<Told> {
  const request = { kind: "trace", mark, ofConnection } as const;
  const tell = (name: string) =>
    reachSession(env, name, request).then(
      // One that is absent is followed when its client connects.
      ({ kind }) => kind === "traced" || kind === "absent",
      () => false,
    );
  return countOf(await pMap(names, tell, { concurrency: atOnce }));
}

async function sessionsAt(env: Env, at: string): Promise<string[]> {
  const names: string[] = [];
  let after: string | undefined = "";
  for (let round = 0; round < listPagesMax && after !== undefined && names.length < sessionsMax; round++) {
    const list = await listSessions(env, { address: at, state: "connected", after, limit: sessionsMax });
    names.push(...list.entries.map(({ name }) => name));
    after = list.after;
  }
  return names.slice(0, sessionsMax);
}

function countOf(answers: readonly boolean[]): Told {
  const told = answers.filter(Boolean).length;
  return { told, untold: answers.length - told };
}

export const traceRoutes = [
  route({
    method: "GET",
    path: "/traces",
    scope: "read",
    tag,
    summary: "List traces",
    params: none,
    query: z.extend(page, { after: idCursor }),
    answers: { status: 200, description: "The newest first.", schema: pageSchema(shownTrace) },
    async handle({ control, query: { after, limit }, nowMs }) {
      const traces = await tracesBefore(control, after, limit, nowMs);
      const next = traces.length < limit ? null : (traces.at(-1)?.id ?? null);
      return { status: 200, body: { items: traces.map(show), next } };
    },
  }),
  route({
    method: "POST",
    path: "/traces",
    scope: "operate",
    tag,
    summary: "Begin a trace",
    description:
      "Records what happens to a client id, at an address, or to the messages of a topic filter: packets, decisions with the rule that made them, what is " +
      "queued and dropped, and where messages are routed to. Connections that are open are followed at once, also through a sleep of their objects. A client " +
      "without credentials that connects elsewhere is followed within ACCESS_CACHE_SECONDS. `untold` counts sessions or shards that did not answer, and record nothing. At most 16 traces run at once; one that is over can be read for a day.",
    params: none,
    query: none,
    body: z.strictObject({
      target,
      seconds: z._default(z.int().check(z.minimum(1), z.maximum(secondsMax)), 300),
      payload: z
        ._default(z.boolean(), false)
        .check(
          z.describe("Whether events have the first 1,024 bytes of payloads, for those with the scope `operate`."),
        ),
    }),
    answers: {
      status: 201,
      description: "The trace, which runs.",
      schema: z.extend(shownTrace, { told: z.int(), untold: z.int() }),
    },
    async handle(call) {
      const { env, control, caller, body, nowMs } = call;
      const { running, kept } = await countTraces(control, nowMs);
      if (running >= runningMax) throw conflict(`There are ${runningMax} traces running.`, "Stop one of them.");
      if (kept >= keptMax) throw conflict(`There are ${keptMax} traces.`, "Delete some of them.");
      const untilMs = nowMs + body.seconds * 1000;
      const trace: Trace = {
        ...body.target,
        id: newId(nowMs),
        payload: body.payload,
        createdAtMs: nowMs,
        untilMs,
        keptUntilMs: untilMs + keptMs,
        createdBy: caller.name,
      };
      const { kind, value } = trace;
      const begin = async () => traceStub(env, trace.id).begin(untilMs, trace.keptUntilMs);
      await orUnavailable("trace", trace.id, withRetries(begin));
      await change(call, {
        restsOn: [],
        statements: insertTrace(control, trace, nowMs),
        ...(kind === "topic" ? {} : { concerns: [subjectOf(kind, value)] }),
        action: "trace.begin",
        subject: `${kind}:${value}`,
        after: show(trace),
      });
      const told = await tellOf(env, trace, { id: trace.id, untilMs, payload: trace.payload });
      return { status: 201, body: { ...show(trace), ...told } };
    },
  }),
  route({
    method: "GET",
    path: "/traces/{id}",
    scope: "read",
    tag,
    summary: "Read how a trace stands",
    params: tracePath,
    query: none,
    answers: { status: 200, description: "The trace.", schema: z.extend(shownTrace, totals) },
    async handle({ env, control, path, nowMs }) {
      const trace = await known(control, path.id, nowMs);
      const { state, totals: counted } = await readPage(env, path.id, 0, 0);
      const { events, missed } = counted;
      return { status: 200, body: { ...show(trace), ended: state?.ended ?? null, events, missed } };
    },
  }),
  route({
    method: "GET",
    path: "/traces/{id}/events",
    scope: "read",
    tag,
    summary: "Read what a trace has recorded",
    params: tracePath,
    query: z.strictObject({
      after: afterNumber.check(z.describe("The number of an event: those behind it.")),
      limit: z._default(z.coerce.number().check(z.int(), z.minimum(1), z.maximum(1000)), 100),
    }),
    answers: {
      status: 200,
      description: "In the order in which they were heard of.",
      schema: z.object({ items: z.array(shownEvent), next: z.nullable(z.int()), ...totals }),
    },
    async handle({ env, control, caller, path, query: { after, limit }, nowMs }) {
      mayRead(caller, await known(control, path.id, nowMs));
      const { events, state, totals: counted } = await readPage(env, path.id, after, limit);
      const next = events.length < limit ? null : (events.at(-1)?.number ?? null);
      const { events: count, missed } = counted;
      return { status: 200, body: { items: events, next, ended: state?.ended ?? null, events: count, missed } };
    },
  }),
  route({
    method: "GET",
    path: "/traces/{id}/live",
    scope: "read",
    tag,
    summary: "Follow a trace as it grows",
    description:
      "Server-sent events: each event as JSON under its number, and `end` with the reason. It begins with what was recorded before; whoever comes back goes on " +
      "behind `after`, or Last-Event-ID. A slow reader misses nothing.",
    params: tracePath,
    query: z.strictObject({ after: afterNumber }),
    headers: z.object({ "last-event-id": z.optional(z.string().check(z.maxLength(20))) }),
    answers: { status: 200, description: "Events, until it ends.", type: "text/event-stream", schema: z.string() },
    async handle({ env, control, caller, path, query, headers, nowMs }) {
      mayRead(caller, await known(control, path.id, nowMs));
      const last = Number(headers["last-event-id"] ?? query.after);
      if (!Number.isSafeInteger(last) || last < 0) {
        throw invalidInput([{ path: "headers.last-event-id", message: "is not the number of an event" }]);
      }
      return { status: 200, body: await orUnavailable("trace", path.id, openTrace(env, path.id, last)) };
    },
  }),
  route({
    method: "POST",
    path: "/traces/{id}/stop",
    scope: "operate",
    tag,
    summary: "Stop a trace",
    description: "Nothing more is recorded; what was, can be read as long as it is kept.",
    params: tracePath,
    query: none,
    answers: { status: 204, description: "It does not run any more." },
    async handle(call) {
      const { env, control, path, nowMs } = call;
      const trace = await known(control, path.id, nowMs);
      await change(call, {
        restsOn: [],
        statements: [endTrace(control, path.id, nowMs)],
        action: "trace.stop",
        subject: `${trace.kind}:${trace.value}`,
        before: show(trace),
      });
      await orUnavailable(
        "trace",
        path.id,
        withRetries(async () => traceStub(env, path.id).stop()),
      );
      return { status: 204 };
    },
  }),
  route({
    method: "DELETE",
    path: "/traces/{id}",
    scope: "operate",
    tag,
    summary: "Delete a trace with all it has recorded",
    params: tracePath,
    query: none,
    answers: { status: 204, description: "There is no such trace any more." },
    async handle(call) {
      const { env, control, path, nowMs } = call;
      const trace = await known(control, path.id, nowMs);
      await orUnavailable(
        "trace",
        path.id,
        withRetries(async () => traceStub(env, path.id).forget()),
      );
      await change(call, {
        restsOn: [],
        statements: [deleteTrace(control, path.id)],
        action: "trace.delete",
        subject: `${trace.kind}:${trace.value}`,
        before: show(trace),
      });
      return { status: 204 };
    },
  }),
];
