// What a workload costs, as Cloudflare bills it.

import { type CounterName, counterLabels, type LabelledCounter } from "../../../src/metrics/counters.ts";
import { counters } from "../../../worker/counters.ts";
import { eventually } from "../../support/eventually.ts";

const billed = [
  "rows_written",
  "rows_read",
  "directory_rows_written",
  "object_calls",
  "directory_calls",
  "socket_messages",
  "alarms_set",
  "alarms",
  "wakes",
  "batches_unwritten",
] as const;

export type Bill = Readonly<Record<(typeof billed)[number], number>>;

export function countOf(name: CounterName): number {
  return counters.get(name);
}

/** The value of a counter for one value of its label. */
export function countFor(name: LabelledCounter, reason: string): number {
  const head = `durablemq_${name}_total{${counterLabels[name]}="${reason}"} `;
  const line = counters
    .text()
    .split("\n")
    .find((one) => one.startsWith(head));
  return line === undefined ? 0 : Number(line.slice(head.length));
}

function reading(): Bill {
  return Object.fromEntries(billed.map((name) => [name, counters.get(name)])) as Bill;
}

/** Waits until nothing is counted any more: acknowledgements are worked off after the last message. */
export async function quiet(): Promise<Bill> {
  let last = reading();
  let same = 0;
  return eventually("the broker comes to rest", () => {
    const now = reading();
    same = billed.every((name) => now[name] === last[name]) ? same + 1 : 0;
    last = now;
    return same >= 3 ? now : undefined;
  });
}

/** What `workload` adds to the bill, for one of its `messages`. */
export async function measure(messages: number, workload: () => Promise<unknown>): Promise<Bill> {
  const before = await quiet();
  await workload();
  const after = await quiet();
  return Object.fromEntries(billed.map((name) => [name, (after[name] - before[name]) / messages])) as Bill;
}

/** But for those of the list of sessions, which has a bill of its own. */
export function callsBetween(before: Bill, after: Bill): number {
  return after.object_calls - before.object_calls - (after.directory_calls - before.directory_calls);
}

export function rowsBetween(before: Bill, after: Bill): number {
  return after.rows_written - before.rows_written - (after.directory_rows_written - before.directory_rows_written);
}

export function inWords(what: string, bill: Bill): string {
  return `${what}: ${billed.map((name) => `${name} ${Number(bill[name].toFixed(4))}`).join(", ")}`;
}
