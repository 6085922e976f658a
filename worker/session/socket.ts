// The socket between the edge and a session object, and what it carries through hibernation: 16 KiB that cost no row.

import type { ConnectionSnapshot } from "../../src/session/state.ts";

/** A socket that has not said hello carries no connection. */
export interface Attachment {
  readonly epoch: number;
  readonly snapshot: ConnectionSnapshot | undefined;
  /** When the alarm is set for; 0: not known to be set. */
  readonly alarmAtMs: number;
}

const attachmentBytesMax = 16_384;
/** What structured clone adds to a string. */
const overheadBytes = 64;

export function readAttachment(socket: WebSocket): Attachment {
  const text = socket.deserializeAttachment() as string | null;
  return text === null ? { epoch: 0, snapshot: undefined, alarmAtMs: 0 } : (JSON.parse(text) as Attachment);
}

/** JSON in one string: a client id that is not ASCII makes it two bytes a character. */
export function writeAttachment(socket: WebSocket, attachment: Attachment): void {
  const text = JSON.stringify(attachment);
  if (
    text.length * 2 + overheadBytes > attachmentBytesMax &&
    new TextEncoder().encode(text).length + overheadBytes > attachmentBytesMax
  ) {
    throw new RangeError(`a connection's state of ${text.length} characters does not fit its socket`);
  }
  socket.serializeAttachment(text);
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

/** The socket may be gone already: closing it again is not an error. */
export function closeQuietly(socket: WebSocket, code: number, reason: string): void {
  try {
    socket.close(code, reason);
  } catch {
    // Closed by the other side meanwhile.
  }
}
