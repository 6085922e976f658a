// One MQTT connection over WebSocket, without any behaviour of its own: it sends the packets it is given and hands over
// those that come, in order. What a client has to remember across connections is the business of publisher and consumer.

import { generate, type IConnectPacket, type Packet, parser } from "mqtt-packet";
import { WebSocket } from "ws";

export type Version = 4 | 5;

export interface ConnectionEvents {
  readonly packet: (packet: Packet) => void;
  readonly closed: () => void;
}

export interface Will {
  readonly topic: string;
  readonly payload: string;
  readonly quality: 0 | 1 | 2;
}

export class Connection {
  readonly #socket: WebSocket;
  readonly #version: Version;
  #isClosed = false;

  constructor(url: string, version: Version, connect: IConnectPacket, events: ConnectionEvents, openTimeoutMs: number) {
    this.#version = version;
    const socket = new WebSocket(url, "mqtt", { handshakeTimeout: openTimeoutMs, perMessageDeflate: false });
    this.#socket = socket;
    const reader = parser({ protocolVersion: version });
    reader.on("packet", (packet) => {
      if (!this.#isClosed) events.packet(packet);
    });
    reader.on("error", () => socket.terminate());
    socket.on("open", () => this.send(connect));
    socket.on("message", (data: Buffer) => {
      if (!this.#isClosed) reader.parse(data);
    });
    socket.on("error", () => {});
    socket.on("close", () => {
      if (this.#isClosed) return;
      this.#isClosed = true;
      events.closed();
    });
  }

  send(packet: Packet): void {
    if (this.#socket.readyState === WebSocket.OPEN)
      this.#socket.send(generate(packet, { protocolVersion: this.#version }));
  }

  /** Cuts the connection without a DISCONNECT; nothing more is handed over. */
  cut(): void {
    this.#isClosed = true;
    this.#socket.terminate();
  }

  /** Says DISCONNECT and waits for nothing; nothing more is handed over. */
  leave(): void {
    this.send({ cmd: "disconnect" });
    this.#isClosed = true;
    this.#socket.close();
  }
}

/** A CONNECT; with `keepsSession` clean session is off, and in 5.0 the session expires an hour after its connection. */
export function connectPacket(version: Version, clientId: string, keepsSession: boolean, will?: Will): IConnectPacket {
  return {
    cmd: "connect",
    protocolId: "MQTT",
    protocolVersion: version,
    clientId,
    clean: !keepsSession,
    keepalive: 0,
    ...(version === 5 && keepsSession ? { properties: { sessionExpiryInterval: 3600 } } : {}),
    ...(will === undefined
      ? {}
      : { will: { topic: will.topic, payload: Buffer.from(will.payload), qos: will.quality, retain: false } }),
  };
}

/** Whether a CONNACK accepts the connection. */
export function isAccepted(packet: Packet, version: Version): boolean {
  return packet.cmd === "connack" && (version === 5 ? packet.reasonCode : packet.returnCode) === 0;
}
