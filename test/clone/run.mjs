// `npm run test:clone`: the first hour of a new user, replayed on a clean clone of what is committed: `npm start`, the two lines
// that it prints, a deployment, `npm run doctor`, and with --all `npm test`. The account that is deployed into stands in for
// Cloudflare's. Prints a line for each step and, last, how many passed and failed.

import { spawn, spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { CloudflareAccount } from "../support/cloudflare-account.ts";

const stepMs = 300_000;
const testsMs = 1_800_000;
const checkout = fileURLToPath(new URL("../../", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "durablemq-clone-"));
const clone = join(folder, "durablemq");
const started = performance.now();
const groups = new Set();
let passed = 0;
let failed = 0;

/** A shell of its own process group, so that npm and what it starts end with it. */
function shell(command, env = {}) {
  const child = spawn("sh", ["-c", command], {
    cwd: clone,
    detached: true,
    env: { ...process.env, npm_lifecycle_event: undefined, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  groups.add(child.pid);
  let output = "";
  const waiting = new Set();
  const take = (chunk) => {
    output += chunk;
    for (const look of waiting) look();
  };
  child.stdout.on("data", take);
  child.stderr.on("data", take);
  const ended = new Promise((resolve) =>
    child.once("close", (code) => {
      groups.delete(child.pid);
      resolve(code);
    }),
  );
  return {
    ended,
    output: () => output,
    stop: () => {
      if (child.exitCode === null && child.signalCode === null) process.kill(-child.pid, "SIGTERM");
      return ended;
    },
    /** Resolves with the match; fails when the command ends before. */
    prints: (pattern) =>
      new Promise((resolve, reject) => {
        const look = () => {
          const match = pattern.exec(output);
          if (match === null) return;
          waiting.delete(look);
          resolve(match);
        };
        waiting.add(look);
        look();
        ended.then((code) => reject(new Error(`ended with ${code}:\n${output}`)));
      }),
  };
}

async function run(command, env, limitMs = stepMs) {
  const running = shell(command, env);
  const timer = setTimeout(() => running.stop(), limitMs);
  const code = await running.ended;
  clearTimeout(timer);
  if (code !== 0) throw new Error(`${command} ended with ${code}:\n${running.output()}`);
  return running.output();
}

function within(promise, what) {
  let timer;
  const late = new Promise((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`${what}: not within ${stepMs / 1_000} s`)), stepMs);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

async function step(name, action) {
  const at = performance.now();
  try {
    const result = await action();
    console.log(`ok      ${name} (${((performance.now() - at) / 1_000).toFixed(1)} s)`);
    passed += 1;
    return result;
  } catch (error) {
    console.log(`FAILED  ${name}: ${error.message}`);
    failed += 1;
    throw error;
  }
}

async function firstHour() {
  await step("git clone", () => {
    const { status, stderr } = spawnSync("git", ["clone", "--quiet", "--no-hardlinks", checkout, clone], {
      encoding: "utf8",
    });
    if (status !== 0) throw new Error(stderr);
  });
  const port = await freePort();
  const broker = shell("npm start", { PORT: String(port) });
  const [subscribe, publish] = await step("npm start says that it is ready, and what to try", async () => {
    await within(broker.prints(/ready: ws:/), "npm start");
    const lines = await within(broker.prints(/Subscribe: (.+)\nPublish: +(.+)\n/), "npm start");
    return lines.slice(1);
  });
  await step("what it prints to try works", async () => {
    const subscriber = shell(subscribe);
    // Retained, so that it does not matter who comes first: the line as it is printed, and one word more.
    await run(`${publish} -r`);
    await within(subscriber.prints(/hello\/world Hello!/), subscribe);
    await subscriber.stop();
  });
  await step("npm run doctor finds nothing", () =>
    run(`npm run doctor -- --offline --url ws://127.0.0.1:${port}/mqtt`),
  );
  await broker.stop();
  await step("npm start takes the API key of .dev.vars", async () => {
    const key = randomBytes(32).toString("base64url");
    writeFileSync(join(clone, ".dev.vars"), `ADMIN_KEY='${key}'\n`);
    const again = shell("npm start", { PORT: String(port) });
    await within(again.prints(/ready: ws:/), "npm start");
    const headers = { Authorization: `Bearer ${key}` };
    const { status } = await fetch(`http://127.0.0.1:${port}/api/v1/users`, { headers });
    if (status !== 200) throw new Error(`the API answers ${status}`);
    await again.stop();
    rmSync(join(clone, ".dev.vars"));
  });

  const account = await CloudflareAccount.open();
  try {
    const secrets = join(folder, "secrets.env");
    writeFileSync(secrets, `ADMIN_KEY=${randomBytes(32).toString("base64url")}\n`);
    await step("npm run deploy, production", async () => {
      await run(`npm run deploy -- --env production -- --secrets-file ${secrets}`, account.environment);
      if (account.events.at(-1) !== "deployed durablemq-production") throw new Error(account.events.join(", "));
    });
    await step("npm run doctor finds nothing in the account", () =>
      run("npm run doctor -- --env production", account.environment),
    );
  } finally {
    account.close();
  }
  if (process.argv.includes("--all")) await step("npm test", () => run("npm test", {}, testsMs));
}

function freePort() {
  const server = createServer();
  return new Promise((resolve) => {
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

function endGroups() {
  for (const pid of groups) {
    try {
      process.kill(-pid, "SIGKILL");
    } catch {
      // It has ended meanwhile.
    }
  }
}

for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => process.exit(1));
process.once("exit", () => {
  endGroups();
  rmSync(folder, { recursive: true, force: true });
});
await firstHour().catch(() => {});
console.log(`All of it took ${((performance.now() - started) / 1_000).toFixed(0)} s.`);
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
