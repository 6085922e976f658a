// A message from somebody who does not speak MQTT, as the PUBLISH that a 5.0 client would have sent: what a client may not send
// nobody may, for the same reasons.

import { fail, type ProtocolFailure } from "../protocol/failure.ts";
import type { Publish, QoS, UserProperty } from "../protocol/packet.ts";
import { ReasonCode } from "../protocol/reason.ts";
import { Decoder } from "./decode.ts";
import { generatePacket } from "./library.ts";
import type { DecoderLimits } from "./limits.ts";

export interface ClientMessage {
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly qos: QoS;
  readonly retain: boolean;
  readonly properties: MessageProperties;
}

export interface MessageProperties {
  readonly payloadFormatIndicator?: 0 | 1 | undefined;
  readonly messageExpirySeconds?: number | undefined;
  readonly contentType?: string | undefined;
  readonly responseTopic?: string | undefined;
  readonly correlationData?: Uint8Array | undefined;
  readonly userProperties?: readonly UserProperty[] | undefined;
}

export interface ClientPublishLimits extends DecoderLimits {
  readonly maximumPacketBytes: number;
}

export function clientPublish(message: ClientMessage, limits: ClientPublishLimits): Publish | ProtocolFailure {
  const frame = frameOf(message);
  if (frame === undefined) return fail(ReasonCode.malformedPacket, "not-encodable", "MQTT has no form for it");
  if (frame.length > limits.maximumPacketBytes) {
    const detail = `${frame.length} bytes, at most ${limits.maximumPacketBytes} are allowed`;
    return fail(ReasonCode.packetTooLarge, "MQTT-3.1.2-24", detail);
  }
  const packet = new Decoder(5, limits).decode(frame, 0, frame.length);
  if (packet.type === "failure" || packet.type === "publish") return packet;
  return fail(ReasonCode.malformedPacket, "not-encodable", "MQTT has no form for it");
}

function frameOf({ topic, payload, qos, retain, properties }: ClientMessage): Uint8Array | undefined {
  const { payloadFormatIndicator, messageExpirySeconds, correlationData, userProperties, ...strings } = properties;
  const named = {
    payloadFormatIndicator: payloadFormatIndicator === undefined ? undefined : payloadFormatIndicator === 1,
    messageExpiryInterval: messageExpirySeconds,
    correlationData: correlationData && toBuffer(correlationData),
    // The library writes a list of objects in order, although its types only know one object with all names.
    userProperties: userProperties?.map(([name, value]) => ({ [name]: value })),
    ...strings,
  };
  const present = Object.fromEntries(Object.entries(named).filter(([, value]) => value !== undefined));
  try {
    return generatePacket(
      { cmd: "publish", topic, payload: toBuffer(payload), qos, retain, dup: false, messageId: 1, properties: present },
      5,
    );
  } catch {
    return undefined;
  }
}

function toBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
