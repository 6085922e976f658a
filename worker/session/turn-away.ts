// A client that comes for a session which is somebody else's, who is not disturbed, or nobody's yet.

import { encodePackets } from "../../src/codec/encode.ts";
import type { Connect, ServerPacket } from "../../src/protocol/packet.ts";
import { ReasonCode } from "../../src/protocol/reason.ts";
import { againstTakeOver } from "../../src/session/identity.ts";
import type { Session } from "../../src/session/state.ts";
import { closeQuietly } from "../close-quietly.ts";
import { report } from "../counters.ts";
import type { Witness } from "../gate/witness.ts";
import type { Hello } from "../hello.ts";

const reasons = {
  "session-of-another": ReasonCode.notAuthorized,
  "session-being-restored": ReasonCode.serverBusy,
} as const;

export function isTurnedAway(
  session: Session,
  socket: WebSocket,
  { version }: Connect,
  { clientId, username, address = "" }: Hello,
  witness: Witness,
): boolean {
  const why = againstTakeOver(session, username, Date.now());
  if (why === undefined) return false;
  const refused = { event: "refusal", reason: why, count: 1, detail: clientId } as const;
  report([refused], session.name);
  witness.note(clientId, address, [refused]);
  const refusal: ServerPacket = { type: "connack", sessionPresent: false, reason: reasons[why], properties: {} };
  socket.send(encodePackets([refusal], version));
  closeQuietly(socket);
  return true;
}
