// What the scripts ask about other processes: alive, the same as before, gone without a word. Linux answers from /proc,
// because small images have no `ps`.

import { spawnSync } from "node:child_process";
import { readFileSync, readlinkSync } from "node:fs";

const orphanPollMs = 250;

export function isAlive(pid) {
  if (!(pid > 0)) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === "EPERM";
  }
}

/** A process id alone may have passed to another process; with its start time and program it cannot. */
export function identify(pid) {
  return { pid, mark: markOf(pid) };
}

export function isSame(identity) {
  return identity !== undefined && isAlive(identity.pid) && markOf(identity.pid) === identity.mark;
}

/**
 * Calls back when the process that started this one is gone without a word: the older Node that started this Node, or
 * npm (its own shell may stand between). What was started must not outlive them unseen.
 */
export function whenOrphaned(callback) {
  if (process.channel) {
    process.once("disconnect", callback);
    process.channel.unref();
    return;
  }
  if (process.env.npm_lifecycle_event === undefined) return;
  const shell = process.ppid;
  const aboveShell = parentOf(shell);
  const startedByShell = !/^(npm|node)/.test(nameOf(shell));
  const poll = setInterval(() => {
    if (process.ppid === shell && !(startedByShell && parentOf(shell) !== aboveShell)) return;
    clearInterval(poll);
    callback();
  }, orphanPollMs);
  poll.unref();
}

function markOf(pid) {
  if (process.platform !== "linux") return ps("lstart=,comm=", pid);
  const { state, fields } = readStat(pid);
  if (fields === undefined || state === "Z") return "";
  try {
    return `${fields[18]} ${readlinkSync(`/proc/${pid}/exe`)}`;
  } catch {
    return "";
  }
}

function parentOf(pid) {
  return process.platform === "linux" ? Number(readStat(pid).fields?.[0]) : Number(ps("ppid=", pid));
}

function nameOf(pid) {
  return process.platform === "linux" ? (readStat(pid).name ?? "") : ps("ucomm=", pid);
}

/** The name in /proc/<pid>/stat stands in parentheses and may itself hold spaces and parentheses. */
function readStat(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const [open, close] = [stat.indexOf("("), stat.lastIndexOf(")")];
    const [state, ...fields] = stat.slice(close + 2).split(" ");
    return { name: stat.slice(open + 1, close), state, fields };
  } catch {
    return {};
  }
}

function ps(columns, pid) {
  return spawnSync("ps", ["-o", columns, "-p", String(pid)], { encoding: "utf8" }).stdout?.trim() ?? "";
}
