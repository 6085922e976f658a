// A WebSocket client made for load: it speaks to a net socket directly, puts every MQTT packet into a WebSocket frame of
// its own, and writes all frames of one turn of the event loop with one system call. A library costs more per frame
// than a fast broker does; this one must never be what is measured. Loopback and ws: only.

import { randomBytes } from "node:crypto";
import { connect as connectSocket, type Socket } from "node:net";
import { type PacketHandler, PacketReader } from "./reader.ts";

const slabBytes = 1 << 20;
const maskBytes = 4;
const handshakeTimeoutMs = 10_000;
const handshakeBytesMax = 16_384;

const opcode = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

export interface Frame {
  /** The frame: header, a mask of zeroes (so that masking changes nothing), packet. */
  readonly bytes: Buffer;
  /** Where the packet begins. */
  readonly packetAt: number;
}

export function frameOf(packet: Buffer, code: number = opcode.binary): Frame {
  const extended = packet.length < 126 ? 0 : packet.length < 65_536 ? 2 : 8;
  const packetAt = 2 + extended + maskBytes;
  const bytes = Buffer.alloc(packetAt + packet.length);
  bytes[0] = 0x80 | code;
  bytes[1] = 0x80 | (extended === 0 ? packet.length : extended === 2 ? 126 : 127);
  if (extended === 2) bytes.writeUInt16BE(packet.length, 2);
  if (extended === 8) bytes.writeBigUInt64BE(BigInt(packet.length), 2);
  packet.copy(bytes, packetAt);
  return { bytes, packetAt };
}

export interface WireEvents {
  packet: PacketHandler;
  closed: (why: string) => void;
}

export class Wire {
  readonly #socket: Socket;
  readonly #reader: PacketReader;
  readonly #closed: (why: string) => void;
  #slab = Buffer.allocUnsafe(slabBytes);
  #flushedTo = 0;
  #filledTo = 0;
  #flushIsDue = false;
  #header: Buffer = Buffer.alloc(0);
  #code: number = opcode.binary;
  #frameLeft = 0;
  #control: Buffer[] = [];
  #isOver = false;

