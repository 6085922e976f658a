// `npm run bench:kill`: what survives when each broker is killed (SIGKILL) several times under all kinds of traffic. The
// same run for every broker; Mosquitto keeps its data on disk here. With --fight nobody is killed: two connections fight
// over one client id.

import { parseArgs } from "node:util";
import { type Broker, NotInstalled } from "./brokers/broker.ts";
import { knownBrokers } from "./brokers/known.ts";
import type { Version } from "./kill/connection.ts";
import { type FightReport, runFight } from "./kill/fight.ts";
import { type KillReport, killDefaults, runWithKills } from "./kill/run.ts";
import { total } from "./kill/verdict.ts";
import { short, table } from "./statistics.ts";

const usage = `usage: npm run bench:kill -- [options]
  --brokers a,b,c   durablemq, aedes, mosquitto (all)
  --kills N         planned; a quarter of them is followed by another at once (${killDefaults.kills})
  --messages N      of each plain stream (${killDefaults.messages})
  --window N        (${killDefaults.window})
  --versions 4,5    3.1.1 and 5.0 (4,5)
  --seed N          decides when the kills come (${killDefaults.seed})
  --runs N          with this seed and those that follow it (1)
  --fight S         instead, a fight over one client id for S seconds, 50 messages of each QoS a second
  --json            the reports as JSON, one a line`;

const { values } = parseArgs({
  options: {
    help: { type: "boolean", default: false },
    brokers: { type: "string", default: "durablemq,aedes,mosquitto" },
    kills: { type: "string", default: String(killDefaults.kills) },
    messages: { type: "string", default: String(killDefaults.messages) },
    window: { type: "string", default: String(killDefaults.window) },
    versions: { type: "string", default: "4,5" },
    seed: { type: "string", default: String(killDefaults.seed) },
    runs: { type: "string", default: "1" },
    fight: { type: "string", default: "0" },
    json: { type: "boolean", default: false },
  },
});

if (values.help) {
  console.log(usage);
  process.exit(0);
}

const fightHead = [
  "broker",
  "MQTT",
  "seconds",
  "connections",
  "owners",
  "acknowledged",
  "lost",
  "QoS 2 twice",
  "out of order",
  "sessions forgotten",
  "verdict",
];

function fightRow(broker: string, { version, seconds, connections, owners, verdict }: FightReport): string[] {
  const { acknowledged, lost, repeatedAtQualityTwo, outOfOrder, sessionsForgotten, passed } = verdict;
  const cells = [seconds, connections, owners, acknowledged, lost, repeatedAtQualityTwo, outOfOrder, sessionsForgotten];
  return [broker, nameOf(version), ...cells.map(short), passed && owners === 1 ? "passed" : "FAILED"];
}

function nameOf(version: Version): string {
  return version === 5 ? "5.0" : "3.1.1";
}

const head = [
  "broker",
  "MQTT",
  "seed",
  "kills",
  "acknowledged",
  "sent again",
  "lost",
  "QoS 2 twice",
  "out of order",
  "group lost",
  "group twice",
  "delayed lost",
  "retained wrong",
  "wills owed",
  "lost",
  "twice",
  "uncalled-for",
  "sessions forgotten",
  "verdict",
];

function row(broker: string, { seed, version, kills, resent, features, verdict }: KillReport): string[] {
  const { wills, retained } = verdict;
  const sum = (isOf: (audience: string, stream: string) => boolean, what: "lost" | "repeated"): number =>
    total(verdict.streams, (one) =>
      isOf(one.audience, one.stream) && (what === "lost" || one.quality === 2) ? one[what] : 0,
    );
  const isDelayed = (stream: string): boolean => stream.startsWith("delayed");
  const ofGroup = (audience: string): boolean => audience === "group";
  const cells = [
    verdict.acknowledged,
    resent,
    sum((audience, stream) => !ofGroup(audience) && !isDelayed(stream), "lost"),
    sum((audience) => !ofGroup(audience), "repeated"),
    verdict.outOfOrder,
    features.shared ? sum(ofGroup, "lost") : undefined,
    features.shared ? sum(ofGroup, "repeated") : undefined,
    features.delayed ? sum((audience, stream) => !ofGroup(audience) && isDelayed(stream), "lost") : undefined,
    retained.wrong,
    wills.owed,
    wills.lost,
    wills.repeated,
    wills.uncalledFor,
    verdict.sessionsForgotten,
  ];
  const named = [broker, nameOf(version), String(seed), String(kills)];
  return [
    ...named,
    ...cells.map((cell) => (cell === undefined ? "n/a" : short(cell))),
    verdict.passed ? "passed" : "FAILED",
  ];
}

const fightSeconds = Number(values.fight);
const fightMessagesPerSecond = 50;
const rows: string[][] = [];
const fightRows: string[][] = [];
for (const name of values.brokers.split(",")) {
  const start = knownBrokers.get(name);
  if (start === undefined) throw new Error(`unknown broker ${name}`);
  let broker: Broker | undefined;
  try {
    broker = await start({ persistent: true });
    for (const version of values.versions.split(",").map(Number) as Version[]) {
      if (version === 5 && !broker.features.versionFive) {
        process.stderr.write(`${broker.name} does not speak MQTT 5.0\n`);
        continue;
      }
      if (fightSeconds > 0) {
        const fight = { version, seconds: fightSeconds, messagesPerSecond: fightMessagesPerSecond };
        const report = await runFight(broker.url, fight);
        if (values.json) process.stdout.write(`${JSON.stringify({ broker: broker.name, ...report })}\n`);
        fightRows.push(fightRow(broker.name, report));
        if (name === "durablemq" && !(report.verdict.passed && report.owners === 1)) process.exitCode = 1;
        continue;
      }
      for (let run = 0; run < Number(values.runs); run += 1) {
        const report = await runWithKills(broker, {
          kills: Number(values.kills),
          messages: Number(values.messages),
          window: Number(values.window),
          version,
          seed: Number(values.seed) + run,
        });
        if (values.json) process.stdout.write(`${JSON.stringify({ broker: broker.name, ...report })}\n`);
        rows.push(row(broker.name, report));
        if (name === "durablemq" && !report.verdict.passed) process.exitCode = 1;
      }
    }
  } catch (problem) {
    if (!(problem instanceof NotInstalled)) throw problem;
    process.stderr.write(`${name} is skipped: ${problem.message}\n`);
  } finally {
    await broker?.stop();
  }
}
if (fightSeconds > 0) process.stdout.write(`${table(fightHead, fightRows)}\n`);
else {
  process.stdout.write(`${table(head, rows)}\n`);
  process.stdout.write(
    "\nMessages are owed to a persistent consumer that is online and to one that is away, which are added up here, and to a group\nthat shares a subscription; delayed ones likewise. n/a: the broker has no such thing.\n",
  );
}
