// Passwords against what the control database has of them: src/auth/password-record.ts. Hashing takes a good part of a second
// of one core, on purpose, and happens in the Worker, never in an object: an object would serve nobody meanwhile.

import { createHash, pbkdf2, randomBytes, scrypt, timingSafeEqual } from "node:crypto";
import {
  formatPasswordRecord,
  type PasswordRecord,
  parsePasswordRecord,
  type ScryptRecord,
} from "../../src/auth/password-record.ts";
import { counters } from "../counters.ts";

const parameters = { costLog2: 14, blockSize: 8, parallelization: 5 } as const;
const saltBytes = 16;
const hashBytes = 32;
export const passwordBytesMax = 1024;

const decoy: ScryptRecord = {
  kind: "scrypt",
  ...parameters,
  salt: new Uint8Array(saltBytes),
  hash: new Uint8Array(hashBytes),
};

export function hashPassword(password: string | Uint8Array): Promise<string> {
  return hashWith(password, randomBytes(saltBytes));
}

/**
 * In place of a hash from elsewhere, of the same password. Its salt says which hash it replaces, so that what rests on that one
 * is known to rest on this one too, and whoever replaces it at the same time makes the same.
 */
export function renewedHash(user: string, password: Uint8Array, replaced: string): Promise<string> {
  return hashWith(password, saltInPlaceOf(user, replaced));
}

/** Whether one hash is of the same password as another, which it has replaced. */
export function isInPlaceOf(user: string, stored: string | undefined, replaced: string | undefined): boolean {
  if (stored === undefined || replaced === undefined) return false;
  const record = parsePasswordRecord(stored);
  return record?.kind === "scrypt" && Buffer.compare(record.salt, saltInPlaceOf(user, replaced)) === 0;
}

/** A salt has to be another for each user and hash, and need not be secret. */
function saltInPlaceOf(user: string, replaced: string): Uint8Array {
  return createHash("sha256").update(`${user.length}:${user}${replaced}`).digest().subarray(0, saltBytes);
}

async function hashWith(password: string | Uint8Array, salt: Uint8Array): Promise<string> {
  const hash = await scryptHash(password, { ...decoy, salt });
  return formatPasswordRecord({ kind: "scrypt", ...parameters, salt, hash });
}

/**
 * Undefined in place of a hash: nobody has this name. It takes as long, and so does a hash from elsewhere, which alone would
 * be quick: names cannot be found out.
 */
export async function isPassword(password: Uint8Array, stored: string | undefined): Promise<boolean> {
  const known = stored === undefined ? undefined : parsePasswordRecord(stored);
  const tried = password.subarray(0, passwordBytesMax);
  const slow = await scryptHash(tried, known?.kind === "scrypt" ? known : decoy);
  const shown = known === undefined || known.kind === "scrypt" ? slow : await hashLike(tried, known);
  const isRight = timingSafeEqual(shown, (known ?? decoy).hash);
  return isRight && known !== undefined && password.length <= passwordBytesMax;
}

/** Whether a hash is of a kind that is replaced when its password is seen. */
export function isOutdated(stored: string): boolean {
  return parsePasswordRecord(stored)?.kind !== "scrypt";
}

function hashLike(password: Uint8Array, record: Exclude<PasswordRecord, ScryptRecord>): Promise<Uint8Array> {
  const { salt } = record;
  switch (record.kind) {
    case "pbkdf2":
      return new Promise((resolve, reject) => {
        pbkdf2(password, salt, record.iterations, record.hash.length, record.digest, (error, key) => {
          if (error === null) resolve(key);
          else reject(error);
        });
      });
    case "digest": {
      const parts = record.saltIs === "prefix" ? [salt, password] : [password, salt];
      const hash = createHash(record.digest);
      for (const part of parts) hash.update(part);
      return Promise.resolve(hash.digest());
    }
  }
}

function scryptHash(password: string | Uint8Array, record: ScryptRecord): Promise<Uint8Array> {
  counters.add("passwords_hashed");
  const N = 2 ** record.costLog2;
  const { blockSize: r, parallelization: p } = record;
  return new Promise((resolve, reject) => {
    scrypt(password, record.salt, hashBytes, { N, r, p, maxmem: 256 * N * r }, (error, key) => {
      if (error === null) resolve(key);
      else reject(error);
    });
  });
}
