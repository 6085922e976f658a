// Starts this repository's broker with the command that `npm start` runs.

import { fileURLToPath } from "node:url";
import type { Broker, BrokerOptions } from "./broker.ts";
import { freePort, ManagedProcess } from "./managed-process.ts";
import { startedBroker } from "./started-broker.ts";
import { stateFolder } from "./temporary-folder.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const readyTimeoutMs = 90_000;

/** Other brokers are compared without limits to their queues, and so is this one: publishers outrun a subscriber. */
export const queueLimitsOff = { QUEUE_MESSAGES_MAX: "10000000", QUEUE_BYTES_MAX: "5000000000" };

export async function startDurableMq(options: BrokerOptions = {}): Promise<Broker> {
  const folder = await stateFolder("durablemq", options.stateDir);
  const port = options.port ?? (await freePort());
  const process_ = new ManagedProcess({
    command: process.execPath,
    args: ["scripts/start.mjs"],
    cwd: root,
    env: { npm_lifecycle_event: undefined, ...options.env, PORT: String(port), STATE_DIR: folder.path },
    readyTimeoutMs,
    onOutput: options.onOutput,
    isReady: (output) => /\bready\b/.test(output),
  });
  return startedBroker({
    name: "DurableMQ",
    features: { shared: true, delayed: true, versionFive: true, qualities: [0, 1, 2] },
    url: `ws://127.0.0.1:${port}/mqtt`,
    metricsUrl: `http://127.0.0.1:${port}/metrics`,
    durability: "durable before the acknowledgement",
    process: process_,
    folder,
  });
}
