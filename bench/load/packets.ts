// Builds the MQTT packets the load generator sends, by hand: a PUBLISH is laid out once as a template and only its
// packet id, sequence number and timestamp are patched afterwards. Nothing here knows about sockets.

export type Quality = 0 | 1 | 2;
export type Version = 4 | 5;

export const packetType = {
  connack: 2,
  publish: 3,
  puback: 4,
  pubrec: 5,
  pubrel: 6,
  pubcomp: 7,
  suback: 9,
  pingresp: 13,
  disconnect: 14,
} as const;

/** Where the payload keeps what the subscriber checks: publisher, sequence number, time of sending. */
export const payloadLayout = { publisherAt: 0, sequenceAt: 4, timeAt: 8, bytesMin: 16 } as const;

function variableInteger(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  for (let index = 0; index < 4; index += 1) {
    const byte = rest % 128;
    rest = (rest - byte) / 128;
    bytes.push(rest > 0 ? byte | 0x80 : byte);
    if (rest === 0) return bytes;
  }
  throw new RangeError(`${value} does not fit a variable byte integer`);
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value, "utf8");
  return Buffer.concat([Buffer.from([bytes.length >> 8, bytes.length & 0xff]), bytes]);
}

function packet(firstByte: number, body: Buffer): Buffer {
  return Buffer.concat([Buffer.from([firstByte, ...variableInteger(body.length)]), body]);
}

/** The text of `user:password@` in an address, or empty when it has none. */
export interface Credentials {
  readonly user: string;
  readonly password: string;
}

export interface ConnectOptions {
  readonly version: Version;
  readonly clientId: string;
  readonly clean: boolean;
  readonly credentials?: Credentials | undefined;
}

/** Keep-alive is 0, so that no ping disturbs a measurement; a 5.0 client keeps its session for an hour. */
export function connectPacket(options: ConnectOptions): Buffer {
  const flags = (options.clean ? 0x02 : 0) | (options.credentials ? 0xc0 : 0);
  const sessionExpiry = [0x11, 0, 0, 0x0e, 0x10];
  const receiveMaximum = [0x21, 0xff, 0xff];
  const properties = [...(options.clean ? [] : sessionExpiry), ...receiveMaximum];
  const parts: Buffer[] = [text("MQTT"), Buffer.from([options.version, flags, 0, 0])];
  if (options.version === 5) parts.push(Buffer.from([properties.length, ...properties]));
  parts.push(text(options.clientId));
  if (options.credentials) parts.push(text(options.credentials.user), text(options.credentials.password));
  return packet(0x10, Buffer.concat(parts));
}

export function subscribePacket(version: Version, id: number, filters: readonly string[], quality: Quality): Buffer {
  const parts: Buffer[] = [Buffer.from([id >> 8, id & 0xff])];
  if (version === 5) parts.push(Buffer.from([0]));
  for (const filter of filters) parts.push(text(filter), Buffer.from([quality]));
  return packet(0x82, Buffer.concat(parts));
}

export const disconnectPacket: Buffer = Buffer.from([0xe0, 0]);

export interface PublishTemplate {
  readonly bytes: Buffer;
  /** Offset of the packet id, or -1 at QoS 0. */
  readonly idAt: number;
  readonly payloadAt: number;
}

export function publishTemplate(
  version: Version,
  topic: string,
  quality: Quality,
  payloadBytes: number,
): PublishTemplate {
  if (payloadBytes < payloadLayout.bytesMin)
    throw new RangeError(`a payload has at least ${payloadLayout.bytesMin} bytes`);
  const parts: Buffer[] = [text(topic)];
  if (quality > 0) parts.push(Buffer.alloc(2));
  if (version === 5) parts.push(Buffer.from([0]));
  parts.push(Buffer.alloc(payloadBytes, 0x2e));
  const bytes = packet(0x30 | (quality << 1), Buffer.concat(parts));
  const payloadAt = bytes.length - payloadBytes;
  const idAt = quality > 0 ? payloadAt - (version === 5 ? 3 : 2) : -1;
  return { bytes, idAt, payloadAt };
}

/** The Receive Maximum of a CONNACK body (5.0), or 65,535 when it says nothing. */
export function receiveMaximumOf(body: Buffer): number {
  const oneByte = new Set([0x24, 0x25, 0x28, 0x29, 0x2a]);
  const fourBytes = new Set([0x11, 0x27]);
  let at = 2;
  const length = body[at] ?? 0;
  if (length >= 0x80) return 65_535;
  at += 1;
  const end = Math.min(at + length, body.length);
  while (at < end) {
    const name = body[at] ?? 0;
    at += 1;
    if (name === 0x21) return body.readUInt16BE(at);
    if (oneByte.has(name)) at += 1;
    else if (name === 0x13 || name === 0x22) at += 2;
    else if (fourBytes.has(name)) at += 4;
    else if (name === 0x26) {
      at += 2 + body.readUInt16BE(at);
      at += 2 + body.readUInt16BE(at);
    } else at += 2 + body.readUInt16BE(at);
  }
  return 65_535;
}
