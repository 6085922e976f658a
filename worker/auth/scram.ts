// This deployment's side of SCRAM: its users, and what src/auth may not have by itself, hashes and randomness.

import { createHash, createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import type { ScramServer } from "../../src/auth/scram.ts";
import { iterationsMin, type ScramVerifier } from "../../src/auth/verifier.ts";

type Users = ReadonlyMap<string, ScramVerifier>;

const nonceBytes = 18;
const saltBytes = 16;

const known = new WeakMap<Users, ScramServer>();

export function scramServer(users: Users): ScramServer {
  const server = known.get(users) ?? serverOf(users);
  known.set(users, server);
  return server;
}

function serverOf(users: Users): ScramServer {
  const [first] = users.values();
  return {
    isOffered: users.size > 0,
    verifierOf: (username) => users.get(username),
    decoy: {
      key: decoyKey(users),
      iterations: first?.iterations ?? iterationsMin,
      saltBytes: first?.salt.length ?? saltBytes,
    },
    newNonce: () => randomBytes(nonceBytes).toString("base64"),
    hmac: (key, data) => createHmac("sha256", key).update(data).digest(),
    hash: (data) => createHash("sha256").update(data).digest(),
    areEqual: timingSafeEqual,
  };
}

/** From all that is secret of all users: the same in every copy, and not to be had from any one's password. */
function decoyKey(users: Users): Uint8Array {
  const hash = createHash("sha256");
  for (const { storedKey, serverKey } of users.values()) hash.update(storedKey).update(serverKey);
  return hash.digest();
}
