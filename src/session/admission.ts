// What a CONNECT that is well formed may still ask in vain.

import { fail, type ProtocolFailure } from "../protocol/failure.ts";
import type { Connack, Connect } from "../protocol/packet.ts";
import { ReasonCode } from "../protocol/reason.ts";
import { topicBehind } from "../topic/delayed.ts";
import { isReserved, levelCount } from "../topic/name.ts";
import type { SessionLimits } from "./limits.ts";

/** Who may connect. */
export interface AccessPolicy {
  /** Also those who show nothing of who they are. */
  readonly allowAnonymous: boolean;
}

/** What CONNACK with everything in it, and any answer to a few filters, fits into. */
const clientPacketBytesMin = 128;
/** The same with the server's proof in CONNACK, and the longest AUTH. */
export const provingClientPacketBytesMin = 256;

/** Why this deployment does not accept it; undefined if it does. */
export function refusalOf(
  connect: Connect,
  limits: SessionLimits & AccessPolicy,
  hasCertificate = false,
): ProtocolFailure | undefined {
  if (limits.serverRedirect !== "none") {
    const isMoved = limits.serverRedirect === "server-moved";
    const reason = isMoved ? ReasonCode.serverMoved : ReasonCode.useAnotherServer;
    return fail(reason, "server-redirect", `clients are sent to ${limits.serverReference || "another server"}`);
  }
  const { will } = connect;
  const willProve = connect.authenticationMethod !== undefined;
  const showsNothing = connect.username === undefined && connect.password === undefined && !hasCertificate;
  if (!willProve && showsNothing && !limits.allowAnonymous) {
    return fail(ReasonCode.notAuthorized, "anonymous", "no credentials, and ALLOW_ANONYMOUS is false");
  }
  const bytesMin = willProve ? provingClientPacketBytesMin : clientPacketBytesMin;
  if (connect.maximumPacketBytes < bytesMin) {
    // Nothing larger may be sent [MQTT-3.1.2-24], and without CONNACK there is no connection.
    const detail = `a Maximum Packet Size of ${connect.maximumPacketBytes}, at least ${bytesMin} are needed`;
    return fail(ReasonCode.packetTooLarge, "MQTT-3.1.2-24", detail);
  }
  if (will === undefined) return undefined;
  if (will.qos > limits.maximumQos) {
    return fail(ReasonCode.qosNotSupported, "MQTT-3.2.2-12", `a will at QoS ${will.qos}`);
  }
  if (will.retain && !limits.retainAvailable) {
    return fail(ReasonCode.retainNotSupported, "MQTT-3.2.2-13", "a retained will");
  }
  const topic = topicBehind(will.topic, limits.delayedSecondsMax);
  if (topic === undefined) {
    const detail = `a will for a delay that is none of at most ${limits.delayedSecondsMax} seconds: ${will.topic}`;
    return fail(ReasonCode.topicNameInvalid, "delay-invalid", detail);
  }
  if (isReserved(topic)) return fail(ReasonCode.notAuthorized, "topic-reserved", `a will for ${topic}`);
  if (levelCount(topic) > limits.topicLevelsMax) {
    return fail(
      ReasonCode.topicNameInvalid,
      "topic-levels",
      `a will topic of more than ${limits.topicLevelsMax} levels`,
    );
  }
  return undefined;
}

/** The CONNACK that says so. Whoever is sent elsewhere is told where. */
export function refusingConnack(reason: ReasonCode, { serverReference }: SessionLimits): Connack {
  const isSent = reason === ReasonCode.useAnotherServer || reason === ReasonCode.serverMoved;
  const properties = isSent && serverReference !== "" ? { serverReference } : {};
  return { type: "connack", sessionPresent: false, reason, properties };
}

/** The keep-alive that holds: the server's where it says one, which only 5.0 can be told [MQTT-3.1.2-21]. */
export function keepAliveSeconds(connect: Connect, limits: SessionLimits): number {
  return connect.version === 5 && limits.serverKeepAliveSeconds > 0
    ? limits.serverKeepAliveSeconds
    : connect.keepAliveSeconds;
}
