// Whether what a broker uses stays flat: the median of the last quarter of a run against that of the second, which is
// after everything has warmed up.

import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { processTree } from "../brokers/process-tree.ts";
import { median } from "../statistics.ts";

/** The last quarter may be larger by this share, and by these bytes. */
export const tolerance = { share: 0.1, bytes: 16 * 1_048_576 };

export interface Flatness {
  readonly secondQuarter: number;
  readonly lastQuarter: number;
  readonly isFlat: boolean;
}

export function flatnessOf(values: readonly number[]): Flatness {
  const quarter = Math.floor(values.length / 4);
  const secondQuarter = median(values.slice(quarter, 2 * quarter));
  const lastQuarter = median(values.slice(values.length - quarter));
  const isFlat = lastQuarter <= secondQuarter * (1 + tolerance.share) + tolerance.bytes;
  return { secondQuarter, lastQuarter, isFlat };
}

/** Resident memory of the runtime among the processes that a broker consists of, in bytes. */
export function residentBytes(root: number): number {
  let bytes = 0;
  for (const pid of processTree(root)) {
    try {
      if (!readFileSync(`/proc/${pid}/comm`, "utf8").startsWith("workerd")) continue;
      const kilobytes = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
      bytes += Number(kilobytes ?? 0) * 1_024;
    } catch {
      // It ended meanwhile.
    }
  }
  return bytes;
}

export interface FolderSize {
  readonly bytes: number;
  readonly files: number;
}

export function folderSize(folder: string): FolderSize {
  let bytes = 0;
  let files = 0;
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    try {
      bytes += statSync(join(entry.parentPath, entry.name)).size;
      files += 1;
    } catch {
      // It was removed meanwhile.
    }
  }
  return { bytes, files };
}
