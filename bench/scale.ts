// `npm run bench:scale`: how the cost of one operation changes as the work grows. Prints the curves, writes them as JSON
// and as a picture. The shard's and the session's are taken of their own code on databases on disk in this process, those of
// sleeping sessions and of connections of a broker that runs.

import { mkdir, writeFile } from "node:fs/promises";
import { cpus, loadavg } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { backlogCurve } from "./scale/backlog.ts";
import { connectionsCurve } from "./scale/connections.ts";
import type { Curve, Progress } from "./scale/curve.ts";
import { fanOutCurve } from "./scale/fan-out.ts";
import { listingCurve } from "./scale/listing.ts";
import { picture } from "./scale/picture.ts";
import { sessionsCurve } from "./scale/sessions.ts";
import { retainedCurve, routesCurves } from "./scale/shard.ts";
import { short, table } from "./statistics.ts";

const usage = `usage: npm run bench:scale -- [options]
  --curves a,b       routes, retained, backlog, listing, fan-out, sessions, connections (all)
  --largest N        of routes, retained messages, waiting messages and sessions (1000000)
  --sessions N       that sleep and get a message (5000)
  --connections N    (20000)
  --output FOLDER    (bench/results)`;

const { values } = parseArgs({
  options: {
    help: { type: "boolean", default: false },
    curves: { type: "string", default: "routes,retained,backlog,listing,fan-out,sessions,connections" },
    largest: { type: "string", default: "1000000" },
    sessions: { type: "string", default: "5000" },
    connections: { type: "string", default: "20000" },
    output: { type: "string" },
  },
});

const startMs = performance.now();
const progress: Progress = (text) => {
  process.stderr.write(`${((performance.now() - startMs) / 1000).toFixed(0)} s: ${text}\n`);
};

async function run(): Promise<void> {
  const largest = Math.max(100, Number(values.largest) || 0);
  const wanted = values.curves.split(",");
  const curves: Curve[] = [];
  if (wanted.includes("routes")) curves.push(...routesCurves(largest, progress));
  if (wanted.includes("retained")) curves.push(retainedCurve(largest, progress));
  if (wanted.includes("backlog")) curves.push(backlogCurve(largest, progress));
  if (wanted.includes("listing")) curves.push(await listingCurve(largest, progress));
  if (wanted.includes("fan-out")) curves.push(await fanOutCurve(progress));
  if (wanted.includes("sessions")) curves.push(await sessionsCurve(Number(values.sessions), progress));
  if (wanted.includes("connections")) curves.push(await connectionsCurve(Number(values.connections), progress));
  for (const { name, of, units, points } of curves) {
    const rows = points.map(({ size, values }) => [
      size.toLocaleString("en-US"),
      ...Object.keys(units).map((value) => short(values[value])),
    ]);
    process.stdout.write(`\n${name}\n${table([of, ...Object.values(units)], rows)}\n`);
  }
  const folder = values.output ?? fileURLToPath(new URL("results/", import.meta.url));
  await mkdir(folder, { recursive: true });
  const machine = { processor: cpus()[0]?.model, cores: cpus().length, loadAverage: loadavg(), node: process.version };
  await writeFile(join(folder, "scale.json"), `${JSON.stringify({ machine, curves }, null, 2)}\n`);
  await writeFile(join(folder, "scale.svg"), picture(curves));
}

if (values.help) process.stdout.write(`${usage}\n`);
else await run();
