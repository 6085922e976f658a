// Passwords as the control database has them, as text without anything that needs a hash function. New ones are scrypt; the
// others came from other brokers, and are replaced by scrypt when their user first logs in.
//
//   scrypt$<log2 N>$<r>$<p>$<salt>$<hash>         salt and hash in base64
//   pbkdf2$<digest>$<iterations>$<salt>$<hash>
//   digest$<digest>$<prefix or suffix>$<salt>$<hash>   of salt and password, in that order or the other

import { decodeBase64, encodeBase64 } from "./base64.ts";

export type Digest = "sha256" | "sha512";

export interface ScryptRecord {
  readonly kind: "scrypt";
  readonly costLog2: number;
  readonly blockSize: number;
  readonly parallelization: number;
  readonly salt: Uint8Array;
  readonly hash: Uint8Array;
}

export interface Pbkdf2Record {
  readonly kind: "pbkdf2";
  readonly digest: Digest;
  readonly iterations: number;
  readonly salt: Uint8Array;
  readonly hash: Uint8Array;
}

export interface DigestRecord {
  readonly kind: "digest";
  readonly digest: Digest;
  readonly saltIs: "prefix" | "suffix";
  readonly salt: Uint8Array;
  readonly hash: Uint8Array;
}

export type PasswordRecord = ScryptRecord | Pbkdf2Record | DigestRecord;

/** What the platform computes; more is refused there. */
export const pbkdf2IterationsMax = 100_000;
const saltBytesMax = 256;
const scryptHashBytes = 32;
const digestBytes: Readonly<Record<Digest, number>> = { sha256: 32, sha512: 64 };

export function formatPasswordRecord(record: PasswordRecord): string {
  const { kind, salt, hash } = record;
  return [kind, ...parametersOf(record), encodeBase64(salt), encodeBase64(hash)].join("$");
}

function parametersOf(record: PasswordRecord): readonly (string | number)[] {
  switch (record.kind) {
    case "scrypt":
      return [record.costLog2, record.blockSize, record.parallelization];
    case "pbkdf2":
      return [record.digest, record.iterations];
    case "digest":
      return [record.digest, record.saltIs];
  }
}

/** Undefined if it is none, or one that cannot be verified here. */
export function parsePasswordRecord(text: string): PasswordRecord | undefined {
  const [kind, ...fields] = text.split("$");
  const bytes = fields.splice(-2).map(decodeBase64);
  const [salt, hash] = bytes;
  if (salt === undefined || hash === undefined || salt.length > saltBytesMax) return undefined;
  switch (kind) {
    case "scrypt":
      return scryptRecord(fields, salt, hash);
    case "pbkdf2":
      return pbkdf2Record(fields, salt, hash);
    case "digest":
      return digestRecord(fields, salt, hash);
    default:
      return undefined;
  }
}

function scryptRecord(fields: readonly string[], salt: Uint8Array, hash: Uint8Array): ScryptRecord | undefined {
  if (fields.length !== 3 || !fields.every((field) => /^\d{1,2}$/.test(field))) return undefined;
  const [costLog2 = 0, blockSize = 0, parallelization = 0] = fields.map(Number);
  if (hash.length !== scryptHashBytes) return undefined;
  return { kind: "scrypt", costLog2, blockSize, parallelization, salt, hash };
}

function pbkdf2Record(fields: readonly string[], salt: Uint8Array, hash: Uint8Array): Pbkdf2Record | undefined {
  const [digest = "", count = ""] = fields;
  const iterations = Number(count);
  if (fields.length !== 2 || !isDigest(digest) || !/^\d{1,6}$/.test(count)) return undefined;
  if (iterations < 1 || iterations > pbkdf2IterationsMax || hash.length < 20 || hash.length > 64) return undefined;
  return { kind: "pbkdf2", digest, iterations, salt, hash };
}

function digestRecord(fields: readonly string[], salt: Uint8Array, hash: Uint8Array): DigestRecord | undefined {
  const [digest = "", saltIs] = fields;
  if (fields.length !== 2 || !isDigest(digest) || (saltIs !== "prefix" && saltIs !== "suffix")) return undefined;
  if (hash.length !== digestBytes[digest]) return undefined;
  return { kind: "digest", digest, saltIs, salt, hash };
}

function isDigest(text: string): text is Digest {
  return text === "sha256" || text === "sha512";
}
