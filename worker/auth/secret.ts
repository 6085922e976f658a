// Secrets that the broker makes: 32 random bytes, shown once, kept as their SHA-256. Nobody guesses them, so nothing slower
// is needed to keep them.

import { createHash, randomBytes, timingSafeEqual } from "node:crypto";

export function newSecret(): string {
  return randomBytes(32).toString("base64url");
}

export function hashOf(secret: string): string {
  return createHash("sha256").update(secret).digest("base64");
}

/** In a time that says nothing about either. */
export function isSecret(secret: string, hash: string): boolean {
  const known = Buffer.from(hash, "base64");
  const shown = createHash("sha256").update(secret).digest();
  return known.length === shown.length && timingSafeEqual(known, shown);
}

/** Rises with time, and is nobody else's. */
export function newId(nowMs: number): string {
  return nowMs.toString(36).padStart(9, "0") + randomBytes(5).toString("hex");
}
