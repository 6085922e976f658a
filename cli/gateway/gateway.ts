// Carries MQTT over TCP, and over TLS with a certificate, to a broker that only speaks WebSocket: one WebSocket for each
// client. It keeps nothing: when it stops, or dies, clients connect anew and resend, as with any other cut.

import { once } from "node:events";
import { createServer, type Server, type Socket } from "node:net";
import { createServer as createTlsServer, type Server as TlsServer } from "node:tls";
import { type Ending, firstByteMs, GatewayConnection } from "./connection.ts";

export interface Listener {
  readonly host: string;
  /** 0 takes any free one. */
  readonly port: number;
  /** PEM; undefined for plain TCP. */
  readonly tls?: { readonly certificate: Buffer; readonly key: Buffer };
}

export interface GatewayOptions {
  /** Of the broker: ws: or wss:. */
  readonly brokerUrl: string;
  readonly listeners: readonly Listener[];
  /** Beyond it a new client is closed at once. */
  readonly connectionsMax: number;
  readonly log: (event: GatewayEvent) => void;
}

export type GatewayEvent =
  | { readonly event: "opened"; readonly client: string; readonly connections: number }
  | {
      readonly event: "ended";
      readonly client: string;
      readonly why: Ending;
      readonly detail: string;
      readonly connections: number;
    }
  | {
      readonly event: "refused";
      readonly client: string;
      readonly why: "too-many-connections" | "tls";
      readonly detail: string;
    };

export class Gateway {
  readonly #options: GatewayOptions;
  readonly #servers: Server[] = [];
  readonly #connections = new Set<GatewayConnection>();
  /** Clients of which TLS has yet to be agreed, by their addresses. */
  readonly #handshakes = new Map<string, Socket>();

  constructor(options: GatewayOptions) {
    this.#options = options;
  }

  /** Resolves with the ports, in the order of the listeners; rejects, listening on none, if one cannot be had. */
  async start(): Promise<number[]> {
    try {
      const ports: number[] = [];
      for (const listener of this.#options.listeners) ports.push(await this.#listen(listener));
      return ports;
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  /** Takes nobody in any more and closes all connections. */
  async stop(): Promise<void> {
    const closed = this.#servers.splice(0).map((server) => new Promise((resolve) => server.close(resolve)));
    for (const connection of this.#connections) connection.close();
    for (const socket of this.#handshakes.values()) socket.destroy();
    await Promise.all(closed);
  }

  async #listen({ host, port, tls }: Listener): Promise<number> {
    const secure = tls === undefined ? undefined : this.#secure(tls);
    const server = createServer((socket) => this.#take(socket, secure));
    server.listen(port, host);
    await once(server, "listening");
    this.#servers.push(server);
    const address = server.address();
    return typeof address === "object" && address !== null ? address.port : port;
  }

  /** Speaks TLS with clients that are handed to it. It listens nowhere itself: they are counted before. */
  #secure({ certificate, key }: NonNullable<Listener["tls"]>): TlsServer {
    const options = { cert: certificate, key, handshakeTimeout: firstByteMs };
    const server = createTlsServer(options, (socket) => this.#begin(socket));
    server.on("tlsClientError", (error, socket) => {
      this.#options.log({ event: "refused", client: addressOf(socket), why: "tls", detail: error.message });
      // After its time is over it would stay for ever.
      socket.destroy();
    });
    return server;
  }

  #take(socket: Socket, secure: TlsServer | undefined): void {
    const { connectionsMax, log } = this.#options;
    const client = addressOf(socket);
    if (this.#connections.size + this.#handshakes.size >= connectionsMax) {
      socket.destroy();
      log({ event: "refused", client, why: "too-many-connections", detail: `there are ${connectionsMax}` });
      return;
    }
    if (secure === undefined) return this.#begin(socket);
    this.#handshakes.set(client, socket);
    socket.once("close", () => this.#handshakes.delete(client));
    secure.emit("connection", socket);
  }

  #begin(socket: Socket): void {
    const { brokerUrl, log } = this.#options;
    const client = addressOf(socket);
    this.#handshakes.delete(client);
    const connection = new GatewayConnection(socket, brokerUrl, {
      ended: (why, detail) => {
        this.#connections.delete(connection);
        log({ event: "ended", client, why, detail, connections: this.#connections.size });
      },
    });
    this.#connections.add(connection);
    log({ event: "opened", client, connections: this.#connections.size });
  }
}

function addressOf({ remoteAddress = "unknown", remotePort = 0 }: Socket): string {
  return remoteAddress.includes(":") ? `[${remoteAddress}]:${remotePort}` : `${remoteAddress}:${remotePort}`;
}
