// A WebSocket that sends bytes as they are given and keeps what comes back, cut into MQTT packets but not interpreted:
// for input no client library would send.

import { once } from "node:events";
import { WebSocket } from "ws";
import { PacketReader } from "../../bench/load/reader.ts";
import { within } from "./eventually.ts";

export interface RawPacket {
  readonly firstByte: number;
  readonly body: Buffer;
}

const open = new Set<RawSocket>();

export class RawSocket {
  readonly #socket: WebSocket;
  /** All packets received, in order. */
  readonly packets: RawPacket[] = [];
  /** Resolves with the WebSocket close code. */
  readonly closed: Promise<number>;
  isClosed = false;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    const reader = new PacketReader((firstByte, bytes, bodyAt, bodyEnd) => {
      this.packets.push({ firstByte, body: Buffer.from(bytes.subarray(bodyAt, bodyEnd)) });
    });
    socket.on("message", (data: Buffer, isBinary: boolean) => {
      if (!isBinary) throw new Error("the broker sent a text frame");
      reader.push(data);
    });
    socket.on("error", () => {});
    this.closed = new Promise((resolve) => {
      socket.on("close", (code) => {
        this.isClosed = true;
        open.delete(this);
        resolve(code);
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

  /** One binary frame. */
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

  /** Ends the connection as a network failure would: no DISCONNECT, no closing handshake. */
  cut(): void {
    this.#socket.terminate();
  }

  /** Leaves this socket out when the sockets are cut after each test. */
  keepOpen(): void {
    open.delete(this);
  }
}

/** To be called after each test. */
export function cutRawSockets(): void {
  for (const socket of open) socket.cut();
}
