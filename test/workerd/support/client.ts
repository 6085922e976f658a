// A client inside the runtime: speaks through the edge as a client outside would, does nothing by itself, and keeps what
// it receives until a test asks for it.

import { exports } from "cloudflare:workers";
import { generate, type IConnackPacket, type IPublishPacket, type Packet, parser } from "mqtt-packet";
import { within } from "../../support/eventually.ts";

export type Version = 3 | 4 | 5;
export type { Packet };
export type PacketOf<Command extends Packet["cmd"]> = Extract<Packet, { cmd: Command }>;

export interface ConnectOptions {
  readonly version?: Version;
  readonly clientId?: string;
  /** Keeps the session: for ever in 3.1.1, for an hour in 5.0. */
  readonly persistent?: boolean;
  readonly clean?: boolean;
  readonly keepalive?: number;
  readonly receiveMaximum?: number;
  readonly maximumPacketSize?: number;
  readonly sessionExpiryInterval?: number;
  readonly topicAliasMaximum?: number;
  readonly will?: { topic: string; payload: string; qos: 0 | 1 | 2; retain?: boolean; properties?: object };
  readonly username?: string;
  readonly password?: string;
  /** Of the request that opens the WebSocket. */
  readonly headers?: Readonly<Record<string, string>>;
  /** By /mqtt/<client id>, with its credentials in the upgrade. */
  readonly isDirect?: boolean;
}

/** The two ways in: for `describe.each`. */
export const doors = [
  ["/mqtt", {}],
  ["/mqtt/<client id>", { isDirect: true }],
] as const satisfies readonly (readonly [string, ConnectOptions])[];

/** An identifier that no test uses for a message. */
const barrierId = 65_535;

const attemptsMax = 20;

const open = new Set<Client>();

/** The upgrade was answered with something else than a WebSocket. */
export class Refused extends Error {
  readonly status: number;
  readonly headers: readonly (readonly string[])[];
  readonly text: string;

  constructor({ status, headers }: Response, text: string) {
    super(`no WebSocket was opened, but ${status} answered: ${text}`);
    this.status = status;
    this.headers = [...headers];
    this.text = text;
  }
}

export function uniqueId(prefix = "c"): string {
  return `${prefix}-${crypto.randomUUID().slice(0, 13)}`;
}

export class Client {
  readonly id: string;
  readonly version: Version;
  connack: IConnackPacket | undefined;
  closed = false;
  readonly #socket: WebSocket;
  readonly #parser;
  readonly #received: Packet[] = [];
  #arrived = Promise.withResolvers<void>();
  #nextPacketId = 1;

