// Walks a CONNECT behind its protocol level. Besides judging, it collects what the library cannot give as it came: user
// properties in their order, and a will's properties as bytes to be forwarded.

import type { ContentRules } from "../protocol/content-rules.ts";
import type { ProtocolFailure } from "../protocol/failure.ts";
import type { QoS, UserProperty, Will } from "../protocol/packet.ts";
import { PropertyId, PropertyPlace } from "../protocol/property.ts";
import { ReasonCode } from "../protocol/reason.ts";
import type { ProtocolVersion } from "../protocol/version.ts";
import { copyBytes } from "./bytes.ts";
import { FieldGuard } from "./field-guard.ts";
import { ForwardedProperties } from "./forwarded-properties.ts";
import { readUserProperty } from "./user-property.ts";
import { hasWildcard, isWellFormed } from "./utf8.ts";

export interface ConnectExtras {
  readonly type: "extras";
  readonly userProperties: readonly UserProperty[];
  readonly will?: Omit<Will, "topic">;
}

const ConnectFlag = {
  reserved: 0x01,
  clean: 0x02,
  will: 0x04,
  willRetain: 0x20,
  password: 0x40,
  username: 0x80,
} as const;

export function guardConnect(
  version: ProtocolVersion,
  frame: Uint8Array,
  start: number,
  end: number,
  rules: ContentRules,
): ConnectExtras | ProtocolFailure {
  const guard = new FieldGuard(version, frame, start, end, rules.controlCharacters);
  const flags = guard.byte("connect flags");
  guardFlags(guard, flags);
  guard.uint16("keep alive");
  const userProperties = guardProperties(guard);
  guardClientId(guard, (flags & ConnectFlag.clean) !== 0);
  const will = (flags & ConnectFlag.will) === 0 ? undefined : guardWill(guard, flags, rules);
  if ((flags & ConnectFlag.username) !== 0) guard.text("user name");
  if ((flags & ConnectFlag.password) !== 0) guard.binary("password");
  const failure = guard.finish();
  if (failure !== undefined) return failure;
  return will === undefined ? { type: "extras", userProperties } : { type: "extras", userProperties, will };
}

function guardFlags(guard: FieldGuard, flags: number): void {
  const malformed = ReasonCode.malformedPacket;
  const willQos = (flags >> 3) & 3;
  if ((flags & ConnectFlag.reserved) !== 0) {
    guard.breach(malformed, "3.1.2-3", "3.1.2-3", "the reserved connect flag is set");
  }
  if (willQos === 3) guard.breach(malformed, "3.1.2-12", "3.1.2-14", "will QoS 3");
  if ((flags & ConnectFlag.will) === 0) {
    if (willQos !== 0) guard.breach(malformed, "3.1.2-11", "3.1.2-13", "will QoS without a will");
    if ((flags & ConnectFlag.willRetain) !== 0) {
      guard.breach(malformed, "3.1.2-13", "3.1.2-15", "will retain without a will");
    }
  }
  const passwordAlone = (flags & (ConnectFlag.username | ConnectFlag.password)) === ConnectFlag.password;
  if (passwordAlone && guard.version !== 5) {
    guard.fail(malformed, "MQTT3-3.1.2-22", "password without a user name");
  }
}

function guardProperties(guard: FieldGuard): UserProperty[] {
  const userProperties: UserProperty[] = [];
  let hasMethod = false;
  let hasData = false;
  guard.section(PropertyPlace.connect, (cursor) => {
    if (cursor.id === PropertyId.userProperty) userProperties.push(readUserProperty(guard.frame, cursor.valueStart));
    if (cursor.id === PropertyId.authenticationMethod) hasMethod = true;
    if (cursor.id === PropertyId.authenticationData) hasData = true;
  });
  // [MQTT 3.1.2.11.10]
  if (hasData && !hasMethod) {
    guard.fail(ReasonCode.protocolError, "authentication-method", "authentication data without a method");
  }
  return userProperties;
}

function guardClientId(guard: FieldGuard, clean: boolean): void {
  guard.text("client identifier");
  if (guard.failure !== undefined || guard.end > guard.start) return;
  const reason = ReasonCode.clientIdentifierNotValid;
  if (guard.version === 4 && !clean) {
    guard.fail(reason, "MQTT3-3.1.3-8", "empty client identifier without a clean session");
  }
  // MQTT 3.1 has no empty ones. It also ends at 23 characters, which no broker insists on.
  if (guard.version === 3) guard.fail(reason, "client-identifier", "empty client identifier in MQTT 3.1");
}

function guardWill(guard: FieldGuard, flags: number, rules: ContentRules): Omit<Will, "topic"> {
  const forwarded = new ForwardedProperties();
  let delaySeconds = 0;
  let expirySeconds = -1;
  let isText = false;
  guard.section(PropertyPlace.will, (cursor) => {
    if (cursor.id === PropertyId.willDelayInterval) delaySeconds = cursor.value;
    else if (cursor.id === PropertyId.messageExpiryInterval) expirySeconds = cursor.value;
    else {
      forwarded.keep(guard.frame, cursor.start, cursor.end);
      if (cursor.id === PropertyId.payloadFormatIndicator) isText = cursor.value === 1;
      if (cursor.id === PropertyId.responseTopic && hasWildcard(guard.frame, cursor.valueStart, cursor.end)) {
        guard.fail(ReasonCode.protocolError, "MQTT-3.3.2-14", "response topic of the will with a wildcard");
      }
    }
  });
  guard.text("will topic");
  guardWillTopic(guard);
  const topicBytes = copyBytes(guard.frame.subarray(guard.start, guard.end));
  guard.binary("will payload");
  if (isText && rules.payloadFormatValidated && !isWellFormed(guard.frame, guard.start, guard.end)) {
    guard.fail(ReasonCode.payloadFormatInvalid, "payload-format", "the payload of the will is not valid UTF-8");
  }
  const will = {
    topicBytes,
    payload: copyBytes(guard.frame.subarray(guard.start, guard.end)),
    qos: ((flags >> 3) & 3) as QoS,
    retain: (flags & ConnectFlag.willRetain) !== 0,
    delaySeconds,
    properties: copyBytes(forwarded.finish(guard.frame)),
  };
  return expirySeconds < 0 ? will : { ...will, messageExpirySeconds: expirySeconds };
}

function guardWillTopic(guard: FieldGuard): void {
  if (guard.failure !== undefined) return;
  if (guard.end === guard.start) {
    guard.breach(ReasonCode.topicNameInvalid, "4.7.3-1", "4.7.3-1", "empty will topic");
  } else if (hasWildcard(guard.frame, guard.start, guard.end)) {
    guard.breach(ReasonCode.topicNameInvalid, "4.7.0-1", "4.7.1-1", "will topic with a wildcard");
  }
}
