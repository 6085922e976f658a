// The reason codes a client may put into each of its packets. Any other one is a protocol error.

import { ReasonCode } from "./reason.ts";

const received: readonly ReasonCode[] = [
  ReasonCode.success,
  ReasonCode.noMatchingSubscribers,
  ReasonCode.unspecifiedError,
  ReasonCode.implementationSpecificError,
  ReasonCode.notAuthorized,
  ReasonCode.topicNameInvalid,
  ReasonCode.packetIdentifierInUse,
  ReasonCode.quotaExceeded,
  ReasonCode.payloadFormatInvalid,
];

const released: readonly ReasonCode[] = [ReasonCode.success, ReasonCode.packetIdentifierNotFound];

export const allowedReasons = {
  /** [MQTT-3.4.2-1] */
  puback: new Set<number>(received),
  /** [MQTT-3.5.2-1] */
  pubrec: new Set<number>(received),
  /** [MQTT-3.6.2-1] */
  pubrel: new Set<number>(released),
  /** [MQTT-3.7.2-1] */
  pubcomp: new Set<number>(released),
  /** [MQTT-3.14.2-1], those that the specification's table lets a client send. */
  disconnect: new Set<number>([
    ReasonCode.normalDisconnection,
    ReasonCode.disconnectWithWillMessage,
    ReasonCode.unspecifiedError,
    ReasonCode.malformedPacket,
    ReasonCode.protocolError,
    ReasonCode.implementationSpecificError,
    ReasonCode.topicNameInvalid,
    ReasonCode.receiveMaximumExceeded,
    ReasonCode.topicAliasInvalid,
    ReasonCode.packetTooLarge,
    ReasonCode.messageRateTooHigh,
    ReasonCode.quotaExceeded,
    ReasonCode.administrativeAction,
    ReasonCode.payloadFormatInvalid,
  ]),
  /** [MQTT-3.15.2-1], of those the two a client sends: success is the server's. */
  auth: new Set<number>([ReasonCode.continueAuthentication, ReasonCode.reAuthenticate]),
} as const;