  private constructor(socket: Socket, events: WireEvents) {
    this.#socket = socket;
    this.#reader = new PacketReader(events.packet);
    this.#closed = events.closed;
    socket.on("data", (piece: Buffer) => this.#receive(piece));
    socket.on("close", () => this.#finish("the broker closed the connection"));
    socket.on("error", (problem: Error) => this.#finish(problem.message));
    socket.resume();
  }

  static async open(url: string, events: WireEvents): Promise<Wire> {
    const address = new URL(url);
    if (address.protocol !== "ws:") throw new Error(`only ws: addresses, not ${url}`);
    const socket = connectSocket({ host: address.hostname, port: Number(address.port || "80"), noDelay: true });
    const rest = await shakeHands(socket, address);
    const wire = new Wire(socket, events);
    if (rest.length > 0) wire.#receive(rest);
    return wire;
  }

  /** Room for `length` bytes in the buffer to be sent; the caller fills `buffer` from the returned offset. */
  reserve(length: number): number {
    if (this.#filledTo + length > this.#slab.length) {
      this.flush();
      this.#slab = Buffer.allocUnsafe(Math.max(slabBytes, length));
      this.#flushedTo = 0;
      this.#filledTo = 0;
    }
    const at = this.#filledTo;
    this.#filledTo += length;
    if (!this.#flushIsDue) {
      this.#flushIsDue = true;
      process.nextTick(() => this.flush());
    }
    return at;
  }

  get buffer(): Buffer {
    return this.#slab;
  }

  sendPacket(packet: Buffer): void {
    const frame = frameOf(packet).bytes;
    const at = this.reserve(frame.length);
    frame.copy(this.#slab, at);
  }

  /** An acknowledgement: first byte, length 2, packet id. */
  sendShort(firstByte: number, id: number): void {
    const at = this.reserve(10);
    const slab = this.#slab;
    slab[at] = 0x80 | opcode.binary;
    slab[at + 1] = 0x84;
    slab[at + 2] = 0;
    slab[at + 3] = 0;
    slab[at + 4] = 0;
    slab[at + 5] = 0;
    slab[at + 6] = firstByte;
    slab[at + 7] = 2;
    slab[at + 8] = id >> 8;
    slab[at + 9] = id & 0xff;
  }

  flush(): void {
    this.#flushIsDue = false;
    if (this.#filledTo === this.#flushedTo || this.#isOver) return;
    this.#socket.write(this.#slab.subarray(this.#flushedTo, this.#filledTo));
    this.#flushedTo = this.#filledTo;
  }

  /** Ends the connection; what was sent before still leaves. */
  end(): void {
    this.flush();
    this.#isOver = true;
    this.#socket.end(frameOf(Buffer.from([0x03, 0xe8]), opcode.close).bytes);
    this.#socket.resume();
    this.#socket.unref();
  }

  destroy(): void {
    this.#isOver = true;
    this.#socket.destroy();
  }

  #finish(why: string): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#socket.destroy();
    this.#closed(why);
  }

  #receive(piece: Buffer): void {
    let bytes = piece;
    if (this.#header.length > 0) {
      bytes = Buffer.concat([this.#header, piece]);
      this.#header = Buffer.alloc(0);
    }
    let at = 0;
    while (at < bytes.length && !this.#isOver) {
      if (this.#frameLeft === 0) {
        const next = this.#openFrame(bytes, at);
        if (next < 0) {
          this.#header = bytes.subarray(at);
          return;
        }
        at = next;
        if (this.#frameLeft === 0) this.#closeFrame();
        continue;
      }
      const end = Math.min(bytes.length, at + this.#frameLeft);
      const part = bytes.subarray(at, end);
      this.#frameLeft -= end - at;
      at = end;
      if (this.#code < opcode.close) this.#reader.push(part);
      else this.#control.push(part);
      if (this.#frameLeft === 0) this.#closeFrame();
    }
  }

  /** Reads a frame header; returns the offset behind it, or -1 when it is not complete. */
  #openFrame(bytes: Buffer, at: number): number {
    if (bytes.length < at + 2) return -1;
    const code = (bytes[at] ?? 0) & 0x0f;
    const short = (bytes[at + 1] ?? 0) & 0x7f;
    const extended = short < 126 ? 0 : short === 126 ? 2 : 8;
    if (bytes.length < at + 2 + extended) return -1;
    this.#code = code;
    this.#frameLeft =
      extended === 0 ? short : extended === 2 ? bytes.readUInt16BE(at + 2) : Number(bytes.readBigUInt64BE(at + 2));
    return at + 2 + extended;
  }

  #closeFrame(): void {
    if (this.#code < opcode.close) return;
    const body = Buffer.concat(this.#control);
    this.#control = [];
    if (this.#code === opcode.ping) this.#socket.write(frameOf(body, opcode.pong).bytes);
    if (this.#code !== opcode.close) return;
    const reason = body.length >= 2 ? `${body.readUInt16BE(0)} ${body.toString("utf8", 2)}`.trim() : "no code";
    this.#finish(`the broker closed the WebSocket (${reason})`);
  }
}

/** Upgrades the connection; resolves with the bytes that came behind the answer. */
function shakeHands(socket: Socket, address: URL): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    let answer = Buffer.alloc(0);
    const timer = setTimeout(() => fail(new Error(`no WebSocket answer from ${address.host}`)), handshakeTimeoutMs);
    const clear = (): void => {
      clearTimeout(timer);
      socket.off("data", read);
      socket.off("error", fail);
      socket.off("close", ended);
    };
    const fail = (problem: Error): void => {
      clear();
      socket.destroy();
      reject(problem);
    };
    const ended = (): void => fail(new Error(`${address.host} closed the connection during the upgrade`));
    const read = (piece: Buffer): void => {
      answer = Buffer.concat([answer, piece]);
      const end = answer.indexOf("\r\n\r\n");
      if (end < 0) {
        if (answer.length > handshakeBytesMax) fail(new Error("the upgrade answer is too long"));
        return;
      }
      if (!answer.toString("latin1", 0, 12).startsWith("HTTP/1.1 101")) {
        fail(new Error(`upgrade refused: ${answer.toString("latin1", 0, Math.min(end, 200))}`));
        return;
      }
      clear();
      socket.pause();
      resolve(answer.subarray(end + 4));
    };
    socket.on("data", read);
    socket.on("error", fail);
    socket.on("close", ended);
    socket.on("connect", () => {
      const path = `${address.pathname}${address.search}`;
      const key = randomBytes(16).toString("base64");
      const lines = [
        `GET ${path} HTTP/1.1`,
        `Host: ${address.host}`,
        "Upgrade: websocket",
        "Connection: Upgrade",
        `Sec-WebSocket-Key: ${key}`,
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Protocol: mqtt",
      ];
      socket.write(`${lines.join("\r\n")}\r\n\r\n`);
    });
  });
}
