// Gives a test file its broker: started before the first test, stopped after the last, its clients cut after each.

import { afterAll, afterEach, beforeAll } from "vitest";
import type { BrokerOptions } from "../../bench/brokers/broker.ts";
import { startBroker, type TestBroker } from "./broker.ts";
import { cutClients } from "./client.ts";
import { cutRawSockets } from "./raw-socket.ts";

export function useBroker(options: BrokerOptions = {}): () => TestBroker {
  let broker: TestBroker | undefined;
  beforeAll(async () => {
    broker = await startBroker(options);
  }, 120_000);
  afterEach(() => {
    cutClients();
    cutRawSockets();
  });
  afterAll(async () => {
    await broker?.stop();
  }, 60_000);
  return () => {
    if (broker === undefined) throw new Error("the broker did not start");
    return broker;
  };
}
