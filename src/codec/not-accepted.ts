// The library refused what its guard let pass. That is a hole in the guard; the peer gets the general answer.

import { fail, type ProtocolFailure } from "../protocol/failure.ts";
import { ReasonCode } from "../protocol/reason.ts";

export function notAccepted(what: string): ProtocolFailure {
  return fail(ReasonCode.malformedPacket, "packet-library", `${what} was not accepted by the packet library`);
}
