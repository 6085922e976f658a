// Mosquitto's own command-line clients, which speak TCP and TLS, through the gateway.

import { spawn, spawnSync } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { startGateway } from "../support/gateway.ts";

const commandMs = 20_000;
const certificate = join(fileURLToPath(new URL("../fixtures/gateway/", import.meta.url)), "certificate.pem");
const versions = { 3.1: "mqttv31", "3.1.1": "mqttv311", "5.0": "mqttv5" };

export function hasMosquittoClients() {
  return spawnSync("mosquitto_pub", ["--version"], { stdio: "ignore" }).error === undefined;
}

/** Yields a line for each check: what was checked, and what was wrong or nothing. */
export async function* checkMosquittoClients(broker) {
  const gateway = await startGateway(broker.url);
  const transports = {
    TCP: ["-h", "127.0.0.1", "-p", `${gateway.tcpPort}`],
    TLS: ["-h", "localhost", "-p", `${gateway.tlsPort}`, "--cafile", certificate],
  };
  try {
    for (const [over, address] of Object.entries(transports)) {
      for (const [version, flag] of Object.entries(versions)) {
        for (const qos of ["0", "1", "2"]) {
          const topic = `mosquitto/${over}/${flag}/${qos}`;
          const common = [...address, "-V", flag, "-q", qos, "-t", topic];
          const name = `mosquitto_pub to mosquitto_sub over ${over}, ${version}, QoS ${qos}`;
          yield { name, problem: await passes(common) };
        }
      }
    }
    yield { name: "mosquitto_sub: a session that lasts", problem: await keeps(transports.TCP) };
  } finally {
    await gateway.stop();
  }
}

/** One retained message, so that it does not matter who comes first; then it is taken back. */
async function passes(common) {
  const published = await run("mosquitto_pub", [...common, "-r", "-m", "hello"]);
  if (published.code !== 0) return `mosquitto_pub ended with ${published.code}: ${published.output}`;
  const received = await run("mosquitto_sub", [...common, "-C", "1"]);
  await run("mosquitto_pub", [...common, "-r", "-n"]);
  return received.output.trim() === "hello" ? undefined : `got "${received.output}", ended with ${received.code}`;
}

async function keeps(address) {
  const session = [...address, "-i", "mosquitto-keeper", "-c", "-q", "1", "-t", "mosquitto/kept"];
  await run("mosquitto_sub", [...session, "-E"]);
  await run("mosquitto_pub", [...address, "-q", "1", "-t", "mosquitto/kept", "-m", "while you were away"]);
  const received = await run("mosquitto_sub", [...session, "-C", "1"]);
  await run("mosquitto_sub", [...address, "-i", "mosquitto-keeper", "-t", "mosquitto/kept", "-E"]);
  return received.output.trim() === "while you were away" ? undefined : `got "${received.output}"`;
}

async function run(command, args) {
  const child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"] });
  const timer = setTimeout(() => child.kill("SIGKILL"), commandMs);
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (piece) => (output += piece));
  const code = await new Promise((resolve) => child.once("close", (status, signal) => resolve(signal ?? status)));
  clearTimeout(timer);
  return { code, output };
}
