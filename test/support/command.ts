// A command of the command line, as people run it: what it printed, and how it ended.

import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { testAdminKey } from "./admin-key.ts";

export interface Ended {
  readonly code: number | null;
  readonly output: string;
  readonly errors: string;
}

export interface Running {
  readonly ended: Promise<Ended>;
  readonly output: () => string;
  interrupt(): void;
}

export interface Setting {
  /** Of MQTT. */
  readonly url: string;
  readonly input?: string;
  readonly key?: string;
  readonly environment?: Readonly<Record<string, string>>;
}

const root = fileURLToPath(new URL("../../", import.meta.url));

export function start(args: readonly string[], { url, input, key = testAdminKey, environment = {} }: Setting): Running {
  const child = spawn(process.execPath, ["scripts/durablemq.mjs", ...args], {
    cwd: root,
    env: {
      ...process.env,
      DURABLEMQ_URL: url,
      DURABLEMQ_API_URL: url.replace(/^ws/, "http").replace(/\/mqtt$/, ""),
      DURABLEMQ_API_KEY: key,
      ...environment,
    },
  });
  let output = "";
  let errors = "";
  child.stdout.on("data", (chunk) => (output += chunk));
  child.stderr.on("data", (chunk) => (errors += chunk));
  child.stdin.end(input ?? "");
  const ended = new Promise<Ended>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => resolve({ code, output, errors }));
  });
  return { ended, output: () => output, interrupt: () => void child.kill("SIGINT") };
}

/** To its end, which is to be a good one. */
export async function run(args: readonly string[], setting: Setting): Promise<string> {
  const { code, output, errors } = await start(args, setting).ended;
  if (code !== 0) throw new Error(`durablemq ${args.join(" ")} ended with ${code}: ${errors}${output}`);
  return output;
}
