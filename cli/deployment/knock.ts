// Knocks on a broker's door as anybody could: CONNECT without a name and without a password.

import { randomBytes } from "node:crypto";
import { WebSocket } from "ws";

const waitMs = 15_000;
const connackType = 0x20;

export function letsAnybodyIn(url: string): Promise<boolean> {
  const socket = new WebSocket(url, "mqtt");
  return new Promise((resolve) => {
    const timer = setTimeout(() => answer(false), waitMs);
    function answer(isLetIn: boolean): void {
      clearTimeout(timer);
      socket.terminate();
      resolve(isLetIn);
    }
    socket.on("open", () => socket.send(anonymousConnect(`doctor-${randomBytes(6).toString("hex")}`)));
    socket.on("message", (data: Buffer) => answer(data[0] === connackType && data[3] === 0));
    socket.on("close", () => answer(false));
    socket.on("error", () => answer(false));
  });
}

/** Of MQTT 3.1.1, with a clean session. */
function anonymousConnect(clientId: string): Uint8Array {
  const id = Buffer.from(clientId);
  const body = [0, 4, ...Buffer.from("MQTT"), 4, 2, 0, 10, 0, id.length, ...id];
  return Uint8Array.of(0x10, body.length, ...body);
}
