// `npm run bench`: this broker and its peers side by side on this machine. Every broker is started fresh, the runs are
// interleaved round by round so that a busy moment of the machine hits all alike, and the medians are printed.

import { mkdir, writeFile } from "node:fs/promises";
import { cpus, loadavg } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { type Broker, NotInstalled } from "./brokers/broker.ts";
import { queueLimitsOff } from "./brokers/durablemq.ts";
import { brokerElsewhere } from "./brokers/elsewhere.ts";
import { brokersWithoutRecipe, knownBrokers } from "./brokers/known.ts";
import { type Measurement, measure } from "./generator.ts";
import { median, short, table } from "./statistics.ts";

const usage = `usage: npm run bench -- [options]
  --qos 0,1,2            qualities of service to measure (0,1,2)
  --workloads a,b        stream (1 to 1), fan-out (1 to 1,000), fan-in (1,000 to 1), the last two at QoS 1 (all)
  --brokers a,b,c        durablemq, aedes, aedes-level, aedes-redis, mosquitto, nats, rabbitmq (all)
  --url NAME=ws://...    also measure a broker that runs already; may be given several times
  --rounds N             (3)
  --seconds S            length of each run (4)
  --messages N           a number of messages instead
  --window N             of the stream (256)
  --wide-window N        of each publisher of the fan-out and the fan-in (64)
  --publishers N         of the stream (1)
  --subscribers N        of the stream (1)
  --payload BYTES        (100)
  --version 4|5          (4)
  --spread               a topic prefix per publisher
  --paced                also measure the stream's latency at half the throughput just found
  --output FILE          where the JSON goes (bench/results/compare-<time>.json)`;

