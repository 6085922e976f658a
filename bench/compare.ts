// `npm run bench`: this broker and its peers side by side on this machine. Every broker is started fresh, the runs are
// interleaved round by round so that a busy moment of the machine hits all alike, and the medians are printed.

import { mkdir, writeFile } from "node:fs/promises";
import { cpus } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { type Broker, NotInstalled } from "./brokers/broker.ts";
import { brokerElsewhere } from "./brokers/elsewhere.ts";
import { brokersWithoutRecipe, knownBrokers } from "./brokers/known.ts";
import { type Measurement, measure } from "./generator.ts";
import { median, short, table } from "./statistics.ts";

const usage = `usage: npm run bench -- [options]
  --qos 0,1,2            qualities of service to measure (0,1,2)
  --brokers a,b,c        durablemq, aedes, mosquitto (all)
  --url NAME=ws://...    also measure a broker that runs already; may be given several times
  --rounds N             (3)
  --seconds S            length of each run (4)
  --messages N           a number of messages instead
  --window N             (256)
  --publishers N         fan-in (1)
  --subscribers N        fan-out (1)
  --payload BYTES        (100)
  --version 4|5          (4)
  --spread               a topic prefix per publisher
  --paced                also measure latency at half the throughput just found
  --output FILE          where the JSON goes (bench/results/compare-<time>.json)`;

const { values } = parseArgs({
  options: {
    help: { type: "boolean", default: false },
    qos: { type: "string", default: "0,1,2" },
    brokers: { type: "string", default: [...knownBrokers.keys()].join(",") },
    url: { type: "string", multiple: true, default: [] },
    rounds: { type: "string", default: "3" },
    seconds: { type: "string", default: "4" },
    messages: { type: "string" },
    window: { type: "string", default: "256" },
    publishers: { type: "string", default: "1" },
    subscribers: { type: "string", default: "1" },
    payload: { type: "string", default: "100" },
    version: { type: "string", default: "4" },
    warmup: { type: "string", default: "2000" },
    spread: { type: "boolean", default: false },
    paced: { type: "boolean", default: false },
    output: { type: "string" },
  },
});

const rounds = Math.min(100, Math.max(1, Number(values.rounds) || 1));
const runTimeoutMs = 240_000;

interface Run {
  readonly broker: string;
  readonly durability: string;
  readonly qos: string;
  readonly mode: "full" | "half load";
  readonly round: number;
  readonly measurement?: Measurement;
  readonly failure?: string;
}

const brokers: Broker[] = [];
const skipped: string[] = [];
const runs: Run[] = [];

function loadArgs(qos: string, rate: number | undefined): string[] {
  const args = ["--qos", qos, "--window", values.window, "--payload", values.payload, "--version", values.version];
  args.push("--publishers", values.publishers, "--subscribers", values.subscribers, "--warmup", values.warmup);
  if (values.messages === undefined) args.push("--seconds", values.seconds);
  else args.push("--messages", values.messages);
  if (values.spread) args.push("--spread");
  if (rate !== undefined) args.push("--rate", String(Math.max(1, Math.floor(rate))));
  return args;
}

async function startAll(): Promise<void> {
  for (const name of values.brokers.split(",").filter((each) => each !== "")) {
    const start = knownBrokers.get(name);
    if (start === undefined) throw new Error(`unknown broker ${name}\n${usage}`);
    try {
      brokers.push(await start());
    } catch (problem) {
      if (!(problem instanceof NotInstalled)) throw problem;
      skipped.push(`${name} (${problem.message})`);
    }
  }
  for (const each of values.url) {
    const at = each.indexOf("=");
    if (at < 1) throw new Error(`--url NAME=ws://..., not ${each}`);
    brokers.push(brokerElsewhere(each.slice(0, at), each.slice(at + 1)));
  }
  for (const name of brokersWithoutRecipe) skipped.push(`${name} (not started here; run it and give --url)`);
}

async function runOnce(broker: Broker, qos: string, mode: Run["mode"], round: number, rate?: number): Promise<void> {
  const { name, durability } = broker;
  try {
    const measurement = await measure(broker, loadArgs(qos, rate), runTimeoutMs);
    runs.push({ broker: name, durability, qos, mode, round, measurement });
    const { load } = measurement;
    process.stderr.write(
      `round ${round} ${name} QoS ${qos} ${mode}: ${short(load.messagesPerSecond)}/s, p99 ${short(load.latency.p99Ms)} ms${load.complete ? "" : " INCOMPLETE"}\n`,
    );
  } catch (problem) {
    const failure = problem instanceof Error ? problem.message : String(problem);
    runs.push({ broker: name, durability, qos, mode, round, failure });
    process.stderr.write(`round ${round} ${name} QoS ${qos} ${mode}: FAILED: ${failure}\n`);
  }
}

