// A client's way to a broker through /mqtt/<client id>, for conversations that do not know of it: the WebSocket is opened when
// the CONNECT is there that says the client id, or bytes that will never be one.

import { RawSocket } from "./raw-socket.ts";
import type { ClientSocket, RawPacket, Venue } from "./venue.ts";

export class DirectVenue implements Venue {
  readonly #url: () => string;

  constructor(url: () => string) {
    this.#url = url;
  }

  async openSocket(): Promise<DirectSocket> {
    return new DirectSocket(this.#url());
  }
}

class DirectSocket implements ClientSocket {
  readonly #url: string;
  readonly #opened = Promise.withResolvers<RawSocket>();
  readonly closed: Promise<number>;
  #raw: RawSocket | undefined;
  #isOpening = false;
  #isCut = false;
  #early = Buffer.alloc(0);
  /** What is to be sent, in order, since opening takes a while. */
  #sending: Promise<void> = Promise.resolve();

  constructor(url: string) {
    this.#url = url;
    this.closed = this.#opened.promise.then((raw) => raw.closed);
  }

  get packets(): readonly RawPacket[] {
    return this.#raw?.packets ?? [];
  }

  get isClosed(): boolean {
    return this.#isCut || (this.#raw?.isClosed ?? false);
  }

  sendBytes(bytes: Uint8Array): void {
    if (!this.#isOpening) {
      this.#early = Buffer.concat([this.#early, bytes]);
      const clientId = clientIdIn(this.#early);
      if (clientId !== "incomplete") this.#open(clientId);
    }
    this.#sending = this.#sending.then(async () => (await this.#opened.promise).sendBytes(bytes));
  }

  sendText(text: string): void {
    if (!this.#isOpening) this.#open(undefined);
    this.#sending = this.#sending.then(async () => (await this.#opened.promise).sendText(text));
  }

  cut(): void {
    this.#isCut = true;
    this.#sending = this.#sending.then(() => this.#raw?.cut());
  }

  async until(what: string, condition: () => boolean, timeoutMs?: number): Promise<void> {
    await (await this.#opened.promise).until(what, condition, timeoutMs);
  }

  #open(clientId: string | undefined): void {
    this.#isOpening = true;
    const id =
      clientId === undefined || clientId === "" || clientId.includes("\0") ? `none-${Math.random()}` : clientId;
    RawSocket.open(`${this.#url}/${encodeURIComponent(id)}`).then((raw) => {
      this.#raw = raw;
      this.#opened.resolve(raw);
    }, this.#opened.reject);
  }
}

/** What claims to be longer is not waited for. */
const connectBytesMax = 1_000_000;

/** Undefined if these bytes will never be a CONNECT with one. */
function clientIdIn(bytes: Buffer): string | undefined | "incomplete" {
  const [first] = bytes;
  if (first === undefined) return "incomplete";
  if (first >> 4 !== 1) return undefined;
  const header = varint(bytes, 1);
  if (header === undefined) return bytes.length < 5 ? "incomplete" : undefined;
  if (header.value > connectBytesMax) return undefined;
  if (header.next + header.value > bytes.length) return "incomplete";
  try {
    let at = header.next;
    at += 2 + bytes.readUInt16BE(at);
    const level = bytes.readUInt8(at);
    at += 4;
    if (level === 5) {
      const properties = varint(bytes, at);
      if (properties === undefined) return undefined;
      at = properties.next + properties.value;
    }
    const length = bytes.readUInt16BE(at);
    return at + 2 + length > bytes.length ? undefined : bytes.toString("utf8", at + 2, at + 2 + length);
  } catch {
    return undefined;
  }
}

function varint(bytes: Buffer, start: number): { readonly value: number; readonly next: number } | undefined {
  let value = 0;
  for (let index = 0; index < 4; index++) {
    const byte = bytes[start + index];
    if (byte === undefined) return undefined;
    value += (byte & 0x7f) << (7 * index);
    if (byte < 0x80) return { value, next: start + index + 1 };
  }
  return undefined;
}
