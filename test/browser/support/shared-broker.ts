// The broker that the browser tests share: starting one takes longer than most of them.

import type { TestProject } from "vitest/node";
import { testAdminKey } from "../../support/admin-key.ts";
import { startBroker } from "../../support/broker.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** For MQTT over WebSocket. */
    readonly brokerUrl: string;
  }
}

export default async function setup({ provide }: TestProject): Promise<() => Promise<void>> {
  const broker = await startBroker({ env: { ADMIN_KEY: testAdminKey } });
  provide("brokerUrl", broker.url);
  return () => broker.stop();
}
