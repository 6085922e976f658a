// One message to more and more sessions that sleep, on a broker that runs: each has to wake, and to write it down for a client that
// is away. Sessions have files open while they are awake, of which a process may have so many; what finds none left is owed, and
// delivered when others sleep again.

import { randomBytes } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import mqtt from "mqtt";
import type { Broker } from "../brokers/broker.ts";
import { startDurableMq } from "../brokers/durablemq.ts";
import { counterIn, emptyMeter, perMessage, readPage, settledMeter } from "../meter.ts";
import { cpuOf } from "../processor.ts";
import { type Curve, type Point, type Progress, sizesUpTo } from "./curve.ts";

const sizes = [100, 1_000, 5_000];
const provisionedAtOnce = 1_000;
const payload = Buffer.alloc(100, "x");
/** Until those that were just made sleep. */
const asleepMs = 25_000;
const lookEveryMs = 250;
const deliveredMsMax = 20 * 60_000;

async function provision(broker: Broker, adminKey: string, count: number, progress: Progress): Promise<void> {
  const address = new URL("/api/v1/sessions", broker.url.replace(/^ws/, "http"));
  const subscriptions = [{ filter: topicFor(count), qos: 1 }];
  for (let made = 0; made < count; ) {
    const length = Math.min(provisionedAtOnce, count - made);
    const body = Array.from({ length }, (_unused, at) => ({ clientId: `away-${count}-${made + at}`, subscriptions }));
    const headers = { Authorization: `Bearer ${adminKey}`, "Content-Type": "application/json" };
    const answer = await fetch(address, { method: "POST", headers, body: JSON.stringify(body) });
    const outcomes = (await answer.text()).trimEnd().split("\n");
    const failed = outcomes.find((line) => (JSON.parse(line) as { status: number }).status !== 200);
    if (!answer.ok || failed !== undefined) throw new Error(`sessions could not be made: ${failed ?? answer.status}`);
    made += length;
    if (made % 10_000 === 0) progress(`sessions that sleep, made ${made.toLocaleString("en-US")}`);
  }
}

function topicFor(count: number): string {
  return `scale/away-${count}`;
}

/** How often a session has put a message into its queue. While the runtime has no file left it takes no connection either. */
async function stored(broker: Broker): Promise<number | undefined> {
  try {
    return counterIn(await readPage(broker.metricsUrl as string), "durablemq_queue_depth_count") ?? 0;
  } catch {
    return undefined;
  }
}

async function measureAt(broker: Broker, size: number): Promise<Point> {
  const client = await mqtt.connectAsync(broker.url, { protocolVersion: 5, reconnectPeriod: 0 });
  const [meterBefore, cpuBefore, storedBefore] = [
    await settledMeter(broker.metricsUrl),
    cpuOf(broker),
    await stored(broker),
  ];
  const startMs = performance.now();
  await client.publishAsync(topicFor(size), payload, { qos: 1 });
  const answeredMs = performance.now() - startMs;
  const wanted = (storedBefore ?? 0) + size;
  let deliveredMs = answeredMs;
  for (let now = await stored(broker); now === undefined || now < wanted; now = await stored(broker)) {
    deliveredMs = performance.now() - startMs;
    if (deliveredMs > deliveredMsMax)
      throw new Error(`of ${wanted} messages ${now} are stored after ${deliveredMsMax} ms`);
    await pause(lookEveryMs);
  }
  await client.endAsync();
  const meter = perMessage(meterBefore ?? emptyMeter, (await settledMeter(broker.metricsUrl)) ?? emptyMeter, size);
  const cpu = ((cpuOf(broker) - cpuBefore) * 1000) / size;
  return { size, values: { answeredMs, deliveredMs, cpu, rows: meter.rowsWritten, calls: meter.objectCalls } };
}

export async function sessionsCurve(largest: number, progress: Progress): Promise<Curve> {
  const adminKey = randomBytes(24).toString("hex");
  const broker = await startDurableMq({ env: { ADMIN_KEY: adminKey } });
  const points: Point[] = [];
  try {
    for (const size of sizesUpTo(largest, sizes)) {
      progress(`sessions that sleep, ${size.toLocaleString("en-US")}`);
      await provision(broker, adminKey, size, progress);
      await pause(asleepMs);
      points.push(await measureAt(broker, size));
    }
  } finally {
    await broker.stop();
  }
  return {
    name: "one message to many sessions that sleep, a whole broker",
    of: "sessions",
    units: {
      answeredMs: "ms until PUBACK",
      deliveredMs: "ms until all have it",
      cpu: "ms of processor time each",
      rows: "rows each",
      calls: "calls each",
    },
    points,
  };
}
