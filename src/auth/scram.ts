// SCRAM-SHA-256 (RFC 5802, RFC 7677) from the server's side, without channel binding: the client proves that it knows a
// password which this server does not know, and the server proves that it knows the verifier. Two messages from the client,
// two answers; what has to be remembered in between is an exchange.

import type { ProtocolFailure } from "../protocol/failure.ts";
import { encodeBase64 } from "./base64.ts";
import { type DecoyRecipe, decoyOf } from "./decoy.ts";
import { readClientFinal, readClientFirst, refuse } from "./scram-message.ts";
import type { ScramVerifier } from "./verifier.ts";

export const scramMethod = "SCRAM-SHA-256";

/** What this side of an exchange needs and may not have by itself: secrets, randomness, and the hash. */
export interface ScramServer {
  /** Whether there is anybody who could prove anything. */
  readonly isOffered: boolean;
  readonly verifierOf: (username: string) => ScramVerifier | undefined;
  readonly decoy: DecoyRecipe;
  /** Printable ASCII without a comma, never the same twice. */
  readonly newNonce: () => string;
  /** HMAC and hash are of SHA-256. */
  readonly hmac: (key: Uint8Array, data: Uint8Array) => Uint8Array;
  readonly hash: (data: Uint8Array) => Uint8Array;
  /** Of arrays of one length, in a time that depends on that length alone. */
  readonly areEqual: (one: Uint8Array, other: Uint8Array) => boolean;
}

export interface ScramExchange {
  readonly username: string;
  readonly verifier: ScramVerifier;
  readonly isDecoy: boolean;
  readonly gs2Header: string;
  /** The client's and, behind it, ours. */
  readonly nonce: string;
  /** The first message of each side, as the proof covers them. */
  readonly opening: string;
}

export interface ScramChallenge {
  readonly type: "challenge";
  readonly exchange: ScramExchange;
  readonly data: Uint8Array;
}

export interface ScramSuccess {
  readonly type: "success";
  readonly username: string;
  /** The server's own proof. */
  readonly data: Uint8Array;
}

const encoder = new TextEncoder();

/** Who the client's first message says it is; undefined if it is no such message. */
export function claimedUser(data: Uint8Array | undefined): string | undefined {
  const first = readClientFirst(data);
  return first.type === "failure" ? undefined : first.username;
}

/** Whether what failed was a guess. */
export function isWrongGuess({ rule }: ProtocolFailure): boolean {
  return rule === "scram-proof" || rule === "scram-unknown-user";
}

/** Takes the client's first message. */
export function challenge(server: ScramServer, data: Uint8Array | undefined): ScramChallenge | ProtocolFailure {
  const first = readClientFirst(data);
  if (first.type === "failure") return first;
  const { username, gs2Header, bare } = first;
  const known = server.verifierOf(username);
  // Made in any case: time does not tell either who exists.
  const decoy = decoyOf(username, server.decoy, server.hmac);
  const verifier = known ?? decoy;
  const nonce = first.nonce + server.newNonce();
  const message = `r=${nonce},s=${encodeBase64(verifier.salt)},i=${verifier.iterations}`;
  const opening = `${bare},${message}`;
  const exchange = { username, verifier, isDecoy: known === undefined, gs2Header, nonce, opening };
  return { type: "challenge", exchange, data: encoder.encode(message) };
}

/** Takes the client's last message. Who is not known fails here, after the same work as who does not know the password. */
export function verify(
  server: ScramServer,
  exchange: ScramExchange,
  data: Uint8Array | undefined,
): ScramSuccess | ProtocolFailure {
  const last = readClientFinal(data);
  if (last.type === "failure") return last;
  const { username, verifier } = exchange;
  if (last.channelBinding !== encodeBase64(encoder.encode(exchange.gs2Header))) {
    return refuse("scram-channel-binding", `${username} repeats another GS2 header than it began with`);
  }
  if (last.nonce !== exchange.nonce) return refuse("scram-nonce", `${username} answers another challenge`);
  if (last.proof.length !== verifier.storedKey.length)
    return refuse("scram-message", `a proof of ${last.proof.length} bytes`);
  const covered = encoder.encode(`${exchange.opening},${last.withoutProof}`);
  const signature = server.hmac(verifier.storedKey, covered);
  const clientKey = last.proof.map((byte, index) => byte ^ (signature[index] as number));
  const isProved = server.areEqual(server.hash(clientKey), verifier.storedKey);
  if (exchange.isDecoy) return refuse("scram-unknown-user", `there is no user ${username}`);
  if (!isProved) return refuse("scram-proof", `${username} does not know the password`);
  const proof = encodeBase64(server.hmac(verifier.serverKey, covered));
  return { type: "success", username, data: encoder.encode(`v=${proof}`) };
}
