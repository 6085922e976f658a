// Packets as a trace shows them.

import { encodeBase64 } from "../auth/base64.ts";
import type { ClientPacket, ServerPacket } from "../protocol/packet.ts";
import { ReasonCode } from "../protocol/reason.ts";
import { reasonText } from "../protocol/reason-text.ts";
import type { ProtocolVersion } from "../protocol/version.ts";
import { namedMax, payloadBytesMax, shorten, type TraceEvent } from "./event.ts";

type Packet = ClientPacket | ServerPacket;
type Shown = Partial<Omit<TraceEvent, "atMs" | "at" | "what">>;

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const topicDecoder = new TextDecoder("utf-8", { fatal: false, ignoreBOM: true });

/** `topicOf`: what stands behind an alias. Nothing secret is in what comes back. */
export function shownPacket(packet: Packet, topicOf: (alias: number) => string | undefined): Shown {
  const name = packet.type.toUpperCase();
  switch (packet.type) {
    case "publish": {
      const { qos, retain, dup, packetId, topicAlias, payload, topicBytes } = packet;
      const given = "topic" in packet ? packet.topic : topicDecoder.decode(topicBytes);
      const topic = given === "" ? topicOf(topicAlias) : given;
      return {
        packet: name,
        ...(topic === undefined ? {} : { topic: shorten(topic) }),
        qos,
        ...(retain ? { retain } : {}),
        ...(dup ? { dup } : {}),
        ...(packetId === 0 ? {} : { packetId }),
        payloadBytes: payload.length,
        ...(topicAlias === 0 ? {} : { detail: `alias ${topicAlias}` }),
      };
    }
    case "subscribe":
      return {
        packet: name,
        packetId: packet.packetId,
        filters: packet.subscriptions.slice(0, namedMax).map(({ filter, qos }) => `${shorten(filter)} (QoS ${qos})`),
        ...more(packet.subscriptions.length),
      };
    case "unsubscribe": {
      const { packetId, filters } = packet;
      return { packet: name, packetId, filters: filters.slice(0, namedMax).map(shorten), ...more(filters.length) };
    }
    case "suback":
    case "unsuback":
      return {
        packet: name,
        packetId: packet.packetId,
        reason: [...new Set(packet.reasons)]
          .slice(0, namedMax)
          .map(packet.type === "suback" ? grantText : reasonText)
          .join(", "),
      };
    case "puback":
    case "pubrec":
    case "pubrel":
    case "pubcomp":
      return { packet: name, packetId: packet.packetId, ...(packet.reason === 0 ? {} : reasonIn(packet)) };
    case "connack":
      return {
        packet: name,
        ...reasonIn(packet),
        detail: packet.sessionPresent ? "the session was there" : "a new session",
      };
    case "disconnect":
    case "auth":
      return { packet: name, ...reasonIn(packet) };
    case "connect":
    case "pingreq":
    case "pingresp":
      return { packet: name };
    default:
      packet satisfies never;
      return {};
  }
}

function reasonIn({ reason }: { readonly reason: ReasonCode }): Shown {
  return { reason: reasonText(reason) };
}

function grantText(reason: ReasonCode): string {
  return reason === ReasonCode.success ? "Granted QoS 0" : reasonText(reason);
}

function more(count: number): Shown {
  return count > namedMax ? { detail: `and ${count - namedMax} more` } : {};
}

/** What CONNECT says, without what proves anything. */
export function shownConnect(packet: ClientPacket & { readonly type: "connect" }): Shown {
  const { version, cleanStart, keepAliveSeconds, sessionExpirySeconds, username, password, will } = packet;
  const parts = [
    `MQTT ${versions[version]}`,
    cleanStart ? "clean start" : "resumes a session",
    `keep-alive ${keepAliveSeconds} s`,
    `session expiry ${sessionExpirySeconds === 0xffff_ffff ? "never" : `${sessionExpirySeconds} s`}`,
    ...(password === undefined ? [] : ["shows a password"]),
    ...(packet.authenticationMethod === undefined ? [] : [`authenticates with ${packet.authenticationMethod}`]),
    ...(will === undefined ? [] : [`will to ${will.topic} at QoS ${will.qos}`]),
  ];
  return { ...(username === undefined ? {} : { user: shorten(username) }), detail: shorten(parts.join(", ")) };
}

const versions: Readonly<Record<ProtocolVersion, string>> = { 3: "3.1", 4: "3.1.1", 5: "5.0" };

/** The beginning of a payload; text where it is text. */
export function shownPayload(payload: Uint8Array): Pick<TraceEvent, "payload" | "encoding"> {
  const beginning = payload.subarray(0, payloadBytesMax);
  // The cut may go through a character.
  const shortest = payload.length > payloadBytesMax ? beginning.length - characterBytesMax + 1 : beginning.length;
  for (let length = beginning.length; length >= shortest; length--) {
    try {
      return { payload: decoder.decode(beginning.subarray(0, length)), encoding: "text" };
    } catch {
      // Not to here.
    }
  }
  return { payload: encodeBase64(beginning), encoding: "base64" };
}

const characterBytesMax = 4;
