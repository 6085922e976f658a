// A message from somebody who does not speak MQTT, as the PUBLISH that a 5.0 client would have sent: what a client may not send
// nobody may, for the same reasons.

import { fail, type ProtocolFailure } from "../protocol/failure.ts";
import type { Publish, QoS } from "../protocol/packet.ts";
import { ReasonCode } from "../protocol/reason.ts";
import { Decoder } from "./decode.ts";
import { encodedPublishBytes, writePublish } from "./encode-publish.ts";
import type { DecoderLimits } from "./limits.ts";
import { encodeProperties, type MessageProperties } from "./message-properties.ts";

export interface ClientMessage {
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly qos: QoS;
  readonly retain: boolean;
  readonly expirySeconds: number | undefined;
  readonly properties: MessageProperties;
}

export interface ClientPublishLimits extends DecoderLimits {
  readonly maximumPacketBytes: number;
}

const topicBytesMax = 65_535;

export function clientPublish(message: ClientMessage, limits: ClientPublishLimits): Publish | ProtocolFailure {
  const { topic, payload, qos, retain, expirySeconds } = message;
  const topicBytes = new TextEncoder().encode(topic);
  const properties = encodeProperties(message.properties);
  if (topicBytes.length > topicBytesMax || properties === undefined) {
    return fail(ReasonCode.malformedPacket, "field-length", `a text is longer than ${topicBytesMax} bytes`);
  }
  const publish = {
    type: "publish",
    qos,
    retain,
    dup: false,
    packetId: 1,
    topicBytes,
    topicAlias: 0,
    ...(expirySeconds === undefined ? {} : { messageExpirySeconds: expirySeconds }),
    subscriptionIds: [],
    properties,
    payload,
  } as const;
  const bytes = encodedPublishBytes(publish, 5);
  if (bytes > limits.maximumPacketBytes) {
    const detail = `${bytes} bytes, at most ${limits.maximumPacketBytes} are allowed`;
    return fail(ReasonCode.packetTooLarge, "MQTT-3.1.2-24", detail);
  }
  const frame = new Uint8Array(bytes);
  writePublish(frame, 0, publish, 5);
  const packet = new Decoder(5, limits).decode(frame, 0, bytes);
  if (packet.type === "failure" || packet.type === "publish") return packet;
  throw new Error(`a PUBLISH was read as ${packet.type}`);
}
