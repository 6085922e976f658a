// Looks at a process and everything it started: who they are, the processor time they used, the files they may still open, and
// how to end all of them at once. Linux only (/proc).

import { readdirSync, readFileSync } from "node:fs";

/** Linux counts processor time in hundredths of a second on every platform Node supports. */
const ticksPerSecond = 100;

interface ProcessRow {
  readonly pid: number;
  readonly parent: number;
  readonly state: string;
  readonly ticks: number;
}

function readRow(pid: number): ProcessRow | undefined {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  } catch {
    return undefined;
  }
  // The name of the program stands in brackets and may itself contain spaces and brackets.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return {
    pid,
    state: fields[0] ?? "",
    parent: Number(fields[1]),
    ticks: Number(fields[11]) + Number(fields[12]),
  };
}

function readAll(): ProcessRow[] {
  const rows: ProcessRow[] = [];
  for (const name of readdirSync("/proc")) {
    const row = /^\d+$/.test(name) ? readRow(Number(name)) : undefined;
    if (row !== undefined) rows.push(row);
  }
  return rows;
}

/** The process and its descendants, parents before children. */
export function processTree(root: number): number[] {
  const rows = readAll();
  const tree = rows.some((row) => row.pid === root) ? [root] : [];
  for (let index = 0; index < tree.length; index += 1) {
    for (const row of rows) if (row.parent === tree[index]) tree.push(row.pid);
  }
  return tree;
}

export function isRunning(pid: number): boolean {
  const row = readRow(pid);
  return row !== undefined && row.state !== "Z";
}

/** Processor time of the process and its descendants so far, in seconds. */
export function cpuSeconds(root: number): number {
  let ticks = 0;
  for (const pid of processTree(root)) ticks += readRow(pid)?.ticks ?? 0;
  return ticks / ticksPerSecond;
}

/** Files that each of the process and its descendants may still open: the fewest. */
export function filesLeft(root: number): number {
  const left = processTree(root).map((pid) => {
    const limit = /^Max open files +(\d+)/m.exec(readFileSync(`/proc/${pid}/limits`, "utf8"))?.[1];
    return Number(limit) - readdirSync(`/proc/${pid}/fd`).length;
  });
  return Math.min(...left);
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // It ended on its own meanwhile.
  }
}

/** Those of the processes that still run. */
export function killAll(pids: readonly number[]): void {
  for (const pid of pids) if (isRunning(pid)) signal(pid, "SIGKILL");
}

/**
 * A hard kill of the whole tree. Parents are frozen first, so that none can restart a child, and the leaves die first, so
 * that no child learns of its parent's end and shuts down in good order. Returns the processes that were killed.
 */
export function killTree(root: number): number[] {
  const tree = processTree(root);
  for (const pid of tree.slice(0, -1)) signal(pid, "SIGSTOP");
  const all = processTree(root);
  for (const pid of all.toReversed()) signal(pid, "SIGKILL");
  return all;
}
