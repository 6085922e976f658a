// The gateway's clients that never get as far as MQTT.

import { once } from "node:events";
import { readFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { afterEach, expect, test } from "vitest";
import { firstByteMs } from "../../../cli/gateway/connection.ts";
import { Gateway, type GatewayEvent } from "../../../cli/gateway/gateway.ts";
import { within } from "../../support/eventually.ts";

const pem = (name: string) => readFileSync(new URL(`../../fixtures/gateway/${name}.pem`, import.meta.url));
const listener = { host: "127.0.0.1", port: 0, tls: { certificate: pem("certificate"), key: pem("key") } };
const connectionsMax = 3;

let gateway: Gateway | undefined;
afterEach(() => gateway?.stop());

async function start() {
  const events: GatewayEvent[] = [];
  const log = (event: GatewayEvent) => void events.push(event);
  gateway = new Gateway({ brokerUrl: "ws://127.0.0.1:1/mqtt", listeners: [listener], connectionsMax, log });
  const [port = 0] = await gateway.start();
  /** Says nothing, not even how it would speak TLS. */
  const mute = async (): Promise<{ readonly socket: Socket; readonly closed: Promise<unknown> }> => {
    const socket = connect(port, "127.0.0.1");
    socket.on("error", () => {});
    const closed = once(socket, "close");
    await once(socket, "connect");
    socket.resume();
    return { socket, closed };
  };
  return { gateway, events, mute };
}

test("GW-9 who does not agree on TLS counts among the clients, and is closed in time", async () => {
  const { events, mute } = await start();
  const silent = await Promise.all(Array.from({ length: connectionsMax }, mute));
  const next = await mute();
  await within("it is closed at once", next.closed, firstByteMs / 2);
  expect(silent.map(({ socket }) => socket.destroyed)).toEqual([false, false, false]);
  const closed = Promise.all(silent.map((each) => each.closed));
  await within("the others are closed", closed, 2 * firstByteMs);
  expect(events.map((event) => event.event === "refused" && event.why)).toEqual([
    "too-many-connections",
    ...silent.map(() => "tls"),
  ]);
  const { socket } = await mute();
  expect(socket.destroyed).toBe(false);
}, 30_000);

test("GW-10 who does not agree on TLS does not hold up the gateway's end", async () => {
  const running = await start();
  const { closed } = await running.mute();
  await within("it stops", running.gateway.stop(), firstByteMs / 2);
  await closed;
});