  private constructor(socket: WebSocket, id: string, version: Version) {
    this.#socket = socket;
    this.id = id;
    this.version = version;
    this.#parser = parser({ protocolVersion: version });
    this.#parser.on("packet", (packet) => this.#received.push(packet));
    socket.binaryType = "arraybuffer";
    socket.addEventListener("message", ({ data }) => {
      this.#parser.parse(Buffer.from(data as ArrayBuffer));
      this.#arrive();
    });
    for (const event of ["close", "error"] as const) {
      socket.addEventListener(event, () => this.#end());
    }
    socket.accept();
    open.add(this);
  }

  /** Opens a WebSocket and sends nothing. */
  static async open(
    id: string,
    version: Version,
    more: Readonly<Record<string, string>> = {},
    path = "/mqtt",
  ): Promise<Client> {
    const headers = { Upgrade: "websocket", "Sec-WebSocket-Protocol": "mqtt", ...more };
    const response = await exports.default.fetch(`http://broker${path}`, { headers });
    if (response.webSocket === null) throw new Refused(response, (await response.text()).trim());
    return new Client(response.webSocket, id, version);
  }

  /** The same by /mqtt/<client id>. */
  static openDirect(id: string, version: Version, { username, password, headers }: ConnectOptions): Promise<Client> {
    const authorization = `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;
    const shown: Record<string, string> = username === undefined ? {} : { Authorization: authorization };
    return Client.open(id, version, { ...shown, ...headers }, `/mqtt/${encodeURIComponent(id)}`);
  }

  /** Opens a WebSocket by the way that the options name. */
  static knock(id: string, version: Version, options: ConnectOptions): Promise<Client> {
    return options.isDirect ? Client.openDirect(id, version, options) : Client.open(id, version, options.headers);
  }

  /** Connects and expects to be accepted. */
  static async connect(options: ConnectOptions = {}): Promise<Client> {
    const client = await Client.attempt(options);
    if (client.code !== 0) throw new Error(`CONNACK ${client.code}`);
    return client;
  }

  /** Connects and waits for CONNACK, whatever it says. */
  static async attempt(options: ConnectOptions = {}): Promise<Client> {
    const { version = 4, clientId = uniqueId() } = options;
    const client = await Client.knock(clientId, version, options);
    client.send(connectPacket({ ...options, version, clientId }));
    client.connack = await client.expect("connack");
    return client;
  }

  /** What CONNACK says. */
  get code(): number | undefined {
    return this.version === 5 ? this.connack?.reasonCode : this.connack?.returnCode;
  }

  /** Connects, again and again as long as the broker is not there for it. */
  static async insist(options: ConnectOptions): Promise<Client> {
    let problem: unknown;
    for (let attempt = 0; attempt < attemptsMax; attempt++) {
      try {
        return await Client.connect(options);
      } catch (error) {
        problem = error;
      }
    }
    throw problem;
  }

  send(packet: Packet): void {
    this.sendBytes(this.encode(packet));
  }

  encode(packet: Packet): Uint8Array {
    return generate(packet, { protocolVersion: this.version });
  }

  sendBytes(bytes: Uint8Array): void {
    this.#socket.send(bytes);
  }

  /** The next packet, whatever it is; fails when the connection ends first. */
  async next(timeoutMs = 15_000): Promise<Packet> {
    for (;;) {
      const packet = this.#received.shift();
      if (packet !== undefined) return packet;
      if (this.closed) throw new Error(`${this.id}: the connection was closed instead of a packet`);
      await within(`a packet for ${this.id}`, this.#arrived.promise, timeoutMs);
    }
  }

  async expect<Command extends Packet["cmd"]>(command: Command, timeoutMs?: number): Promise<PacketOf<Command>> {
    const packet = await this.next(timeoutMs);
    if (packet.cmd !== command) throw new Error(`expected ${command}, got ${JSON.stringify(packet)}`);
    return packet as PacketOf<Command>;
  }

  async expectPublishes(count: number): Promise<IPublishPacket[]> {
    const packets: IPublishPacket[] = [];
    while (packets.length < count) packets.push(await this.expect("publish"));
    return packets;
  }

  async subscribe(filter: string, qos: 0 | 1 | 2): Promise<void> {
    const messageId = this.packetId();
    this.send({ cmd: "subscribe", messageId, subscriptions: [{ topic: filter, qos }] });
    const { granted } = await this.expect("suback");
    if (granted[0] !== qos) throw new Error(`SUBACK ${granted[0]} for QoS ${qos}`);
  }

  /** Sends a PUBLISH; its packet identifier. */
  publish(topic: string, payload: string | Uint8Array, qos: 0 | 1 | 2, options: Partial<IPublishPacket> = {}): number {
    const messageId = options.messageId ?? (qos === 0 ? 0 : this.packetId());
    this.send(publishPacket(topic, payload, qos, { ...options, messageId }));
    return messageId;
  }

  /** Publishes and waits for the end of the exchange. */
  async deliver(topic: string, payload: string | Uint8Array, qos: 1 | 2, options: Partial<IPublishPacket> = {}) {
    const messageId = this.publish(topic, payload, qos, options);
    if (qos === 1) return void (await this.expect("puback"));
    await this.expect("pubrec");
    this.send({ cmd: "pubrel", messageId });
    await this.expect("pubcomp");
  }

  /** Answers a PUBLISH to the end. */
  async acknowledge({ qos, messageId = 0 }: IPublishPacket): Promise<void> {
    if (qos === 1) this.send({ cmd: "puback", messageId });
    if (qos !== 2) return;
    this.send({ cmd: "pubrec", messageId });
    await this.expect("pubrel");
    this.send({ cmd: "pubcomp", messageId });
  }

  /** What the session had to send by now: all that comes before its answer to a PUBREL that means nothing to it. */
  async pending(): Promise<Packet[]> {
    this.send({ cmd: "pubrel", messageId: barrierId });
    const packets: Packet[] = [];
    for (;;) {
      const packet = await this.next();
      if (packet.cmd === "pubcomp" && packet.messageId === barrierId) return packets;
      packets.push(packet);
    }
  }

  async ping(): Promise<void> {
    this.send({ cmd: "pingreq" });
    await this.expect("pingresp");
  }

  async disconnect(): Promise<void> {
    this.send({ cmd: "disconnect" });
    await this.expectClose();
  }

  async expectClose(timeoutMs = 15_000): Promise<void> {
    while (!this.closed) await within(`the end of the connection of ${this.id}`, this.#arrived.promise, timeoutMs);
  }

  /** Goes without a DISCONNECT. */
  cut(): void {
    this.#end();
    try {
      this.#socket.close(1000, "");
    } catch {
      // Closed already.
    }
  }

  packetId(): number {
    const id = this.#nextPacketId;
    this.#nextPacketId = (id % 65_535) + 1;
    return id;
  }

  #end(): void {
    this.closed = true;
    open.delete(this);
    this.#arrive();
  }

  #arrive(): void {
    this.#arrived.resolve();
    this.#arrived = Promise.withResolvers<void>();
  }
}

export function connectPacket(options: ConnectOptions & { version: Version; clientId: string }): Packet {
  const { version, clientId, persistent = false, username, password } = options;
  const { clean = !persistent, keepalive = 60, receiveMaximum, maximumPacketSize, topicAliasMaximum, will } = options;
  const { sessionExpiryInterval = persistent ? 3600 : undefined } = options;
  return {
    cmd: "connect",
    protocolId: version === 3 ? "MQIsdp" : "MQTT",
    protocolVersion: version,
    clientId,
    clean,
    keepalive,
    ...(username === undefined ? {} : { username }),
    // Its bundled generator takes no Buffer of the runtime.
    ...(password === undefined ? {} : { password: password as unknown as Buffer }),
    ...(will === undefined ? {} : { will: { retain: false, ...will, payload: Buffer.from(will.payload) } }),
    ...(version === 5
      ? { properties: definedOnly({ receiveMaximum, maximumPacketSize, sessionExpiryInterval, topicAliasMaximum }) }
      : {}),
  };
}

export function publishPacket(
  topic: string,
  payload: string | Uint8Array,
  qos: 0 | 1 | 2,
  options: Partial<IPublishPacket> = {},
): IPublishPacket {
  const body = typeof payload === "string" ? Buffer.from(payload) : Buffer.from(payload);
  return { cmd: "publish", topic, payload: body, qos, dup: false, retain: false, ...options };
}

export function payloads(packets: readonly Packet[]): string[] {
  return packets.filter((packet) => packet.cmd === "publish").map(({ payload }) => payload.toString());
}

/** To be called after each test. */
export function cutClients(): void {
  for (const client of [...open]) client.cut();
}

type Defined<Value> = { [Key in keyof Value]?: Exclude<Value[Key], undefined> };

function definedOnly<Value extends object>(value: Value): Defined<Value> {
  return Object.fromEntries(Object.entries(value).filter(([, one]) => one !== undefined)) as Defined<Value>;
}
