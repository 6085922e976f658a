// Secrets that sign, in the form of Standard Webhooks.

import { randomBytes } from "node:crypto";

export function newSigningSecret(): string {
  return `whsec_${randomBytes(32).toString("base64")}`;
}
