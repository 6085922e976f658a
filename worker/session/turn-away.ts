// A client that comes for a session which is somebody else's, who is not disturbed.

import { encodePackets } from "../../src/codec/encode.ts";
import type { Connect, ServerPacket } from "../../src/protocol/packet.ts";
import { ReasonCode } from "../../src/protocol/reason.ts";
import { closeQuietly } from "../close-quietly.ts";
import { report } from "../counters.ts";

export function turnAway(socket: WebSocket, { version, clientId }: Connect, session: string): void {
  const reason = ReasonCode.notAuthorized;
  report([{ event: "refusal", reason: "session-of-another", count: 1, detail: clientId }], session);
  const refusal: ServerPacket = { type: "connack", sessionPresent: false, reason, properties: {} };
  socket.send(encodePackets([refusal], version));
  closeQuietly(socket);
}
