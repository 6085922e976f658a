// The programs of docs/clients.md as they stand there, against a broker; and that those which say so acknowledge after handling.

import { spawnSync } from "node:child_process";
import { afterEach, describe, expect, test } from "vitest";
import { testAdminKey } from "../support/admin-key.ts";
import { isOurs } from "../support/broker.ts";
import { TestClient } from "../support/client.ts";
import { eventually } from "../support/eventually.ts";
import { startGateway } from "../support/gateway.ts";
import { hasNodeRed, nodeRedProgram } from "../support/node-red.ts";
import { programOn, RunningProgram } from "../support/page-program.ts";
import { queueDepth } from "../support/queue-depth.ts";
import { useBroker } from "../support/use-broker.ts";

const broker = useBroker({ env: { ADMIN_KEY: testAdminKey } });
const page = "docs/clients.md";
const running: RunningProgram[] = [];

afterEach(async () => {
  for (const program of running.splice(0)) await program.stop();
});

function start(name: string, text = programOn(page, name), env: Record<string, string> = {}): RunningProgram {
  const program = new RunningProgram(name, text, { URL: broker().url, ...env });
  running.push(program);
  return program;
}

function isThere(command: string, ...args: readonly string[]): boolean {
  return spawnSync(command, args, { stdio: "ignore" }).status === 0;
}

/** Node-RED takes a while to start. */
const nodeRedMs = 50_000;
const hasPaho = isThere(process.env["PYTHON"] ?? "/usr/bin/python3", "-c", "import paho.mqtt.client");
const hasMosquitto = spawnSync("mosquitto_sub", ["--version"], { stdio: "ignore" }).error === undefined;

/** Retained, so that it does not matter who comes first. */
async function subscribes(program: RunningProgram, publisher: TestClient): Promise<void> {
  await publisher.publish("jobs/ready", "yes", 1, true);
  await program.prints("handled jobs/ready yes");
  await publisher.publish("jobs/ready", "", 1, true);
}

const acknowledging = [
  {
    name: "mqtt.mjs",
    clientId: "worker-js",
    runs: true,
    handler: "async function handle(topic, payload) {\n",
    broken: '  throw new Error("broken");\n',
  },
  {
    name: "worker.py",
    clientId: "worker-py",
    runs: hasPaho,
    handler: "def handle(topic, payload):\n",
    broken: '    raise RuntimeError("broken")\n',
  },
];

describe.runIf(isOurs)("docs/clients.md", () => {
  for (const { name, clientId, runs, handler, broken } of acknowledging) {
    test.runIf(runs)(`CLI-1 ${name}: what its handler failed at comes again, what it handled does not`, async () => {
      const publisher = await TestClient.connect(broker().url, { version: 5 });
      const whole = programOn(page, name);
      expect(whole).toContain(handler);
      const first = start(name);
      await subscribes(first, publisher);
      await first.stop();

      await publisher.publish("jobs/1", "precious", 1);
      const failing = start(name, whole.replace(handler, `${handler}${broken}`));
      expect(await failing.ended).not.toBe(0);
      expect(failing.output).toContain("broken");
      expect(failing.output).not.toContain("handled");

      const second = start(name);
      await second.prints("handled jobs/1 precious");
      await publisher.publish("jobs/2", "next", 1);
      await second.prints("handled jobs/2 next");
      // A connection that breaks may take with it what the broker has not read.
      await eventually("it is acknowledged", async () => (await queueDepth(broker().url, clientId)) === 0);
      await second.stop();

      const third = start(name);
      await publisher.publish("jobs/3", "last", 1);
      await third.prints("handled jobs/3 last");
      expect(third.output).not.toContain("jobs/1");
    });
  }

  test("CLI-2 paho-js.mjs receives", async () => {
    const publisher = await TestClient.connect(broker().url, { version: 5 });
    await subscribes(start("paho-js.mjs"), publisher);
  });

  test.runIf(hasMosquitto)("CLI-3 mosquitto.sh receives through the gateway", async () => {
    const gateway = await startGateway(broker().url);
    try {
      const publisher = await TestClient.connect(broker().url, { version: 5 });
      await subscribes(start("mosquitto.sh", undefined, { PORT: `${gateway.tcpPort}` }), publisher);
    } finally {
      await gateway.stop();
    }
  });

  test.runIf(hasNodeRed)(
    "CLI-5 the flow for Node-RED handles what comes, and what came while it was away",
    async () => {
      const flow = programOn(page, "node-red.json").replace(/ws:[^"]*/, broker().url);
      const observer = await TestClient.connect(broker().url, { version: 5 });
      await observer.subscribe("handled", 1);
      const first = start("node-red.mjs", nodeRedProgram(flow));
      await observer.publish("jobs/ready", "yes", 1, true);
      expect(await observer.takePayloads(1, nodeRedMs)).toEqual(["yes"]);
      await observer.publish("jobs/ready", "", 1, true);
      expect(await observer.takePayloads(1)).toEqual([""]);
      await first.stop();

      await observer.publish("jobs/1", "precious", 1);
      start("node-red.mjs", nodeRedProgram(flow));
      expect(await observer.takePayloads(1, nodeRedMs)).toEqual(["precious"]);
    },
    120_000,
  );

  test("CLI-4 every program of the page is run here", async () => {
    const { readFileSync } = await import("node:fs");
    const named = [...readFileSync(page, "utf8").matchAll(/<!-- run: (\S+) -->/g)].map(([, name]) => name);
    expect(named.toSorted()).toEqual(["mosquitto.sh", "mqtt.mjs", "node-red.json", "paho-js.mjs", "worker.py"]);
  });
});
