// A client that comes for a session which is somebody else's, who is not disturbed, or nobody's yet.

import { encodePackets } from "../../src/codec/encode.ts";
import type { Connect, ServerPacket } from "../../src/protocol/packet.ts";
import { ReasonCode } from "../../src/protocol/reason.ts";
import { againstTakeOver } from "../../src/session/identity.ts";
import type { Session } from "../../src/session/state.ts";
import { closeQuietly } from "../close-quietly.ts";
import { report } from "../counters.ts";

const reasons = {
  "session-of-another": ReasonCode.notAuthorized,
  "session-being-restored": ReasonCode.serverBusy,
} as const;

export function isTurnedAway(
  session: Session,
  socket: WebSocket,
  { version, clientId }: Connect,
  user: string | undefined,
): boolean {
  const why = againstTakeOver(session, user, Date.now());
  if (why === undefined) return false;
  report([{ event: "refusal", reason: why, count: 1, detail: clientId }], session.name);
  const refusal: ServerPacket = { type: "connack", sessionPresent: false, reason: reasons[why], properties: {} };
  socket.send(encodePackets([refusal], version));
  closeQuietly(socket);
  return true;
}
