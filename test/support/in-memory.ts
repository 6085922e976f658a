// Where tests keep their data, unless TMPDIR says it: in memory, if the machine has room there. What brokers under test write through to
// a disk takes longer than all the rest and proves nothing: what a killed process had written is there in either place.

import { mkdtempSync, rmSync, statfsSync } from "node:fs";
import { join } from "node:path";

const memory = "/dev/shm";
const bytesMin = 2 * 1024 ** 3;

/** For this process and those that it starts. */
export function keepDataInMemory(): void {
  if (process.env["TMPDIR"] !== undefined || bytesFree() < bytesMin) return;
  const folder = mkdtempSync(join(memory, "durablemq-tests-"));
  process.env["TMPDIR"] = folder;
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
}

function bytesFree(): number {
  try {
    const { bavail, bsize } = statfsSync(memory);
    return bavail * bsize;
  } catch {
    return 0;
  }
}
