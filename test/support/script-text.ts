// What a session sends, in the words of scripts.

import type { ServerPacket } from "../../src/protocol/packet.ts";
import { payloadText, textOf } from "./records.ts";

export function packetText(packet: ServerPacket): string {
  switch (packet.type) {
    case "connack":
      if (packet.reason !== 0) return `connack refused 0x${packet.reason.toString(16)}`;
      return packet.sessionPresent ? "connack present" : "connack";
    case "publish": {
      const words = [`publish ${textOf(packet.topicBytes)}:${payloadText(packet.payload)} q${packet.qos}`];
      if (packet.qos > 0) words.push(`#${packet.packetId}`);
      if (packet.dup) words.push("dup");
      if (packet.retain) words.push("retain");
      if (packet.messageExpirySeconds !== undefined) words.push(`expiry=${packet.messageExpirySeconds}`);
      if (packet.subscriptionIds.length > 0) words.push(`ids=${packet.subscriptionIds.join()}`);
      return words.join(" ");
    }
    case "suback":
    case "unsuback":
      return `${packet.type} #${packet.packetId} ${packet.reasons.map(hex).join()}`;
    case "puback":
    case "pubrec":
    case "pubrel":
    case "pubcomp":
      return `${packet.type} #${packet.packetId}${packet.reason === 0 ? "" : ` ${hex(packet.reason)}`}`;
    case "disconnect":
      return `disconnect ${hex(packet.reason)}`;
    case "pingresp":
    case "auth":
      return packet.type;
  }
}

function hex(reason: number): string {
  return `0x${reason.toString(16).padStart(2, "0")}`;
}
