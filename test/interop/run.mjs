// `npm run test:interop`: client libraries in other languages against the broker under test. Prints a line for each check
// and, last, how many passed and failed. A library that is not installed is named and skipped.

import { spawn, spawnSync } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { isKillable, startBroker } from "../support/broker.ts";
import { keepDataInMemory } from "../support/in-memory.ts";
import { checkMosquittoClients, hasMosquittoClients } from "./mosquitto.mjs";

keepDataInMemory();
const python = process.env.PYTHON ?? "/usr/bin/python3";
const scriptTimeoutMs = 180_000;
let passed = 0;
let failed = 0;

function hasPaho() {
  return spawnSync(python, ["-c", "import paho.mqtt.client"], { stdio: "ignore" }).status === 0;
}

/** Runs one file of checks and counts its lines. */
async function runPython(file, broker, args = []) {
  const { hostname, port, pathname } = new URL(broker.url);
  const script = fileURLToPath(new URL(file, import.meta.url));
  const child = spawn(python, ["-B", script, "--host", hostname, "--port", port, "--path", pathname, ...args], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = new Promise((resolve) => child.once("close", (code, signal) => resolve(signal ?? code)));
  const timer = setTimeout(() => child.kill("SIGKILL"), scriptTimeoutMs);
  let failedHere = 0;
  try {
    for await (const line of createInterface({ input: child.stdout })) {
      console.log(line);
      if (line.startsWith("ok ")) passed += 1;
      if (line.startsWith("FAILED ")) failedHere += 1;
    }
    const result = await ended;
    if (result !== 0 && failedHere === 0) {
      console.log(`FAILED  ${file} ended with ${result}`);
      failedHere = 1;
    }
  } finally {
    clearTimeout(timer);
    if (child.exitCode === null && child.signalCode === null) child.kill("SIGKILL");
    failed += failedHere;
  }
}

async function runMosquitto(broker) {
  for await (const { name, problem } of checkMosquittoClients(broker)) {
    console.log(problem === undefined ? `ok      ${name}` : `FAILED  ${name}: ${problem}`);
    if (problem === undefined) passed += 1;
    else failed += 1;
  }
}

/** Where everything is to be tested, everything has to be there. */
function skip(what) {
  console.log(what);
  if (process.env.CI) failed += 1;
}

const broker = await startBroker();
try {
  if (hasPaho()) {
    await runPython("paho_basics.py", broker);
    if (isKillable) {
      const name = `sixty${process.pid}`;
      await runPython("paho_sixty.py", broker, ["--phase", "before", "--name", name]);
      await broker.kill9();
      await broker.restart();
      await runPython("paho_sixty.py", broker, ["--phase", "after", "--name", name]);
    }
  } else {
    skip(`${python} has no paho-mqtt: install Debian's python3-paho-mqtt, or name another Python with PYTHON=`);
  }
  if (hasMosquittoClients()) await runMosquitto(broker);
  else skip("There is no mosquitto_pub: install Debian's mosquitto-clients");
} finally {
  await broker.stop();
}
console.log(`${passed} passed, ${failed} failed`);
if (failed > 0) process.exitCode = 1;
