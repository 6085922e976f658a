// Starts RabbitMQ with its plugin for MQTT over WebSocket, when it is installed.

import { chmod, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Broker, BrokerOptions } from "./broker.ts";
import { answers, needCommand } from "./installed.ts";
import { freePort, ManagedProcess } from "./managed-process.ts";
import { startedBroker } from "./started-broker.ts";
import { stateFolder } from "./temporary-folder.ts";

export async function startRabbitMq(options: BrokerOptions = {}): Promise<Broker> {
  needCommand("rabbitmq-server");
  needCommand("epmd");
  const folder = await stateFolder("rabbitmq", options.stateDir);
  // Started by root it becomes another user, who must be able to write here.
  await chmod(folder.path, 0o777);
  const port = options.port ?? (await freePort());
  const [amqp, mqtt, names, distribution] = [await freePort(), await freePort(), await freePort(), await freePort()];
  const settings = [
    `listeners.tcp.1 = 127.0.0.1:${amqp}`,
    `mqtt.listeners.tcp.1 = 127.0.0.1:${mqtt}`,
    "web_mqtt.tcp.ip = 127.0.0.1",
    `web_mqtt.tcp.port = ${port}`,
    "mqtt.allow_anonymous = true",
    "log.console.level = error",
  ];
  await writeFile(join(folder.path, "rabbitmq.conf"), `${settings.join("\n")}\n`);
  await writeFile(join(folder.path, "plugins"), "[rabbitmq_web_mqtt].\n");
  const server = new ManagedProcess({
    // The names of Erlang nodes have a daemon, which would outlive the broker: it gets one of its own, within its process tree.
    command: "sh",
    args: ["-c", "epmd & exec rabbitmq-server"],
    env: {
      ...options.env,
      ERL_EPMD_ADDRESS: "127.0.0.1",
      ERL_EPMD_PORT: String(names),
      HOME: folder.path,
      RABBITMQ_CONFIG_FILE: join(folder.path, "rabbitmq.conf"),
      RABBITMQ_DIST_PORT: String(distribution),
      RABBITMQ_ENABLED_PLUGINS_FILE: join(folder.path, "plugins"),
      RABBITMQ_LOGS: "-",
      RABBITMQ_LOG_BASE: folder.path,
      RABBITMQ_MNESIA_BASE: folder.path,
      RABBITMQ_NODENAME: `bench${port}@localhost`,
    },
    readyTimeoutMs: 60_000,
    onOutput: options.onOutput,
    isReady: () => answers(port),
  });
  return startedBroker({
    name: "RabbitMQ",
    // Grants QoS 1 at most.
    features: { shared: false, delayed: false, versionFive: false, qualities: [0, 1] },
    url: `ws://127.0.0.1:${port}/ws`,
    durability: "partly written",
    process: server,
    folder,
  });
}
