// Runs the load generator as a process of its own against a broker, and reads the broker's processor time and counters
// exactly around the measured part.

import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { Broker } from "./brokers/broker.ts";
import type { LoadResult } from "./load/run.ts";
import { type Meter, perMessage, settledMeter } from "./meter.ts";
import { cpuOf } from "./processor.ts";

export interface Measurement {
  readonly load: LoadResult;
  /** Processor time of the broker's processes for one message, in microseconds. */
  readonly cpuMicrosecondsPerMessage: number | null;
  readonly meterPerMessage: Meter | null;
}

const main = fileURLToPath(new URL("load/main.ts", import.meta.url));

export async function measure(broker: Broker, args: readonly string[], timeoutMs: number): Promise<Measurement> {
  const child = spawn(process.execPath, [main, "--url", broker.url, "--step", ...args], {
    stdio: ["pipe", "pipe", "pipe"],
  });
  let complaint = "";
  child.stderr.on("data", (piece: Buffer) => {
    complaint = (complaint + piece.toString("utf8")).slice(-4_000);
  });
  const ended = new Promise<void>((resolve) => child.once("close", () => resolve()));
  const timer = setTimeout(() => child.kill("SIGKILL"), timeoutMs);
  let meterBefore: Meter | undefined;
  let meterAfter: Meter | undefined;
  let cpuBefore = 0;
  let cpuAfter = 0;
  let load: LoadResult | undefined;
  try {
    for await (const line of createInterface({ input: child.stdout })) {
      const message = JSON.parse(line) as { step?: string };
      if (message.step === "ready") {
        meterBefore = await settledMeter(broker.metricsUrl);
        cpuBefore = cpuOf(broker);
        child.stdin.write("go\n");
      } else if (message.step === "measured") {
        cpuAfter = cpuOf(broker);
        meterAfter = await settledMeter(broker.metricsUrl);
        child.stdin.write("go\n");
      } else {
        load = message as unknown as LoadResult;
      }
    }
    await ended;
  } finally {
    clearTimeout(timer);
    if (child.exitCode === null) child.kill("SIGKILL");
  }
  if (load === undefined)
    throw new Error(`the load generator gave no result: ${complaint.trim() || "it took too long"}`);
  return {
    load,
    cpuMicrosecondsPerMessage: broker.pids.length === 0 ? null : ((cpuAfter - cpuBefore) * 1e6) / load.messages,
    meterPerMessage: meterBefore && meterAfter ? perMessage(meterBefore, meterAfter, load.messages) : null,
  };
}
