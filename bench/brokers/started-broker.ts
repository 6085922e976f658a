// Makes a Broker of a process: the part that is the same for every broker started on this machine.

import type { Broker, Features } from "./broker.ts";
import type { ManagedProcess } from "./managed-process.ts";
import type { StateFolder } from "./temporary-folder.ts";

export interface StartedBroker {
  readonly name: string;
  readonly features: Features;
  readonly url: string;
  readonly metricsUrl?: string;
  readonly durability: string;
  readonly process: ManagedProcess;
  readonly folder: StateFolder;
}

export async function startedBroker(started: StartedBroker): Promise<Broker> {
  const { name, features, url, metricsUrl, durability, process, folder } = started;
  try {
    await process.start();
  } catch (problem) {
    await folder.remove();
    throw problem;
  }
  return {
    name,
    features,
    url,
    metricsUrl,
    durability,
    get pid() {
      return process.pid;
    },
    get pids() {
      return [process.pid];
    },
    kill9: () => process.kill9(),
    async restart() {
      await process.kill9();
      await process.start();
    },
    async stop() {
      await process.stop();
      await folder.remove();
    },
  };
}
