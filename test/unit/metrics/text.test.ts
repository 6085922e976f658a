// What Prometheus reads.

import { describe, expect, test } from "vitest";
import { Counters } from "../../../src/metrics/counters.ts";
import { boundsMs, Histogram } from "../../../src/metrics/histogram.ts";

function linesOf(fill: (counters: Counters) => void): string[] {
  const counters = new Counters();
  fill(counters);
  return counters.text().split("\n");
}

test("a counter has help, a type and a value; one with a label a value for each", () => {
  const lines = linesOf((counters) => {
    counters.add("pings", 2);
    counters.addFor("messages_published", 1, 3);
    counters.addFor("drops", 'queue\n"full"', 1);
  });
  expect(lines).toContain("# TYPE durablemq_pings_total counter");
  expect(lines).toContain("durablemq_pings_total 2");
  expect(lines).toContain('durablemq_messages_published_total{qos="1"} 3');
  expect(lines).toContain('durablemq_drops_total{reason="queue\\n\\"full\\""} 1');
});

test("every line is a comment or a sample, and every sample is described before", () => {
  const lines = linesOf((counters) => counters.took("puback", 3, 2)).filter((line) => line !== "");
  const described = new Set<string>();
  for (const line of lines) {
    const [, type] = /^# TYPE (\w+) (?:counter|gauge|histogram)$/.exec(line) ?? [];
    if (type !== undefined) described.add(type);
    if (line.startsWith("#")) continue;
    const [, name = ""] = /^(\w+)(?:\{\w+="(?:[^"\\]|\\.)*"\})? -?[\d.e+-]+$/.exec(line) ?? [];
    expect([line, described.has(name) || described.has(name.replace(/_(bucket|sum|count)$/, ""))]).toEqual([
      line,
      true,
    ]);
  }
});

test("connections are those opened but for those closed", () => {
  const lines = linesOf((counters) => {
    counters.add("connections_opened", 5);
    counters.add("connections_closed", 2);
  });
  expect(lines).toContain("durablemq_connections 3");
});

test("the estimate is what the counts cost: a million rows a dollar, alarms set are rows", () => {
  const lines = linesOf((counters) => {
    counters.add("rows_written", 1_500_000);
    counters.add("alarms_set", 500_000);
    counters.add("object_calls", 1_000_000);
  });
  expect(lines).toContain('durablemq_estimated_dollars_total{part="rowsWritten"} 2');
  expect(lines).toContain('durablemq_estimated_dollars_total{part="objectRequests"} 0.15');
});

describe("a histogram", () => {
  test("counts in the bucket of the bound and in all above, and what is beyond in the whole alone", () => {
    const histogram = new Histogram();
    histogram.add(0, 1);
    histogram.add(5, 2);
    histogram.add(6, 3);
    histogram.add(60_000, 4);
    const lines = histogram.lines("x");
    expect(lines.slice(0, 4)).toEqual([
      'x_bucket{le="0.001"} 1',
      'x_bucket{le="0.002"} 1',
      'x_bucket{le="0.005"} 3',
      'x_bucket{le="0.01"} 6',
    ]);
    expect(lines.slice(-4)).toEqual(['x_bucket{le="10"} 6', 'x_bucket{le="+Inf"} 10', "x_sum 240.028", "x_count 10"]);
    expect(lines.length).toBe(boundsMs.length + 3);
  });
});
