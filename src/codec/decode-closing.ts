// DISCONNECT and AUTH: guarded here, decoded by the library.

import { allowedReasons } from "../protocol/allowed-reasons.ts";
import { fail, type ProtocolFailure } from "../protocol/failure.ts";
import type { ClientAuth, ClientDisconnect } from "../protocol/packet.ts";
import { PropertyId, PropertyPlace } from "../protocol/property.ts";
import { ReasonCode } from "../protocol/reason.ts";
import { copyBytes } from "./bytes.ts";
import type { FieldGuard } from "./field-guard.ts";
import { parsePacket } from "./library.ts";
import { notAccepted } from "./not-accepted.ts";

export function decodeDisconnect(guard: FieldGuard, packet: Uint8Array): ClientDisconnect | ProtocolFailure {
  // Before MQTT 5 it has no body; in MQTT 5 an empty one means a normal end [MQTT 3.14.2.1].
  if (guard.left === 0) return { type: "disconnect", reason: ReasonCode.normalDisconnection };
  const failure = guardDisconnect(guard);
  if (failure !== undefined) return failure;
  const parsed = parsePacket(packet, guard.version);
  if (parsed?.cmd !== "disconnect") return notAccepted("DISCONNECT");
  const disconnect = { type: "disconnect", reason: (parsed.reasonCode ?? 0) as ReasonCode } as const;
  const sessionExpirySeconds = parsed.properties?.sessionExpiryInterval;
  return sessionExpirySeconds === undefined ? disconnect : { ...disconnect, sessionExpirySeconds };
}

export function decodeAuth(guard: FieldGuard, packet: Uint8Array): ClientAuth | ProtocolFailure {
  if (guard.version !== 5) return fail(ReasonCode.malformedPacket, "packet-type", "AUTH exists since MQTT 5 only");
  // An empty body means success [MQTT 3.15.2.1], which only a server says [MQTT-4.12.0-3].
  if (guard.left === 0) return fail(ReasonCode.protocolError, "MQTT-4.12.0-3", "AUTH with reason 0");
  const failure = guardAuth(guard);
  if (failure !== undefined) return failure;
  const parsed = parsePacket(packet, guard.version);
  const method = parsed?.cmd === "auth" ? parsed.properties?.authenticationMethod : undefined;
  if (parsed?.cmd !== "auth" || method === undefined) return notAccepted("AUTH");
  const auth = { type: "auth", reason: parsed.reasonCode as ReasonCode, method } as const;
  const data = parsed.properties?.authenticationData;
  return data === undefined ? auth : { ...auth, data: copyBytes(data) };
}

function guardDisconnect(guard: FieldGuard): ProtocolFailure | undefined {
  if (guard.version !== 5) return guard.finish();
  const reason = guard.byte("reason");
  if (!allowedReasons.disconnect.has(reason)) {
    guard.fail(ReasonCode.protocolError, "MQTT-3.14.2-1", `DISCONNECT with reason ${reason}`);
  }
  if (guard.left > 0) guard.section(PropertyPlace.disconnect);
  return guard.finish();
}

function guardAuth(guard: FieldGuard): ProtocolFailure | undefined {
  const reason = guard.byte("reason");
  if (!allowedReasons.auth.has(reason)) {
    guard.fail(ReasonCode.protocolError, "MQTT-3.15.2-1", `AUTH with reason ${reason}`);
  }
  let hasMethod = false;
  if (guard.left > 0) {
    guard.section(PropertyPlace.auth, ({ id }) => {
      hasMethod ||= id === PropertyId.authenticationMethod;
    });
  }
  // [MQTT 3.15.2.2.2] leaving the method out is a protocol error.
  if (!hasMethod) guard.fail(ReasonCode.protocolError, "authentication-method", "AUTH without a method");
  return guard.finish();
}
