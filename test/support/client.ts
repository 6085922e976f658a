// A client as applications use it: MQTT.js, connected once and never reconnecting by itself, with what it received kept
// in order.

import mqtt, {
  type IClientOptions,
  type IConnackPacket,
  type IDisconnectPacket,
  type IPublishPacket,
  type MqttClient,
} from "mqtt";
import type { IAuthPacket } from "mqtt-packet";
import type { Version } from "./broker.ts";
import { eventually, within } from "./eventually.ts";

export interface Received {
  readonly topic: string;
  readonly payload: string;
  readonly qos: number;
  readonly retain: boolean;
  readonly dup: boolean;
}

export interface ClientOptions extends Omit<IClientOptions, "protocolVersion" | "protocolId"> {
  readonly version?: Version;
  /** Keeps its session for an hour: clean session off, and in 5.0 the expiry interval that goes with it. */
  readonly persistent?: boolean;
  /** Answers the broker's AUTH. */
  readonly handleAuth?: (packet: IAuthPacket) => IAuthPacket;
}

const open = new Set<TestClient>();

export function uniqueName(prefix: string): string {
  // 3.1 allows client ids of at most 23 characters.
  return `${prefix}-${Math.random().toString(36).slice(2, 10)}`;
}

export class TestClient {
  readonly mqtt: MqttClient;
  readonly id: string;
  readonly connack: IConnackPacket;
  readonly received: Received[];
  /** The DISCONNECT the broker sent (5.0). */
  disconnect: IDisconnectPacket | undefined;
  isClosed = false;
  #taken = 0;

  private constructor(client: MqttClient, id: string, connack: IConnackPacket, received: Received[]) {
    this.mqtt = client;
    this.id = id;
    this.connack = connack;
    this.received = received;
    client.on("disconnect", (packet) => {
      this.disconnect = packet;
    });
    client.on("close", () => {
      this.isClosed = true;
    });
    open.add(this);
  }

  static async connect(url: string, options: ClientOptions = {}): Promise<TestClient> {
    const { version = 4, persistent = false, handleAuth, ...rest } = options;
    const id = rest.clientId ?? uniqueName("client");
    const expiry = version === 5 && persistent ? { sessionExpiryInterval: 3600 } : {};
    const client = mqtt.connect(url, {
      clean: !persistent,
      reconnectPeriod: 0,
      connectTimeout: 10_000,
      keepalive: 60,
      ...rest,
      clientId: id,
      protocolVersion: version,
      protocolId: version === 3 ? "MQIsdp" : "MQTT",
      ...(version === 5 ? { properties: { ...expiry, ...rest.properties } } : {}),
    });
    if (handleAuth !== undefined) client.handleAuth = (packet, answer) => answer(undefined, handleAuth(packet));
    const received: Received[] = [];
    client.on("message", (topic, payload, packet: IPublishPacket) => {
      const { qos, retain, dup } = packet;
      received.push({ topic, payload: payload.toString("utf8"), qos, retain, dup });
    });
    const accepted = new Promise<IConnackPacket>((resolve, reject) => {
      client.once("connect", resolve);
      client.once("error", reject);
      client.once("close", () => reject(new Error("the connection was closed before CONNACK")));
    });
    try {
      const connack = await within("CONNACK", accepted);
      client.on("error", () => {});
      return new TestClient(client, id, connack, received);
    } catch (problem) {
      client.end(true);
      throw problem;
    }
  }

  get sessionPresent(): boolean {
    return this.connack.sessionPresent;
  }

  async subscribe(filter: string | readonly string[], qos: 0 | 1 | 2 = 2): Promise<void> {
    const filters = typeof filter === "string" ? [filter] : [...filter];
    const granted = await within("SUBACK", this.mqtt.subscribeAsync(filters, { qos }));
    for (const one of granted) if (one.qos !== qos) throw new Error(`${one.topic}: granted ${one.qos}, not ${qos}`);
  }

  async unsubscribe(filter: string): Promise<void> {
    await within("UNSUBACK", this.mqtt.unsubscribeAsync(filter));
  }

  /** Resolves when the broker has taken the message over. */
  async publish(topic: string, payload: string, qos: 0 | 1 | 2 = 1, retain = false): Promise<void> {
    await within(`the end of PUBLISH ${topic}`, this.mqtt.publishAsync(topic, payload, { qos, retain }), 20_000);
  }

  /** The next `count` messages, in the order of their arrival. */
  async take(count: number, timeoutMs?: number): Promise<Received[]> {
    await eventually(
      `${count} messages for ${this.id} (has ${JSON.stringify(this.received.slice(this.#taken).map((one) => one.payload)).slice(0, 500)})`,
      () => this.received.length >= this.#taken + count,
      timeoutMs,
    );
    const messages = this.received.slice(this.#taken, this.#taken + count);
    this.#taken += count;
    return messages;
  }

  async takePayloads(count: number, timeoutMs?: number): Promise<string[]> {
    return (await this.take(count, timeoutMs)).map(({ payload }) => payload);
  }

  /** Disconnects in good order. */
  async end(): Promise<void> {
    await within("the end of the connection", this.mqtt.endAsync());
    open.delete(this);
  }

  /** Breaks the connection as a network failure would: no DISCONNECT. */
  cut(): void {
    this.mqtt.stream.destroy();
    this.mqtt.end(true);
    open.delete(this);
  }

  async closed(timeoutMs?: number): Promise<void> {
    await eventually(`the broker closes the connection of ${this.id}`, () => this.isClosed, timeoutMs);
  }
}

/** To be called after each test. */
export function cutClients(): void {
  for (const client of open) client.cut();
}
