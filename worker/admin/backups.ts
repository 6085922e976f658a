// Backup: all that the broker keeps, a page in each call, and back again.

import * as z from "zod/mini";
import { settingsOf } from "../config.ts";
import { tryAnew } from "../d1/seen.ts";
import { headLine, type Line, line, pageLine, version, versionsRead } from "./backup/lines.ts";
import { type Restored, type Restoring, restoreLine } from "./backup/restore.ts";
import { bytesIn, decodeCursor, encodeCursor, firstPlace, type Place, saveStep } from "./backup/save.ts";
import { problemOf } from "./errors.ts";
import { note } from "./note.ts";
import { ProblemError } from "./problem.ts";
import { route } from "./route.ts";
import { none } from "./schemas.ts";

const tag = "Backup";
/** A page ends with the step that reaches one of them. */
const pageBytesMax = 2 * 1024 * 1024;
const pageCallsMax = 60;
const linesAtOnce = 6;

const outcome = z.object({
  line: z.int().check(z.describe("Of those that were sent; the first is 0.")),
  status: z.int().check(z.describe("200, or why it was not taken in.")),
  taken: z.optional(z.int()),
  kept: z.optional(z.int().check(z.describe("They were there, and stay as they are."))),
  left: z.optional(z.int().check(z.describe("There is no room for them here, or their time is over."))),
  clientId: z.optional(z.string()),
  problem: z.optional(z.object({ title: z.string(), remedy: z.string() })),
});
type Outcome = z.output<typeof outcome>;

/** Lines of one session stand behind each other, and are taken in in their order. */
function together(lines: readonly Line[]): { readonly first: number; readonly lines: Line[] }[] {
  const groups: { readonly first: number; readonly lines: Line[] }[] = [];
  for (const [index, one] of lines.entries()) {
    const last = groups.at(-1);
    const before = last?.lines.at(-1);
    const belongs = one.kind === "session" && before?.kind === "session" && before.clientId === one.clientId;
    if (belongs) last?.lines.push(one);
    else groups.push({ first: index, lines: [one] });
  }
  return groups;
}

function restoreAll(restoring: Restoring, lines: readonly Line[]): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  const groups = together(lines);
  let next = 0;
  return new ReadableStream({
    async pull(controller) {
      // Tables name each other: one after the other.
      const isAlone = groups[next]?.lines[0]?.kind !== "session";
      const few = groups.slice(next, next + (isAlone ? 1 : linesAtOnce));
      const those = isAlone ? few : few.filter(({ lines: [first] }) => first?.kind === "session");
      next += those.length;
      const outcomes = await Promise.all(those.map((group) => restoreGroup(restoring, group)));
      for (const one of outcomes.flat()) controller.enqueue(encoder.encode(`${JSON.stringify(one)}\n`));
      if (next >= groups.length) controller.close();
    },
  });
}

async function restoreGroup(restoring: Restoring, group: ReturnType<typeof together>[number]): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  for (const [index, one] of group.lines.entries()) outcomes.push(await attempt(restoring, group.first + index, one));
  return outcomes;
}

async function attempt(restoring: Restoring, at: number, one: Line): Promise<Outcome> {
  const of = one.kind === "session" ? { line: at, clientId: one.clientId } : { line: at };
  try {
    const restored: Restored = await tryAnew(() => restoreLine(restoring, one));
    return { ...of, status: 200, ...restored };
  } catch (error) {
    const problem = problemOf(error);
    if (problem === undefined) throw error;
    const { status, title, remedy, errors = [] } = problem;
    const details = errors.map(({ path, message }) => ` ${path}: ${message}.`).join("");
    return { ...of, status, problem: { title: title + details, remedy } };
  }
}

export const backupRoutes = [
  route({
    method: "GET",
    path: "/backup",
    scope: "admin",
    tag,
    summary: "Back up: a page of it",
    description:
      "One JSON value on each line: on the first page what backup it is, then tables, shards and sessions, and at the end of each page `next`, behind which the next page begins, until it is `null`. The " +
      "pages behind each other are the backup; one that was cut short goes on behind the last `next` that is there. It holds all payloads, and the hashes of passwords and keys. Each session and each shard is as it was " +
      "when its page was read: the broker is not stopped meanwhile.",
    params: none,
    query: z.strictObject({ after: z._default(z.string().check(z.maxLength(200_000)), "") }),
    answers: {
      status: 200,
      description: "The lines of the page.",
      schema: z.union([headLine, line, pageLine]),
      type: "application/x-ndjson",
    },
    async handle(call) {
      const { env, control, nowMs, query } = call;
      const lines: unknown[] = [];
      const isFirst = query.after === "";
      const cursor = isFirst ? { id: crypto.randomUUID(), place: firstPlace } : decodeCursor(query.after);
      const { id } = cursor;
      if (isFirst) {
        await note(call, { action: "backup", subject: id });
        const shown = settingsOf({ ...env }).filter(({ isSecret }) => !isSecret);
        const settings = Object.fromEntries(shown.map(({ name, value }) => [name, value]));
        lines.push({ kind: "backup", version, id, atMs: nowMs, settings } satisfies z.output<typeof headLine>);
      }
      let place: Place | undefined = cursor.place;
      let owed = 0;
      for (let calls = 0, bytes = 0; place !== undefined && calls < pageCallsMax && bytes < pageBytesMax; ) {
        const step = await saveStep(env, control, place);
        place = step.next;
        calls += step.calls;
        bytes += bytesIn(step.lines);
        owed += step.owed ?? 0;
        lines.push(...step.lines);
      }
      const next = place === undefined ? null : encodeCursor({ id, place });
      lines.push({ kind: "page", next, owed } satisfies z.output<typeof pageLine>);
      const text = lines.map((one) => `${JSON.stringify(one)}\n`).join("");
      return { status: 200, body: new Blob([text]).stream() };
    },
  }),
  route({
    method: "POST",
    path: "/restore",
    scope: "admin",
    tag,
    summary: "Restore lines of a backup",
    description:
      "Lines of a backup, in their order, but for its first and those that end its pages, whose `id` and `version` stand in the query. Lines of groups of shared subscriptions (`groups`) come behind all " +
      "others: their members have to be there. Each is taken in for itself, and answered on a line of its own. The same lines again change nothing: sessions know their backup, shards for a day what they have taken in. " +
      "A session is nobody's until its last line is in.",
    params: none,
    query: z.strictObject({
      backup: z.uuid(),
      version: z.coerce.number().check(z.int()),
      existing: z
        ._default(z.enum(["keep", "replace"]), "keep")
        .check(
          z.describe("What becomes of rows, retained messages and sessions that are there and not of this backup."),
        ),
    }),
    body: z.array(line).check(z.minLength(1), z.maxLength(5_000)),
    takesLines: true,
    bodyBytesMax: 16 * 1024 * 1024,
    answers: { status: 200, description: "What became of each.", schema: outcome, type: "application/x-ndjson" },
    async handle(call) {
      const { body, query } = call;
      if (!versionsRead.includes(query.version)) {
        throw new ProblemError({
          status: 400,
          name: "backup-version",
          title: `The backup is of version ${query.version}, and this broker reads versions up to ${version}.`,
          remedy: "Restore it with the version of DurableMQ that has written it, and upgrade that.",
        });
      }
      await note(call, { action: "restore", subject: `${query.backup}: ${body.length} lines`, after: query });
      const restoring: Restoring = { call, backup: query.backup, replaces: query.existing === "replace" };
      return { status: 200, body: restoreAll(restoring, body) };
    },
  }),
];
