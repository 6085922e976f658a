// Names that nobody has are asked for a proof too, with a salt of their own that is the same whenever and wherever they ask.
// So whether there is a user of a name shows only to who can prove to be that user.

import { keyBytes, type ScramVerifier } from "./verifier.ts";

export interface DecoyRecipe {
  /** Known to nobody outside. */
  readonly key: Uint8Array;
  /** As real users have them. */
  readonly iterations: number;
  readonly saltBytes: number;
}

type Hmac = (key: Uint8Array, data: Uint8Array) => Uint8Array;

const encoder = new TextEncoder();

export function decoyOf(username: string, { key, iterations, saltBytes }: DecoyRecipe, hmac: Hmac): ScramVerifier {
  const derive = (what: string) => hmac(key, encoder.encode(`${what}:${username}`));
  return {
    iterations,
    salt: derive("salt").subarray(0, saltBytes),
    storedKey: derive("stored key").subarray(0, keyBytes),
    serverKey: derive("server key").subarray(0, keyBytes),
  };
}
