// `npm run bench:overload`: finds what the broker sustains, offers it twice as much for a while, and watches latency,
// memory and what is lost, and how long it takes until everything is as before. Once with publishers that wait for
// acknowledgements (QoS 1, a window), and once with publishers that wait for nothing (QoS 0).

import { parseArgs } from "node:util";
import type { Broker } from "./brokers/broker.ts";
import { startDurableMq } from "./brokers/durablemq.ts";
import { measure } from "./generator.ts";
import { counterIn, readPage } from "./meter.ts";
import { Probe, type Reading } from "./overload/probe.ts";
import { residentBytes } from "./soak/flatness.ts";
import { median, short, table } from "./statistics.ts";

const usage = `usage: npm run bench:overload -- [options]
  --seconds N   of overload (20)
  --times N     how much more than it sustains is offered (2)`;

const { values } = parseArgs({
  options: {
    help: { type: "boolean", default: false },
    seconds: { type: "string", default: "20" },
    times: { type: "string", default: "2" },
  },
});
if (values.help) {
  console.log(usage);
  process.exit(0);
}

interface Case {
  readonly name: string;
  readonly quality: 0 | 1;
  readonly window: number;
}

const cases: readonly Case[] = [
  { name: "QoS 1, window 256", quality: 1, window: 256 },
  { name: "QoS 0, no window", quality: 0, window: 50_000_000 },
];
const publishers = ["--publishers", "4", "--spread"];
const capacitySeconds = 5;
const calmMs = 5_000;
const recoveryMsMax = 30_000;
const sampleMs = 500;
const measureTimeoutMs = 180_000;
/** It is as before when this many readings of the probe in a row are at most twice the median of before, plus 20 ms. */
const readingsInRow = 10;
/** What the runtime may keep beyond what it had: its heap grows before it is collected. */
const memoryBytesMax = 512 * 2 ** 20;
const mebibyte = 2 ** 20;

const pause = (timeMs: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, timeMs));

function latencies(readings: readonly Reading[], fromMs: number, toMs: number): number[] {
  return readings
    .filter(({ sentMs }) => sentMs >= fromMs && sentMs < toMs)
    .map(({ latencyMs }) => latencyMs ?? Number.POSITIVE_INFINITY);
}

/** When the first of enough good readings in a row was sent; undefined if there are not enough yet. */
function recoveredAtMs(readings: readonly Reading[], fromMs: number, goodMs: number): number | undefined {
  let first: number | undefined;
  let count = 0;
  for (const { sentMs, latencyMs } of readings) {
    if (sentMs < fromMs) continue;
    const isGood = latencyMs !== undefined && latencyMs <= goodMs;
    first = isGood ? (first ?? sentMs) : undefined;
    count = isGood ? count + 1 : 0;
    if (count >= readingsInRow) return first;
  }
  return undefined;
}

async function run(broker: Broker, { name, quality, window }: Case): Promise<{ cells: string[]; passed: boolean }> {
  const load = ["--qos", String(quality), ...publishers];
  const root = broker.pid as number;
  const seconds = Number(values.seconds);
  const unpaced = ["--window", "256", "--seconds", String(capacitySeconds)];
  const { load: capacity } = await measure(broker, [...load, ...unpaced], measureTimeoutMs);
  const rate = Math.round(capacity.messagesPerSecond * Number(values.times));

  const probe = new Probe(broker.url);
  await probe.start();
  const calmFromMs = Date.now();
  await pause(calmMs);
  const loadFromMs = Date.now();
  const before = { bytes: residentBytes(root), latencyMs: median(latencies(probe.readings, calmFromMs, loadFromMs)) };
  let bytesMax = before.bytes;
  const sampler = setInterval(() => {
    bytesMax = Math.max(bytesMax, residentBytes(root));
  }, sampleMs);
  try {
    const drops = async (): Promise<number> =>
      counterIn(await readPage(broker.metricsUrl ?? ""), "durablemq_drops_total") ?? 0;
    const dropsBefore = await drops();
    const overload = [
      "--window",
      String(window),
      "--rate",
      String(rate),
      "--seconds",
      String(seconds),
      "--warmup",
      "0",
    ];
    const { load: result } = await measure(broker, [...load, ...overload], measureTimeoutMs);
    const loadToMs = Date.now();
    const goodMs = 2 * before.latencyMs + 20;
    let recoveredMs: number | undefined;
    while (recoveredMs === undefined && Date.now() - loadToMs < recoveryMsMax) {
      await pause(sampleMs);
      recoveredMs = recoveredAtMs(probe.readings, loadToMs, goodMs);
    }
    await probe.finish();
    const during = latencies(probe.readings, loadFromMs, loadToMs);
    const dropped = (await drops()) - dropsBefore;
    const isWhole = result.duplicates + result.outOfOrder === 0 && (quality === 0 || result.complete);
    const isBounded = bytesMax - before.bytes <= memoryBytesMax;
    const passed = isWhole && isBounded && recoveredMs !== undefined;
    const cells = [
      name,
      short(capacity.messagesPerSecond),
      short(rate),
      short(result.messagesPerSecond),
      short(result.missing),
      short(dropped),
      `${short(before.latencyMs)} ms`,
      `${short(median(during))} ms`,
      `${short(Math.max(...during))} ms`,
      `${short(result.latency.p50Ms)} ms`,
      `${(before.bytes / mebibyte).toFixed(0)} MiB`,
      `${(bytesMax / mebibyte).toFixed(0)} MiB`,
      recoveredMs === undefined ? "no" : `${((recoveredMs - loadToMs) / 1_000).toFixed(1)} s`,
      passed ? "passed" : "FAILED",
    ];
    return { cells, passed };
  } finally {
    clearInterval(sampler);
    probe.stop();
  }
}

const head = [
  "load",
  "sustained/s",
  "offered/s",
  "delivered/s",
  "missing",
  "counted drops",
  "probe before",
  "median",
  "longest",
  "load's own",
  "memory before",
  "at most",
  "recovered after",
  "verdict",
];
const broker = await startDurableMq();
try {
  const rows: string[][] = [];
  for (const one of cases) {
    const { cells, passed } = await run(broker, one);
    rows.push(cells);
    if (!passed) process.exitCode = 1;
  }
  process.stdout.write(`${table(head, rows)}\n`);
} finally {
  await broker.stop();
}
