// What a 3.x client can be told in its CONNACK: five return codes for all refusals.

import { ReasonCode } from "./reason.ts";

export type ConnackReturnCode = 1 | 2 | 3 | 4 | 5;

/** `undefined`: no listed code fits, so the connection closes without a CONNACK [MQTT3-3.2.2-6]. */
export function connackReturnCode(reason: ReasonCode): ConnackReturnCode | undefined {
  switch (reason) {
    case ReasonCode.unsupportedProtocolVersion:
      return 1;
    case ReasonCode.clientIdentifierNotValid:
      return 2;
    case ReasonCode.serverUnavailable:
    case ReasonCode.serverBusy:
    case ReasonCode.serverShuttingDown:
    case ReasonCode.useAnotherServer:
    case ReasonCode.serverMoved:
    case ReasonCode.quotaExceeded:
    case ReasonCode.connectionRateExceeded:
      return 3;
    case ReasonCode.badUserNameOrPassword:
    case ReasonCode.badAuthenticationMethod:
      return 4;
    case ReasonCode.notAuthorized:
    case ReasonCode.banned:
      return 5;
    default:
      return undefined;
  }
}
