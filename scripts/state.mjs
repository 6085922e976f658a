// Who uses a state folder. Two runtimes on one set of databases would undo every promise of durability, so one process at a
// time has the folder's lock, which the system takes from it when it ends, however it does. The folder names the processes
// that use it too: a start first ends a runtime whose launcher was killed.

import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { accessSync, constants, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { identify, isSame } from "./process.mjs";

/** The locks that this process has: a database that nobody refers to would be closed. */
const locks = new Set();

/** Takes the folder for this process; returns how to record the runtime and how to give the folder back. */
export async function claimState(folder) {
  const file = join(folder, "running.json");
  assertWritable(folder);

  const lock = await lockWithin(folder, 3_000);
  const previous = readRunning(file);
  // Earlier versions had no lock.
  if (lock === undefined || !(await goneWithin(previous.launcher, 3_000))) {
    if (lock !== undefined) unlock(lock);
    const who =
      previous.launcher === undefined ? "another broker" : `the broker with process id ${previous.launcher.pid}`;
    throw new Error(
      `${folder} is in use by ${who}. End that one, or choose another folder: STATE_DIR=<folder> npm start`,
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
      unlock(lock);
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

/** The lock is that of a database without anything in it. Undefined: somebody else has it, and keeps it for so long. */
async function lockWithin(folder, limitMs) {
  const { DatabaseSync } = withoutWarnings(() => process.getBuiltinModule("node:sqlite"));
  const giveUpAt = Date.now() + limitMs;
  for (;;) {
    const database = new DatabaseSync(join(folder, "lock"));
    try {
      database.exec("BEGIN EXCLUSIVE");
      locks.add(database);
      return database;
    } catch (error) {
      database.close();
      if (!/locked|busy/.test(error.message)) throw error;
      if (Date.now() > giveUpAt) return undefined;
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

function unlock(lock) {
  locks.delete(lock);
  lock.close();
}

/** Node's SQLite says of itself that it is young. */
function withoutWarnings(load) {
  const { emitWarning } = process;
  process.emitWarning = () => {};
  try {
    return load();
  } finally {
    process.emitWarning = emitWarning;
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
