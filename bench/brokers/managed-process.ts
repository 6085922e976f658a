// A broker as a process that can be started, stopped, killed hard and started again. Whatever is still running when this
// process ends is killed with it.

import { type ChildProcess, spawn } from "node:child_process";
import { createServer } from "node:net";
import { isRunning, killAll, killTree, processTree } from "./process-tree.ts";

const stopTimeoutMs = 10_000;
const killTimeoutMs = 10_000;
const pollMs = 20;
const outputCharactersMax = 20_000;

export interface ProcessRecipe {
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly cwd?: string;
  readonly readyTimeoutMs: number;
  readonly onOutput?: ((text: string) => void) | undefined;
  /** Resolves when the broker takes connections; `output` is what it printed so far. */
  readonly isReady: (output: string) => boolean | Promise<boolean>;
}

const alive = new Set<ManagedProcess>();
let hooked = false;

function hookExit(): void {
  if (hooked) return;
  hooked = true;
  process.on("exit", () => {
    for (const one of alive) one.killNow();
  });
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.once(name, () => {
      for (const one of alive) one.killNow();
      process.kill(process.pid, name);
    });
  }
}

export class ManagedProcess {
  readonly #recipe: ProcessRecipe;
  #child: ChildProcess | undefined;
  #output = "";

  constructor(recipe: ProcessRecipe) {
    this.#recipe = recipe;
    hookExit();
  }

  get pid(): number {
    const pid = this.#child?.pid;
    if (pid === undefined) throw new Error(`${this.#recipe.command} is not running`);
    return pid;
  }

  /** The latest of what the process printed on both streams. */
  get output(): string {
    return this.#output;
  }

  async start(): Promise<void> {
    if (this.#child !== undefined) throw new Error(`${this.#recipe.command} is already running`);
    this.#output = "";
    const { command, args, env, cwd, readyTimeoutMs, onOutput, isReady } = this.#recipe;
    const child = spawn(command, [...args], {
      cwd,
      env: { ...process.env, ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.#child = child;
    alive.add(this);
    let failure: string | undefined;
    const read = (piece: Buffer): void => {
      const text = piece.toString("utf8");
      onOutput?.(text);
      this.#output = (this.#output + text).slice(-outputCharactersMax);
    };
    child.stdout.on("data", read);
    child.stderr.on("data", read);
    child.once("error", (problem) => {
      failure = problem.message;
    });
    child.once("exit", (code, name) => {
      failure = `ended with ${name ?? code}`;
    });
    const deadlineMs = Date.now() + readyTimeoutMs;
    while (failure === undefined && Date.now() < deadlineMs) {
      if (await isReady(this.#output)) return;
      await pause();
    }
    const output = this.#output;
    await this.kill9();
    throw new Error(`${command} ${args.join(" ")}: ${failure ?? `not ready after ${readyTimeoutMs} ms`}\n${output}`);
  }

  /** Asks the process to end, and kills it when it does not. */
  async stop(): Promise<void> {
    const child = this.#child;
    if (child?.pid === undefined) return;
    const tree = processTree(child.pid);
    child.kill("SIGTERM");
    if (!(await areGone(tree, stopTimeoutMs))) {
      await this.kill9();
      // A wrapper that ended by itself leaves its children to nobody.
      killAll(tree);
    }
    this.#forget();
  }

  /** SIGKILL to the whole tree; returns when nothing of it runs any more. */
  async kill9(): Promise<void> {
    const killed = this.killNow();
    if (!(await areGone(killed, killTimeoutMs))) throw new Error(`${this.#recipe.command} survived SIGKILL`);
  }

  killNow(): number[] {
    const pid = this.#child?.pid;
    this.#forget();
    return pid === undefined ? [] : killTree(pid);
  }

  #forget(): void {
    alive.delete(this);
    this.#child = undefined;
  }
}

function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, pollMs));
}

async function areGone(pids: readonly number[], timeoutMs: number): Promise<boolean> {
  const deadlineMs = Date.now() + timeoutMs;
  for (;;) {
    if (!pids.some(isRunning)) return true;
    if (Date.now() > deadlineMs) return false;
    await pause();
  }
}

/** A port on the loopback interface that nobody uses at the moment. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => {
        if (address === null || typeof address === "string") reject(new Error("no port"));
        else resolve(address.port);
      });
    });
  });
}
