// Idle connections to one broker on this machine, as they become more: how fast they are made, and what each takes in memory
// when its session sleeps. Sessions that are awake have files open, of which a process may have so many: before each group it
// is waited for room, and the time of that does not count.

import { readFileSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import type { Broker } from "../brokers/broker.ts";
import { startDurableMq } from "../brokers/durablemq.ts";
import { filesLeft, processTree } from "../brokers/process-tree.ts";
import { connectPacket, packetType } from "../load/packets.ts";
import { Wire } from "../load/wire.ts";
import { cpuOf } from "../processor.ts";
import { type Curve, type Point, type Progress, sizesUpTo } from "./curve.ts";

const atOnce = 50;
const sizes = [10, 100, 1_000, 2_500, 5_000, 7_500, 10_000, 15_000];
/** Of a connection whose session is awake: two of its socket, three of its database. */
const filesEach = 5;
const filesSpare = 50;
/** A session sleeps after ten seconds. */
const asleepMs = 15_000;
const lookEveryMs = 250;

async function roomFor(broker: Broker, count: number): Promise<void> {
  const needed = count * filesEach + filesSpare;
  const left = () => Math.min(...broker.pids.map(filesLeft));
  for (let waitedMs = 0; left() < needed; waitedMs += lookEveryMs) {
    if (waitedMs > asleepMs) throw new Error("the runtime may open no more files, of which each connection takes two");
    await pause(lookEveryMs);
  }
}

async function connect(broker: Broker, clientId: string): Promise<Wire> {
  let accept = () => {};
  const accepted = new Promise<void>((resolve, reject) => {
    accept = resolve;
    setTimeout(reject, 30_000, new Error("no CONNACK within 30 s")).unref();
  });
  const wire = await Wire.open(broker.url, {
    packet: (firstByte) => firstByte >> 4 === packetType.connack && accept(),
    closed: () => {},
  });
  wire.sendPacket(connectPacket({ version: 4, clientId, clean: true }));
  await accepted;
  return wire;
}

/** Resident memory of the broker's processes, in MB. */
function memoryOf(broker: Broker): number {
  return broker.pids
    .flatMap((pid) => processTree(pid))
    .reduce((sum, pid) => {
      const resident = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
      return sum + Number(resident ?? 0) / 1000;
    }, 0);
}

/** As far as the machine goes: the curve ends where there is no room for more, or a connection is refused. */
export async function connectionsCurve(largest: number, progress: Progress): Promise<Curve> {
  const broker = await startDurableMq();
  const wires: Wire[] = [];
  const points: Point[] = [];
  try {
    // Starting takes memory too, which is given back.
    await pause(asleepMs);
    const before = memoryOf(broker);
    let isAtEnd = false;
    for (const size of sizesUpTo(largest, sizes)) {
      progress(`connections ${size.toLocaleString("en-US")}`);
      const begun = wires.length;
      const cpuBefore = cpuOf(broker);
      let connectingMs = 0;
      try {
        while (wires.length < size) {
          const count = Math.min(atOnce, size - wires.length);
          await roomFor(broker, count);
          const startMs = performance.now();
          const group = Array.from({ length: count }, (_unused, at) => connect(broker, `scale-${wires.length + at}`));
          wires.push(...(await Promise.all(group)));
          connectingMs += performance.now() - startMs;
        }
      } catch (problem) {
        progress(`connections: ended at ${wires.length}: ${problem instanceof Error ? problem.message : problem}`);
        isAtEnd = true;
      }
      const made = wires.length - begun;
      if (made === 0) break;
      await pause(asleepMs);
      const memory = ((memoryOf(broker) - before) * 1000) / wires.length;
      const cpu = ((cpuOf(broker) - cpuBefore) * 1000) / made;
      points.push({ size: wires.length, values: { memory, rate: (made * 1000) / connectingMs, cpu } });
      if (isAtEnd) break;
    }
  } finally {
    for (const wire of wires) wire.destroy();
    await broker.stop();
  }
  return {
    name: "idle connections",
    of: "clients connected",
    units: { memory: "kB each, asleep", rate: "connections a second", cpu: "ms of processor time each" },
    points,
  };
}
