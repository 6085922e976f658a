// The connected client's socket, and what belongs to it.

import type { Decoder } from "../../src/codec/decode.ts";
import type { Connection } from "../../src/session/state.ts";
import { edgeSilentMsMax } from "../hello.ts";
import type { DirectClient } from "./direct.ts";
import type { AttachmentWriter } from "./socket.ts";

export interface Link {
  readonly socket: WebSocket;
  readonly attachment: AttachmentWriter;
  readonly epoch: number;
  readonly decoder: Decoder;
  /** Absent where an edge stands between. */
  readonly direct: DirectClient | undefined;
  /** The largest packet that the client takes. */
  readonly maximumPacketBytes: number;
}

export function isSilent(
  context: DurableObjectState,
  { socket, direct }: Link,
  connection: Connection | undefined,
  nowMs: number,
): boolean {
  // It has a clock of its own.
  if (direct !== undefined) return false;
  const heard = context.getWebSocketAutoResponseTimestamp(socket)?.getTime();
  return nowMs - (heard ?? connection?.connectedAtMs ?? 0) > edgeSilentMsMax;
}
