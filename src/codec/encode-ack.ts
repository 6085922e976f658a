// PUBACK, PUBREC, PUBREL and PUBCOMP without a reason string, written straight into the frame.

import type { AckType, OutAck } from "../protocol/packet.ts";
import { ReasonCode } from "../protocol/reason.ts";
import type { ProtocolVersion } from "../protocol/version.ts";
import { writeUint16 } from "./encode-publish.ts";

/** [MQTT-3.6.1-1] PUBREL's flags are 0010. */
const firstBytes: Readonly<Record<AckType, number>> = { puback: 0x40, pubrec: 0x50, pubrel: 0x62, pubcomp: 0x70 };

export function plainAckBytes(ack: OutAck, version: ProtocolVersion): number {
  return hasReason(ack, version) ? 6 : 4;
}

export function writePlainAck(bytes: Uint8Array, start: number, ack: OutAck, version: ProtocolVersion): number {
  bytes[start] = firstBytes[ack.type];
  bytes[start + 1] = hasReason(ack, version) ? 4 : 2;
  const at = writeUint16(bytes, start + 2, ack.packetId);
  if (!hasReason(ack, version)) return at;
  bytes[at] = ack.reason;
  // No properties [MQTT-2.2.2-1].
  bytes[at + 1] = 0;
  return at + 2;
}

/** Success goes without saying [MQTT 3.4.2.1]; 3.x cannot say anything else. */
function hasReason(ack: OutAck, version: ProtocolVersion): boolean {
  return version === 5 && ack.reason !== ReasonCode.success;
}
