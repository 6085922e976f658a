// Starts Mosquitto with its limits off, when it is installed.

import { chmod, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Broker, BrokerOptions } from "./broker.ts";
import { answers, needCommand } from "./installed.ts";
import { freePort, ManagedProcess } from "./managed-process.ts";
import { startedBroker } from "./started-broker.ts";
import { stateFolder } from "./temporary-folder.ts";

export async function startMosquitto(options: BrokerOptions = {}): Promise<Broker> {
  needCommand("mosquitto");
  const folder = await stateFolder("mosquitto", options.stateDir);
  const port = options.port ?? (await freePort());
  // Started by root it becomes another user, who must be able to write here.
  await chmod(folder.path, 0o777);
  const lines = [
    // 2.0.11 refuses to start with nothing but a WebSocket listener.
    `listener ${await freePort()} 127.0.0.1`,
    `listener ${port} 127.0.0.1`,
    // Without this its WebSocket listener ignores the address and takes connections from everywhere.
    "socket_domain ipv4",
    "protocol websockets",
    "allow_anonymous true",
    "max_queued_messages 0",
    "max_inflight_messages 0",
    "log_dest stderr",
    "log_type error",
    `persistence ${options.persistent === true}`,
    `persistence_location ${folder.path}/`,
  ];
  const file = join(folder.path, "mosquitto.conf");
  await writeFile(file, `${lines.join("\n")}\n`);
  const server = new ManagedProcess({
    command: "mosquitto",
    args: ["-c", file],
    env: { ...options.env },
    readyTimeoutMs: 15_000,
    onOutput: options.onOutput,
    isReady: () => answers(port),
  });
  return startedBroker({
    name: "Mosquitto",
    features: { shared: true, delayed: false, versionFive: true, qualities: [0, 1, 2] },
    url: `ws://127.0.0.1:${port}/mqtt`,
    durability: options.persistent === true ? "written every 30 minutes" : "memory only",
    process: server,
    folder,
  });
}
