// PUBACK, PUBREC, PUBREL and PUBCOMP from the client.

import type { Ack } from "../protocol/packet.ts";
import { isFailure, ReasonCode } from "../protocol/reason.ts";
import { Progress } from "../queue/window.ts";
import type { Effects } from "./effects.ts";
import { putWindow } from "./fill.ts";
import type { Session } from "./state.ts";

export function puback(session: Session, packet: Ack, effects: Effects): void {
  const position = session.window.positionOf(packet.packetId);
  if (position === undefined || session.window.progressAt(position) !== Progress.sentQos1) {
    effects.refuse("unexpected-puback", `packet id ${packet.packetId}`);
    return;
  }
  session.window.finish(position);
}

export function pubrec(session: Session, packet: Ack, effects: Effects): void {
  const { packetId, reason } = packet;
  const position = session.window.positionOf(packetId);
  const progress = position === undefined ? Progress.untouched : session.window.progressAt(position);
  if (position === undefined || (progress !== Progress.sentQos2 && progress !== Progress.released)) {
    effects.refuse("unexpected-pubrec", `packet id ${packetId}`);
    // The client must be let go of an identifier that the session no longer knows.
    effects.send.push({ type: "pubrel", packetId, reason: ReasonCode.packetIdentifierNotFound });
    return;
  }
  if (isFailure(reason)) {
    // The client refused it: not sent again [MQTT-4.4.0-2].
    session.window.finish(position);
    return;
  }
  if (progress === Progress.sentQos2) {
    session.window.release(position);
    // Durable before PUBREL leaves: after it, PUBLISH must never be sent again [MQTT-4.3.3-6].
    putWindow(session, effects, session.durableDupBelow);
  }
  effects.send.push({ type: "pubrel", packetId, reason: ReasonCode.success });
}

export function pubrel(session: Session, packet: Ack, effects: Effects): void {
  const { packetId } = packet;
  // The identifier is free, durably, before PUBCOMP says so [MQTT-4.3.3-12].
  const known = session.inbound.free(packetId);
  session.acknowledgements.release(packetId);
  const reason = known ? ReasonCode.success : ReasonCode.packetIdentifierNotFound;
  effects.send.push({ type: "pubcomp", packetId, reason });
}

export function pubcomp(session: Session, packet: Ack, effects: Effects): void {
  const position = session.window.positionOf(packet.packetId);
  if (position === undefined || session.window.progressAt(position) !== Progress.released) {
    effects.refuse("unexpected-pubcomp", `packet id ${packet.packetId}`);
    return;
  }
  session.window.finish(position);
}
