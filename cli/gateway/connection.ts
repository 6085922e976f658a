// One TCP client of the gateway, and the WebSocket that carries its bytes. Neither is looked into: packets need not line
// up with frames [MQTT-6.0.0-2], and the broker finds their boundaries.
//
// waiting for the first byte → dialling the broker → relaying → closed; or dialling → leaving → closed, if the client goes
// before the broker is reached, which still gets what the client sent. Whoever is slow makes the other wait: no more than
// `bufferedBytesMax` lie here for either.

import type { Socket } from "node:net";
import { WebSocket } from "ws";

/** Also the longest that TLS may take to be agreed, before. */
export const firstByteMs = 10_000;
const dialMs = 10_000;
const bufferedBytesMax = 1024 * 1024;
/** Once one side has ended, what the other has yet to be sent gets this long. */
const lingerMs = 5_000;

/** The first byte of CONNECT, which is all that a client may begin with [MQTT-3.1.0-1]. */
const connectByte = 0x10;

export type Ending = "client" | "broker" | "no-connect" | "not-mqtt" | "unreachable";

export interface ConnectionEvents {
  /** Called once. */
  ended(ending: Ending, detail: string): void;
}

type State = "waiting" | "dialling" | "leaving" | "relaying" | "closed";

export class GatewayConnection {
  readonly #client: Socket;
  readonly #brokerUrl: string;
  readonly #events: ConnectionEvents;
  #state: State = "waiting";
  #broker: WebSocket | undefined;
  #deadline: NodeJS.Timeout;

  constructor(client: Socket, brokerUrl: string, events: ConnectionEvents) {
    this.#client = client;
    this.#brokerUrl = brokerUrl;
    this.#events = events;
    client.setNoDelay(true);
    client.setKeepAlive(true, 60_000);
    client.on("data", (chunk) => this.#take(chunk));
    client.on("drain", () => this.#broker?.resume());
    client.once("end", () => this.#clientEnded("has closed"));
    client.once("error", (error) => this.#clientEnded(error.message));
    client.once("close", () => this.#clientEnded("has gone"));
    this.#deadline = setTimeout(() => this.#end("no-connect", `nothing within ${firstByteMs / 1000} s`), firstByteMs);
  }

  /** The gateway stops: the client comes again, to another one. */
  close(): void {
    this.#end("broker", "the gateway stops");
  }

  #take(chunk: Buffer): void {
    switch (this.#state) {
      case "waiting":
        if (chunk[0] !== connectByte) return this.#end("not-mqtt", "does not begin with CONNECT");
        return this.#dial(chunk);
      case "relaying":
        return this.#forward(chunk);
      case "dialling":
      case "leaving":
      case "closed":
        return;
      default:
        this.#state satisfies never;
    }
  }

  #dial(first: Buffer): void {
    this.#state = "dialling";
    clearTimeout(this.#deadline);
    this.#client.pause();
    const broker = new WebSocket(this.#brokerUrl, ["mqtt"], { handshakeTimeout: dialMs, perMessageDeflate: false });
    this.#broker = broker;
    broker.on("open", () => {
      if (this.#state === "closed") return broker.terminate();
      const hasLeft = this.#state === "leaving";
      this.#state = "relaying";
      this.#forward(first);
      if (hasLeft) this.#end("client", "has closed");
      else this.#client.resume();
    });
    broker.on("message", (data: Buffer) => {
      if (this.#state === "relaying" && !this.#client.write(data)) broker.pause();
    });
    broker.on("error", (error) => this.#end(this.#state === "relaying" ? "broker" : "unreachable", error.message));
    broker.on("close", (code) => this.#end("broker", `closed with ${code}`));
  }

  #forward(chunk: Buffer): void {
    const broker = this.#broker as WebSocket;
    broker.send(chunk, () => {
      if (this.#state === "relaying" && broker.bufferedAmount <= bufferedBytesMax) this.#client.resume();
    });
    if (broker.bufferedAmount > bufferedBytesMax) this.#client.pause();
  }

  #clientEnded(detail: string): void {
    if (this.#state === "dialling") this.#state = "leaving";
    else if (this.#state !== "leaving") this.#end("client", detail);
  }

  #end(ending: Ending, detail: string): void {
    if (this.#state === "closed") return;
    this.#state = "closed";
    clearTimeout(this.#deadline);
    this.#client.end();
    this.#broker?.close();
    const linger = setTimeout(() => {
      this.#client.destroy();
      this.#broker?.terminate();
    }, lingerMs);
    linger.unref();
    this.#events.ended(ending, detail);
  }
}
