// A thread that lives through one world after the other. It is a thread of its own, in plain Node, because the objects'
// code finds the world's clock and chance where Node's are for everybody else.

import { registerHooks } from "node:module";
import { parentPort, workerData } from "node:worker_threads";
import type { Verdict } from "./verdict.ts";

/** What a thread is started with. */
export interface ThreadOptions {
  readonly harsh: boolean;
  readonly traces: boolean;
  /** The only profile; undefined for any. */
  readonly profile: string | undefined;
  /** Its name; undefined for the broker as it is. */
  readonly mutant: string | undefined;
}

/** What it answers to a seed. */
export interface Report {
  readonly verdict: Verdict;
  readonly trace: readonly string[];
}

const standIn = new URL("./platform/cloudflare-workers.ts", import.meta.url).href;
registerHooks({
  resolve: (specifier, context, next) => {
    return specifier === "cloudflare:workers" ? { url: standIn, shortCircuit: true } : next(specifier, context);
  },
});

const { harsh, traces, profile, mutant: mutantName } = workerData as ThreadOptions;
const { installGlobals } = await import("./platform/globals.ts");
const { runWorld } = await import("./world.ts");
const { mutants } = await import("./mutants.ts");
const mutant = mutantName === undefined ? undefined : mutants[mutantName];
if (mutantName !== undefined && mutant === undefined) {
  throw new Error(`There is no mutant ${mutantName}, but ${Object.keys(mutants).join(", ")}.`);
}
installGlobals();
mutant?.install?.();

parentPort?.on("message", async (seed: number) => {
  const trace: string[] = [];
  const options = { seed, harsh, profile, bugs: mutant?.platform ?? {} };
  const verdict = await runWorld(traces ? { ...options, trace: (line) => trace.push(line) } : options);
  parentPort?.postMessage({ verdict, trace } satisfies Report);
});
