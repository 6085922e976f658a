// Packets to a client as one frame: a pass that sums up sizes, one buffer, a pass that writes.

import { type OutAck, PROTOCOL_PACKET_BYTES_MAX, type ServerPacket } from "../protocol/packet.ts";
import type { ProtocolVersion } from "../protocol/version.ts";
import { plainAckBytes, writePlainAck } from "./encode-ack.ts";
import { encodedPublishBytes, writePublish } from "./encode-publish.ts";
import { encodeRare } from "./encode-rare.ts";

export { encodedPublishBytes } from "./encode-publish.ts";

const pingresp = Uint8Array.of(0xd0, 0);

/**
 * What the version has no packet for is left out, so the frame may be empty. Words that would make a packet larger than
 * the client's Maximum Packet Size are left out too; a PUBLISH has to be held against it before it comes here.
 */
export function encodePackets(
  packets: readonly ServerPacket[],
  version: ProtocolVersion,
  maximumPacketBytes: number = PROTOCOL_PACKET_BYTES_MAX,
): Uint8Array {
  let size = 0;
  const rare: Uint8Array[] = [];
  for (const packet of packets) {
    if (packet.type === "publish") size += encodedPublishBytes(packet, version);
    else if (isPlainAck(packet, version)) size += plainAckBytes(packet, version);
    else {
      const bytes = packet.type === "pingresp" ? pingresp : encodeRare(packet, version, maximumPacketBytes);
      rare.push(bytes);
      size += bytes.length;
    }
  }
  const frame = new Uint8Array(size);
  let at = 0;
  let nextRare = 0;
  for (const packet of packets) {
    if (packet.type === "publish") at = writePublish(frame, at, packet, version);
    else if (isPlainAck(packet, version)) at = writePlainAck(frame, at, packet, version);
    else {
      const bytes = rare[nextRare++] as Uint8Array;
      frame.set(bytes, at);
      at += bytes.length;
    }
  }
  return frame;
}

function isPlainAck(packet: ServerPacket, version: ProtocolVersion): packet is OutAck {
  switch (packet.type) {
    case "puback":
    case "pubrec":
    case "pubrel":
    case "pubcomp":
      return version < 5 || packet.reasonString === undefined;
    default:
      return false;
  }
}
