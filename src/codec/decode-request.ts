// SUBSCRIBE and UNSUBSCRIBE: guarded here, decoded by the library.

import type { ProtocolFailure } from "../protocol/failure.ts";
import type { RetainHandling, Subscribe, Subscription, Unsubscribe } from "../protocol/packet.ts";
import { PropertyPlace } from "../protocol/property.ts";
import { ReasonCode } from "../protocol/reason.ts";
import type { FieldGuard } from "./field-guard.ts";
import { parsePacket } from "./library.ts";
import { notAccepted } from "./not-accepted.ts";

const sharedPrefix = new TextEncoder().encode("$share/");

/** `packet` is one whole packet; the header flags have been checked. */
export function decodeSubscribe(guard: FieldGuard, packet: Uint8Array): Subscribe | ProtocolFailure {
  const failure = guardSubscribe(guard);
  if (failure !== undefined) return failure;
  const parsed = parsePacket(packet, guard.version);
  if (parsed?.cmd !== "subscribe" || parsed.messageId === undefined) return notAccepted("SUBSCRIBE");
  const subscriptions = parsed.subscriptions.map(
    ({ topic, qos, nl, rap, rh }): Subscription => ({
      filter: topic,
      qos,
      noLocal: nl ?? false,
      retainAsPublished: rap ?? false,
      retainHandling: (rh ?? 0) as RetainHandling,
    }),
  );
  const identifier = parsed.properties?.subscriptionIdentifier;
  const subscribe = { type: "subscribe", packetId: parsed.messageId, subscriptions } as const;
  return identifier === undefined ? subscribe : { ...subscribe, identifier };
}

export function decodeUnsubscribe(guard: FieldGuard, packet: Uint8Array): Unsubscribe | ProtocolFailure {
  const failure = guardUnsubscribe(guard);
  if (failure !== undefined) return failure;
  const parsed = parsePacket(packet, guard.version);
  if (parsed?.cmd !== "unsubscribe" || parsed.messageId === undefined) return notAccepted("UNSUBSCRIBE");
  return { type: "unsubscribe", packetId: parsed.messageId, filters: parsed.unsubscriptions };
}

function guardSubscribe(guard: FieldGuard): ProtocolFailure | undefined {
  guard.packetId();
  guard.section(PropertyPlace.subscribe);
  if (guard.left === 0) guard.breach(ReasonCode.protocolError, "3.8.3-2", "3.8.3-3", "SUBSCRIBE without a filter");
  while (guard.left > 0) {
    guard.text("topic filter");
    const shared = startsWith(guard.frame, guard.start, guard.end, sharedPrefix);
    guardOptions(guard, guard.byte("subscription options"), shared);
  }
  return guard.finish();
}

function guardOptions(guard: FieldGuard, options: number, shared: boolean): void {
  if (guard.failure !== undefined) return;
  const reserved = guard.version === 5 ? 0xc0 : 0xfc;
  if ((options & reserved) !== 0) {
    guard.breach(ReasonCode.malformedPacket, "3.8.3-5", "3.8.3-4", "reserved subscription options are set");
  } else if ((options & 0x03) === 3) {
    guard.breach(ReasonCode.protocolError, "3.8.3-5", "3.8.3-4", "subscription with QoS 3");
  } else if ((options & 0x30) === 0x30) {
    guard.fail(ReasonCode.protocolError, "retain-handling", "subscription with retain handling 3");
  } else if (shared && guard.version === 5 && (options & 0x04) !== 0) {
    guard.fail(ReasonCode.protocolError, "MQTT-3.8.3-4", "shared subscription with no local");
  }
}

function guardUnsubscribe(guard: FieldGuard): ProtocolFailure | undefined {
  guard.packetId();
  guard.section(PropertyPlace.unsubscribe);
  if (guard.left === 0) guard.breach(ReasonCode.protocolError, "3.10.3-2", "3.10.3-2", "UNSUBSCRIBE without a filter");
  while (guard.left > 0) guard.text("topic filter");
  return guard.finish();
}

function startsWith(bytes: Uint8Array, start: number, end: number, prefix: Uint8Array): boolean {
  return end - start >= prefix.length && prefix.every((byte, index) => bytes[start + index] === byte);
}
