// Which packets answer others, told from their headers alone: whoever passes frames on knows by it when a client has nothing
// more to say for now.

import { PacketType } from "../protocol/packet-type.ts";
import { firstFailureReason } from "../protocol/reason.ts";
import { bodyStart, packetEnd } from "./header.ts";

/** Whether a client's packet of this type answers one of the server's [MQTT-4.3.2-4] [MQTT-4.3.3-8]. */
export function isAnswer(type: PacketType): boolean {
  return type >= PacketType.puback && type <= PacketType.pubcomp;
}

/** How many answers a client owes to what the server sends it in a frame of whole packets. */
export function answersOwedTo(frame: Uint8Array): number {
  let owed = 0;
  for (let start = 0; start < frame.length; ) {
    const end = packetEnd(frame, start);
    if (end < 0) break;
    if (isToBeAnswered(frame, start, end)) owed++;
    start = end;
  }
  return owed;
}

function isToBeAnswered(frame: Uint8Array, start: number, end: number): boolean {
  const first = frame[start] as number;
  switch (first >> 4) {
    case PacketType.publish:
      return (first & 0x06) !== 0;
    case PacketType.pubrec: {
      // One that refuses ends the conversation [MQTT-4.3.3-4].
      const reasonAt = bodyStart(frame, start, end) + 2;
      return reasonAt >= end || (frame[reasonAt] as number) < firstFailureReason;
    }
    case PacketType.pubrel:
      return true;
    default:
      return false;
  }
}
