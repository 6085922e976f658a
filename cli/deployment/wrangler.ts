// Runs wrangler, the tool that talks to Cloudflare: quietly, to read what it answers, or with the terminal, to let it ask.

import { spawn } from "node:child_process";
import { delimiter, dirname, join } from "node:path";
import { root } from "../root.ts";

export interface Outcome {
  readonly code: number;
  /** Both streams; as wrangler writes its errors to either. */
  readonly output: string;
  readonly stdout: string;
}

const binary = join(root, "node_modules", ".bin", "wrangler");

export async function ask(args: readonly string[], timeoutMs = 120_000): Promise<Outcome> {
  const child = spawn(binary, args, {
    cwd: root,
    stdio: ["ignore", "pipe", "pipe"],
    env: environment({ CI: "true", NO_COLOR: "1", WRANGLER_HIDE_BANNER: "true", WRANGLER_WRITE_LOGS: "false" }),
    timeout: timeoutMs,
  });
  let [stdout, stderr] = ["", ""];
  child.stdout.on("data", (chunk) => (stdout += chunk));
  child.stderr.on("data", (chunk) => (stderr += chunk));
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => resolve({ code: code ?? 1, output: `${stdout}${stderr}`.trim(), stdout }));
  });
}

/** Resolves with its exit code. */
export async function hand(args: readonly string[]): Promise<number> {
  const child = spawn(binary, args, { cwd: root, stdio: "inherit", env: environment({}) });
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => resolve(code ?? 1));
  });
}

/** Wrangler needs the Node of this process, which may not be the first one on the path. */
function environment(more: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const path = [dirname(process.execPath), process.env["PATH"]].join(delimiter);
  return { ...process.env, ...more, PATH: path, WRANGLER_SEND_METRICS: "false" };
}
