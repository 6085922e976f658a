// `npm run soak`: clients that come and go for a long time, numbered messages of every kind, and at the end a verdict:
// nothing lost, doubled or out of order, and the memory of the runtime and its data on disk flat.

import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { startDurableMq } from "./brokers/durablemq.ts";
import { cpuSeconds } from "./brokers/process-tree.ts";
import { until, untilQuiet } from "./kill/waiting.ts";
import { readPage } from "./meter.ts";
import { flatnessOf, folderSize, residentBytes, tolerance } from "./soak/flatness.ts";
import { added, Population } from "./soak/population.ts";
import { clientsInRoom, Room } from "./soak/room.ts";

const usage = `usage: npm run soak -- [options]
  --minutes N   (30)
  --clients N   at most at a time (2000)
  --rate N      messages published a second (150); each is delivered up to three times
  --every S     seconds between two lines (10)
  --seed N      (1)`;

const { values } = parseArgs({
  options: {
    help: { type: "boolean", default: false },
    minutes: { type: "string", default: "30" },
    clients: { type: "string", default: "2000" },
    rate: { type: "string", default: "150" },
    every: { type: "string", default: "10" },
    seed: { type: "string", default: "1" },
  },
});
if (values.help) {
  console.log(usage);
  process.exit(0);
}

const roomsAtOnce = 25;
const subscribeTimeoutMs = 120_000;
const drainTimeoutMs = 600_000;
const quietMs = 60_000;
const mebibyte = 1_048_576;

const folder = await mkdtemp(join(tmpdir(), "durablemq-soak-"));
const broker = await startDurableMq({ stateDir: folder });
const root = broker.pid as number;
const run = randomBytes(3).toString("hex");
const rooms = Array.from(
  { length: Math.ceil(Number(values.clients) / clientsInRoom) },
  (_unused, number) => new Room({ url: broker.url, version: number % 2 === 0 ? 4 : 5, run, number }),
);
const population = new Population(rooms, Number(values.rate), Number(values.seed));
const samples: { readonly rssBytes: number; readonly diskBytes: number }[] = [];

function line(startMs: number, latest: { messages: number; atMs: number; cpu: number }) {
  const counts = added(rooms.map((room) => room.counts()));
  const messages = counts.published + counts.delivered;
  const atMs = Date.now();
  const cpu = cpuSeconds(root);
  const seconds = Math.max(0.001, (atMs - latest.atMs) / 1_000);
  const rssBytes = residentBytes(root);
  const { bytes: diskBytes, files } = folderSize(folder);
  samples.push({ rssBytes, diskBytes });
  const cells = [
    `${Math.round((atMs - startMs) / 1_000)} s`.padStart(6),
    `workerd ${(rssBytes / mebibyte).toFixed(0)} MiB`,
    `disk ${(diskBytes / mebibyte).toFixed(1)} MiB in ${files} files`,
    `${population.connected} of ${population.present} connected`,
    `${((messages - latest.messages) / seconds).toFixed(0)} messages/s`,
    `cpu ${(((cpu - latest.cpu) / seconds) * 100).toFixed(0)} %`,
    `${population.departures} departures, ${counts.visits} guests, ${counts.wills} wills`,
  ];
  console.log(cells.join("  "));
  Object.assign(latest, { messages, atMs, cpu });
}

try {
  for (let at = 0; at < rooms.length; at += roomsAtOnce) {
    const some = rooms.slice(at, at + roomsAtOnce);
    for (const room of some) room.subscribe();
    await until(
      () => some.every((room) => room.isReady),
      subscribeTimeoutMs,
      () => "no SUBACK",
    );
  }
  const startMs = Date.now();
  const endMs = startMs + Number(values.minutes) * 60_000;
  const latest = { messages: 0, atMs: startMs, cpu: cpuSeconds(root) };
  population.start();
  while (Date.now() < endMs) {
    await new Promise((resolve) => setTimeout(resolve, Number(values.every) * 1_000));
    line(startMs, latest);
  }

  population.stop();
  for (const room of rooms) room.gather();
  await untilQuiet(
    () => rooms.every((room) => room.isComplete),
    () => added(rooms.map((room) => room.counts())).delivered,
    quietMs,
    drainTimeoutMs,
    () => "messages still come",
  );
  const counts = added(rooms.map((room) => room.counts()));
  const faults = added(rooms.map((room) => room.faults()));
  const rss = flatnessOf(samples.map(({ rssBytes }) => rssBytes));
  const disk = flatnessOf(samples.map(({ diskBytes }) => diskBytes));
  const unfinished = rooms.filter((room) => !room.publisher.isIdle).length;
  const drops = (await readPage(broker.metricsUrl ?? ""))
    .split("\n")
    .filter((one) => /^durablemq_(drops|refusals)/.test(one));
  const mebibytes = (bytes: number): string => `${(bytes / mebibyte).toFixed(1)} MiB`;
  console.log(JSON.stringify({ ...counts, departures: population.departures, ...faults, unfinished }));
  console.log(drops.join("\n"));
  for (const [what, { secondQuarter, lastQuarter, isFlat }] of Object.entries({ "memory of workerd": rss, disk })) {
    const words = `median of the second quarter ${mebibytes(secondQuarter)}, of the last ${mebibytes(lastQuarter)}`;
    console.log(`${what}: ${words}: ${isFlat ? "flat" : "GREW"}`);
  }
  const isClean = Object.values(faults).every((count) => count === 0) && unfinished === 0;
  const passed = isClean && rss.isFlat && disk.isFlat;
  console.log(`Flat: at most ${tolerance.share * 100} % and ${mebibytes(tolerance.bytes)} more.`);
  console.log(passed ? "passed" : "FAILED");
  process.exitCode = passed ? 0 : 1;
} finally {
  for (const room of rooms) room.stop();
  population.stop();
  await broker.stop();
  await rm(folder, { recursive: true, force: true });
}
