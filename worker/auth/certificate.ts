// Client certificates. The platform ends TLS, asks for the certificate and verifies it against the authorities that the
// operator has given it; the Worker is told the outcome. A certificate that was not verified says nothing.

import type { Config } from "../config.ts";
import { admitted, type Credentials, pass, type Verdict, wrong } from "./credentials.ts";
import { identity } from "./identity.ts";

export interface ClientCertificate {
  readonly isVerified: boolean;
  readonly commonName: string | undefined;
  readonly fingerprint: string;
}

/** From `request.cf`; undefined when the client showed none. */
export function certificateOf(request: Request): ClientCertificate | undefined {
  const shown = request.cf?.["tlsClientAuth"] as Readonly<Record<string, string>> | undefined;
  if (shown === undefined || shown["certPresented"] !== "1") return undefined;
  const isVerified = shown["certVerified"] === "SUCCESS" && shown["certRevoked"] !== "1";
  return {
    isVerified,
    commonName: commonNameIn(shown["certSubjectDNRFC2253"] ?? ""),
    fingerprint: (shown["certFingerprintSHA256"] ?? "").toLowerCase(),
  };
}

export function authenticateCertificate(
  { certificate }: Pick<Credentials, "certificate">,
  { certificateUser }: Pick<Config, "certificateUser">,
): Verdict {
  if (certificate === undefined) return pass;
  if (!certificate.isVerified) return wrong("certificate", "the client certificate is not valid");
  const user = certificateUser === "fingerprint" ? certificate.fingerprint : certificate.commonName;
  if (user === undefined || user === "")
    return wrong("certificate", `the client certificate has no ${certificateUser}`);
  return admitted(identity("certificate", user));
}

/**
 * Of an RFC 2253 name. With more than one common name, or one that is escaped or encoded, there is none: what it says
 * would depend on who reads it.
 */
export function commonNameIn(name: string): string | undefined {
  const parts = name.split(/(?<!\\),/).map((part) => part.trim());
  const found = parts.filter((part) => /^(CN|2\.5\.4\.3)=/i.test(part));
  const [value] = found.map((part) => part.slice(part.indexOf("=") + 1));
  if (found.length !== 1 || value === undefined || /[\\"+#<>;=]/.test(value)) return undefined;
  return value;
}
