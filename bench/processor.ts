// How much processor time a broker has used.

import type { Broker } from "./brokers/broker.ts";
import { cpuSeconds } from "./brokers/process-tree.ts";

/** Processor time of its processes so far, in seconds. */
export function cpuOf(broker: Broker): number {
  return broker.pids.reduce((sum, pid) => sum + cpuSeconds(pid), 0);
}
