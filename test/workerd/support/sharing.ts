// Members of a group that handle what they are sent. Configuration is read once in a runtime, so each strategy has a test
// file.

import { env } from "cloudflare:workers";
import type { ShareStrategy } from "../../../src/shard/strategy.ts";
import { configOf } from "../../../worker/config.ts";
import { Client, type ConnectOptions } from "./client.ts";

export function configureStrategy(strategy: ShareStrategy): void {
  const { sharedStrategy } = configOf({ ...env, SHARED_STRATEGY: strategy });
  if (sharedStrategy !== strategy) throw new Error("the configuration was read before");
}

/** The shared subscription that the tests make. */
export function group(filter: string): string {
  return `$share/group/${filter}`;
}

/** A member whose client does nothing by itself. */
export async function member(filter: string, qos: 1 | 2, options: ConnectOptions = {}): Promise<Client> {
  const client = await Client.connect({ version: 5, ...options });
  await client.subscribe(group(filter), qos);
  return client;
}

export interface Handled {
  readonly topic: string;
  readonly payload: string;
}

/** From now on the client acknowledges what it is sent, until its connection ends; in the order of arrival. */
export function handledBy(client: Client): readonly Handled[] {
  const handled: Handled[] = [];
  const run = async () => {
    for (;;) {
      const packet = await client.next(60_000);
      const messageId = packet.messageId ?? 0;
      if (packet.cmd === "pubrel") client.send({ cmd: "pubcomp", messageId });
      if (packet.cmd !== "publish") continue;
      handled.push({ topic: packet.topic, payload: packet.payload.toString() });
      if (packet.qos > 0) client.send({ cmd: packet.qos === 1 ? "puback" : "pubrec", messageId });
    }
  };
  run().catch(() => {});
  return handled;
}
