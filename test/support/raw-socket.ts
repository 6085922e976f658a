// A WebSocket that sends bytes as they are given and keeps what comes back, cut into MQTT packets but not interpreted:
// for input no client library would send.

import { once } from "node:events";
import type { Socket } from "node:net";
import { WebSocket } from "ws";
import { PacketReader } from "../../bench/load/reader.ts";
import { within } from "./eventually.ts";
import type { ClientSocket, RawPacket } from "./venue.ts";

const open = new Set<RawSocket>();

export class RawSocket implements ClientSocket {
  readonly #socket: WebSocket;
  /** What the WebSocket runs over. */
  #tcp: Socket | undefined;
  readonly packets: RawPacket[] = [];
  readonly closed: Promise<number>;
  isClosed = false;
  /** Called when something has happened. */
  readonly #waiting = new Set<() => void>();

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    const reader = new PacketReader((firstByte, bytes, bodyAt, bodyEnd) => {
      this.packets.push({ firstByte, body: Buffer.from(bytes.subarray(bodyAt, bodyEnd)) });
    });
    socket.on("message", (data: Buffer, isBinary: boolean) => {
      if (!isBinary) throw new Error("the broker sent a text frame");
      reader.push(data);
      this.#happened();
    });
    socket.on("error", () => {});
    socket.on("upgrade", (response) => {
      this.#tcp = response.socket;
    });
    this.closed = new Promise((resolve) => {
      socket.on("close", (code) => {
        this.isClosed = true;
        open.delete(this);
        resolve(code);
        this.#happened();
      });
    });
    open.add(this);
  }

  /** The subprotocol the broker chose; empty when it chose none. */
  get protocol(): string {
    return this.#socket.protocol;
  }

  static async open(url: string, protocols: readonly string[] = ["mqtt"]): Promise<RawSocket> {
    const socket = new WebSocket(url, [...protocols], { perMessageDeflate: false });
    const raw = new RawSocket(socket);
    await within("the WebSocket opens", once(socket, "open"));
    return raw;
  }

  sendBytes(bytes: Uint8Array): void {
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.send(bytes);
  }

  /** A frame for every piece. */
  sendInPieces(bytes: Buffer, pieceBytes: number): void {
    for (let at = 0; at < bytes.length; at += pieceBytes) this.sendBytes(bytes.subarray(at, at + pieceBytes));
  }

  sendText(text: string): void {
    this.#socket.send(text);
  }

  cut(): void {
    this.#socket.terminate();
  }

  /** Closes the WebSocket in order, behind what was sent. */
  close(): void {
    this.#socket.close(1000);
  }

  /** Ends the TCP connection behind what was sent, without a word of the WebSocket. */
  finish(): void {
    this.#tcp?.end();
  }

  /** Resets the TCP connection: what the other side has not read yet may be lost. */
  reset(): void {
    this.#tcp?.resetAndDestroy();
  }

  async until(what: string, condition: () => boolean, timeoutMs?: number): Promise<void> {
    if (condition()) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const check = () => {
      if (condition()) resolve();
    };
    this.#waiting.add(check);
    await within(what, promise, timeoutMs).finally(() => this.#waiting.delete(check));
  }

  /** Leaves this socket out when the sockets are cut after each test. */
  keepOpen(): void {
    open.delete(this);
  }

  #happened(): void {
    for (const check of this.#waiting) check();
  }
}

/** To be called after each test. */
export function cutRawSockets(): void {
  for (const socket of open) socket.cut();
}
