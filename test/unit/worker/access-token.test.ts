// Tokens of Cloudflare Access, against a set of keys that a server of this test publishes.

import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { exportJWK, generateKeyPair, SignJWT, UnsecuredJWT } from "jose";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { AccessTokens, accessHeader } from "../../../worker/admin/access-token.ts";
import { ProblemError } from "../../../worker/admin/problem.ts";
import { parseConfig } from "../../../worker/config.ts";

const audience = "f70ff9";
const nowMs = Date.now();
let server: Server;
let team = "";
let isAway = false;
let right: CryptoKeyPair;
let other: CryptoKeyPair;

beforeAll(async () => {
  right = await generateKeyPair("RS256");
  other = await generateKeyPair("RS256");
  const keys = [{ ...(await exportJWK(right.publicKey)), kid: "one", alg: "RS256", use: "sig" }];
  server = createServer((request, response) => {
    response.statusCode = isAway ? 500 : request.url === "/cdn-cgi/access/certs" ? 200 : 404;
    response.end(JSON.stringify({ keys }));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  team = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => new Promise((resolve) => server.close(resolve)));

function tokens(scopes = "anna@example.com=admin, @example.com=read, group:ops=operate+publish, service:abc=consume") {
  const { access } = parseConfig({ CF_ACCESS_TEAM: team, CF_ACCESS_AUDIENCE: audience, CF_ACCESS_SCOPES: scopes });
  return new AccessTokens(access);
}

interface Made {
  readonly audience?: string;
  readonly issuer?: string;
  readonly expiresInSeconds?: number;
  readonly kid?: string;
  readonly key?: CryptoKey;
}

function tokenOf(claims: object, made: Made = {}): Promise<string> {
  return new SignJWT({ ...claims })
    .setProtectedHeader({ alg: "RS256", kid: made.kid ?? "one" })
    .setAudience([made.audience ?? audience])
    .setIssuer(made.issuer ?? team)
    .setExpirationTime(Math.floor(nowMs / 1000) + (made.expiresInSeconds ?? 60))
    .sign(made.key ?? right.privateKey);
}

function requestWith(token: string, more: Readonly<Record<string, string>> = {}): Request {
  return new Request("http://broker/api/v1/self", { headers: { [accessHeader]: token, ...more } });
}

async function statusOf(asking: Promise<unknown>): Promise<number> {
  const error = await asking.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof ProblemError)) throw error ?? new Error("it was accepted");
  return error.problem.status;
}

describe("a token that is right", () => {
  test.each([
    [{ email: "anna@example.com" }, "access:anna@example.com", ["admin", "read"]],
    [{ email: "Bob@Example.com" }, "access:Bob@Example.com", ["read"]],
    [{ email: "eve@example.com.evil.org" }, "access:eve@example.com.evil.org", []],
    [{ email: "eve@evil.org", groups: ["ops"] }, "access:eve@evil.org", ["operate", "publish"]],
    [{ email: "eve@evil.org", custom: { groups: ["ops"] } }, "access:eve@evil.org", ["operate", "publish"]],
    [{ sub: "", common_name: "abc" }, "access:abc", ["consume"]],
    [{ sub: "", common_name: "abcd" }, "access:abcd", []],
  ])("%j: %s with %j", async (claims, name, scopes) => {
    expect(await tokens().callerOf(requestWith(await tokenOf(claims)), nowMs)).toEqual({ name, scopes });
  });

  test("is not asked for where none comes", async () => {
    expect(await tokens().callerOf(new Request("http://broker/"), nowMs)).toBe(undefined);
  });

  test.each([
    ["cross-site", false],
    // Of another name under the same domain, perhaps somebody else's.
    ["same-site", false],
    ["same-origin", true],
    // Out of the address bar.
    ["none", true],
  ])("a request that comes %s: %j", async (site, isTaken) => {
    const request = requestWith(await tokenOf({ email: "anna@example.com" }), { "Sec-Fetch-Site": site });
    if (isTaken) expect(await tokens().callerOf(request, nowMs)).toBeDefined();
    else expect(await statusOf(tokens().callerOf(request, nowMs))).toBe(403);
  });
});

describe("a token that is not: 401", () => {
  const anna = { email: "anna@example.com" };
  test.each<[string, () => string | Promise<string>]>([
    ["for another application", () => tokenOf(anna, { audience: "another" })],
    ["of another team", () => tokenOf(anna, { issuer: "https://evil.cloudflareaccess.com" })],
    ["over", () => tokenOf(anna, { expiresInSeconds: -1 })],
    ["of a key that is not there", () => tokenOf(anna, { kid: "two" })],
    ["signed with another key", () => tokenOf(anna, { key: other.privateKey })],
    ["without a signature", () => new UnsecuredJWT(anna).setAudience(audience).setIssuer(team).encode()],
    ["nobody's", () => tokenOf({ sub: "x" })],
    ["no token", () => "x"],
    ["too long", () => "x".repeat(20_000)],
    [
      "with a secret in place of a key",
      () =>
        new SignJWT(anna)
          .setProtectedHeader({ alg: "HS256", kid: "one" })
          .setAudience(audience)
          .setIssuer(team)
          .setExpirationTime("1 minute")
          .sign(new TextEncoder().encode("x".repeat(32))),
    ],
  ])("%s", async (_, make) => {
    expect(await statusOf(tokens().callerOf(requestWith(await make()), nowMs))).toBe(401);
  });
});

describe("keys that cannot be had", () => {
  test("503, and no word about the token; what was fetched before goes on being used", async () => {
    vi.spyOn(console, "warn").mockImplementation(() => {});
    const before = tokens();
    const token = await tokenOf({ email: "anna@example.com" });
    await before.callerOf(requestWith(token), nowMs);
    isAway = true;
    try {
      expect(await statusOf(tokens().callerOf(requestWith(token), nowMs))).toBe(503);
      expect(await before.callerOf(requestWith(token), nowMs)).toBeDefined();
    } finally {
      isAway = false;
    }
  });
});

describe("configuration", () => {
  test.each([
    [{ CF_ACCESS_TEAM: "https://a.cloudflareaccess.com" }, "CF_ACCESS_AUDIENCE"],
    [{ CF_ACCESS_SCOPES: "anna@example.com" }, "is not <who>=<scope>"],
    [{ CF_ACCESS_SCOPES: "anna@example.com=everything" }, "is not <who>=<scope>"],
    [{ CF_ACCESS_SCOPES: "everybody=read" }, "is not <who>=<scope>"],
    [{ CF_ACCESS_TEAM: "http://a.cloudflareaccess.com" }, "https"],
  ])("%j: %s", (variables, words) => {
    expect(() => parseConfig(variables)).toThrow(words);
  });
});
