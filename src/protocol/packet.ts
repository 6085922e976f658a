// The packets as the broker's rules see them, whatever version they came in: what a version lacks has the value that
// means the same there. Byte arrays may be views into the frame they came in; who keeps one keeps the whole frame.

import type { ReasonCode } from "./reason.ts";
import type { ProtocolVersion } from "./version.ts";

export const EMPTY_BYTES: Uint8Array = new Uint8Array(0);

/** Session Expiry Interval of a session that never expires [MQTT 3.1.2.11.2]. */
export const SESSION_NEVER_EXPIRES = 0xffff_ffff;

export type QoS = 0 | 1 | 2;

/** Remaining length of four bytes and its header: no packet is larger. */
export const PROTOCOL_PACKET_BYTES_MAX = 0x0fff_ffff + 5;

export type UserProperty = readonly [name: string, value: string];

export interface Will {
  readonly topic: string;
  readonly topicBytes: Uint8Array;
  readonly payload: Uint8Array;
  readonly qos: QoS;
  readonly retain: boolean;
  readonly delaySeconds: number;
  readonly messageExpirySeconds?: number;
  /** What is forwarded unchanged; see `Publish.properties`. */
  readonly properties: Uint8Array;
}

export interface Connect {
  readonly type: "connect";
  readonly version: ProtocolVersion;
  readonly clientId: string;
  /** 3.x: Clean Session. */
  readonly cleanStart: boolean;
  readonly keepAliveSeconds: number;
  readonly username?: string;
  readonly password?: Uint8Array;
  readonly will?: Will;
  /** 3.x: 0 for a clean session, else `SESSION_NEVER_EXPIRES`. */
  readonly sessionExpirySeconds: number;
  readonly receiveMaximum: number;
  readonly maximumPacketBytes: number;
  readonly topicAliasMaximum: number;
  readonly requestResponseInformation: boolean;
  readonly requestProblemInformation: boolean;
  readonly userProperties: readonly UserProperty[];
  readonly authenticationMethod?: string;
  readonly authenticationData?: Uint8Array;
}

export interface Publish {
  readonly type: "publish";
  readonly qos: QoS;
  readonly retain: boolean;
  readonly dup: boolean;
  /** 0 for QoS 0. */
  readonly packetId: number;
  /** "" when only an alias came. */
  readonly topic: string;
  /** Not a view: a copy that may be kept, shared by consecutive messages to one topic. */
  readonly topicBytes: Uint8Array;
  /** 0 for none. */
  readonly topicAlias: number;
  readonly messageExpirySeconds?: number;
  /**
   * The encoded MQTT 5 properties that a broker forwards unchanged and in order: payload format, content type, response
   * topic, correlation data, user properties. Without their length prefix, topic alias and message expiry.
   */
  readonly properties: Uint8Array;
  readonly payload: Uint8Array;
  /** The payload format indicator says UTF-8, and the payload is not. */
  readonly payloadIsIllFormed: boolean;
}

export type AckType = "puback" | "pubrec" | "pubrel" | "pubcomp";

export interface Ack {
  readonly type: AckType;
  readonly packetId: number;
  /** `success` in 3.x. */
  readonly reason: ReasonCode;
}

export type RetainHandling = 0 | 1 | 2;

export interface Subscription {
  /** As sent, `$share/` included, not yet validated. */
  readonly filter: string;
  readonly qos: QoS;
  readonly noLocal: boolean;
  readonly retainAsPublished: boolean;
  readonly retainHandling: RetainHandling;
}

export interface Subscribe {
  readonly type: "subscribe";
  readonly packetId: number;
  /** Subscription Identifier, never 0. */
  readonly identifier?: number;
  readonly subscriptions: readonly Subscription[];
}

export interface Unsubscribe {
  readonly type: "unsubscribe";
  readonly packetId: number;
  readonly filters: readonly string[];
}

export interface Pingreq {
  readonly type: "pingreq";
}

export interface ClientDisconnect {
  readonly type: "disconnect";
  readonly reason: ReasonCode;
  readonly sessionExpirySeconds?: number;
}

export interface ClientAuth {
  readonly type: "auth";
  readonly reason: ReasonCode;
  /** Always there: leaving it out is a protocol error [MQTT 3.15.2.2.2]. */
  readonly method: string;
  readonly data?: Uint8Array;
}

export type ClientPacket = Connect | Publish | Ack | Subscribe | Unsubscribe | Pingreq | ClientDisconnect | ClientAuth;

export interface ConnackProperties {
  readonly assignedClientId?: string;
  readonly sessionExpirySeconds?: number;
  readonly receiveMaximum?: number;
  /** Only 0 and 1 may be announced: 2 is said by leaving it out [MQTT 3.2.2.3.4]. */
  readonly maximumQos?: 0 | 1;
  readonly retainAvailable?: boolean;
  readonly maximumPacketBytes?: number;
  readonly topicAliasMaximum?: number;
  readonly reasonString?: string;
  readonly wildcardAvailable?: boolean;
  readonly subscriptionIdsAvailable?: boolean;
  readonly sharedAvailable?: boolean;
  readonly serverKeepAliveSeconds?: number;
  readonly responseInformation?: string;
  readonly serverReference?: string;
  readonly authenticationMethod?: string;
  readonly authenticationData?: Uint8Array;
  readonly userProperties?: readonly UserProperty[];
}

export interface Connack {
  readonly type: "connack";
  readonly sessionPresent: boolean;
  readonly reason: ReasonCode;
  readonly properties: ConnackProperties;
}

export interface OutPublish {
  readonly type: "publish";
  readonly qos: QoS;
  readonly retain: boolean;
  readonly dup: boolean;
  readonly packetId: number;
  /** Empty when `topicAlias` alone names the topic. */
  readonly topicBytes: Uint8Array;
  /** 0 for none. */
  readonly topicAlias: number;
  readonly messageExpirySeconds?: number;
  readonly subscriptionIds: readonly number[];
  /** See `Publish.properties`. */
  readonly properties: Uint8Array;
  readonly payload: Uint8Array;
}

export interface OutAck extends Ack {
  readonly reasonString?: string;
}

export interface Suback {
  readonly type: "suback";
  readonly packetId: number;
  /** One for each filter, in order [MQTT-3.8.4-6] [MQTT-3.9.3-1]. */
  readonly reasons: readonly ReasonCode[];
}

export interface Unsuback {
  readonly type: "unsuback";
  readonly packetId: number;
  /** One for each filter, in order [MQTT-3.11.3-1]. */
  readonly reasons: readonly ReasonCode[];
}

export interface Pingresp {
  readonly type: "pingresp";
}

export interface ServerDisconnect {
  readonly type: "disconnect";
  readonly reason: ReasonCode;
  readonly reasonString?: string;
  readonly serverReference?: string;
}

export interface ServerAuth {
  readonly type: "auth";
  readonly reason: ReasonCode;
  readonly method: string;
  readonly data?: Uint8Array;
}

export type ServerPacket = Connack | OutPublish | OutAck | Suback | Unsuback | Pingresp | ServerDisconnect | ServerAuth;
