// Idle connections to one broker on this machine, as they become more: how fast they are made, and what each takes in memory.

import { readFileSync } from "node:fs";
import type { Broker } from "../brokers/broker.ts";
import { startDurableMq } from "../brokers/durablemq.ts";
import { processTree } from "../brokers/process-tree.ts";
import { connectPacket, packetType } from "../load/packets.ts";
import { Wire } from "../load/wire.ts";
import { cpuOf } from "../processor.ts";
import { type Curve, type Point, type Progress, sizesUpTo } from "./curve.ts";

const atOnce = 50;

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

/** As far as the machine goes: the curve ends where a connection is refused. */
export async function connectionsCurve(largest: number, progress: Progress): Promise<Curve> {
  const broker = await startDurableMq();
  const wires: Wire[] = [];
  const points: Point[] = [];
  try {
    const before = memoryOf(broker);
    for (const size of sizesUpTo(largest)) {
      progress(`connections ${size.toLocaleString("en-US")}`);
      const begun = wires.length;
      const cpuBefore = cpuOf(broker);
      const startMs = performance.now();
      while (wires.length < size) {
        const count = Math.min(atOnce, size - wires.length);
        const group = Array.from({ length: count }, (_unused, at) => connect(broker, `scale-${wires.length + at}`));
        wires.push(...(await Promise.all(group)));
      }
      const made = size - begun;
      const rate = (made * 1000) / (performance.now() - startMs);
      const cpu = ((cpuOf(broker) - cpuBefore) * 1000) / made;
      points.push({ size, values: { memory: ((memoryOf(broker) - before) * 1000) / size, rate, cpu } });
    }
  } catch (problem) {
    progress(`connections: ended at ${wires.length}: ${problem instanceof Error ? problem.message : problem}`);
  } finally {
    for (const wire of wires) wire.destroy();
    await broker.stop();
  }
  return {
    name: "idle connections",
    of: "clients connected",
    units: { memory: "kB each", rate: "connections a second", cpu: "ms of processor time each" },
    points,
  };
}
