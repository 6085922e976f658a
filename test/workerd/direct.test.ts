// A client whose socket ends in its session object: what it costs, and what hibernation does to it.

import { exports } from "cloudflare:workers";
import { generate, type Packet } from "mqtt-packet";
import { afterEach, expect, test } from "vitest";
import { eventually } from "../support/eventually.ts";
import { countOf, quiet } from "./support/bill.ts";
import { uniqueId } from "./support/client.ts";
import { putToSleep, sessionOf } from "./support/objects.ts";

const open = new Set<WebSocket>();
afterEach(() => {
  for (const socket of open) socket.close(1000);
  open.clear();
});

interface Direct {
  readonly id: string;
  readonly types: number[];
  readonly send: (...packets: readonly Packet[]) => void;
  readonly sendBytes: (bytes: Uint8Array) => void;
  readonly isClosed: () => boolean;
}

async function connect(keepalive = 0): Promise<Direct> {
  const id = uniqueId("direct");
  const headers = { Upgrade: "websocket", "Sec-WebSocket-Protocol": "mqtt" };
  const { webSocket: socket, headers: answered } = await exports.default.fetch(`http://broker/mqtt/${id}`, { headers });
  if (socket === null) throw new Error("no WebSocket was opened");
  expect(answered.get("Sec-WebSocket-Protocol")).toBe("mqtt");
  socket.binaryType = "arraybuffer";
  const types: number[] = [];
  let isClosed = false;
  socket.addEventListener("message", ({ data }) => types.push((new Uint8Array(data as ArrayBuffer)[0] as number) >> 4));
  for (const event of ["close", "error"] as const) socket.addEventListener(event, () => (isClosed = true));
  socket.accept();
  open.add(socket);
  const sendBytes = (bytes: Uint8Array) => socket.send(bytes);
  const send = (...packets: readonly Packet[]) => {
    for (const packet of packets) sendBytes(generate(packet, { protocolVersion: 4 }));
  };
  send({ cmd: "connect", clientId: id, protocolId: "MQTT", protocolVersion: 4, clean: false, keepalive });
  await eventually("CONNACK", () => types.includes(2));
  return { id, types, send, sendBytes, isClosed: () => isClosed };
}

test("DIR-10 a ping wakes the object, and writes nothing", async () => {
  const client = await connect(60);
  await quiet();
  await putToSleep(sessionOf(client.id));
  const before = { wakes: countOf("wakes"), rows: countOf("rows_written"), alarms: countOf("alarms_set") };
  for (let count = 1; count <= 5; count++) {
    client.send({ cmd: "pingreq" });
    await eventually("PINGRESP", () => client.types.filter((type) => type === 13).length === count);
  }
  expect({ wakes: countOf("wakes"), rows: countOf("rows_written"), alarms: countOf("alarms_set") }).toEqual({
    ...before,
    wakes: before.wakes + 1,
  });
});

test("DIR-11 a conversation goes on after hibernation", async () => {
  const client = await connect();
  client.send({ cmd: "subscribe", messageId: 1, subscriptions: [{ topic: client.id, qos: 1 }] });
  await eventually("SUBACK", () => client.types.includes(9));
  await quiet();
  await putToSleep(sessionOf(client.id));
  client.send({ cmd: "publish", topic: client.id, payload: "again", qos: 1, messageId: 2, dup: false, retain: false });
  await eventually("PUBLISH and PUBACK", () => client.types.includes(3) && client.types.includes(4));
});

test("DIR-12 an object that sleeps in the middle of a packet closes, and the session is there for the next connection", async () => {
  const client = await connect();
  const bytes = generate({
    cmd: "publish",
    topic: client.id,
    payload: "half",
    qos: 1,
    messageId: 2,
    dup: false,
    retain: false,
  });
  client.sendBytes(bytes.subarray(0, 5));
  await quiet();
  await putToSleep(sessionOf(client.id));
  client.sendBytes(bytes.subarray(5));
  await eventually("the close", client.isClosed);
  expect(client.types).toEqual([2]);
});
