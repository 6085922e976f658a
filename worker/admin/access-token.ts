// Callers that Cloudflare Access has let through: its token in a header, signed by the team's keys and made for this application. Which
// scopes its bearer has is for the deployment to say; who is named nowhere has none.

import { createRemoteJWKSet, errors, type JWTPayload, type JWTVerifyGetKey, jwtVerify } from "jose";
import type { AccessSettings } from "../config.ts";
import type { Caller } from "./caller.ts";
import { ProblemError, unauthorized } from "./problem.ts";

export const accessHeader = "Cf-Access-Jwt-Assertion";

const tokenCharactersMax = 16_384;
const groupsMax = 1_000;
const keySettings = { cacheMaxAge: 10 * 60_000, cooldownDuration: 30_000, timeoutDuration: 5_000 };

/** Whoever is no browser says nothing of it. */
const ownSites: ReadonlySet<string | null> = new Set(["same-origin", "none", null]);

export class AccessTokens {
  readonly #settings: AccessSettings;
  readonly #keys: JWTVerifyGetKey;

  constructor(settings: AccessSettings) {
    this.#settings = settings;
    this.#keys = createRemoteJWKSet(new URL("/cdn-cgi/access/certs", settings.team), keySettings);
  }

  /** Undefined if the request brings no token. */
  async callerOf(request: Request, nowMs: number): Promise<Caller | undefined> {
    const token = request.headers.get(accessHeader);
    if (token === null) return undefined;
    // Access answers for whoever has its cookie, and a browser sends that with what another page makes it send, also one of
    // another name under the same domain.
    if (!ownSites.has(request.headers.get("Sec-Fetch-Site"))) throw new ProblemError(crossSite);
    const payload = await this.#verify(token, nowMs);
    const who = whoIn(payload);
    if (who === undefined) throw new ProblemError(unauthorized);
    const granted = this.#settings.scopes.filter(({ selector }) => isMeant(selector, payload));
    return { name: `access:${who}`, scopes: [...new Set(granted.flatMap(({ scopes }) => scopes))] };
  }

  async #verify(token: string, nowMs: number): Promise<JWTPayload> {
    if (token.length > tokenCharactersMax) throw new ProblemError(unauthorized);
    const { team, audience } = this.#settings;
    try {
      const options = {
        algorithms: ["RS256"],
        issuer: new URL(team).origin,
        audience,
        requiredClaims: ["exp"],
        currentDate: new Date(nowMs),
      };
      return (await jwtVerify(token, this.#keys, options)).payload;
    } catch (error) {
      if (isOfToken(error)) throw new ProblemError(unauthorized);
      console.warn(JSON.stringify({ event: "access-keys-unavailable", error: `${error}` }));
      throw new ProblemError(keysUnavailable);
    }
  }
}

/** A person by address, a service token by its client id. */
function whoIn({ email, common_name: service }: JWTPayload): string | undefined {
  if (typeof email === "string" && email !== "") return email;
  return typeof service === "string" && service !== "" ? service : undefined;
}

function isMeant(selector: string, payload: JWTPayload): boolean {
  if (selector.startsWith("group:")) return groupsIn(payload).includes(selector.slice("group:".length));
  if (selector.startsWith("service:")) return payload["common_name"] === selector.slice("service:".length);
  const { email } = payload;
  if (typeof email !== "string") return false;
  const address = email.toLowerCase();
  return selector.startsWith("@") ? address.endsWith(selector.toLowerCase()) : address === selector.toLowerCase();
}

/** As the identity provider names them, if Access is told to pass them on. */
function groupsIn({ groups, custom }: JWTPayload): string[] {
  const given = groups ?? (custom as { readonly groups?: unknown } | undefined)?.groups;
  return Array.isArray(given) ? given.slice(0, groupsMax).filter((one) => typeof one === "string") : [];
}

/** What is wrong with the token itself; otherwise the keys could not be had. */
function isOfToken(error: unknown): boolean {
  return (
    error instanceof errors.JWTClaimValidationFailed ||
    error instanceof errors.JWTExpired ||
    error instanceof errors.JWTInvalid ||
    error instanceof errors.JWSInvalid ||
    error instanceof errors.JWSSignatureVerificationFailed ||
    error instanceof errors.JOSEAlgNotAllowed ||
    error instanceof errors.JOSENotSupported ||
    error instanceof errors.JWKSNoMatchingKey
  );
}

const crossSite = {
  status: 403,
  name: "cross-site",
  title: "A page of another origin has made this request.",
  remedy: "Call the API from this deployment's own page, or with a key.",
};

const keysUnavailable = {
  status: 503,
  name: "access-keys-unavailable",
  title: "The keys of Cloudflare Access cannot be had, so nobody knows whether the token is right.",
  remedy: "Try again in a moment, or use an API key.",
};
