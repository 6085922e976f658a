// The brokers a comparison can start, and those it names as missing.

import { startAedes, startAedesOnLevel, startAedesOnRedis } from "./aedes.ts";
import type { Broker, BrokerOptions } from "./broker.ts";
import { startDurableMq } from "./durablemq.ts";
import { startMosquitto } from "./mosquitto.ts";
import { startNats } from "./nats.ts";
import { startRabbitMq } from "./rabbitmq.ts";

export const knownBrokers: ReadonlyMap<string, (options?: BrokerOptions) => Promise<Broker>> = new Map([
  ["durablemq", startDurableMq],
  ["aedes", startAedes],
  ["aedes-level", startAedesOnLevel],
  ["aedes-redis", startAedesOnRedis],
  ["mosquitto", startMosquitto],
  ["nats", startNats],
  ["rabbitmq", startRabbitMq],
]);

/** Named in every comparison, so that nobody takes silence for a result. Measured when started by hand: see --url. */
export const brokersWithoutRecipe: readonly string[] = ["EMQX", "HiveMQ CE", "VerneMQ", "NanoMQ", "FlashMQ", "BifroMQ"];
