// What the edge tells a session object of a client that has proved who it is, and what becomes of it there.

import { runInDurableObject } from "cloudflare:test";
import { generate, type IConnackPacket, type Packet, parser } from "mqtt-packet";
import { expect, test } from "vitest";
import { SessionStore } from "../../src/store/session-store.ts";
import { Sql } from "../../src/store/sql.ts";
import { decodeHello, encodeHello, type Hello } from "../../worker/hello.ts";
import { ObjectSql } from "../../worker/sql.ts";
import { within } from "../support/eventually.ts";
import { uniqueId } from "./support/client.ts";
import { sessionOf } from "./support/objects.ts";

const method = "SCRAM-SHA-256";
const proof = Uint8Array.of(0, 255, 44, 61);

function connectOf(clientId: string, authenticationMethod?: string): Uint8Array {
  const properties = {
    sessionExpiryInterval: 60,
    ...(authenticationMethod === undefined ? {} : { authenticationMethod }),
  };
  const packet: Packet = { cmd: "connect", clientId, protocolVersion: 5, clean: true, username: "claimed", properties };
  return generate(packet, { protocolVersion: 5 });
}

/** Speaks to the object as the edge does, and gives the packets that come back until `count` are there. */
async function speak(clientId: string, frames: readonly Uint8Array[], count: number): Promise<Packet[]> {
  const response = await sessionOf(clientId).fetch("https://session/", { headers: { Upgrade: "websocket" } });
  const socket = response.webSocket as WebSocket;
  socket.binaryType = "arraybuffer";
  const { promise, resolve } = Promise.withResolvers<Packet[]>();
  const packets: Packet[] = [];
  const reader = parser({ protocolVersion: 5 });
  reader.on("packet", (packet) => {
    packets.push(packet);
    if (packets.length === count) resolve(packets);
  });
  socket.addEventListener("message", ({ data }) => {
    // Text is for the edge.
    if (typeof data !== "string") reader.parse(Buffer.from(data as ArrayBuffer));
  });
  socket.accept();
  for (const frame of frames) socket.send(frame);
  const received = await within(`${count} packets`, promise);
  socket.close(1000, "");
  return received;
}

/** As the session's rows have it. */
function usernameOf(clientId: string): Promise<string | undefined> {
  return runInDurableObject(sessionOf(clientId), (_, { storage }) => {
    return new SessionStore(new Sql(new ObjectSql(storage))).load().record?.username;
  });
}

test.each<Hello>([
  { clientId: "c", clientIdWasAssigned: true },
  { clientId: "ünïcode", clientIdWasAssigned: false, username: "user", authenticationData: proof },
])("INTRO-1 a hello is read as it was written: %o", (hello) => {
  const connect = Uint8Array.of(0x10, 0);
  const frame = encodeHello(hello, connect);
  const { hello: read, connectStart } = decodeHello(frame);
  expect(read).toEqual(hello);
  expect(frame.subarray(connectStart)).toEqual(connect);
});

test("INTRO-2 [MQTT-4.12.0-5] CONNACK has the method and the server's proof, and the session belongs to who was proved", async () => {
  const clientId = uniqueId();
  const hello = { clientId, clientIdWasAssigned: false, username: "user", authenticationData: proof };
  const [connack] = await speak(clientId, [encodeHello(hello, connectOf(clientId, method))], 1);
  expect(connack).toMatchObject({ cmd: "connack", reasonCode: 0, properties: { authenticationMethod: method } });
  const { authenticationData } = (connack as IConnackPacket).properties ?? {};
  expect([...(authenticationData ?? [])]).toEqual([...proof]);
  expect(await usernameOf(clientId)).toBe("user");
});

test("INTRO-3 [MQTT-4.12.0-6] who proved nothing is told of no method, and is nobody, whatever name stands in CONNECT", async () => {
  const clientId = uniqueId();
  const frame = encodeHello({ clientId, clientIdWasAssigned: false }, connectOf(clientId));
  const [connack] = await speak(clientId, [frame], 1);
  expect(connack).toMatchObject({ cmd: "connack", reasonCode: 0 });
  expect(connack).not.toHaveProperty("properties.authenticationMethod");
  expect(connack).not.toHaveProperty("properties.authenticationData");
  expect(await usernameOf(clientId)).toBeUndefined();
});

test("INTRO-4 an AUTH that comes this far is refused: it is the edge's", async () => {
  const clientId = uniqueId();
  const hello = { clientId, clientIdWasAssigned: false, username: "user", authenticationData: proof };
  const auth: Packet = { cmd: "auth", reasonCode: 0x19, properties: { authenticationMethod: method } };
  const frames = [encodeHello(hello, connectOf(clientId, method)), generate(auth, { protocolVersion: 5 })];
  const [, disconnect] = await speak(clientId, frames, 2);
  expect(disconnect).toMatchObject({ cmd: "disconnect", reasonCode: 0x82 });
});
