// Starts Aedes as a child process: in memory, or with its data in LevelDB or Redis.

import { fileURLToPath } from "node:url";
import type { Broker, BrokerOptions } from "./broker.ts";
import { needCommand } from "./installed.ts";
import { freePort, ManagedProcess } from "./managed-process.ts";
import { startRedis } from "./redis.ts";
import { startedBroker } from "./started-broker.ts";
import { type StateFolder, stateFolder } from "./temporary-folder.ts";

interface Persistence {
  readonly name: string;
  readonly durability: string;
  readonly env: Readonly<Record<string, string>>;
}

export async function startAedes(options: BrokerOptions = {}): Promise<Broker> {
  const folder = await stateFolder("aedes", options.stateDir);
  return start(options, folder, { name: "Aedes", durability: "memory only", env: {} });
}

export async function startAedesOnLevel(options: BrokerOptions = {}): Promise<Broker> {
  const folder = await stateFolder("aedes-level", options.stateDir);
  const env = { PERSISTENCE: "level", FOLDER: folder.path };
  return start(options, folder, { name: "Aedes + LevelDB", durability: "written, not synced", env });
}

export async function startAedesOnRedis(options: BrokerOptions = {}): Promise<Broker> {
  needCommand("redis-server");
  const folder = await stateFolder("aedes-redis", options.stateDir);
  const redis = await startRedis(folder);
  const env = { PERSISTENCE: "redis", REDIS_PORT: String(redis.port) };
  const broker = await start(options, folder, { name: "Aedes + Redis", durability: "synced always", env });
  return {
    ...broker,
    // Its processor time is that of both.
    get pids() {
      return [...broker.pids, redis.pid];
    },
    async stop() {
      await broker.stop();
      await redis.stop();
    },
  };
}

async function start(
  options: BrokerOptions,
  folder: StateFolder,
  { name, durability, env }: Persistence,
): Promise<Broker> {
  const port = options.port ?? (await freePort());
  const server = new ManagedProcess({
    command: process.execPath,
    args: [fileURLToPath(new URL("aedes-server.ts", import.meta.url))],
    env: { ...options.env, ...env, PORT: String(port) },
    readyTimeoutMs: 15_000,
    onOutput: options.onOutput,
    isReady: (output) => output.includes("ready"),
  });
  return startedBroker({
    name,
    features: { shared: false, delayed: false, versionFive: false, qualities: [0, 1, 2] },
    url: `ws://127.0.0.1:${port}/mqtt`,
    durability,
    process: server,
    folder,
  });
}
