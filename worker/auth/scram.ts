// This deployment's side of SCRAM: its users, and what src/auth may not have by itself, hashes and randomness.

import { createHash, createHmac, pbkdf2, randomBytes, timingSafeEqual } from "node:crypto";
import type { ScramServer } from "../../src/auth/scram.ts";
import { isUserName } from "../../src/auth/user-list.ts";
import { formatVerifier, iterationsMin, keyBytes, type ScramVerifier } from "../../src/auth/verifier.ts";
import type { Config } from "../config.ts";

type Users = ReadonlyMap<string, ScramVerifier>;

const nonceBytes = 18;
const saltBytes = 16;

/** What a small device computes within CONNECT_TIMEOUT_SECONDS; the platform has an end at 100,000. */
const iterations = 15_000;

/** Of this deployment: its list, and the users of the control database if they may come this way. */
export function scramServerOf(config: Pick<Config, "scramUsers" | "authentication" | "adminKey">): ScramServer {
  const ofList = scramServer(config.scramUsers);
  if (!config.authentication.includes("scram")) return ofList;
  const key = hmac(decoyKey(config.scramUsers), config.adminKey);
  return { ...ofList, isOffered: true, decoy: { key, iterations, saltBytes } };
}

/** For one connection, whose user was looked up. */
export function knowing(server: ScramServer, user: string, verifier: ScramVerifier | undefined): ScramServer {
  return { ...server, verifierOf: (name) => (name === user ? verifier : server.verifierOf(name)) };
}

/** What is kept of a password, or undefined: clients do not agree on the bytes of a name or password beyond ASCII. */
export async function scramRecord(user: string, password: string): Promise<string | undefined> {
  if (!isUserName(user) || !/^[ -~]+$/.test(password)) return undefined;
  const salt = randomBytes(saltBytes);
  const salted = await new Promise<Uint8Array>((resolve, reject) => {
    pbkdf2(password, salt, iterations, keyBytes, "sha256", (error, key) => (error ? reject(error) : resolve(key)));
  });
  const storedKey = createHash("sha256").update(hmac(salted, "Client Key")).digest();
  return formatVerifier({ iterations, salt, storedKey, serverKey: hmac(salted, "Server Key") });
}

function hmac(key: Uint8Array, data: string): Uint8Array {
  return createHmac("sha256", key).update(data).digest();
}

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
