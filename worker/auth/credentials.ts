// What a client shows of itself, and what an authenticator makes of it.

import { fail, type ProtocolFailure } from "../../src/protocol/failure.ts";
import { ReasonCode } from "../../src/protocol/reason.ts";
import type { ClientCertificate } from "./certificate.ts";
import type { Identity } from "./identity.ts";

export interface Credentials {
  /** As the client sent it: "" if it wants one assigned. */
  readonly clientId: string;
  readonly username: string | undefined;
  readonly password: Uint8Array | undefined;
  /** As the platform has verified it. */
  readonly certificate: ClientCertificate | undefined;
  readonly address: string;
  readonly version: 3 | 4 | 5;
}

export type Verdict =
  /** Says nothing: the next one is asked. */
  | { readonly type: "pass" }
  | { readonly type: "identity"; readonly identity: Identity }
  | { readonly type: "refusal"; readonly failure: ProtocolFailure };

export const pass: Verdict = { type: "pass" };

export function admitted(identity: Identity): Verdict {
  return { type: "identity", identity };
}

/** What a client is told is the same whatever was wrong: who guesses learns nothing. The detail is for the operator. */
export function wrong(rule: string, detail: string): Verdict {
  return { type: "refusal", failure: fail(ReasonCode.badUserNameOrPassword, rule, detail) };
}

export function unavailable(rule: string, detail: string): Verdict {
  return { type: "refusal", failure: fail(ReasonCode.serverUnavailable, rule, detail) };
}

export function refused(failure: ProtocolFailure): Verdict {
  return { type: "refusal", failure };
}
