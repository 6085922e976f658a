// A client without behaviour: sends the packets it is told to and expects the packets the test names, in their order. It
// acknowledges nothing on its own.

import {
  generate,
  type IConnackPacket,
  type IConnectPacket,
  type IPublishPacket,
  type Packet,
  parser,
} from "mqtt-packet";
import type { Version } from "./broker.ts";
import { RawSocket } from "./raw-socket.ts";
import type { ClientSocket } from "./venue.ts";

export type PacketOf<Command extends Packet["cmd"]> = Extract<Packet, { cmd: Command }>;

export interface RawConnect extends Partial<Omit<IConnectPacket, "cmd" | "protocolVersion" | "protocolId">> {
  readonly version?: Version;
  readonly protocols?: readonly string[];
}

export class RawClient<Socket extends ClientSocket = RawSocket> {
  readonly socket: Socket;
  readonly version: Version;
  readonly #parser;
  #taken = 0;
  #nextId = 60_000;
  readonly #waiting: Packet[] = [];

  constructor(socket: Socket, version: Version) {
    this.socket = socket;
    this.version = version;
    this.#parser = parser({ protocolVersion: version });
    this.#parser.on("packet", (packet) => this.#waiting.push(packet));
  }

  /** Over a WebSocket of its own. */
  static async connect(url: string, options: RawConnect = {}): Promise<{ client: RawClient; connack: IConnackPacket }> {
    return RawClient.over(await RawSocket.open(url, options.protocols), options);
  }

  /** Connects, and expects to be accepted. */
  static async over<Socket extends ClientSocket>(
    socket: Socket,
    options: RawConnect = {},
  ): Promise<{ client: RawClient<Socket>; connack: IConnackPacket }> {
    const { version = 4, protocols: _protocols, ...rest } = options;
    const client = new RawClient(socket, version);
    client.send(connectPacket(version, rest));
    const connack = await client.expectPacket("connack");
    const code = version === 5 ? connack.reasonCode : connack.returnCode;
    if (code !== 0) throw new Error(`CONNACK code ${code}`);
    return { client, connack };
  }

  encode(packet: Packet): Buffer {
    return generate(packet, { protocolVersion: this.version });
  }

  send(packet: Packet): void {
    this.socket.sendBytes(this.encode(packet));
  }

  /** The next packet, whatever it is. */
  async nextPacket(timeoutMs?: number): Promise<Packet> {
    const arrived = () => {
      this.#parse();
      return this.#waiting.length > 0 || this.socket.isClosed;
    };
    await this.socket.until("a packet from the broker", arrived, timeoutMs);
    const packet = this.#waiting.shift();
    if (packet === undefined) throw new Error("the broker closed the connection instead of sending a packet");
    return packet;
  }

  /** The next packet, which must be of this type. */
  async expectPacket<Command extends Packet["cmd"]>(command: Command, timeoutMs?: number): Promise<PacketOf<Command>> {
    const packet = await this.nextPacket(timeoutMs);
    if (packet.cmd !== command) throw new Error(`expected ${command}, got ${JSON.stringify(packet)}`);
    return packet as PacketOf<Command>;
  }

  async expectPublishes(count: number): Promise<IPublishPacket[]> {
    const packets: IPublishPacket[] = [];
    for (let index = 0; index < count; index += 1) packets.push(await this.expectPacket("publish"));
    return packets;
  }

  async subscribe(filter: string, qos: 0 | 1 | 2): Promise<void> {
    const messageId = this.#nextId;
    this.#nextId += 1;
    this.send({ cmd: "subscribe", messageId, subscriptions: [{ topic: filter, qos }] });
    const suback = await this.expectPacket("suback");
    if (suback.granted[0] !== qos) throw new Error(`SUBACK ${suback.granted[0]} for QoS ${qos}`);
  }

  /**
   * What the session had to send by now: everything that comes before the answer to a SUBSCRIBE, which goes the same way.
   */
  async pending(): Promise<Packet[]> {
    const messageId = this.#nextId;
    this.#nextId += 1;
    this.send({ cmd: "subscribe", messageId, subscriptions: [{ topic: "nothing/comes/here", qos: 0 }] });
    const packets: Packet[] = [];
    for (let count = 0; count < 10_000; count += 1) {
      const packet = await this.nextPacket();
      if (packet.cmd === "suback" && packet.messageId === messageId) return packets;
      packets.push(packet);
    }
    throw new Error("no SUBACK among 10,000 packets");
  }

  /** Answers a PUBLISH: PUBACK, or PUBREC and, when PUBREL has come, PUBCOMP. */
  async acknowledge(packet: IPublishPacket): Promise<void> {
    const messageId = packet.messageId ?? 0;
    if (packet.qos === 1) this.send({ cmd: "puback", messageId });
    if (packet.qos !== 2) return;
    this.send({ cmd: "pubrec", messageId });
    const release = await this.expectPacket("pubrel");
    if (release.messageId !== messageId) throw new Error(`PUBREL ${release.messageId} for ${messageId}`);
    this.send({ cmd: "pubcomp", messageId });
  }

  async expectClose(timeoutMs?: number): Promise<number> {
    await this.socket.until("the broker closes the connection", () => this.socket.isClosed, timeoutMs);
    return this.socket.closed;
  }

  #parse(): void {
    for (const { firstByte, body } of this.socket.packets.slice(this.#taken)) {
      this.#taken += 1;
      this.#parser.parse(wholePacket(firstByte, body));
    }
  }
}

export function connectPacket(
  version: Version,
  options: Omit<RawConnect, "version" | "protocols"> = {},
): IConnectPacket {
  return {
    cmd: "connect",
    protocolId: version === 3 ? "MQIsdp" : "MQTT",
    protocolVersion: version,
    clientId: options.clientId ?? `raw-${Math.random().toString(36).slice(2, 12)}`,
    clean: true,
    keepalive: 60,
    ...options,
  };
}

export function wholePacket(firstByte: number, body: Buffer): Buffer {
  const length: number[] = [];
  let rest = body.length;
  do {
    const byte = rest % 128;
    rest = Math.floor(rest / 128);
    length.push(rest > 0 ? byte | 0x80 : byte);
  } while (rest > 0);
  return Buffer.concat([Buffer.from([firstByte, ...length]), body]);
}
