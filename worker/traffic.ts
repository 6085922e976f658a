// Messages that a session takes and sends, by QoS, and their bytes. A frame's are summed up first: it may hold many.

import type { ClientPacket, ServerPacket } from "../src/protocol/packet.ts";
import { counters } from "./counters.ts";

type Packet = ClientPacket | ServerPacket | { readonly type: "failure" };

export function countTaken(packets: readonly Packet[]): void {
  count("messages_published", "in", packets);
}

export function countSent(packets: readonly Packet[]): void {
  count("messages_sent", "out", packets);
}

function count(name: "messages_published" | "messages_sent", direction: string, packets: readonly Packet[]): void {
  const messages: [number, number, number] = [0, 0, 0];
  let bytes = 0;
  for (const packet of packets) {
    if (packet.type !== "publish") continue;
    messages[packet.qos]++;
    bytes += packet.payload.length;
  }
  for (const [qos, number] of messages.entries()) if (number > 0) counters.addFor(name, qos, number);
  if (bytes > 0) counters.addFor("message_bytes", direction, bytes);
}
