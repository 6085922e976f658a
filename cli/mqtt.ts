// A client of the broker, for `pub` and `sub`.

import { setTimeout } from "node:timers/promises";
import { connect, type IClientOptions, type MqttClient } from "mqtt";
import { Failure } from "./failure.ts";
import { addressOf, passwordFrom } from "./options.ts";

export interface MqttFlags {
  readonly url: string;
  readonly user?: string;
  readonly passwordFile?: string;
  readonly clientId?: string;
}

const stringBytesMax = 65_535;
const flushTurnMs = 10;
const flushTurnsMax = 200;

/** By what they are called. The client library would fail at them without saying which it was. */
export function assertFit(texts: Readonly<Record<string, string | undefined>>): void {
  for (const [name, text = ""] of Object.entries(texts)) {
    if (Buffer.byteLength(text) <= stringBytesMax) continue;
    throw new Failure(`The ${name} is longer than the ${stringBytesMax} bytes that MQTT has room for.`);
  }
}

/** `take` acknowledges a message when it calls back. */
export async function connectMqtt(
  flags: MqttFlags,
  options: IClientOptions = {},
  take?: MqttClient["handleMessage"],
): Promise<MqttClient> {
  const { url, user, passwordFile, clientId } = flags;
  const password = passwordFrom(passwordFile);
  assertFit({ "client id": clientId, "user name": user, password });
  const client = connect(url, {
    protocolVersion: 5,
    reconnectPeriod: 0,
    connectTimeout: 10_000,
    ...(clientId === undefined ? {} : { clientId }),
    ...(user === undefined ? {} : { username: user }),
    ...(password === undefined ? {} : { password }),
    ...options,
  });
  // Messages of a session that was kept come right behind CONNACK.
  if (take !== undefined) client.handleMessage = take;
  try {
    await new Promise<void>((resolve, reject) => {
      client.once("connect", () => resolve());
      client.once("error", reject);
      client.once("close", () => reject(new Error("it closes the connection")));
    });
    // From here on the end of the connection says it.
    client.on("error", () => {});
  } catch (error) {
    client.end(true);
    const words = wordsOf(error as Error);
    // Of the network, not of the broker.
    const isAway = /^E[A-Z]+$/.test(`${(error as { code?: unknown }).code}`);
    if (!isAway) throw new Failure(`The broker at ${url} does not let us in: ${words}.`);
    throw new Failure(`The broker at ${url} cannot be reached: ${words}. ${addressOf("--url", "DURABLEMQ_URL")}`);
  }
  return client;
}

function wordsOf(error: Error & { code?: string | number; errors?: readonly Error[] }): string {
  return error.message || error.errors?.[0]?.message || `${error.code}`;
}

/**
 * Leaves without waiting for what the broker has still to say, or the client to do, once what was written is sent. A session
 * that is kept stays; what was not acknowledged comes again.
 */
export async function dropMqtt(client: MqttClient): Promise<void> {
  for (let turn = 0; turn < flushTurnsMax && client.stream.writableLength > 0; turn++) await setTimeout(flushTurnMs);
  client.end(true);
}
