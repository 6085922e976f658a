// Rows of a table that are imported: all of them or none, in one transaction with one entry of the audit log.

import { everyone } from "../../auth/subjects.ts";
import { find } from "../../d1/seen.ts";
import { change } from "../change.ts";
import { invalidInput } from "../problem.ts";
import type { Call } from "../route.ts";
import type { Intake } from "./table.ts";

/** With more it is simpler to tell all connections. */
const concernedMax = 100;
/** Of rows that are named where something is wrong with them, or that the audit log names. */
const namedMax = 100;

export interface Import {
  readonly name: string;
  readonly intake: Intake;
  /** As its schema has them. */
  readonly rows: readonly unknown[];
  readonly existing: "refuse" | "keep" | "replace";
  readonly dryRun: boolean;
  readonly placeOf: (index: number, field: string) => string;
}

type Caller = Pick<Call<unknown, unknown, unknown>, "env" | "control" | "caller" | "nowMs">;

export async function takeIn(caller: Caller, { name, intake, rows, existing, dryRun, placeOf }: Import) {
  const { control } = caller;
  const nameOf = (row: unknown) => intake.keyOf(row)?.join(":");
  const keys = rows.map((row) => intake.keyOf(row)).filter((key) => key !== undefined);
  const { items: there, seen } = await find(control, intake.shape, keys);
  const names = rows.map(nameOf);
  const isKnown = (key: string | undefined) => key !== undefined && there.has(key);
  const [keyField = ""] = intake.shape.key;
  const firstOf = new Map<string | undefined, number>();
  for (const [index, key] of names.entries()) if (!firstOf.has(key)) firstOf.set(key, index);
  const errors = names.flatMap((key, index) => {
    const path = placeOf(index, keyField);
    if (key !== undefined && firstOf.get(key) !== index) return [{ path, message: `${key} stands there twice` }];
    if (existing !== "refuse" || !isKnown(key)) return [];
    return [{ path, message: `there is ${key} already` }];
  });
  const places = [...names.entries()].flatMap(([index, key]) => (existing === "keep" && isKnown(key) ? [] : [index]));
  const writes = places.map((index) => rows[index]);
  const before = (row: unknown) => there.get(nameOf(row) ?? "");
  const isNew = (row: unknown) => before(row) === undefined;
  const needed = await intake.needs?.(writes, control);
  const known = { before, isThere: (one: string) => needed?.items.has(one) === true };
  for (const { row, field, message } of await intake.check(writes, known, caller)) {
    errors.push({ path: placeOf(places[row] as number, field), message });
  }
  if (errors.length > 0) throw invalidInput(errors.slice(0, namedMax));
  const created = writes.filter(isNew).length;
  const result = {
    created,
    replaced: writes.length - created,
    kept: rows.length - writes.length,
    isDryRun: dryRun,
  };
  if (dryRun || writes.length === 0) return result;
  const concerned = concernedBy(intake, writes, there);
  const written = new Set(writes.map(nameOf));
  const revision = await change(caller, {
    restsOn: [
      { ...seen, rows: seen.rows.filter(([key]) => written.has(key.join(":"))) },
      ...(needed === undefined ? [] : [needed.seen]),
    ],
    statements: await intake.put(writes, there, caller),
    concerns: concerned.length > concernedMax ? [everyone] : concerned,
    action: `${name}.import`,
    subject: `${writes.length} ${name}`,
    after: { ...result, keys: names.filter((key) => key !== undefined).slice(0, namedMax) },
  });
  const replaced = writes.filter((row) => !isNew(row));
  if (replaced.length > 0) await intake.carryOut?.(replaced, revision, caller);
  return result;
}

/** What a replaced row said has ended, for those to whom it was said. */
function concernedBy(intake: Intake, writes: readonly unknown[], there: ReadonlyMap<string, unknown>): string[] {
  const before = writes
    .map((row) => there.get(intake.keyOf(row)?.join(":") ?? ""))
    .filter((item) => item !== undefined);
  return [...new Set([...writes, ...before].map((row) => intake.concerns(row)).filter((one) => one !== undefined))];
}
