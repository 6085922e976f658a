// One MQTT connection of the console, over WebSocket to where the page came from, with what it said and heard. It lives on
// while the operator looks at other pages of this tab.

import "./browser/node.ts";
import { Buffer } from "buffer";
import type { Packet, UserProperties } from "mqtt-packet";
import type { ReasonCode } from "../../src/protocol/reason.ts";
import { reasonText } from "../../src/protocol/reason-text.ts";
import { browserStreamBuilder, type IClientOptions, MqttClient } from "./browser/mqtt.cjs";

const messagesMax = 500;
const notesMax = 100;

export interface ConnectionOptions {
  readonly clientId: string;
  readonly username: string;
  readonly password: string;
  readonly cleanStart: boolean;
  readonly sessionExpirySeconds: number;
  readonly keepAliveSeconds: number;
}

export interface Message {
  readonly id: number;
  readonly atMs: number;
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly qos: number;
  readonly retain: boolean;
  readonly duplicate: boolean;
  readonly properties: readonly (readonly [string, string])[];
}

export interface Note {
  readonly id: number;
  readonly atMs: number;
  readonly text: string;
  readonly isBad: boolean;
}

export interface SubscribeOptions {
  readonly qos: 0 | 1 | 2;
  readonly noLocal: boolean;
  readonly retainAsPublished: boolean;
  readonly retainHandling: 0 | 1 | 2;
}

export interface PublishOptions {
  readonly qos: 0 | 1 | 2;
  readonly retain: boolean;
  readonly contentType: string;
  readonly responseTopic: string;
  readonly correlationData: string;
  readonly expirySeconds: number | undefined;
  readonly isUtf8: boolean;
  readonly userProperties: readonly (readonly [string, string])[];
}

export type State = "connecting" | "connected" | "closed";

export class Connection {
  readonly id: number;
  readonly options: ConnectionOptions;
  #client: MqttClient | undefined;
  #changed: () => void;
  #count = 0;
  state: State = "closed";
  /** Filters, with the QoS that was granted. */
  readonly subscriptions = new Map<string, number>();
  /** The newest first. */
  messages: readonly Message[] = [];
  notes: readonly Note[] = [];
  /** Messages that are not kept any more. */
  forgotten = 0;

  constructor(id: number, options: ConnectionOptions, changed: () => void) {
    this.id = id;
    this.options = options;
    this.#changed = changed;
    this.connect();
  }

