// Starts NATS with JetStream on disk and its MQTT gateway over WebSocket, when it is installed.

import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Broker, BrokerOptions } from "./broker.ts";
import { answers, needCommand } from "./installed.ts";
import { freePort, ManagedProcess } from "./managed-process.ts";
import { startedBroker } from "./started-broker.ts";
import { stateFolder } from "./temporary-folder.ts";

export async function startNats(options: BrokerOptions = {}): Promise<Broker> {
  needCommand("nats-server");
  const folder = await stateFolder("nats", options.stateDir);
  const port = options.port ?? (await freePort());
  const lines = [
    `listen: "127.0.0.1:${await freePort()}"`,
    "server_name: bench",
    `jetstream { store_dir: "${folder.path}" }`,
    `websocket { listen: "127.0.0.1:${port}", no_tls: true }`,
    `mqtt { listen: "127.0.0.1:${await freePort()}" }`,
  ];
  const file = join(folder.path, "nats.conf");
  await writeFile(file, `${lines.join("\n")}\n`);
  const server = new ManagedProcess({
    command: "nats-server",
    args: ["-c", file],
    env: { ...options.env },
    readyTimeoutMs: 15_000,
    onOutput: options.onOutput,
    isReady: () => answers(port),
  });
  return startedBroker({
    name: "NATS",
    // 2.9, which Debian has, takes no QoS 2.
    features: { shared: false, delayed: false, versionFive: false, qualities: [0, 1] },
    url: `ws://127.0.0.1:${port}/mqtt`,
    durability: "written, not synced",
    process: server,
    folder,
  });
}
