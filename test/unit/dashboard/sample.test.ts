// The overview's figures: read from the text that Prometheus reads, as rates, and as money.

import { expect, test } from "vitest";
import { quantile, rate, ratesOf, Sample } from "../../../dashboard/api/sample.ts";
import { billOf, dollars, monthlyBill } from "../../../dashboard/pages/bill.ts";
import { Counters } from "../../../src/metrics/counters.ts";

function textOf(fill: (counters: Counters) => void): string {
  const counters = new Counters();
  fill(counters);
  return counters.text();
}

test("what the broker counts is read back, summed over labels and by reason", () => {
  const text = textOf((counters) => {
    counters.addFor("messages_sent", 0, 4);
    counters.addFor("messages_sent", 1, 3);
    counters.addFor("drops", "queue-full", 2);
    counters.addFor("drops", 'odd "reason", with a comma', 3);
  });
  const sample = new Sample(0, text);
  expect(sample.get("durablemq_messages_sent_total")).toBe(7);
  expect(sample.get("durablemq_drops_total")).toBe(5);
  expect(sample.get("durablemq_nothing")).toBe(0);
  expect(sample.by("durablemq_drops_total", "reason")).toEqual([
    ['odd \\"reason\\", with a comma', 3],
    ["queue-full", 2],
  ]);
  expect(sample.by("durablemq_refusals_total", "reason")).toEqual([]);
});

test("rates are by the second, and never below nothing", () => {
  const at = (atMs: number, sent: number) =>
    new Sample(
      atMs,
      textOf((counters) => counters.addFor("messages_sent", 1, sent)),
    );
  const samples = [at(0, 10), at(2_000, 30), at(4_000, 5)];
  expect(ratesOf(samples, "durablemq_messages_sent_total")).toEqual([null, 10, 0]);
  expect(rate(at(5, 1), at(5, 2), "durablemq_messages_sent_total")).toBe(0);
});

test("the bill is the platform's prices times what is counted", () => {
  const million = 1_000_000;
  const sample = new Sample(
    0,
    textOf((counters) => {
      counters.add("rows_written", million);
      counters.add("alarms_set", million);
      counters.add("rows_read", 1000 * million);
      counters.add("object_calls", million);
      counters.add("alarms", million);
      counters.add("socket_messages", 100 * million);
    }),
  );
  expect(billOf(sample)).toBeCloseTo(1 + 1 + 1 + 0.15 + 0.15 + 0.75, 9);
  const nothing = new Sample(-60_000, "");
  expect(monthlyBill(nothing, sample)).toBeCloseTo(billOf(sample) * 60 * 24 * 30.44, 6);
  expect(monthlyBill(sample, sample)).toBeUndefined();
});

test.each([
  [0, "$0"],
  [0.004, "under 1¢"],
  [1234.5, "$1,234.50"],
])("%d dollars are written %s", (amount, text) => {
  expect(dollars(amount)).toBe(text);
});

test.each([
  ["nothing was timed", [], 0.5, undefined],
  ["all in one bucket: by its share of the bucket", [[4, 100]], 0.5, 0.0035],
  [
    "the slowest of a hundred",
    [
      [1, 99],
      [80, 1],
    ],
    0.99,
    0.001,
  ],
  [
    "two of a hundred",
    [
      [1, 98],
      [80, 2],
    ],
    0.99,
    0.075,
  ],
  ["longer than the last bound: at least that", [[60_000, 1]], 0.5, 10],
] as const)("a latency's quantile: %s", (_title, took, share, expected) => {
  const before = new Sample(
    0,
    textOf((counters) => counters.took("puback", 9_000, 50)),
  );
  const after = new Sample(
    1,
    textOf((counters) => {
      counters.took("puback", 9_000, 50);
      for (const [tookMs, count] of took) counters.took("puback", tookMs, count);
    }),
  );
  const found = quantile(before, after, "durablemq_puback_seconds", share);
  if (expected === undefined) expect(found).toBeUndefined();
  else expect(found).toBeCloseTo(expected, 9);
});
