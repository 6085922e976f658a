// `npm run bench:kill`: what acknowledged messages survive when each broker is killed (SIGKILL) several times while QoS 1
// and QoS 2 flow. The same run for every broker; Mosquitto keeps its data on disk here.

import { parseArgs } from "node:util";
import { type Broker, NotInstalled } from "./brokers/broker.ts";
import { knownBrokers } from "./brokers/known.ts";
import type { Version } from "./kill/connection.ts";
import { type KillReport, killDefaults, runWithKills } from "./kill/run.ts";
import { short, table } from "./statistics.ts";

const usage = `usage: npm run bench:kill -- [options]
  --brokers a,b,c   durablemq, aedes, mosquitto (all)
  --kills N         (${killDefaults.kills})
  --messages N      for each QoS (${killDefaults.messages})
  --window N        (${killDefaults.window})
  --version 4|5     (${killDefaults.version})
  --seed N          decides when the kills come (${killDefaults.seed})
  --json            the reports as JSON`;

const { values } = parseArgs({
  options: {
    help: { type: "boolean", default: false },
    brokers: { type: "string", default: [...knownBrokers.keys()].join(",") },
    kills: { type: "string", default: String(killDefaults.kills) },
    messages: { type: "string", default: String(killDefaults.messages) },
    window: { type: "string", default: String(killDefaults.window) },
    version: { type: "string", default: String(killDefaults.version) },
    seed: { type: "string", default: String(killDefaults.seed) },
    json: { type: "boolean", default: false },
  },
});

if (values.help) {
  console.log(usage);
  process.exit(0);
}

function row(broker: Broker, { verdict, resent }: KillReport): string[] {
  const counts = [verdict.acknowledged, resent, verdict.lost, verdict.repeatedAtQualityTwo, verdict.outOfOrder];
  return [broker.name, ...counts.map(short), short(verdict.sessionsForgotten), verdict.passed ? "passed" : "FAILED"];
}

const rows: string[][] = [];
for (const name of values.brokers.split(",")) {
  const start = knownBrokers.get(name);
  if (start === undefined) throw new Error(`unknown broker ${name}`);
  let broker: Broker | undefined;
  try {
    broker = await start({ persistent: true });
    const report = await runWithKills(broker, {
      kills: Number(values.kills),
      messages: Number(values.messages),
      window: Number(values.window),
      version: Number(values.version) as Version,
      seed: Number(values.seed),
    });
    if (values.json) process.stdout.write(`${JSON.stringify({ broker: broker.name, ...report })}\n`);
    rows.push(row(broker, report));
    if (name === "durablemq" && !report.verdict.passed) process.exitCode = 1;
  } catch (problem) {
    if (!(problem instanceof NotInstalled)) throw problem;
    process.stderr.write(`${name} is skipped: ${problem.message}\n`);
  } finally {
    await broker?.stop();
  }
}
const head = [
  "broker",
  "acknowledged",
  "sent again",
  "lost",
  "QoS 2 twice",
  "out of order",
  "sessions forgotten",
  "verdict",
];
process.stdout.write(`${table(head, rows)}\n`);
process.stdout.write(
  `\nEvery message is owed to two persistent consumers, one online and one away: "lost" counts both. Seed ${values.seed}, ${values.kills} kills, ${values.messages} messages of each QoS.\n`,
);
