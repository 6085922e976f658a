// Makes a fresh clone ready: a Node that the toolchain supports, and the packages the lock names. Plain JavaScript
// without dependencies, because it runs on whatever Node (20 or newer) the machine has, before anything is installed.

import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import * as module from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { isAlive, whenOrphaned } from "./process.mjs";

export const root = dirname(dirname(fileURLToPath(import.meta.url)));

const toolNodeVersion = "22.23.2";
const platform = `${process.platform}-${process.arch}`;
const toolNodePackage = platform === "darwin-arm64" ? `node-bin-${platform}` : `node-${platform}`;
const toolNodeFolder = join(root, ".tools", `node-${toolNodeVersion}-${platform}`);
const toolNode = join(toolNodeFolder, "node_modules", toolNodePackage, "bin", "node");

/** Ends the process with a message and no stack trace. */
export function fail(message) {
  console.error(message);
  process.exit(1);
}

/** Wrangler needs 22.12, Vitest even majors only, and TypeScript sources run directly from 22.18 on. */
export function nodeIsSupported(version) {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  return major === 22 ? minor >= 18 : major >= 24 && major !== 25;
}

/** Returns on a supported Node with the packages installed; on an older Node the caller's script runs again instead. */
export async function setUp() {
  if (nodeIsSupported(process.versions.node)) {
    if (!packagesAreCurrent()) withSetupLock(ensurePackages);
    return keepCompiled();
  }
  await runAgainWith(existsSync(toolNode) ? toolNode : withSetupLock(ensureToolNode));
}

/** Code of this process and of those it starts is compiled once: each start of wrangler alone is a quarter shorter for it. */
function keepCompiled() {
  process.env.NODE_COMPILE_CACHE ??= join(root, ".tools", "compiled");
  module.enableCompileCache(process.env.NODE_COMPILE_CACHE);
}

function ensureToolNode() {
  if (existsSync(toolNode)) return toolNode;

  if (!["linux", "darwin"].includes(process.platform) || !["x64", "arm64"].includes(process.arch)) {
    fail(`Node ${process.versions.node} is too old and no newer one can be fetched here: install Node 22.18 or newer.`);
  }
  note(
    `Node ${process.versions.node} is too old for the toolchain: fetching Node ${toolNodeVersion} for this checkout.`,
  );
  const unfinished = `${toolNodeFolder}.unfinished`;
  rmSync(unfinished, { recursive: true, force: true });
  mkdirSync(unfinished, { recursive: true });
  npm(["install", `${toolNodePackage}@${toolNodeVersion}`, "--prefix", unfinished, "--no-save", "--no-package-lock"]);
  rmSync(toolNodeFolder, { recursive: true, force: true });
  renameSync(unfinished, toolNodeFolder);
  return toolNode;
}

function ensurePackages() {
  if (packagesAreCurrent()) return;
  note("Installing packages.");
  npm(["ci"]);
}

/** npm keeps the lock of what it really installed inside node_modules; set-up is needed when the two disagree. */
function packagesAreCurrent() {
  const installedLock = join(root, "node_modules", ".package-lock.json");
  if (!existsSync(installedLock)) return false;
  const installed = JSON.parse(readFileSync(installedLock, "utf8")).packages;
  const wanted = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8")).packages;
  return Object.entries(wanted).every(([path, entry]) => {
    if (path === "") return true;
    const present = installed[path];
    return present === undefined ? entry.optional === true : present.version === entry.version;
  });
}

function npm(args) {
  const quiet = ["--no-audit", "--no-fund", "--no-update-notifier", "--loglevel=error"];
  const script = process.env.npm_execpath;
  const [command, prefix] = script?.endsWith(".js") ? [process.execPath, [script]] : ["npm", []];
  const result = spawnSync(command, [...prefix, ...args, ...quiet], {
    cwd: root,
    stdio: ["ignore", "pipe", "inherit"],
    env: { ...process.env, PATH: pathWith(process.execPath) },
  });
  if (result.error) fail(`npm could not be run: ${result.error.message}`);
  if (result.status !== 0) fail(`npm ${args[0]} failed (see above). Is the npm registry reachable?`);
}

/**
 * Two commands started at once on a fresh clone must not install into the same folder together. Where everything is installed
 * nobody comes here: others than the owner of the checkout may run it, and cannot write to it.
 */
function withSetupLock(action) {
  const lock = join(root, ".tools", "setup.lock");
  try {
    mkdirSync(dirname(lock), { recursive: true });
    while (!tryLock(lock)) {
      if (!isAlive(Number(readIfPresent(lock)))) rmSync(lock, { force: true });
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200);
    }
  } catch (error) {
    fail(`Packages are missing here, and only who may write to ${root} can install them (${error.code}).`);
  }
  try {
    return action();
  } finally {
    rmSync(lock, { force: true });
  }
}

function tryLock(lock) {
  try {
    writeFileSync(lock, String(process.pid), { flag: "wx" });
    return true;
  } catch (error) {
    if (error.code === "EEXIST") return false;
    throw error;
  }
}

function readIfPresent(file) {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    if (error.code === "ENOENT") return "";
    throw error;
  }
}

/** Runs the script that was started, with its arguments, on another Node; ends as it ends. */
function runAgainWith(node) {
  const child = spawn(node, process.argv.slice(1), {
    stdio: ["inherit", "inherit", "inherit", "ipc"],
    env: { ...process.env, PATH: pathWith(node) },
  });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
  whenOrphaned(() => child.kill("SIGTERM"));
  return new Promise(() => {
    child.once("error", (error) => fail(`${node} could not be run: ${error.message}`));
    child.once("exit", (code, signal) => process.exit(code ?? (signal === "SIGKILL" ? 137 : 1)));
  });
}

export function pathWith(node) {
  return [dirname(node), join(root, "node_modules", ".bin"), process.env.PATH].join(":");
}

function note(message) {
  console.error(message);
}
