// A peer's mistake, as a value. It is returned, never thrown: exceptions are for our own mistakes.

import type { ReasonCode } from "./reason.ts";

export interface ProtocolFailure {
  readonly type: "failure";
  readonly reason: ReasonCode;
  /** The statement that was broken: "MQTT-3.1.2-3" (5.0), "MQTT3-3.1.2-3" (3.1.1), or a name of our own. */
  readonly rule: string;
  /** For the operator; never sent to a client as it stands. */
  readonly detail: string;
}

export function fail(reason: ReasonCode, rule: string, detail: string): ProtocolFailure {
  return { type: "failure", reason, rule, detail };
}
