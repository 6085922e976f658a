// CONNECT, the packet that says which version all others are in. What is wrong with it is answered in that version, as
// far as it can be made out.

import type { ContentRules } from "../protocol/content-rules.ts";
import { fail, type ProtocolFailure } from "../protocol/failure.ts";
import { type Connect, PROTOCOL_PACKET_BYTES_MAX, SESSION_NEVER_EXPIRES } from "../protocol/packet.ts";
import { PacketType } from "../protocol/packet-type.ts";
import { ReasonCode } from "../protocol/reason.ts";
import type { ProtocolVersion } from "../protocol/version.ts";
import { copyBytes } from "./bytes.ts";
import { connackForm, refusingConnack } from "./connack-bytes.ts";
import { type ConnectExtras, guardConnect } from "./connect-guard.ts";
import { bodyStart, lengthFailure } from "./header.ts";
import { parsePacket } from "./library.ts";
import { notAccepted } from "./not-accepted.ts";

export interface ConnectRefusal {
  readonly type: "refusal";
  readonly reason: ReasonCode;
  readonly rule: string;
  readonly detail: string;
  /** What to send before closing; without it, just close. */
  readonly connack?: Uint8Array;
}

/** `start` to `end` is the first packet of a connection. */
export function decodeConnect(
  frame: Uint8Array,
  start: number,
  end: number,
  rules: ContentRules,
): Connect | ConnectRefusal {
  const first = frame[start] as number;
  if (first >> 4 !== PacketType.connect) {
    return refuse(fail(ReasonCode.protocolError, "MQTT-3.1.0-1", "the first packet is not a CONNECT"));
  }
  const body = bodyStart(frame, start, end);
  if (body < 0) return refuse(lengthFailure());
  const opening = readOpening(frame, body, end);
  if (opening === undefined) {
    return refuse(fail(ReasonCode.malformedPacket, "packet-length", "CONNECT without a protocol level"));
  }
  const { name, level, fieldsStart } = opening;
  const version = supportedVersion(name, level);
  if (version === undefined) return refuse(unsupported(name, level), connackForm(level));
  const form = version === 5 ? 5 : 3;
  if ((first & 0x0f) !== 0) {
    const ruleId = form === 5 ? "MQTT-2.1.3-1" : "MQTT3-2.2.2-2";
    return refuse(fail(ReasonCode.malformedPacket, ruleId, `header flags ${first & 0x0f} of CONNECT`), form);
  }
  const extras = guardConnect(version, frame, fieldsStart, end, rules);
  if (extras.type === "failure") return refuse(extras, form);
  const connect = toConnect(version, frame.subarray(start, end), extras);
  return connect.type === "failure" ? refuse(connect, form) : connect;
}

function refuse({ reason, rule, detail }: ProtocolFailure, form?: 3 | 5): ConnectRefusal {
  const connack = form === undefined ? undefined : refusingConnack(reason, form);
  const refusal = { type: "refusal", reason, rule, detail } as const;
  return connack === undefined ? refusal : { ...refusal, connack };
}

interface Opening {
  readonly name: string;
  readonly level: number;
  readonly fieldsStart: number;
}

function readOpening(frame: Uint8Array, body: number, end: number): Opening | undefined {
  if (body + 2 > end) return undefined;
  const nameEnd = body + 2 + (((frame[body] as number) << 8) | (frame[body + 1] as number));
  if (nameEnd >= end) return undefined;
  // Only compared with ASCII, so it need not be valid UTF-8.
  const name = nameEnd - body > 20 ? "" : String.fromCharCode(...frame.subarray(body + 2, nameEnd));
  return { name, level: frame[nameEnd] as number, fieldsStart: nameEnd + 1 };
}

function supportedVersion(name: string, level: number): ProtocolVersion | undefined {
  if (name === "MQTT" && (level === 4 || level === 5)) return level;
  return name === "MQIsdp" && level === 3 ? 3 : undefined;
}

function unsupported(name: string, level: number): ProtocolFailure {
  const known = name === "MQTT" || name === "MQIsdp";
  const detail = known ? `protocol level ${level} of ${name}` : "unknown protocol name";
  // [MQTT-3.1.2-1] the name, [MQTT-3.1.2-2] the version.
  const statement = known ? "3.1.2-2" : "3.1.2-1";
  const specification = connackForm(level) === 5 ? "MQTT" : "MQTT3";
  return fail(ReasonCode.unsupportedProtocolVersion, `${specification}-${statement}`, detail);
}

function toConnect(version: ProtocolVersion, packet: Uint8Array, extras: ConnectExtras): Connect | ProtocolFailure {
  const parsed = parsePacket(packet, version);
  if (parsed?.cmd !== "connect") return notAccepted("CONNECT");
  const { properties, will, username, password } = parsed;
  const cleanStart = parsed.clean ?? false;
  const expiryBefore5 = cleanStart ? 0 : SESSION_NEVER_EXPIRES;
  const method = properties?.authenticationMethod;
  const data = properties?.authenticationData;
  return {
    type: "connect",
    version,
    clientId: parsed.clientId,
    cleanStart,
    keepAliveSeconds: parsed.keepalive ?? 0,
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password: copyBytes(password) }),
    ...(will === undefined || extras.will === undefined ? {} : { will: { ...extras.will, topic: will.topic } }),
    sessionExpirySeconds: version === 5 ? (properties?.sessionExpiryInterval ?? 0) : expiryBefore5,
    receiveMaximum: properties?.receiveMaximum ?? 0xffff,
    maximumPacketBytes: properties?.maximumPacketSize ?? PROTOCOL_PACKET_BYTES_MAX,
    topicAliasMaximum: properties?.topicAliasMaximum ?? 0,
    requestResponseInformation: properties?.requestResponseInformation ?? false,
    requestProblemInformation: properties?.requestProblemInformation ?? true,
    userProperties: extras.userProperties,
    ...(method === undefined ? {} : { authenticationMethod: method }),
    ...(data === undefined ? {} : { authenticationData: copyBytes(data) }),
  };
}
