// Passwords as the control database has them: `scrypt$<log2 N>$<r>$<p>$<salt>$<hash>`, in base64. Hashing takes a good part of a
// second of one core, on purpose, and happens in the Worker, never in an object: an object would serve nobody meanwhile.

import { randomBytes, scrypt, timingSafeEqual } from "node:crypto";

const costLog2 = 14;
const blockSize = 8;
const parallelization = 5;
const saltBytes = 16;
const hashBytes = 32;
export const passwordBytesMax = 1024;

interface Parameters {
  readonly costLog2: number;
  readonly blockSize: number;
  readonly parallelization: number;
}

export async function hashPassword(password: string | Uint8Array): Promise<string> {
  const salt = randomBytes(saltBytes);
  const hash = await derive(password, salt, { costLog2, blockSize, parallelization });
  const fields = [costLog2, blockSize, parallelization, salt.toString("base64"), hash.toString("base64")];
  return `scrypt$${fields.join("$")}`;
}

/** Undefined in place of a hash: nobody has this name. It takes as long, so that names cannot be found out. */
export async function isPassword(password: Uint8Array, stored: string | undefined): Promise<boolean> {
  const known = stored === undefined ? undefined : parse(stored);
  const decoy = { costLog2, blockSize, parallelization, salt: Buffer.alloc(saltBytes), hash: Buffer.alloc(hashBytes) };
  const { salt, hash, ...parameters } = known ?? decoy;
  const shown = await derive(password.subarray(0, passwordBytesMax), salt, parameters);
  const isRight = timingSafeEqual(shown, hash);
  return isRight && known !== undefined && password.length <= passwordBytesMax;
}

const form = /^scrypt\$(\d{1,2})\$(\d{1,2})\$(\d{1,2})\$([\w+/=]+)\$([\w+/=]+)$/;

function parse(stored: string): (Parameters & { readonly salt: Buffer; readonly hash: Buffer }) | undefined {
  const [, cost, block, parallel, salt, hash] = form.exec(stored) ?? [];
  if (salt === undefined || hash === undefined) return undefined;
  const bytes = Buffer.from(hash, "base64");
  if (bytes.length !== hashBytes) return undefined;
  return {
    costLog2: Number(cost),
    blockSize: Number(block),
    parallelization: Number(parallel),
    salt: Buffer.from(salt, "base64"),
    hash: bytes,
  };
}

function derive(password: string | Uint8Array, salt: Uint8Array, parameters: Parameters): Promise<Buffer> {
  const N = 2 ** parameters.costLog2;
  const { blockSize: r, parallelization: p } = parameters;
  return new Promise((resolve, reject) => {
    scrypt(password, salt, hashBytes, { N, r, p, maxmem: 256 * N * r }, (error, key) => {
      if (error === null) resolve(key);
      else reject(error);
    });
  });
}
