// Sends threads into worlds, one seed after the other. A world that does not end is a verdict too.

import { once } from "node:events";
import { Worker } from "node:worker_threads";
import type { Report, ThreadOptions } from "./thread.ts";

export interface Expedition extends Partial<ThreadOptions> {
  readonly seeds: Iterable<number>;
  readonly threads?: number;
}

/** A world takes a second or two; one that takes this long goes round in circles. */
const worldMsMax = 180_000;

/** Hands over each report as it comes, until `visit` says true or there are no more seeds. */
export async function explore(expedition: Expedition, visit: (report: Report) => boolean): Promise<void> {
  const { seeds, threads = 1, harsh = false, traces = false, profile, mutant } = expedition;
  const iterator = seeds[Symbol.iterator]();
  let isOver = false;
  const run = async () => {
    const worker = start({ harsh, traces, profile, mutant });
    try {
      while (!isOver) {
        const { value, done } = iterator.next();
        if (done) return;
        const report = await live(worker, value);
        if (!isOver && visit(report)) isOver = true;
      }
    } finally {
      await worker.terminate();
    }
  };
  await Promise.all(Array.from({ length: threads }, run));
}

/** The report on one world. */
export async function exploreOne(seed: number, options: Partial<ThreadOptions> = {}): Promise<Report> {
  const reports: Report[] = [];
  await explore({ ...options, seeds: [seed] }, (report) => {
    reports.push(report);
    return true;
  });
  return reports[0] as Report;
}

function start(options: ThreadOptions): Worker {
  const execArgv = ["--disable-warning=ExperimentalWarning"];
  return new Worker(new URL("./thread.ts", import.meta.url), { workerData: options, execArgv });
}

async function live(worker: Worker, seed: number): Promise<Report> {
  const overdue = AbortSignal.timeout(worldMsMax);
  worker.postMessage(seed);
  try {
    const [report] = (await once(worker, "message", { signal: overdue })) as [Report];
    return report;
  } catch (error) {
    if (overdue.aborted) throw new Error(`the world of seed ${seed} does not end`);
    throw new Error(`the world of seed ${seed} broke down`, { cause: error });
  }
}
