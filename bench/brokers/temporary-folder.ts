// Folders for the data of brokers that are started for one run.

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface StateFolder {
  readonly path: string;
  remove(): Promise<void>;
}

/** The folder that was asked for, which stays; or a fresh one, which `remove` takes away. */
export async function stateFolder(name: string, wanted: string | undefined): Promise<StateFolder> {
  if (wanted !== undefined) return { path: wanted, remove: async () => {} };
  const path = await mkdtemp(join(tmpdir(), `${name}-`));
  return { path, remove: () => rm(path, { recursive: true, force: true, maxRetries: 5 }) };
}
