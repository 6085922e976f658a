// The CONNACK that refuses a CONNECT, in the form the client's own version understands.

import { connackReturnCode } from "../protocol/connack-return.ts";
import type { ReasonCode } from "../protocol/reason.ts";

/** `undefined` when the version has no word for it: close without a CONNACK [MQTT3-3.1.4-1] [MQTT3-3.2.2-6]. */
export function refusingConnack(reason: ReasonCode, form: 3 | 5): Uint8Array | undefined {
  // [MQTT-3.2.2-6] [MQTT3-3.2.2-4] session present is 0.
  if (form === 5) return Uint8Array.of(0x20, 3, 0, reason, 0);
  const code = connackReturnCode(reason);
  return code === undefined ? undefined : Uint8Array.of(0x20, 2, 0, code);
}

/** The form of an answer to a protocol level we may not know. A level with the highest bit is a bridge's 3.x. */
export function connackForm(level: number): 3 | 5 {
  return level >= 5 && level < 0x80 ? 5 : 3;
}
