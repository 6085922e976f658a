// Counters of all copies in one dataset: its sum is what was counted, and writing is rare.

import { expect, test } from "vitest";
import { Awake } from "../../worker/awake.ts";
import { CounterSink, type Dataset } from "../../worker/counter-sink.ts";
import { counters } from "../../worker/counters.ts";

class Points implements Dataset {
  readonly points: { readonly name: string; readonly label: string; readonly moved: number }[] = [];

  writeDataPoint({ indexes = [], blobs = [], doubles = [] }: AnalyticsEngineDataPoint = {}): void {
    expect(indexes).toEqual([blobs[0]]);
    this.points.push({ name: `${blobs[0]}`, label: `${blobs[1]}`, moved: doubles[0] ?? 0 });
  }

  sum(name: string, label = ""): number {
    return this.points
      .filter((point) => point.name === name && point.label === label)
      .reduce((sum, { moved }) => sum + moved, 0);
  }
}

test("what is written adds up to what was counted, however often", () => {
  const [sink, dataset] = [new CounterSink(), new Points()];
  counters.add("pings", 5);
  counters.addFor("drops", "queue-full", 2);
  counters.took("puback", 3, 4);
  sink.flush(dataset, 1_000_000);
  counters.add("pings", 2);
  counters.addFor("drops", "queue-full", 1);
  counters.took("puback", 60_000, 1);
  sink.flush(dataset, 1_060_000);
  expect(dataset.sum("pings")).toBe(counters.get("pings"));
  expect(dataset.sum("drops", "queue-full")).toBe(3);
  expect([dataset.sum("puback_seconds", "0.005"), dataset.sum("puback_seconds", "+Inf")]).toEqual([4, 1]);
});

test("within a minute nothing is written again, and what has not moved never", () => {
  const [sink, dataset] = [new CounterSink(), new Points()];
  counters.add("pings");
  sink.flush(dataset, 1_000_000);
  const { length } = dataset.points;
  counters.add("pings");
  sink.flush(dataset, 1_059_999);
  expect(dataset.points.length).toBe(length);
  sink.flush(dataset, 1_060_000);
  expect(dataset.points.slice(length)).toEqual([{ name: "pings", label: "", moved: 1 }]);
  sink.flush(dataset, 2_000_000);
  expect(dataset.points.length).toBe(length + 1);
});

test("more than one event may write goes with the next", () => {
  const [sink, dataset] = [new CounterSink(), new Points()];
  for (let index = 0; index < 300; index++) counters.addFor("refusals", `reason-${index}`);
  sink.flush(dataset, 1_000_000);
  expect(dataset.points.length).toBe(200);
  sink.flush(dataset, 1_060_000);
  expect(dataset.points.filter(({ label }) => label.startsWith("reason-")).length).toBe(300);
});

test("without a dataset nothing happens; a handler of an object that ends writes to the one there is", async () => {
  new CounterSink().flush(undefined, 1_000_000);
  const dataset = new Points();
  counters.add("pings");
  await new Awake(dataset).during(async () => {});
  expect(dataset.points.length).toBeGreaterThan(0);
});
