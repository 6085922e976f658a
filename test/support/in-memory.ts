// Where tests keep their data, unless TMPDIR says it: in memory, if the machine has room there. What brokers under test write through to
// a disk takes longer than all the rest and proves nothing: what a killed process had written is there in either place.

import { mkdtempSync, readdirSync, rmSync, statfsSync } from "node:fs";
import { join } from "node:path";
import { isAlive } from "../../scripts/process.mjs";

const memory = "/dev/shm";
const bytesMin = 2 * 1024 ** 3;
/** The process that made it is in its name. */
const folderName = /^durablemq-tests-(\d+)-/;

/** For this process and those that it starts. */
export function keepDataInMemory(): void {
  if (process.env["TMPDIR"] !== undefined || bytesFree() < bytesMin) return;
  sweep();
  const folder = mkdtempSync(join(memory, `durablemq-tests-${process.pid}-`));
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

/** Runs that were killed have left theirs. */
function sweep(): void {
  for (const folder of readdirSync(memory)) {
    const [, pid] = folderName.exec(folder) ?? [];
    if (pid !== undefined && !isAlive(Number(pid))) rmSync(join(memory, folder), { recursive: true, force: true });
  }
}
