// `npm run bench:bill`: what standard workloads cost on the platform, counted on this machine and priced as published.

import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { billOf, usageOf } from "../src/metrics/bill.ts";
import { prices } from "../src/metrics/prices.ts";
import { type Measured, type Workload, workloads } from "./bill/workloads.ts";
import { startDurableMq } from "./brokers/durablemq.ts";
import { short, table } from "./statistics.ts";

const { values } = parseArgs({
  options: { only: { type: "string", default: "" }, output: { type: "string" } },
});

interface Line {
  readonly workload: Workload;
  readonly measured: Measured;
  readonly dollars: number;
  readonly parts: Readonly<Record<string, number>>;
}

function priced(workload: Workload, measured: Measured): Line {
  const usage = usageOf({ ...measured.meter, workerCpuMs: measured.cpuMs });
  const { dollars, parts } = billOf(usage, workload.times);
  return { workload, measured, dollars, parts };
}

function row({ workload, measured, dollars, parts }: Line): string[] {
  const { name, unit, times, target } = workload;
  const { meter, cpuMs } = measured;
  return [
    name,
    `${times.toLocaleString("en-US")} × ${unit}`,
    short(meter.rowsWritten + meter.alarmsSet),
    short(meter.rowsRead),
    short(meter.objectCalls),
    short(meter.socketMessages),
    short(meter.alarms),
    short(meter.awakeMs),
    short(cpuMs),
    `$${dollars.toFixed(3)}`,
    target === undefined ? "" : `$${target.toFixed(2)}`,
    dearest(parts),
  ];
}

function dearest(parts: Readonly<Record<string, number>>): string {
  const [name, dollars] = Object.entries(parts).sort(([, left], [, right]) => right - left)[0] ?? ["", 0];
  return `${name} $${dollars.toFixed(3)}`;
}

const head = [
  "workload",
  "priced",
  "rows",
  "read",
  "calls",
  "frames",
  "alarms",
  "awake ms",
  "CPU ms",
  "costs",
  "target",
];

const lines: Line[] = [];
const broker = await startDurableMq();
try {
  const chosen = workloads.filter(({ name }) => name.includes(values.only));
  for (const [index, workload] of chosen.entries()) {
    process.stderr.write(`${index + 1}/${chosen.length} ${workload.name}\n`);
    lines.push(priced(workload, await workload.run(broker)));
  }
} finally {
  await broker.stop();
}
process.stdout.write(`${table([...head, "most of it"], lines.map(row))}\n`);
process.stdout.write(
  "\nFor one unit: rows with set alarms, calls with upgrades, frames to objects, time objects are awake here, where a call takes no\ntime on a network, and processor time of everything, of which the platform bills the edge's share. Nothing is included.\n",
);
const folder = fileURLToPath(new URL("results/", import.meta.url));
await mkdir(folder, { recursive: true });
const time = new Date().toISOString().slice(0, 19).replaceAll(":", "-");
const result = lines.map(({ workload: { name, unit, times, target }, ...rest }) => ({
  name,
  unit,
  times,
  target,
  ...rest,
}));
await writeFile(values.output ?? join(folder, `bill-${time}.json`), `${JSON.stringify({ prices, result }, null, 2)}\n`);
