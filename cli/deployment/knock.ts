// Knocks on a broker's door as anybody could: CONNECT without a name and without a password.

import { randomBytes } from "node:crypto";
import { WebSocket } from "ws";

const waitMs = 15_000;
const connackType = 0x20;

export type Door = "open" | "closed" | "not-there";

export function knock(url: string): Promise<Door> {
  const socket = new WebSocket(url, "mqtt");
  return new Promise((resolve) => {
    const timer = setTimeout(() => answer("closed"), waitMs);
    function answer(door: Door): void {
      clearTimeout(timer);
      resolve(door);
      socket.terminate();
    }
    socket.on("open", () => socket.send(anonymousConnect(`doctor-${randomBytes(6).toString("hex")}`)));
    socket.on("message", (data: Buffer) => answer(data[0] === connackType && data[3] === 0 ? "open" : "closed"));
    socket.on("unexpected-response", (_, { statusCode }) => answer(statusCode === 404 ? "not-there" : "closed"));
    socket.on("close", () => answer("closed"));
    socket.on("error", () => answer("closed"));
  });
}

/** Of MQTT 3.1.1, with a clean session. */
function anonymousConnect(clientId: string): Uint8Array {
  const id = Buffer.from(clientId);
  const body = [0, 4, ...Buffer.from("MQTT"), 4, 2, 0, 10, 0, id.length, ...id];
  return Uint8Array.of(0x10, body.length, ...body);
}
