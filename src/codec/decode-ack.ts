// PUBACK, PUBREC, PUBREL and PUBCOMP, read straight from the frame: a stream of QoS 1 has as many as it has messages.

import { allowedReasons } from "../protocol/allowed-reasons.ts";
import type { ControlCharacters } from "../protocol/content-rules.ts";
import { fail, type ProtocolFailure } from "../protocol/failure.ts";
import type { Ack, AckType } from "../protocol/packet.ts";
import { PropertyPlace } from "../protocol/property.ts";
import { ReasonCode } from "../protocol/reason.ts";
import { rule } from "../protocol/rule.ts";
import type { ProtocolVersion } from "../protocol/version.ts";
import { PropertyCursor } from "./property-cursor.ts";

const reasonRules: Readonly<Record<AckType, string>> = {
  puback: "MQTT-3.4.2-1",
  pubrec: "MQTT-3.5.2-1",
  pubrel: "MQTT-3.6.2-1",
  pubcomp: "MQTT-3.7.2-1",
};

/** The header flags have been checked. */
export function decodeAck(
  type: AckType,
  version: ProtocolVersion,
  frame: Uint8Array,
  start: number,
  end: number,
  controlCharacters: ControlCharacters,
): Ack | ProtocolFailure {
  const length = end - start;
  if (length < 2 || (version < 5 && length > 2)) {
    return fail(ReasonCode.malformedPacket, "packet-length", `${type} with a body of ${length} bytes`);
  }
  const packetId = ((frame[start] as number) << 8) | (frame[start + 1] as number);
  if (packetId === 0) {
    return fail(ReasonCode.protocolError, rule(version, "2.2.1-5", "2.3.1-6"), `${type} of packet identifier 0`);
  }
  // The reason may be left out if it is success, the properties if there are none [MQTT 3.4.2.1] [MQTT 3.4.2.2.1].
  if (length === 2) return { type, packetId, reason: ReasonCode.success };
  const reason = frame[start + 2] as number;
  if (!allowedReasons[type].has(reason)) {
    return fail(ReasonCode.protocolError, reasonRules[type], `${type} with reason ${reason}`);
  }
  return (
    (length > 3 ? propertiesFailure(type, frame, start + 3, end, controlCharacters) : undefined) ?? {
      type,
      packetId,
      reason: reason as ReasonCode,
    }
  );
}

function propertiesFailure(
  type: AckType,
  frame: Uint8Array,
  start: number,
  end: number,
  controlCharacters: ControlCharacters,
): ProtocolFailure | undefined {
  const cursor = new PropertyCursor(controlCharacters);
  const sectionEnd = cursor.open(frame, start, end, PropertyPlace[type]);
  while (cursor.next());
  if (cursor.failure !== undefined || sectionEnd === end) return cursor.failure;
  return fail(ReasonCode.malformedPacket, "packet-length", `${end - sectionEnd} bytes too many`);
}
