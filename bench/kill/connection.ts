// One MQTT connection over WebSocket, without any behaviour of its own: it sends the packets it is given and hands over
// those that come, in order. What a client has to remember across connections is the business of publisher and consumer.

import { generate, type IConnectPacket, type Packet, parser } from "mqtt-packet";
import { WebSocket } from "ws";

export type Version = 4 | 5;

export interface ConnectionEvents {
  readonly packet: (packet: Packet) => void;
  readonly closed: () => void;
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
}

/** A CONNECT that keeps its session: clean session off, and in 5.0 an expiry interval of an hour. */
export function persistentConnect(version: Version, clientId: string): IConnectPacket {
  return {
    cmd: "connect",
    protocolId: "MQTT",
    protocolVersion: version,
    clientId,
    clean: false,
    keepalive: 0,
    ...(version === 5 ? { properties: { sessionExpiryInterval: 3600 } } : {}),
  };
}
