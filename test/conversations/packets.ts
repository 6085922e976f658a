// The packets of a conversation as text: `publish @/a=hello q1 #7 {"contentType":"x"}`. What a line says is sent, or is
// all that may come; `@` stands for a name that no other test has. A payload that is not UTF-8 is in hexadecimal: `@/a=0xc328`.

import { isUtf8 } from "node:buffer";
import type { IPublishPacket, ISubscribePacket, Packet, QoS } from "mqtt-packet";
import type { Version } from "../support/broker.ts";
import { connectPacket } from "../support/raw-client.ts";

interface Words {
  readonly words: readonly string[];
  readonly properties: Record<string, unknown> | undefined;
}

/** Splits at spaces; what stands in braces at the end is the packet's properties (5.0). */
function wordsOf(text: string): Words {
  const at = text.indexOf(" {");
  const words = (at < 0 ? text : text.slice(0, at)).split(" ").filter((word) => word !== "");
  return { words, properties: at < 0 ? undefined : (JSON.parse(text.slice(at)) as Record<string, unknown>) };
}

const keepsForAnHour = { sessionExpiryInterval: 3600 };

export function parseClientPacket(text: string, version: Version): Packet {
  const { words, properties: given } = wordsOf(text);
  const [cmd = "", ...rest] = words;
  const value = (name: string) => rest.find((word) => word.startsWith(`${name}=`))?.slice(name.length + 1);
  const messageId = Number(rest.find(isIdentifier)?.slice(1) ?? 0);
  const properties = given === undefined || version < 5 ? {} : { properties: bufferFields(given) };
  switch (cmd) {
    case "connect": {
      const keeps = rest.includes("keep");
      const username = value("user");
      const password = value("password");
      return connectPacket(version, {
        clientId: value("id") ?? "",
        clean: !keeps,
        keepalive: Number(value("keepalive") ?? 60),
        ...(username === undefined ? {} : { username }),
        ...(password === undefined ? {} : { password: Buffer.from(password) }),
        ...willOf(value("will"), given?.["will"], version),
        ...(version === 5 ? { properties: { ...(keeps ? keepsForAnHour : {}), ...withoutWill(given) } } : {}),
      });
    }
    case "publish": {
      const [topic = "", payload = ""] = splitAt(rest[0] ?? "", "=");
      const qos = qosIn(rest);
      const dup = rest.includes("dup");
      return {
        cmd,
        topic,
        payload: payloadOf(payload),
        qos,
        dup,
        retain: rest.includes("retain"),
        messageId,
        ...properties,
      };
    }
    case "puback":
    case "pubrec":
    case "pubrel":
    case "pubcomp":
      return { cmd, messageId, reasonCode: codeIn(rest), ...properties };
    case "subscribe": {
      const filters = rest.filter((word) => !isIdentifier(word));
      return { cmd, messageId, subscriptions: filters.map(subscription), ...properties } as ISubscribePacket;
    }
    case "unsubscribe":
      return { cmd, messageId, unsubscriptions: rest.filter((word) => !isIdentifier(word)), ...properties };
    case "pingreq":
      return { cmd };
    case "disconnect":
      return { cmd, reasonCode: codeIn(rest), ...properties };
    default:
      throw new Error(`no packet: ${text}`);
  }
}

/** `filter,q1,nl,rap,rh2` */
function subscription(text: string): ISubscribePacket["subscriptions"][number] {
  const [topic = "", ...options] = text.split(",");
  const handling = options.find((option) => option.startsWith("rh"));
  return {
    topic,
    qos: qosIn(options),
    nl: options.includes("nl"),
    rap: options.includes("rap"),
    rh: handling === undefined ? 0 : Number(handling.slice(2)),
  };
}

