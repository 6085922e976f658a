// Tokens (JWT) as passwords. The key decides which algorithm is right, never the token: a public RSA key is no secret for
// HMAC, and "none" is no algorithm. Keys come from the deployment's secrets, or from the issuer's address, where they are
// fetched anew when they are old or a token names one that is not there.

import {
  createLocalJWKSet,
  createRemoteJWKSet,
  errors,
  type JSONWebKeySet,
  type JWTPayload,
  type JWTVerifyGetKey,
  jwtVerify,
} from "jose";
import { readOwnRules } from "../../src/auth/own-rules.ts";
import type { JwtSettings } from "../config.ts";
import { admitted, type Credentials, pass, unavailable, type Verdict, wrong } from "./credentials.ts";
import { identity } from "./identity.ts";

const tokenBytesMax = 16_384;
const form = /^[\w-]+\.[\w-]+\.[\w-]*$/;
const claimCharactersMax = 256;
const groupsMax = 50;
/** Clocks of issuers differ a little. */
const toleranceSeconds = 5;

const jwksSettings = { cacheMaxAge: 10 * 60_000, cooldownDuration: 30_000, timeoutDuration: 5_000 };

export class JwtAuthenticator {
  readonly #settings: JwtSettings;
  readonly #secret: Uint8Array | undefined;
  readonly #local: JWTVerifyGetKey | undefined;
  readonly #remote: JWTVerifyGetKey | undefined;

  constructor(settings: JwtSettings) {
    const { secret, keys, jwksUrl } = settings;
    this.#settings = settings;
    this.#secret = secret === "" ? undefined : new TextEncoder().encode(secret);
    this.#local = keys === "" ? undefined : createLocalJWKSet(JSON.parse(keys) as JSONWebKeySet);
    this.#remote = jwksUrl === "" ? undefined : createRemoteJWKSet(new URL(jwksUrl), jwksSettings);
  }

  async authenticate({ password }: Pick<Credentials, "password">, nowMs: number): Promise<Verdict> {
    const token = tokenIn(password);
    if (token === undefined) return pass;
    try {
      return this.#accept(await this.#verify(token, nowMs));
    } catch (error) {
      return rejection(error);
    }
  }

  async #verify(token: string, nowMs: number): Promise<JWTPayload> {
    const { algorithms, issuer, audience } = this.#settings;
    const options = {
      algorithms: algorithms.filter((name) => name !== "HS256"),
      ...(issuer === "" ? {} : { issuer }),
      ...(audience === "" ? {} : { audience }),
      requiredClaims: ["exp"],
      clockTolerance: toleranceSeconds,
      currentDate: new Date(nowMs),
    };
    // The two kinds of keys never meet: a token for one is not tried with the other.
    if (algorithmOf(token) === "HS256") {
      if (this.#secret === undefined || !algorithms.includes("HS256")) throw new errors.JOSEAlgNotAllowed();
      return (await jwtVerify(token, this.#secret, { ...options, algorithms: ["HS256"] })).payload;
    }
    if (this.#local !== undefined) {
      try {
        return (await jwtVerify(token, this.#local, options)).payload;
      } catch (error) {
        if (this.#remote === undefined || !(error instanceof errors.JWKSNoMatchingKey)) throw error;
      }
    }
    if (this.#remote === undefined) throw new errors.JWKSNoMatchingKey();
    return (await jwtVerify(token, this.#remote, options)).payload;
  }

  #accept(payload: JWTPayload): Verdict {
    const { userClaim, groupsClaim, rulesClaim } = this.#settings;
    const user = payload[userClaim];
    if (typeof user !== "string" || !isName(user))
      return wrong("jwt-user", `the token has no user in its claim ${userClaim}`);
    const groups = groupsClaim === "" ? [] : (payload[groupsClaim] ?? []);
    if (!Array.isArray(groups) || groups.length > groupsMax || !groups.every(isName)) {
      return wrong("jwt-groups", `the token's claim ${groupsClaim} is no list of groups`);
    }
    const rules = readOwnRules(rulesClaim === "" ? undefined : payload[rulesClaim]);
    if (typeof rules === "string") return wrong("jwt-rules", `the token's claim ${rulesClaim}: ${rules}`);
    const expiresAtMs = (payload.exp as number) * 1000;
    return admitted(identity("jwt", user, { groups, rules, claims: claimsOf(payload), expiresAtMs }));
  }
}

function tokenIn(password: Uint8Array | undefined): string | undefined {
  if (password === undefined || password.length > tokenBytesMax) return undefined;
  const text = new TextDecoder().decode(password);
  return form.test(text) && algorithmOf(text) !== undefined ? text : undefined;
}

/** What the token says of itself; only good for choosing what it is refused with. */
function algorithmOf(token: string): string | undefined {
  try {
    const header = JSON.parse(Buffer.from(token.slice(0, token.indexOf(".")), "base64url").toString());
    return typeof header?.alg === "string" ? header.alg : undefined;
  } catch {
    return undefined;
  }
}

function rejection(error: unknown): Verdict {
  if (error instanceof errors.JWTExpired) return wrong("jwt-expired", "the token has expired");
  if (error instanceof errors.JWTClaimValidationFailed)
    return wrong("jwt-claim", `the token's claim ${error.claim} is not right`);
  if (error instanceof errors.JOSEAlgNotAllowed) return wrong("jwt-algorithm", "the token's algorithm is not allowed");
  if (error instanceof errors.JWKSNoMatchingKey) return wrong("jwt-key", "no key fits the token");
  if (error instanceof errors.JWSSignatureVerificationFailed)
    return wrong("jwt-signature", "the token's signature is wrong");
  if (error instanceof errors.JWTInvalid || error instanceof errors.JWSInvalid)
    return wrong("jwt", "not a valid token");
  if (error instanceof errors.JOSENotSupported) return wrong("jwt-algorithm", "the token's algorithm is not allowed");
  // The keys could not be had: whether the token is right is not known, so nobody is let in.
  return unavailable("jwt-keys", `the key set is not available: ${(error as Error).message}`);
}

function isName(value: unknown): value is string {
  return typeof value === "string" && value !== "" && value.length <= claimCharactersMax && !/[\p{C}]/u.test(value);
}

/** Those that can stand in a topic. */
function claimsOf(payload: JWTPayload): Record<string, string> {
  const claims: Record<string, string> = {};
  for (const [name, value] of Object.entries(payload)) {
    if (typeof value === "string" && value.length <= claimCharactersMax) claims[name] = value;
    else if (Number.isSafeInteger(value)) claims[name] = String(value);
  }
  return claims;
}
