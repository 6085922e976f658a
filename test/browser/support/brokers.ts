// The brokers that the browser tests share: starting one takes longer than most of them.

import type { TestProject } from "vitest/node";
import { buildDashboard } from "../../../scripts/dashboard.mjs";
import { testAdminKey } from "../../support/admin-key.ts";
import { startBroker } from "../../support/broker.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** For MQTT over WebSocket. */
    readonly brokerUrl: string;
    /** Of one that lets nobody in without credentials. */
    readonly closedBrokerUrl: string;
  }
}

export default async function setup({ provide }: TestProject): Promise<() => Promise<void>> {
  // Once, and not by both of them at the same time.
  await buildDashboard();
  const [open, closed] = await Promise.all([
    startBroker({ env: { ADMIN_KEY: testAdminKey } }),
    startBroker({ env: { ADMIN_KEY: testAdminKey, ALLOW_ANONYMOUS: "false" } }),
  ]);
  provide("brokerUrl", open.url);
  provide("closedBrokerUrl", closed.url);
  return async () => {
    await Promise.all([open.stop(), closed.stop()]);
  };
}
