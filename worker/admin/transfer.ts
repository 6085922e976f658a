// Export and import of what the control database holds, table by table, as JSON, JSON lines and CSV.

import * as z from "zod/mini";
import type { Control } from "../d1/control.ts";
import { type Route, route } from "./route.ts";
import { none } from "./schemas.ts";
import { headOf, rowOf } from "./transfer/csv.ts";
import type { Intake, Table } from "./transfer/table.ts";
import { tables } from "./transfer/tables.ts";
import { takeIn } from "./transfer/take-in.ts";

const tag = "Export and import";
const pageRows = 500;
const rowsMax = 10_000;
const bodyBytesMax = 8 * 1024 * 1024;

const formats = ["json", "ndjson", "csv"] as const;
type Format = (typeof formats)[number];
const mediaTypes: Readonly<Record<Format, string>> = {
  json: "application/json",
  ndjson: "application/x-ndjson",
  csv: "text/csv; charset=utf-8",
};

const outcome = z.object({
  created: z.int(),
  replaced: z.int(),
  kept: z.int().check(z.describe("They were there, and stay as they are.")),
  isDryRun: z.boolean(),
});

/** A page at a time, and no more than the caller reads. */
function stream(table: Table, control: Control, format: Format): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  let after: string | undefined = "";
  let count = 0;
  return new ReadableStream({
    start(controller) {
      if (format === "csv") controller.enqueue(encoder.encode(headOf(table.columns)));
    },
    async pull(controller) {
      const { items, next } = await table.export(control, after ?? "", pageRows);
      after = next;
      const texts = items.map((item) => {
        if (format === "csv") return rowOf(table.columns, item);
        const json = JSON.stringify(item);
        return format === "ndjson" ? `${json}\n` : `${count++ === 0 ? "[\n" : ",\n"}${json}`;
      });
      if (next === undefined && format === "json") texts.push(count === 0 ? "[]\n" : "\n]\n");
      if (texts.length > 0) controller.enqueue(encoder.encode(texts.join("")));
      if (next === undefined) controller.close();
    },
  });
}

function exportRoute(table: Table): Route {
  const { name, about } = table;
  return route({
    method: "GET",
    path: `/export/${name}`,
    scope: "admin",
    tag,
    summary: `Export: ${name}`,
    description: `All of them, as they come: a list in JSON, one JSON value on each line, or CSV. ${about}`,
    params: none,
    query: z.strictObject({ format: z._default(z.enum(formats), "json") }),
    answers: {
      status: 200,
      description: "The rows.",
      schema: z.array(table.item),
      type: ["application/json", "application/x-ndjson", "text/csv"],
    },
    async handle({ control, query: { format } }) {
      return {
        status: 200,
        body: stream(table, control, format),
        headers: {
          "Content-Type": mediaTypes[format],
          "Content-Disposition": `attachment; filename="${name}.${format}"`,
        },
      };
    },
  });
}

function importRoute({ name, about, columns }: Table, intake: Intake): Route {
  return route({
    method: "POST",
    path: `/import/${name}`,
    scope: "admin",
    tag,
    summary: `Import: ${name}`,
    description:
      "As they were exported, or written by hand: JSON, one JSON value on each line, or CSV with the names of the columns in its first line. All of them or, if anything is wrong with " +
      `one, none; \`errors\` names each line and column. At most ${rowsMax} in one request. ${about}`,
    params: none,
    query: z.strictObject({
      existing: z
        ._default(z.enum(["refuse", "keep", "replace"]), "refuse")
        .check(
          z.describe(
            "What becomes of those that are there already: nothing is imported, they stay, or they are as the import says.",
          ),
        ),
      dryRun: z._default(z.stringbool(), false).check(z.describe("Says what would become of it, and changes nothing.")),
    }),
    body: z.array(intake.row).check(z.maxLength(rowsMax)),
    takesLines: true,
    takesCsv: columns,
    bodyBytesMax,
    answers: { status: 200, description: "What became of it.", schema: outcome },
    async handle(call) {
      const { body, query, placeOf } = call;
      return { status: 200, body: await takeIn(call, { name, intake, rows: body, placeOf, ...query }) };
    },
  });
}

export const transferRoutes: readonly Route[] = tables.flatMap((table) => {
  const { intake } = table;
  return [exportRoute(table), ...(intake === undefined ? [] : [importRoute(table, intake)])];
});
