// Starts Redis as a broker's store: every write synced before it is answered.

import { answers } from "./installed.ts";
import { freePort, ManagedProcess } from "./managed-process.ts";
import type { StateFolder } from "./temporary-folder.ts";

export interface Redis {
  readonly port: number;
  readonly pid: number;
  stop(): Promise<void>;
}

export async function startRedis(folder: StateFolder): Promise<Redis> {
  const port = await freePort();
  const listen = ["--bind", "127.0.0.1", "--port", String(port), "--dir", folder.path];
  const server = new ManagedProcess({
    command: "redis-server",
    args: [...listen, "--save", "", "--appendonly", "yes", "--appendfsync", "always", "--loglevel", "warning"],
    env: {},
    readyTimeoutMs: 15_000,
    isReady: () => answers(port),
  });
  await server.start();
  return { port, pid: server.pid, stop: () => server.stop() };
}
