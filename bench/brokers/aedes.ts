// Starts Aedes, in memory, as a child process.

import { fileURLToPath } from "node:url";
import type { Broker, BrokerOptions } from "./broker.ts";
import { freePort, ManagedProcess } from "./managed-process.ts";
import { startedBroker } from "./started-broker.ts";
import { stateFolder } from "./temporary-folder.ts";

export async function startAedes(options: BrokerOptions = {}): Promise<Broker> {
  const port = options.port ?? (await freePort());
  const server = new ManagedProcess({
    command: process.execPath,
    args: [fileURLToPath(new URL("aedes-server.ts", import.meta.url))],
    env: { ...options.env, PORT: String(port) },
    readyTimeoutMs: 15_000,
    onOutput: options.onOutput,
    isReady: (output) => output.includes("ready"),
  });
  return startedBroker({
    name: "Aedes",
    features: { shared: false, delayed: false, versionFive: false },
    url: `ws://127.0.0.1:${port}/mqtt`,
    durability: "memory only",
    process: server,
    folder: await stateFolder("aedes", options.stateDir),
  });
}
