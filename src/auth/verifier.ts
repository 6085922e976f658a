// What is kept of a user's password for SCRAM-SHA-256, in the words of PostgreSQL:
//
//   SCRAM-SHA-256$<iterations>:<salt>$<StoredKey>:<ServerKey>
//
// Nobody can log in with it, but who has it can guess passwords at leisure and pass for this server: it is a secret.

import { decodeBase64, encodeBase64 } from "./base64.ts";

export interface ScramVerifier {
  readonly iterations: number;
  readonly salt: Uint8Array;
  readonly storedKey: Uint8Array;
  readonly serverKey: Uint8Array;
}

/** The least that RFC 7677 allows, section 4. */
export const iterationsMin = 4096;
/** A client that is asked for more would seem to hang. */
export const iterationsMax = 10_000_000;
export const saltBytesMin = 8;
export const saltBytesMax = 32;
/** Of SHA-256. */
export const keyBytes = 32;

const form = /^SCRAM-SHA-256\$(\d{1,8}):([^$:]+)\$([^$:]+):([^$:]+)$/;

export function formatVerifier({ iterations, salt, storedKey, serverKey }: ScramVerifier): string {
  const keys = `${encodeBase64(storedKey)}:${encodeBase64(serverKey)}`;
  return `SCRAM-SHA-256$${iterations}:${encodeBase64(salt)}$${keys}`;
}

/** The verifier, or what is wrong with the text, in words that do not repeat it. */
export function parseVerifier(text: string): ScramVerifier | string {
  const [, digits, ...encoded] = form.exec(text) ?? [];
  if (digits === undefined) return "is not of the form SCRAM-SHA-256$iterations:salt$StoredKey:ServerKey";
  const iterations = Number(digits);
  if (iterations < iterationsMin || iterations > iterationsMax) {
    return `has ${iterations} iterations, and ${iterationsMin} to ${iterationsMax} are allowed`;
  }
  const [salt, storedKey, serverKey] = encoded.map(decodeBase64);
  if (salt === undefined || salt.length < saltBytesMin || salt.length > saltBytesMax) {
    return `has a salt that is not ${saltBytesMin} to ${saltBytesMax} bytes in base64`;
  }
  if (storedKey?.length !== keyBytes || serverKey?.length !== keyBytes) {
    return `has a key that is not ${keyBytes} bytes in base64`;
  }
  return { iterations, salt, storedKey, serverKey };
}
