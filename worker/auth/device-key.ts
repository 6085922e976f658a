// Device keys: a secret of 32 random bytes that a device shows as its password. A prefix tells it from passwords.

import { admitted, type Credentials, pass, type Verdict, wrong } from "./credentials.ts";
import { identity } from "./identity.ts";
import type { KnownUser } from "./known.ts";
import { hashOf, isSecret } from "./secret.ts";

export const deviceKeyPrefix = "dmk_";
const form = /^dmk_([\w-]{43})$/;

const decoder = new TextDecoder();

export function looksLikeDeviceKey(password: Uint8Array | undefined): boolean {
  return secretIn(password) !== undefined;
}

function secretIn(password: Uint8Array | undefined): string | undefined {
  if (password?.length !== deviceKeyPrefix.length + 43) return undefined;
  return form.exec(decoder.decode(password))?.[1];
}

export function authenticateDeviceKey(
  { username, password }: Pick<Credentials, "username" | "password">,
  known: KnownUser | undefined,
  nowMs: number,
): Verdict {
  const secret = secretIn(password);
  if (secret === undefined || username === undefined || known === undefined) return pass;
  // All are compared, and one more when there is none.
  const keys = known.keys.filter(({ expiresAtMs = Number.POSITIVE_INFINITY }) => expiresAtMs > nowMs);
  const right = keys.filter(({ hash }) => isSecret(secret, hash));
  if (keys.length === 0) isSecret(secret, hashOf(""));
  const [key] = right;
  if (key === undefined || known.user === undefined) return wrong("device-key", `${username} has no such key`);
  const expiresAtMs = key.expiresAtMs;
  return admitted(
    identity("device-key", username, { basis: key.id, ...(expiresAtMs === undefined ? {} : { expiresAtMs }) }),
  );
}
