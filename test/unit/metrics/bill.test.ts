import { expect, test } from "vitest";
import { billOf, type Counted, usageOf } from "../../../src/metrics/bill.ts";

const nothing: Counted = {
  rowsWritten: 0,
  rowsRead: 0,
  alarmsSet: 0,
  alarms: 0,
  objectCalls: 0,
  socketMessages: 0,
  awakeMs: 0,
  connectionsOpened: 0,
  workerCpuMs: 0,
};

test.each<[string, Partial<Counted>, number]>([
  ["two rows and two calls", { rowsWritten: 2, objectCalls: 2 }, 2.3],
  ["an alarm: a row, and a request when it rings", { alarmsSet: 1, alarms: 1 }, 1.15],
  ["a frame: a twentieth of a request", { socketMessages: 1 }, 0.0075],
  ["an object awake for 100 ms", { awakeMs: 100 }, 0.16],
  ["a thousand rows read", { rowsRead: 1_000 }, 1],
  ["a connection", { connectionsOpened: 1, objectCalls: 1 }, 0.45],
  ["a millisecond of the Worker", { workerCpuMs: 1 }, 0.02],
  ["nothing", {}, 0],
])("%s, a million times", (_what, counted, dollars) => {
  const bill = billOf(usageOf({ ...nothing, ...counted }), 1_000_000);
  expect(bill.dollars).toBeCloseTo(dollars, 9);
  expect(Object.values(bill.parts).reduce((sum, part) => sum + part)).toBeCloseTo(dollars, 9);
});

test("an object that is never idle costs $4.15 a month", () => {
  const monthMs = 30 * 86_400_000;
  expect(billOf(usageOf({ ...nothing, awakeMs: monthMs }), 1).dollars).toBeCloseTo(4.147, 3);
});
