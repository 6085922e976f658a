// Who uses a state folder. Two runtimes on one set of databases would undo every promise of durability, so the folder
// names the processes that use it, and a start first ends a runtime whose launcher was killed.

import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { accessSync, constants, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { identify, isSame } from "./process.mjs";

/** Takes the folder for this process; returns how to record the runtime and how to give the folder back. */
export async function claimState(folder) {
  const file = join(folder, "running.json");
  assertWritable(folder);

  const previous = readRunning(file);
  if (!(await goneWithin(previous.launcher, 3_000))) {
    throw new Error(
      `${folder} is in use by the broker with process id ${previous.launcher.pid}. ` +
        `End that one, or choose another folder: STATE_DIR=<folder> npm start`,
    );
  }
  if (isSame(previous.runtime)) process.kill(previous.runtime.pid, "SIGKILL");
  if (!(await goneWithin(previous.runtime, 5_000))) {
    throw new Error(`A runtime left over from an earlier start (process id ${previous.runtime.pid}) does not end.`);
  }

  const running = { launcher: identify(process.pid) };
  const write = () => {
    writeFileSync(`${file}.new`, `${JSON.stringify(running)}\n`);
    renameSync(`${file}.new`, file);
  };
  write();
  const watchdog = startWatchdog();
  return {
    recordRuntime(pid) {
      running.runtime = identify(pid);
      watchdog.write(`${pid}\n`);
      write();
    },
    release() {
      watchdog.end("\n");
      rmSync(file, { force: true });
    },
  };
}

export const adminKeyFile = "admin-key";

/** The key of the HTTP API on this machine: made once, and readable by who may read the data anyway. */
export function localAdminKey(folder) {
  const file = join(folder, adminKeyFile);
  if (!existsSync(file)) writeFileSync(file, `${randomBytes(32).toString("base64url")}\n`, { mode: 0o600 });
  return readFileSync(file, "utf8").trim();
}

function assertWritable(folder) {
  try {
    mkdirSync(folder, { recursive: true });
    accessSync(folder, constants.R_OK | constants.W_OK | constants.X_OK);
    const probe = join(folder, `.probe-${process.pid}`);
    writeFileSync(probe, "");
    rmSync(probe);
  } catch (error) {
    throw new Error(
      `The state folder ${folder} cannot be written (${error.code}). Choose another: STATE_DIR=<folder> npm start`,
    );
  }
}

function readRunning(file) {
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch {
    return {};
  }
}

async function goneWithin(recorded, limitMs) {
  const giveUpAt = Date.now() + limitMs;
  while (isSame(recorded)) {
    if (Date.now() > giveUpAt) return false;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return true;
}

/**
 * The runtime does not notice that its launcher was killed. This shell does, because its input ends, and ends the
 * runtime it was last told of. It leads a process group of its own, so that a killed group does not include it.
 */
function startWatchdog() {
  const script = 'while read -r pid; do last=$pid; done; [ -z "$last" ] || kill -9 "$last"';
  const shell = spawn("/bin/sh", ["-c", script], { detached: true, stdio: ["pipe", "ignore", "ignore"] });
  shell.unref();
  shell.stdin.unref();
  shell.stdin.on("error", () => {});
  return shell.stdin;
}
