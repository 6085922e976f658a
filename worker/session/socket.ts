// The socket between the edge and a session object, and what it carries through hibernation: 16 KiB that cost no row. A
// window that is too torn to fit goes into a row instead.

import type { ConnectionSnapshot } from "../../src/session/state.ts";
import type { DirectState } from "./direct.ts";

/** A socket that has not said hello carries no connection. */
export interface Attachment {
  /** Of a socket that is its client's own, with no edge between. */
  readonly direct?: DirectState;
  readonly epoch: number;
  readonly snapshot: ConnectionSnapshot | undefined;
  /** When the alarm is set for; 0: not known to be set. */
  readonly alarmAtMs: number;
  /** The directory has heard of the connection. */
  readonly isListed?: boolean;
}

const attachmentBytesMax = 16_384;
const encoder = new TextEncoder();
const decoder = new TextDecoder();
/** What structured clone adds to an array of bytes. */
const overheadBytes = 64;

export function readAttachment(socket: WebSocket): Attachment {
  const bytes = socket.deserializeAttachment() as Uint8Array | null;
  if (bytes === null) return { epoch: 0, snapshot: undefined, alarmAtMs: 0 };
  return JSON.parse(decoder.decode(bytes)) as Attachment;
}

/** False if it does not fit. As bytes: a string beyond Latin-1 would take two for each character. */
export function writeAttachment(socket: WebSocket, attachment: Attachment): boolean {
  return writeText(socket, JSON.stringify(attachment));
}

function writeText(socket: WebSocket, text: string): boolean {
  const bytes = encoder.encode(text);
  if (bytes.length + overheadBytes > attachmentBytesMax) return false;
  socket.serializeAttachment(bytes);
  return true;
}

/** Writes what one socket carries, and nothing where it carries it already. */
export class AttachmentWriter {
  readonly #socket: WebSocket;
  #written = "";

  constructor(socket: WebSocket) {
    this.#socket = socket;
  }

  /** False if it does not fit. */
  write(attachment: Attachment): boolean {
    const text = JSON.stringify(attachment);
    if (text === this.#written) return true;
    if (!writeText(this.#socket, text)) return false;
    this.#written = text;
    return true;
  }
}

/** Of the sockets that are open, the one whose client is connected: the latest. */
export function connectedSocket(
  sockets: readonly WebSocket[],
): { readonly socket: WebSocket; readonly attachment: Attachment } | undefined {
  let latest: { socket: WebSocket; attachment: Attachment } | undefined;
  for (const socket of sockets) {
    if (socket.readyState !== WebSocket.READY_STATE_OPEN) continue;
    const attachment = readAttachment(socket);
    if (attachment.snapshot === undefined) continue;
    if (latest === undefined || attachment.epoch > latest.attachment.epoch) latest = { socket, attachment };
  }
  return latest;
}
