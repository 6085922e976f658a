// Programs out of a page of the documentation: the block of code behind a line `<!-- run: <name> -->`. What is run is what the
// page shows, so that the page cannot go stale.

import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "../tidy/sources.ts";
import { eventually } from "./eventually.ts";

export function programOn(page: string, name: string): string {
  const text = readFileSync(join(root, page), "utf8");
  const block = new RegExp(`<!-- run: ${name.replaceAll(".", "\\.")} -->\\n\\n\`\`\`\\w+\\n([\\s\\S]*?)\\n\`\`\``);
  const [, program] = block.exec(text) ?? [];
  if (program === undefined) throw new Error(`${page} has no program ${name}`);
  return `${program}\n`;
}

const interpreters: Readonly<Record<string, string>> = {
  mjs: process.execPath,
  py: process.env["PYTHON"] ?? "/usr/bin/python3",
  sh: "sh",
};

export class RunningProgram {
  readonly #child: ChildProcess;
  readonly #folder: string;
  #output = "";
  readonly ended: Promise<number | null>;

  /** Inside the checkout, so that its packages are found. */
  constructor(name: string, text: string, env: Readonly<Record<string, string>>) {
    mkdirSync(join(root, ".state"), { recursive: true });
    this.#folder = mkdtempSync(join(root, ".state", "page-"));
    const file = join(this.#folder, name);
    writeFileSync(file, text);
    const interpreter = interpreters[name.split(".").at(-1) ?? ""] as string;
    // Of its own process group, so that what a shell started ends with it.
    this.#child = spawn(interpreter, [file], {
      detached: true,
      env: { ...process.env, ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.#child.stdout?.on("data", (chunk) => (this.#output += chunk));
    this.#child.stderr?.on("data", (chunk) => (this.#output += chunk));
    this.ended = new Promise((resolve) => this.#child.once("close", resolve));
  }

  get output(): string {
    return this.#output;
  }

  async prints(line: string): Promise<void> {
    const hasPrinted = () => this.#output.includes(line);
    await eventually(`"${line}"`, hasPrinted, 20_000).catch((error: Error) => {
      throw new Error(`${error.message}, but:\n${this.#output}`);
    });
  }

  async stop(): Promise<void> {
    const { exitCode, signalCode, pid } = this.#child;
    if (exitCode === null && signalCode === null && pid !== undefined) process.kill(-pid, "SIGKILL");
    await this.ended;
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
