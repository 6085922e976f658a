// Authenticators by themselves: tokens and their confusions, certificates, device keys, an HTTP endpoint that misbehaves.

import { createHmac, generateKeyPairSync } from "node:crypto";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { exportJWK, type JWK, SignJWT } from "jose";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { authenticateCertificate, certificateOf, commonNameIn } from "../../../worker/auth/certificate.ts";
import type { Verdict } from "../../../worker/auth/credentials.ts";
import { authenticateHttp } from "../../../worker/auth/http.ts";
import { JwtAuthenticator } from "../../../worker/auth/jwt.ts";
import type { JwtSettings } from "../../../worker/config.ts";

const nowSeconds = 1_800_000_000;
const secret = "a-secret-of-at-least-32-characters!";
const encoder = new TextEncoder();

function ruleOf(verdict: Verdict): string {
  return verdict.type === "refusal" ? `${verdict.failure.rule} ${verdict.failure.reason}` : verdict.type;
}

const servers: Server[] = [];
afterAll(() => {
  for (const server of servers) server.close();
});

/** Answers each request as `answer` says, and counts them. */
async function serve(answer: () => { status?: number; body?: string; delayed?: true; location?: string }) {
  const seen: { headers: Record<string, unknown>; body: string }[] = [];
  const server = createServer((request, response) => {
    let body = "";
    request.on("data", (piece) => (body += piece));
    request.on("end", () => {
      seen.push({ headers: request.headers, body });
      const { status = 200, body: text = "", delayed, location } = answer();
      if (delayed) return;
      response.writeHead(status, location === undefined ? {} : { Location: location });
      response.end(text);
    });
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, seen };
}

describe("tokens", () => {
  const pairs = {
    RS256: generateKeyPairSync("rsa", { modulusLength: 2048 }),
    ES256: generateKeyPairSync("ec", { namedCurve: "P-256" }),
    EdDSA: generateKeyPairSync("ed25519"),
  };
  type Algorithm = keyof typeof pairs;
  let jwks: { keys: JWK[] };
  let settings: JwtSettings;

  beforeAll(async () => {
    const keys = await Promise.all(
      Object.entries(pairs).map(async ([alg, { publicKey }]) => ({ ...(await exportJWK(publicKey)), kid: alg, alg })),
    );
    jwks = { keys };
    settings = {
      algorithms: ["HS256", "RS256", "ES256", "EdDSA"],
      issuer: "https://issuer.example",
      audience: "mqtt",
      userClaim: "sub",
      groupsClaim: "groups",
      rulesClaim: "acl",
      jwksUrl: "",
      keys: JSON.stringify(jwks),
      secret,
    };
  });

  const claims = { iss: "https://issuer.example", aud: "mqtt", sub: "bob", exp: nowSeconds + 60 };

  function token(alg: Algorithm | "HS256", payload: object = claims, header: object = {}): Promise<string> {
    const key = alg === "HS256" ? encoder.encode(secret) : pairs[alg].privateKey;
    return new SignJWT(payload as never).setProtectedHeader({ alg, kid: alg, ...header }).sign(key);
  }

  async function verdict(text: string, changed: Partial<JwtSettings> = {}): Promise<Verdict> {
    const authenticator = new JwtAuthenticator({ ...settings, ...changed });
    return authenticator.authenticate({ password: encoder.encode(text) }, nowSeconds * 1000);
  }

  test.each(["HS256", "RS256", "ES256", "EdDSA"] as const)("one that is signed with %s is somebody", async (alg) => {
    const payload = { ...claims, groups: ["ops"], acl: [{ filter: "a/#" }], tenant: "acme", n: 7, nested: {} };
    expect(await verdict(await token(alg, payload))).toMatchObject({
      type: "identity",
      identity: {
        user: "bob",
        groups: ["ops"],
        rules: [{ effect: "allow", action: "all", filter: "a/#" }],
        claims: { tenant: "acme", n: "7" },
        expiresAtMs: claims.exp * 1000,
      },
    });
  });

  test("a password that is no token is left to the others", async () => {
    for (const text of ["", "password", "a.b.c", "a.b", "e30.e30."]) expect(ruleOf(await verdict(text))).toBe("pass");
  });

  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const badCredentials = 0x86;

  test.each(["none", "None", "NONE", "nOnE"])("alg %s is refused, with and without a signature", async (alg) => {
    const unsigned = `${part({ alg })}.${part(claims)}.`;
    expect(ruleOf(await verdict(unsigned))).toMatch(new RegExp(`^jwt.* ${badCredentials}$`));
    expect(ruleOf(await verdict(`${unsigned}AAAA`))).toMatch(new RegExp(`^jwt.* ${badCredentials}$`));
  });

  test("a public key is no secret: HS256 with the RSA key's text is refused", async () => {
    const forms = [
      pairs.RS256.publicKey.export({ type: "spki", format: "pem" }) as string,
      JSON.stringify(jwks),
      JSON.stringify(jwks.keys[0]),
      jwks.keys[0]?.n ?? "",
    ];
    for (const form of forms) {
      const signed = `${part({ alg: "HS256", kid: "RS256" })}.${part(claims)}`;
      const signature = createHmac("sha256", form).update(signed).digest("base64url");
      expect(ruleOf(await verdict(`${signed}.${signature}`))).toBe(`jwt-signature ${badCredentials}`);
      expect(ruleOf(await verdict(`${signed}.${signature}`, { secret: "" }))).toBe(`jwt-algorithm ${badCredentials}`);
    }
  });

  test("a key that the token itself brings is not used", async () => {
    const own = generateKeyPairSync("ec", { namedCurve: "P-256" });
    const jwk = await exportJWK(own.publicKey);
    for (const header of [{ jwk }, { jwk, kid: "own" }, { jku: "https://attacker.example/jwks", kid: "own" }]) {
      const forged = await new SignJWT(claims)
        .setProtectedHeader({ alg: "ES256", ...header } as never)
        .sign(own.privateKey);
      expect(ruleOf(await verdict(forged))).toMatch(new RegExp(`^jwt-(signature|key) ${badCredentials}$`));
    }
  });

  test.each([
    ["another audience", { ...claims, aud: "web" }, "jwt-claim"],
    ["no audience", { ...claims, aud: undefined }, "jwt-claim"],
    ["another issuer", { ...claims, iss: "https://issuer.example.attacker.example" }, "jwt-claim"],
    ["an end that has come", { ...claims, exp: nowSeconds - 60 }, "jwt-expired"],
    ["no end", { ...claims, exp: undefined }, "jwt-claim"],
    ["a beginning that has not come", { ...claims, nbf: nowSeconds + 60 }, "jwt-claim"],
    ["an end that is no number", { ...claims, exp: "tomorrow" }, "jwt-claim"],
    ["no user", { ...claims, sub: undefined }, "jwt-user"],
    ["a user that is no name", { ...claims, sub: { name: "bob" } }, "jwt-user"],
    ["a user with a control character", { ...claims, sub: "bob\u0000" }, "jwt-user"],
    ["groups that are no list", { ...claims, groups: "ops" }, "jwt-groups"],
    ["rules that are not understood", { ...claims, acl: [{ filter: "a", efect: "deny" }] }, "jwt-rules"],
  ])("with %s it is refused", async (_, payload, rule) => {
    expect(ruleOf(await verdict(await token("ES256", payload)))).toBe(`${rule} ${badCredentials}`);
  });

  test("an algorithm that the deployment does not name is refused, though its key is there", async () => {
    expect(ruleOf(await verdict(await token("RS256"), { algorithms: ["ES256"] }))).toBe(
      `jwt-algorithm ${badCredentials}`,
    );
    expect(ruleOf(await verdict(await token("HS256"), { algorithms: ["ES256"] }))).toBe(
      `jwt-algorithm ${badCredentials}`,
    );
  });

  test("a key that nobody knows is refused; changed claims are noticed", async () => {
    expect(ruleOf(await verdict(await token("RS256", claims, { kid: "other" })))).toBe(`jwt-key ${badCredentials}`);
    const [header, , signature] = (await token("ES256")).split(".");
    const forged = `${header}.${part({ ...claims, sub: "admin" })}.${signature}`;
    expect(ruleOf(await verdict(forged))).toBe(`jwt-signature ${badCredentials}`);
  });

  test("keys of an address are fetched once, and anew for a key that is not there", async () => {
    const keys = jwks.keys.filter(({ kid }) => kid !== "EdDSA");
    const issuer = await serve(() => ({ body: JSON.stringify({ keys }) }));
    const authenticator = new JwtAuthenticator({ ...settings, keys: "", jwksUrl: issuer.url });
    const ask = async (text: string) =>
      ruleOf(await authenticator.authenticate({ password: encoder.encode(text) }, nowSeconds * 1000));
    for (let count = 0; count < 10; count++) expect(await ask(await token("ES256"))).toBe("identity");
    expect(issuer.seen).toHaveLength(1);
    // Unknown keys are asked for no more often than the cool-down says, however many come.
    for (let count = 0; count < 10; count++) {
      expect(await ask(await token("EdDSA", claims, { kid: `unknown-${count}` }))).toBe(`jwt-key ${badCredentials}`);
    }
    expect(issuer.seen.length).toBeLessThanOrEqual(2);
  });

  test("a key set that changes is followed without a restart: the new key opens, the old one does not any more", async () => {
    const start = Date.now();
    vi.useFakeTimers({ toFake: ["Date"], now: start });
    try {
      const keyOf = (wanted: string) => jwks.keys.filter(({ kid }) => kid === wanted);
      let keys = keyOf("ES256");
      const issuer = await serve(() => ({ body: JSON.stringify({ keys }) }));
      const authenticator = new JwtAuthenticator({ ...settings, keys: "", jwksUrl: issuer.url });
      const ask = async (alg: Algorithm) =>
        ruleOf(await authenticator.authenticate({ password: encoder.encode(await token(alg)) }, nowSeconds * 1000));
      expect(await ask("ES256")).toBe("identity");
      keys = keyOf("RS256");
      // Within the cool-down what is known holds.
      expect([await ask("ES256"), await ask("RS256")]).toEqual(["identity", `jwt-key ${badCredentials}`]);
      vi.setSystemTime(start + 31_000);
      expect([await ask("RS256"), await ask("ES256")]).toEqual(["identity", `jwt-key ${badCredentials}`]);
      expect(issuer.seen).toHaveLength(2);
      // A key that is taken back, with nobody naming a new one: refused when the set is old.
      keys = keyOf("EdDSA");
      expect(await ask("RS256")).toBe("identity");
      vi.setSystemTime(start + 31_000 + 10 * 60_000);
      expect(await ask("RS256")).toBe(`jwt-key ${badCredentials}`);
    } finally {
      vi.useRealTimers();
    }
  });

  test.each([
    ["is an error", { status: 500 }],
    ["is no JSON", { body: "<html>" }],
    ["is no key set", { body: "[]" }],
    ["is a redirect", { status: 302, location: "https://attacker.example/" }],
  ])("an outage of the key set lets nobody in: the answer %s", async (_, answer) => {
    const issuer = await serve(() => answer);
    expect(ruleOf(await verdict(await token("ES256"), { keys: "", jwksUrl: issuer.url }))).toBe("jwt-keys 136");
  });

  test("neither refusal says what was in the token", async () => {
    const shown = await token("ES256", { ...claims, exp: nowSeconds - 60 });
    const refused = await verdict(shown);
    expect(JSON.stringify(refused)).not.toContain(shown.slice(0, 20));
  });
});

describe("client certificates", () => {
  const requestWith = (tlsClientAuth: object | undefined) => ({ cf: { tlsClientAuth } }) as unknown as Request;
  const shown = { certPresented: "1", certVerified: "SUCCESS", certRevoked: "0", certFingerprintSHA256: "AB12" };

  test("one that the platform has verified names its user", () => {
    const certificate = certificateOf(requestWith({ ...shown, certSubjectDNRFC2253: "CN=meter-7,O=Acme" }));
    for (const [certificateUser, user] of [
      ["common-name", "meter-7"],
      ["fingerprint", "ab12"],
    ] as const) {
      expect(authenticateCertificate({ certificate }, { certificateUser })).toMatchObject({ identity: { user } });
    }
  });

  test.each([
    ["none", undefined, "pass"],
    ["none presented", { ...shown, certPresented: "0" }, "pass"],
    ["one that is not verified", { ...shown, certVerified: "FAILED:self signed certificate" }, "certificate 134"],
    ["one that was revoked", { ...shown, certRevoked: "1" }, "certificate 134"],
    ["one without a name", { ...shown, certSubjectDNRFC2253: "O=Acme" }, "certificate 134"],
  ])("%s", (_, auth, expected) => {
    const certificate = certificateOf(requestWith(auth));
    expect(ruleOf(authenticateCertificate({ certificate }, { certificateUser: "common-name" }))).toBe(expected);
  });

  test.each([
    ["CN=a", "a"],
    ["O=x,CN=a b,C=DE", "a b"],
    ["cn=a", "a"],
    ["2.5.4.3=a", "a"],
    ["CN=a,CN=b", undefined],
    ["O=x\\,CN=admin", undefined],
    ["CN=a\\,b", undefined],
    ["CN=a+CN=admin", undefined],
    ["CN=#0c0161", undefined],
    ['CN="a"', undefined],
    ["", undefined],
  ])("the common name in %j is %j", (name, expected) => {
    expect(commonNameIn(name)).toBe(expected);
  });
});

describe("the HTTP authenticator", () => {
  const credentials = {
    clientId: "c1",
    username: "bob\r\nX-Admin: yes",
    password: encoder.encode('pa"ss'),
    certificate: undefined,
    address: "192.0.2.1",
    version: 5,
  } as const;
  const settingsFor = (url: string, timeoutMs = 30_000) => ({ url, timeoutMs, authorization: "Bearer of-the-broker" });

  test("is sent what the client shows, as JSON, and its answer decides", async () => {
    const answer = {
      result: "allow",
      user: "bob",
      groups: ["ops"],
      rules: [{ filter: "a" }],
      limits: { subscriptionsMax: 3 },
    };
    const endpoint = await serve(() => ({ body: JSON.stringify(answer) }));
    expect(await authenticateHttp(credentials, settingsFor(endpoint.url))).toMatchObject({
      identity: {
        method: "http",
        user: "bob",
        groups: ["ops"],
        rules: [{ filter: "a" }],
        limits: { subscriptionsMax: 3 },
      },
    });
    expect(endpoint.seen[0]?.headers["authorization"]).toBe("Bearer of-the-broker");
    expect(endpoint.seen[0]?.headers["x-admin"]).toBeUndefined();
    expect(JSON.parse(endpoint.seen[0]?.body ?? "")).toEqual({
      username: credentials.username,
      password: 'pa"ss',
      clientId: "c1",
      address: "192.0.2.1",
      version: 5,
    });
  });

  test.each([
    ["denies", { body: '{"result":"deny"}' }, "http-authenticator 134"],
    ["ignores", { body: '{"result":"ignore"}' }, "pass"],
    ["answers 500", { status: 500, body: '{"result":"allow","user":"bob"}' }, "http-authenticator 136"],
    ["answers 204", { status: 204 }, "http-authenticator 136"],
    ["answers something else", { body: "ok" }, "http-authenticator 136"],
    ["answers an unknown result", { body: '{"result":"yes"}' }, "http-authenticator 136"],
    [
      "brings rules that are not understood",
      { body: '{"result":"allow","user":"bob","rules":[{}]}' },
      "http-authenticator 136",
    ],
    ["sends elsewhere", { status: 307, location: "http://127.0.0.1:1/" }, "http-authenticator 136"],
  ])("that %s", async (_, answer, expected) => {
    const endpoint = await serve(() => answer);
    expect(ruleOf(await authenticateHttp(credentials, settingsFor(endpoint.url)))).toBe(expected);
  });

  test.each([
    ["of 256 characters", "n".repeat(256), "n".repeat(256)],
    // The socket of its session would have no room for it.
    ["of 257 characters", "n".repeat(257), "http-authenticator 136"],
    ["with a line break", credentials.username, "http-authenticator 136"],
    ["that is empty", "", "http-authenticator 136"],
  ])("that names no user takes the client's own name %s if it can be one", async (_, username, expected) => {
    const endpoint = await serve(() => ({ body: '{"result":"allow"}' }));
    const verdict = await authenticateHttp({ ...credentials, username }, settingsFor(endpoint.url));
    expect(verdict.type === "identity" ? verdict.identity.user : ruleOf(verdict)).toBe(expected);
  });

  test("that does not answer in time lets nobody in", async () => {
    const endpoint = await serve(() => ({ delayed: true }));
    expect(ruleOf(await authenticateHttp(credentials, settingsFor(endpoint.url, 200)))).toBe("http-authenticator 136");
  });

  test("that is not there lets nobody in", async () => {
    expect(ruleOf(await authenticateHttp(credentials, settingsFor("http://127.0.0.1:1/")))).toBe(
      "http-authenticator 136",
    );
  });
});
