// Counters, and how they are written down.

import { expect, test } from "vitest";
import { Counters, counterHelp } from "../../../src/metrics/counters.ts";

test("counts add up, by reason where they have one, and labels are escaped", () => {
  const counters = new Counters();
  counters.add("wakes");
  counters.add("rows_read", 41);
  counters.add("rows_read");
  counters.addFor("drops", "queue-full", 2);
  counters.addFor("drops", "queue-full");
  counters.addFor("drops", 'a"b\\c\nd');
  const lines = counters.text().split("\n");
  expect(counters.get("rows_read")).toBe(42);
  expect(lines).toContain("durablemq_rows_read_total 42");
  expect(lines).toContain("durablemq_alarms_total 0");
  expect(lines).toContain('durablemq_drops_total{reason="queue-full"} 3');
  expect(lines).toContain('durablemq_drops_total{reason="a\\"b\\\\c\\nd"} 1');
});

test("every counter has its help and its type, once, before its values", () => {
  const text = new Counters().text();
  for (const [name, help] of Object.entries(counterHelp)) {
    const full = `durablemq_${name}_total`;
    expect(text.split(`# HELP ${full} ${help}.\n# TYPE ${full} counter\n`)).toHaveLength(2);
  }
  expect(text.endsWith("\n")).toBe(true);
});
