// How a broker refused a client, in words a test can compare: "CONNACK 0x84", "DISCONNECT 0x81", "CONNACK 1" (a 3.x return
// code); plus whether the connection was closed in time.

import type { Version } from "./broker.ts";
import type { ClientSocket, RawPacket } from "./venue.ts";

const closeTimeoutMs = 5_000;

function hex(code: number): string {
  return `0x${code.toString(16).padStart(2, "0")}`;
}

/** A packet that refuses. */
export function inWords({ firstByte, body }: RawPacket, version: Version): string {
  if (firstByte === 0x20)
    return version === 5 || body.length > 2 ? `CONNACK ${hex(body[1] ?? 0)}` : `CONNACK ${body[1]}`;
  if (firstByte === 0xe0) return `DISCONNECT ${hex(body[0] ?? 0)}`;
  return `packet ${hex(firstByte)}`;
}

/** Waits for the close, and returns what the broker said from packet number `from` on. */
export async function refusal(
  socket: ClientSocket,
  version: Version,
  from: number,
  timeoutMs = closeTimeoutMs,
): Promise<string> {
  await socket.until("the broker closes the connection", () => socket.isClosed, timeoutMs);
  const said = socket.packets.slice(from).map((packet) => inWords(packet, version));
  return said.length === 0 ? "closed" : said.join(", ");
}