/** `topic=payload,q1,retain` */
function willOf(text: string | undefined, properties: unknown, version: Version): object {
  if (text === undefined) return {};
  const [message = "", ...options] = text.split(",");
  const [topic = "", payload = ""] = splitAt(message, "=");
  const will = { topic, payload: payloadOf(payload), qos: qosIn(options), retain: options.includes("retain") };
  return { will: version === 5 ? { ...will, properties: properties ?? {} } : will };
}

function withoutWill(properties: Record<string, unknown> | undefined): Record<string, unknown> {
  const { will: _will, ...rest } = properties ?? {};
  return rest;
}

function bufferFields(properties: Record<string, unknown>): Record<string, unknown> {
  const { correlationData } = properties;
  return typeof correlationData === "string"
    ? { ...properties, correlationData: Buffer.from(correlationData) }
    : properties;
}

function payloadOf(text: string): Buffer {
  return /^0x[0-9a-f]+$/.test(text) ? Buffer.from(text.slice(2), "hex") : Buffer.from(text);
}

function showPayload(payload: Buffer): string {
  return isUtf8(payload) ? payload.toString() : `0x${payload.toString("hex")}`;
}

function isIdentifier(word: string): boolean {
  return /^#\d+$/.test(word);
}

function qosIn(words: readonly string[]): QoS {
  return Number(words.find((word) => /^q[0-2]$/.test(word))?.slice(1) ?? 0) as QoS;
}

function codeIn(words: readonly string[]): number {
  return Number(words.find((word) => word.startsWith("0x")) ?? 0);
}

function splitAt(text: string, mark: string): string[] {
  const at = text.indexOf(mark);
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + mark.length)];
}

/** A packet of the broker, all of it but the words that only explain. CONNACK's announcements are asked for by name. */
export function showServerPacket(packet: Packet, version: Version): string {
  const id = `#${packet.messageId}`;
  switch (packet.cmd) {
    case "connack": {
      const code = version === 5 ? packet.reasonCode : packet.returnCode;
      return words("connack", code === undefined || code < 0x80 ? code : hex(code), packet.sessionPresent && "present");
    }
    case "publish":
      return words(...publishWords(packet), propertiesOf(packet.properties));
    case "puback":
    case "pubrec":
    case "pubrel":
    case "pubcomp":
      return words(packet.cmd, id, packet.reasonCode !== undefined && packet.reasonCode > 0 && hex(packet.reasonCode));
    case "suback":
      return words("suback", id, ...packet.granted.map((code) => shortCode(Number(code))));
    case "unsuback":
      return words("unsuback", id, ...(packet.granted ?? []).map((code) => shortCode(Number(code))));
    case "disconnect":
      return words("disconnect", hex(packet.reasonCode ?? 0));
    default:
      return packet.cmd;
  }
}

function publishWords(packet: IPublishPacket): unknown[] {
  const { qos, dup, retain, messageId } = packet;
  // A QoS 0 PUBLISH with an identifier is shown with it, and so fails.
  const id = messageId !== undefined && `#${messageId}`;
  return [
    "publish",
    `${packet.topic}=${showPayload(Buffer.from(packet.payload))}`,
    qos > 0 && `q${qos}`,
    dup && "dup",
    retain && "retain",
    id,
  ];
}

function propertiesOf(properties: IPublishPacket["properties"]): string | false {
  const entries = Object.entries(properties ?? {}).map(([name, value]) => [
    name,
    Buffer.isBuffer(value) ? value.toString() : value,
  ]);
  // In the order of their names; user properties keep theirs.
  entries.sort(([left], [right]) => (String(left) < String(right) ? -1 : 1));
  return entries.length > 0 && JSON.stringify(Object.fromEntries(entries));
}

function words(...parts: readonly unknown[]): string {
  return parts.filter((part) => part !== false && part !== undefined).join(" ");
}

function shortCode(code: number): string {
  return code < 0x10 ? String(code) : hex(code);
}

function hex(code: number): string {
  return `0x${code.toString(16).padStart(2, "0")}`;
}
