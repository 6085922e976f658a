// `npm start`: the whole broker on this machine, on the runtime that runs it at Cloudflare, with its data in STATE_DIR.

import { createServer } from "node:net";
import { isAbsolute, join, relative } from "node:path";
import { whenOrphaned } from "./process.mjs";
import { fail, root, setUp } from "./setup.mjs";

const host = "127.0.0.1";
const port = readPort(process.env.PORT);
const stateDir = readStateDir(process.env.STATE_DIR);

await setUp();
const { adminKeyFile, claimState, localAdminKey } = await import("./state.mjs");
const { localVariables, Runtime } = await import("./runtime.mjs");
const { parseConfig } = await import("../worker/config.ts");

let state;
let runtime;
let stopping = false;
let adminKeyIsMade = false;

async function stop(code) {
  if (stopping) return;
  stopping = true;
  setTimeout(() => process.exit(code), 5_000).unref();
  await runtime?.stop();
  state?.release();
  process.exit(code);
}

function stopWith(error) {
  if (stopping) return;
  console.error(error.message);
  void stop(1);
}

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => void stop(0));
whenOrphaned(() => void stop(0));

try {
  state = await claimState(stateDir);
  await assertPortIsFree();
  const makeAdminKey = () => {
    adminKeyIsMade = true;
    return localAdminKey(stateDir);
  };
  runtime = new Runtime({ host, port, stateDir, makeAdminKey, onSpawn: state.recordRuntime, onFailure: stopWith });
  const url = await runtime.start();
  if (!stopping) announce(url);
} catch (error) {
  stopWith(error);
}

function announce(url) {
  const boundPort = url.port || 80;
  const client = `-l ws -h ${host} -p ${boundPort} --path /mqtt`;
  console.log(`DurableMQ is ready: ws://${host}:${boundPort}/mqtt`);
  if (isOpen()) console.log("Anyone on this machine may connect; ALLOW_ANONYMOUS=false closes it.");
  console.log(`Dashboard: http://${host}:${boundPort}/${apiKeyHint()}`);
  console.log(`Subscribe: npx mqtt sub -v -t 'hello/#' ${client}`);
  console.log(`Publish:   npx mqtt pub -t hello/world -m 'Hello!' -q 1 ${client}`);
}

/** Where the key of the HTTP API is to be found, if it was made here. The key itself is not printed. */
function apiKeyHint() {
  if (!adminKeyIsMade) return "";
  return ` (API key in ${relative(process.cwd(), join(stateDir, adminKeyFile))})`;
}

function isOpen() {
  return parseConfig({ ALLOW_ANONYMOUS: process.env.ALLOW_ANONYMOUS ?? localVariables.ALLOW_ANONYMOUS }).allowAnonymous;
}

function readPort(text = "8787") {
  const value = Number(text);
  if (/^\d{1,5}$/.test(text) && value <= 65_535) return value;
  return fail(`PORT must be a number from 0 (any free port) to 65535, and is "${text}".`);
}

function readStateDir(text = ".state") {
  if (text === "") fail("STATE_DIR must name a folder, and is empty.");
  return isAbsolute(text) ? text : join(root, text);
}

function assertPortIsFree() {
  const server = createServer();
  return new Promise((resolve, reject) => {
    server.once("error", (error) => {
      const reason = error.code === "EADDRINUSE" ? "is in use by another program" : `cannot be used (${error.code})`;
      reject(new Error(`Port ${port} on ${host} ${reason}. Choose another: PORT=8788 npm start`));
    });
    server.listen(port, host, () => server.close(resolve));
  });
}