const { values } = parseArgs({
  options: {
    help: { type: "boolean", default: false },
    qos: { type: "string", default: "0,1,2" },
    workloads: { type: "string", default: "stream,fan-out,fan-in" },
    brokers: { type: "string", default: [...knownBrokers.keys()].join(",") },
    url: { type: "string", multiple: true, default: [] },
    rounds: { type: "string", default: "3" },
    seconds: { type: "string", default: "4" },
    messages: { type: "string" },
    window: { type: "string", default: "256" },
    "wide-window": { type: "string", default: "64" },
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

interface Workload {
  readonly name: string;
  readonly args: readonly string[];
  readonly subscribers: number;
  readonly qualities: readonly string[];
}

const wideWindow = values["wide-window"];
const wide = ["--window", wideWindow, "--warmup", wideWindow];
const workloads: readonly Workload[] = [
  {
    name: "stream",
    args: ["--window", values.window, "--warmup", values.warmup].concat(
      ["--publishers", values.publishers, "--subscribers", values.subscribers],
      values.spread ? ["--spread"] : [],
    ),
    subscribers: Number(values.subscribers),
    qualities: values.qos.split(","),
  },
  { name: "fan-out", args: ["--subscribers", "1000", ...wide], subscribers: 1000, qualities: ["1"] },
  { name: "fan-in", args: ["--publishers", "1000", ...wide], subscribers: 1, qualities: ["1"] },
].filter(({ name }) => values.workloads.split(",").includes(name));

const rounds = Math.min(100, Math.max(1, Number(values.rounds) || 1));
const runTimeoutMs = 240_000;

interface Run {
  readonly broker: string;
  readonly durability: string;
  readonly workload: string;
  readonly qos: string;
  readonly mode: "full" | "half load";
  readonly round: number;
  readonly measurement?: Measurement;
  readonly failure?: string;
}

const brokers: Broker[] = [];
const skipped: string[] = [];
const runs: Run[] = [];

function loadArgs(workload: Workload, qos: string, rate: number | undefined): string[] {
  const args = ["--qos", qos, "--payload", values.payload, "--version", values.version, ...workload.args];
  if (values.messages === undefined) args.push("--seconds", values.seconds);
  else args.push("--messages", values.messages);
  if (rate !== undefined) args.push("--rate", String(Math.max(1, Math.floor(rate))));
  return args;
}

async function startAll(): Promise<void> {
  for (const name of values.brokers.split(",").filter((each) => each !== "")) {
    const start = knownBrokers.get(name);
    if (start === undefined) throw new Error(`unknown broker ${name}\n${usage}`);
    try {
      brokers.push(await start({ env: queueLimitsOff }));
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

interface Case {
  readonly broker: Broker;
  readonly workload: Workload;
  readonly qos: string;
  readonly mode: Run["mode"];
}

function grants({ features }: Broker, qos: string): boolean {
  return features.qualities.some((quality) => `${quality}` === qos);
}

async function runOnce({ broker, workload, qos, mode }: Case, round: number, rate?: number): Promise<void> {
  const { name, durability } = broker;
  const run = { broker: name, durability, workload: workload.name, qos, mode, round };
  const what = `round ${round}/${rounds} ${workload.name} QoS ${qos} ${mode} ${name}`;
  try {
    const measurement = await measure(broker, loadArgs(workload, qos, rate), runTimeoutMs);
    runs.push({ ...run, measurement });
    const { load } = measurement;
    process.stderr.write(
      `${what}: ${short(load.deliveriesPerSecond)} deliveries/s, p99 ${short(load.latency.p99Ms)} ms${load.complete ? "" : " INCOMPLETE"}\n`,
    );
  } catch (problem) {
    const failure = problem instanceof Error ? problem.message : String(problem);
    runs.push({ ...run, failure });
    process.stderr.write(`${what}: FAILED: ${failure}\n`);
  }
}

function runsOf({ broker, workload, qos, mode }: Case): Run[] {
  return runs.filter(
    (run) => run.broker === broker.name && run.workload === workload.name && run.qos === qos && run.mode === mode,
  );
}

function measured(one: Case): Measurement[] {
  return runsOf(one).flatMap(({ measurement }) => measurement ?? []);
}

function throughput(one: Case): number {
  return median(measured({ ...one, mode: "full" }).map(({ load }) => load.deliveriesPerSecond));
}

function verdict(one: Case): string {
  const mine = runsOf(one);
  const bad = mine.filter((run) => run.measurement?.load.complete !== true).length;
  const unfinished = mine.reduce((sum, run) => sum + (run.measurement?.load.unfinished ?? 0), 0);
  const arrived = bad === 0 ? "all" : `${bad} of ${mine.length} runs NOT`;
  return unfinished === 0 ? arrived : `${arrived}; ${unfinished} PUBREC unanswered`;
}

const head = [
  "",
  "deliveries/s",
  "x Aedes",
  "p50 ms",
  "p99 ms",
  "CPU us each",
  "rows each",
  "calls each",
  "arrived",
  "an acknowledged message is",
];

function report(workload: Workload, mode: Run["mode"]): string {
  const rows: string[][] = [];
  const aedes = brokers.find(({ name }) => name === "Aedes");
  for (const qos of workload.qualities) {
    for (const broker of brokers.filter((each) => grants(each, qos))) {
      const one = { broker, workload, qos, mode };
      const mine = measured(one);
      const middle = (pick: (one: Measurement) => number | null | undefined, share = 1): string =>
        short(median(mine.map((each) => (pick(each) ?? Number.NaN) / share)));
      rows.push([
        `QoS ${qos} ${broker.name}`,
        middle(({ load }) => load.deliveriesPerSecond),
        mode === "full" && aedes !== undefined ? short(throughput(one) / throughput({ ...one, broker: aedes })) : "",
        middle(({ load }) => load.latency.p50Ms),
        middle(({ load }) => load.latency.p99Ms),
        middle((each) => each.cpuMicrosecondsPerMessage, workload.subscribers),
        middle((each) => each.meterPerMessage?.rowsWritten, workload.subscribers),
        middle((each) => each.meterPerMessage?.objectCalls, workload.subscribers),
        verdict(one),
        broker.durability,
      ]);
    }
  }
  return `${workload.name}, ${mode}\n${table(head, rows)}`;
}

async function compare(): Promise<void> {
  await startAll();
  const reports: string[] = [];
  for (const workload of workloads) {
    for (const mode of workload.name === "stream" && values.paced
      ? (["full", "half load"] as const)
      : (["full"] as const)) {
      for (let round = 1; round <= rounds; round += 1) {
        for (const qos of workload.qualities) {
          for (const broker of brokers.filter((each) => grants(each, qos))) {
            const one = { broker, workload, qos, mode };
            const half = throughput(one) / workload.subscribers / 2;
            await runOnce(one, round, mode === "full" ? undefined : half);
          }
        }
      }
      reports.push(report(workload, mode));
    }
  }
  const processor = cpus()[0]?.model ?? "unknown processor";
  process.stdout.write(`\n${reports.join("\n\n")}\n`);
  process.stdout.write(
    `\nMedians of ${rounds} interleaved rounds of ${values.seconds} s, ${values.payload} bytes, persistent subscribers; ${cpus().length} x ${processor}, load average ${loadavg().map(short).join(" ")}.\nNot measured: ${skipped.join(", ")}.\n`,
  );
  const folder = fileURLToPath(new URL("results/", import.meta.url));
  await mkdir(folder, { recursive: true });
  const file =
    values.output ?? join(folder, `compare-${new Date().toISOString().slice(0, 19).replaceAll(":", "-")}.json`);
  const machine = { processor, cores: cpus().length, node: process.version, loadAverage: loadavg() };
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
