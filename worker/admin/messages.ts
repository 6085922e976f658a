// Messages as the HTTP API writes and reads them.

import * as z from "zod/mini";
import { type ClientMessage, clientPublish } from "../../src/codec/client-publish.ts";
import { decodeProperties } from "../../src/codec/message-properties.ts";
import { ReasonCode } from "../../src/protocol/reason.ts";
import type { RecordReader } from "../../src/queue/record.ts";
import { illFormed, shardForName } from "../../src/session/place.ts";
import type { Config } from "../config.ts";
import type { PlacedMessage } from "../publisher.ts";

/** MQTT has no form for what is not Unicode. */
export const text = z.string().check(z.refine((value) => value.isWellFormed(), "is not well-formed Unicode"));

export const topicName = text.check(
  z.minLength(1),
  z.maxLength(65_535),
  // biome-ignore lint/suspicious/noControlCharactersInRegex: MQTT forbids this one [MQTT-4.7.3-2].
  z.regex(/^[^#+\u0000]*$/, "has neither wildcards nor U+0000"),
  z.describe("Where it is published."),
);

export const messageProperties = z.strictObject({
  payloadFormatIndicator: z.optional(z.literal([0, 1]).check(z.describe("1 says that the payload is UTF-8."))),
  messageExpirySeconds: z.optional(
    z.int().check(z.minimum(0), z.maximum(0xffff_ffff), z.describe("What nobody has got by then is given up.")),
  ),
  contentType: z.optional(text.check(z.maxLength(65_535))),
  responseTopic: z.optional(text.check(z.maxLength(65_535))),
  correlationData: z.optional(z.base64().check(z.maxLength(87_380))),
  userProperties: z.optional(z.array(z.strictObject({ name: text, value: text })).check(z.maxLength(1_000))),
});

export const messageContent = {
  payload: z._default(z.string(), "").check(z.describe("As `encoding` says.")),
  encoding: z._default(z.enum(["text", "base64"]), "text"),
  qos: z._default(z.literal([0, 1, 2]), 1),
  properties: z._default(messageProperties, {}),
};

export const newMessage = z.strictObject({
  topic: topicName,
  ...messageContent,
  retain: z._default(z.boolean(), false).check(z.describe("An empty payload takes the topic's retained message away.")),
  delaySeconds: z.optional(
    z.int().check(z.minimum(0), z.maximum(0xffff_ffff), z.describe("It is published so much later.")),
  ),
});

export type NewMessage = z.output<typeof newMessage>;

export interface Fault {
  /** Within the message. */
  readonly path: string;
  readonly message: string;
  readonly isTooLarge: boolean;
}

/** As a client's PUBLISH, held against the same limits, with the shard that it goes to. */
export function placed(message: NewMessage, config: Config): PlacedMessage | Fault {
  const payload = bytesOf(message);
  if (payload === undefined) return fault("payload", "is not base64");
  if (message.qos > config.maximumQos) return fault("qos", `at most ${config.maximumQos} here`);
  if (message.retain && !config.retainAvailable) return fault("retain", "this broker retains nothing");
  if (message.delaySeconds !== undefined && config.delayedSecondsMax === 0) {
    return fault("delaySeconds", "this broker delays nothing");
  }
  const packet = clientPublish(asClientMessage(message, payload), config);
  if (packet.type === "failure") {
    const isTooLarge = packet.reason === ReasonCode.packetTooLarge;
    return { path: isTooLarge ? "payload" : "topic", message: `${packet.detail} (${packet.rule})`, isTooLarge };
  }
  const shard = packet.payloadIsIllFormed ? illFormed(packet) : shardForName(packet.topic, config);
  if (typeof shard === "number") return { shard, packet };
  return fault(shard.reason === "payload-format-invalid" ? "payload" : "topic", `${shard.reason}: ${shard.detail}`);
}

function fault(path: string, message: string): Fault {
  return { path, message, isTooLarge: false };
}

function asClientMessage(message: NewMessage, payload: Uint8Array): ClientMessage {
  const { topic, qos, retain, delaySeconds, properties } = message;
  const { correlationData, userProperties, messageExpirySeconds, ...rest } = properties;
  return {
    topic: delaySeconds === undefined ? topic : `$delayed/${delaySeconds}/${topic}`,
    payload,
    qos,
    retain,
    expirySeconds: messageExpirySeconds,
    properties: {
      ...rest,
      correlationData: correlationData === undefined ? undefined : Buffer.from(correlationData, "base64"),
      userProperties: userProperties?.map(({ name, value }) => [name, value]),
    },
  };
}

/** A routed message as this API shows it; `newMessage` takes it back. */
export const shownMessage = z.object({
  topic: z.string(),
  payload: z.string(),
  encoding: z.enum(["text", "base64"]),
  payloadBytes: z.int(),
  qos: z.literal([0, 1, 2]),
  retain: z.boolean(),
  expiresAtMs: z.nullable(z.number()),
  properties: messageProperties,
});

type RoutedFields = Pick<RecordReader, "topic" | "payload" | "qos" | "retain" | "expiresAtMs" | "properties">;

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** A payload is text if it is UTF-8. */
export function show(message: RoutedFields): z.output<typeof shownMessage> {
  const { topic, payload, qos, retain, expiresAtMs } = message;
  return {
    topic,
    ...shownPayload(payload),
    payloadBytes: payload.length,
    qos,
    retain,
    expiresAtMs: expiresAtMs === 0 ? null : expiresAtMs,
    properties: shownProperties(message.properties),
  };
}

export function shownProperties(bytes: Uint8Array): z.output<typeof messageProperties> {
  const { correlationData, userProperties, ...properties } = decodeProperties(bytes);
  return {
    ...properties,
    ...(correlationData && { correlationData: Buffer.from(correlationData).toString("base64") }),
    ...(userProperties && { userProperties: userProperties.map(([name, value]) => ({ name, value })) }),
  };
}

export function shownPayload(payload: Uint8Array): Pick<z.output<typeof shownMessage>, "payload" | "encoding"> {
  try {
    return { payload: utf8.decode(payload), encoding: "text" };
  } catch {
    return { payload: Buffer.from(payload).toString("base64"), encoding: "base64" };
  }
}

function bytesOf({ payload, encoding }: Pick<NewMessage, "payload" | "encoding">): Uint8Array | undefined {
  if (encoding === "text") return new TextEncoder().encode(payload);
  return z.base64().safeParse(payload).success ? Buffer.from(payload, "base64") : undefined;
}