function measured(broker: string, qos: string, mode: Run["mode"]): Measurement[] {
  return runs.flatMap((run) =>
    run.broker === broker && run.qos === qos && run.mode === mode && run.measurement ? [run.measurement] : [],
  );
}

function throughput(broker: string, qos: string): number {
  return median(measured(broker, qos, "full").map(({ load }) => load.messagesPerSecond));
}

function verdict(broker: string, qos: string, mode: Run["mode"]): string {
  const mine = runs.filter((run) => run.broker === broker && run.qos === qos && run.mode === mode);
  const bad = mine.filter((run) => run.measurement?.load.complete !== true).length;
  const unfinished = mine.reduce((sum, run) => sum + (run.measurement?.load.unfinished ?? 0), 0);
  const arrived = bad === 0 ? "all" : `${bad} of ${mine.length} runs NOT`;
  return unfinished === 0 ? arrived : `${arrived}; ${unfinished} PUBREC unanswered`;
}

function report(qualities: readonly string[], mode: Run["mode"]): string {
  const rows: string[][] = [];
  for (const qos of qualities) {
    const aedes = throughput("Aedes", qos);
    for (const { name, durability } of brokers) {
      const mine = measured(name, qos, mode);
      const middle = (pick: (one: Measurement) => number | null | undefined): string =>
        short(median(mine.map((one) => pick(one) ?? Number.NaN)));
      rows.push([
        `QoS ${qos} ${name}`,
        middle(({ load }) => load.messagesPerSecond),
        mode === "full" ? short(throughput(name, qos) / aedes) : "",
        middle(({ load }) => load.latency.p50Ms),
        middle(({ load }) => load.latency.p99Ms),
        middle((one) => one.cpuMicrosecondsPerMessage),
        middle((one) => one.meterPerMessage?.rowsWritten),
        middle((one) => one.meterPerMessage?.objectCalls),
        verdict(name, qos, mode),
        durability,
      ]);
    }
  }
  const head = [
    mode,
    "msg/s",
    "x Aedes",
    "p50 ms",
    "p99 ms",
    "CPU us/msg",
    "rows/msg",
    "calls/msg",
    "arrived",
    "an acknowledged message is",
  ];
  return table(head, rows);
}

async function compare(): Promise<void> {
  const qualities = values.qos.split(",");
  await startAll();
  for (let round = 1; round <= rounds; round += 1) {
    for (const qos of qualities) for (const broker of brokers) await runOnce(broker, qos, "full", round);
  }
  for (let round = 1; values.paced && round <= rounds; round += 1) {
    for (const qos of qualities) {
      for (const broker of brokers) await runOnce(broker, qos, "half load", round, throughput(broker.name, qos) / 2);
    }
  }
  const processor = cpus()[0]?.model ?? "unknown processor";
  process.stdout.write(`\n${report(qualities, "full")}\n`);
  if (values.paced) process.stdout.write(`\n${report(qualities, "half load")}\n`);
  process.stdout.write(
    `\nMedians of ${rounds} interleaved rounds; ${values.publishers} publisher(s), ${values.subscribers} persistent subscriber(s), window ${values.window}, ${values.payload} bytes; ${cpus().length} x ${processor}.\nNot measured: ${skipped.join(", ")}.\n`,
  );
  const folder = fileURLToPath(new URL("results/", import.meta.url));
  await mkdir(folder, { recursive: true });
  const file =
    values.output ?? join(folder, `compare-${new Date().toISOString().slice(0, 19).replaceAll(":", "-")}.json`);
  const machine = { processor, cores: cpus().length, node: process.version };
  await writeFile(file, `${JSON.stringify({ options: values, machine, skipped, runs }, null, 2)}\n`);
  if (runs.some((run) => run.measurement?.load.complete !== true)) process.exitCode = 1;
}

if (values.help) {
  process.stdout.write(`${usage}\n`);
} else {
  try {
    await compare();
  } finally {
    for (const broker of brokers) await broker.stop();
  }
}