  connect(): void {
    this.#client?.end(true);
    this.subscriptions.clear();
    this.state = "connecting";
    const client = newClient(this.options);
    this.#client = client;
    // What a former client still says is not about this one.
    const current = (handle: () => void) => {
      if (this.#client === client) handle();
    };
    client.on("packetreceive", (packet) => current(() => this.#received(packet)));
    client.on("message", (_topic, payload, packet) => current(() => this.#keep(payload, packet)));
    // One with a code is of a packet, which is said already.
    client.on("error", (error) => current(() => "code" in error || this.#note(error.message, true)));
    client.on("close", () =>
      current(() => {
        if (this.state === "closed") return;
        this.state = "closed";
        // What ended it stays to be read.
        if (this.notes[0]?.isBad) this.#changed();
        else this.#note("The connection is closed.", false);
      }),
    );
    this.#changed();
  }

  disconnect(): void {
    this.#client?.end();
  }

  /** Resolves with what is to be said about it. */
  async subscribe(
    filter: string,
    { qos, noLocal, retainAsPublished, retainHandling }: SubscribeOptions,
  ): Promise<void> {
    const options = { qos, nl: noLocal, rap: retainAsPublished, rh: retainHandling };
    const codes = await new Promise<readonly number[]>((resolve, reject) => {
      this.#client?.subscribe(filter, options, (error, _granted, packet) => {
        if (packet !== undefined) resolve(packet.granted as number[]);
        else reject(error ?? new Error("No answer."));
      });
    });
    const [code = 0] = codes;
    if (code >= 0x80) throw new Error(`Subscribing to ${filter} was refused: ${reasonWords(code)}.`);
    this.subscriptions.set(filter, code);
    this.#changed();
  }

  async unsubscribe(filter: string): Promise<void> {
    await this.#client?.unsubscribeAsync(filter);
    this.subscriptions.delete(filter);
    this.#changed();
  }

  /** Resolves with the broker's answer, if the QoS asks for one. */
  async publish(topic: string, payload: Uint8Array, options: PublishOptions): Promise<string> {
    const { qos, retain, contentType, responseTopic, correlationData, expirySeconds, isUtf8, userProperties } = options;
    const properties = {
      ...(contentType === "" ? {} : { contentType }),
      ...(responseTopic === "" ? {} : { responseTopic }),
      ...(correlationData === "" ? {} : { correlationData: Buffer.from(correlationData) }),
      ...(expirySeconds === undefined ? {} : { messageExpiryInterval: expirySeconds }),
      ...(isUtf8 ? { payloadFormatIndicator: true } : {}),
      ...(userProperties.length === 0 ? {} : { userProperties: grouped(userProperties) }),
    };
    const answer = await this.#client?.publishAsync(topic, Buffer.from(payload), { qos, retain, properties });
    if (qos === 0) return "Sent.";
    const code = (answer as { readonly reasonCode?: number } | undefined)?.reasonCode ?? 0;
    return code === 0 ? "Acknowledged: it is durable." : `Acknowledged: ${reasonWords(code)}.`;
  }

  forgetMessages(): void {
    this.messages = [];
    this.forgotten = 0;
    this.#changed();
  }

  close(): void {
    const client = this.#client;
    this.#client = undefined;
    client?.end();
  }

  #received(packet: Packet): void {
    if (packet.cmd === "connack") {
      const code = packet.reasonCode ?? 0;
      if (code === 0) {
        this.state = "connected";
        this.#note(
          packet.sessionPresent ? "Connected; the session was there already." : "Connected, with a new session.",
          false,
        );
      } else {
        this.#note(`The broker refused the connection: ${reasonWords(code, packet.properties?.reasonString)}.`, true);
      }
    } else if (packet.cmd === "disconnect") {
      this.#note(
        `The broker ended the connection: ${reasonWords(packet.reasonCode ?? 0, packet.properties?.reasonString)}.`,
        true,
      );
    }
  }

  #keep(payload: Uint8Array, packet: Packet): void {
    if (packet.cmd !== "publish") return;
    const message: Message = {
      id: this.#count++,
      atMs: Date.now(),
      topic: packet.topic,
      payload: new Uint8Array(payload),
      qos: packet.qos,
      retain: packet.retain,
      duplicate: packet.dup,
      properties: propertiesOf(packet.properties ?? {}),
    };
    this.forgotten += Math.max(0, this.messages.length + 1 - messagesMax);
    this.messages = [message, ...this.messages].slice(0, messagesMax);
    this.#changed();
  }

  #note(text: string, isBad: boolean): void {
    this.notes = [{ id: this.#count++, atMs: Date.now(), text, isBad }, ...this.notes].slice(0, notesMax);
    this.#changed();
  }
}

function newClient({
  clientId,
  username,
  password,
  cleanStart,
  sessionExpirySeconds,
  keepAliveSeconds,
}: ConnectionOptions): MqttClient {
  const isSecure = location.protocol === "https:";
  const options: IClientOptions = {
    protocol: isSecure ? "wss" : "ws",
    hostname: location.hostname,
    port: Number(location.port) || (isSecure ? 443 : 80),
    path: "/mqtt",
    protocolId: "MQTT",
    protocolVersion: 5,
    clientId,
    ...(username === "" ? {} : { username }),
    ...(password === "" ? {} : { password }),
    clean: cleanStart,
    keepalive: keepAliveSeconds,
    properties: { sessionExpiryInterval: sessionExpirySeconds },
    reconnectPeriod: 0,
    resubscribe: false,
    queueQoSZero: false,
    timerVariant: "native",
  };
  return new MqttClient((client) => browserStreamBuilder(client, options), options);
}

function reasonWords(code: number, detail?: string): string {
  const name = reasonText(code as ReasonCode) ?? "unknown reason";
  const number = `0x${code.toString(16).padStart(2, "0").toUpperCase()}`;
  return `${name} (${number})${detail ? `: ${detail}` : ""}`;
}

/** A name may come more than once. */
function grouped(pairs: readonly (readonly [string, string])[]): UserProperties {
  const groups: Record<string, string[]> = Object.create(null);
  for (const [name, value] of pairs) groups[name] = [...(groups[name] ?? []), value];
  return groups;
}

function propertiesOf(properties: object): [string, string][] {
  return Object.entries(properties).flatMap(([name, value]): [string, string][] => {
    if (name !== "userProperties")
      return [[words(name), value instanceof Uint8Array ? new TextDecoder().decode(value) : String(value)]];
    return Object.entries(value as UserProperties).flatMap(([key, values]) =>
      [values].flat().map((each): [string, string] => [`user: ${key}`, each]),
    );
  });
}

/** `contentType` as "content type". */
function words(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}
