// The authenticators in the order of the deployment: the first that has something to say decides. A name and password that
// none of them knows is refused after the same work as a wrong one, so that time does not tell who exists; where anonymous
// clients are welcome such a client is one of them.

import { fail } from "../../src/protocol/failure.ts";
import { ReasonCode } from "../../src/protocol/reason.ts";
import type { Config } from "../config.ts";
import type { AccessBook } from "./book.ts";
import { authenticateCertificate } from "./certificate.ts";
import { admitted, type Credentials, pass, refused, type Verdict, wrong } from "./credentials.ts";
import { authenticateDeviceKey, looksLikeDeviceKey } from "./device-key.ts";
import { authenticateHttp } from "./http.ts";
import { anonymous, identity } from "./identity.ts";
import type { JwtAuthenticator } from "./jwt.ts";
import { isOutdated, isPassword } from "./password.ts";
import { VerifiedPasswords } from "./verified-passwords.ts";

/** Asked before anything that could tell whether a guess was right, and that costs. */
export type MayTry = (user: string) => Promise<Verdict | undefined>;

export class AuthenticationChain {
  readonly #config: Config;
  readonly #book: AccessBook;
  #jwt: Promise<JwtAuthenticator> | undefined;
  readonly #verified = new VerifiedPasswords();

  constructor(config: Config, book: AccessBook) {
    this.#config = config;
    this.#book = book;
  }

  /** Fails when the control database is needed and does not answer. */
  async authenticate(credentials: Credentials, mayTry: MayTry, nowMs: number): Promise<Verdict> {
    const { username, password, certificate } = credentials;
    for (const name of this.#config.authentication) {
      const verdict = await this.#ask(name, credentials, mayTry, nowMs);
      if (verdict.type !== "pass") return verdict;
    }
    if (this.#config.allowAnonymous) return admitted(anonymous);
    if (username === undefined && password === undefined && certificate === undefined) {
      return refused(fail(ReasonCode.notAuthorized, "anonymous", "no credentials, and ALLOW_ANONYMOUS is false"));
    }
    if (username !== undefined && password !== undefined && this.#config.authentication.includes("password")) {
      const denied = await mayTry(username);
      if (denied !== undefined) return denied;
      if (!looksLikeDeviceKey(password)) await isPassword(password, undefined);
    }
    return wrong("unknown-user", "no authenticator knows these credentials");
  }

  async #ask(
    name: Config["authentication"][number],
    credentials: Credentials,
    mayTry: MayTry,
    nowMs: number,
  ): Promise<Verdict> {
    switch (name) {
      case "password":
        return this.#password(credentials, mayTry, nowMs);
      case "device-key":
        return this.#deviceKey(credentials, mayTry, nowMs);
      case "jwt":
        this.#jwt ??= loadJwt(this.#config);
        return (await this.#jwt).authenticate(credentials, nowMs);
      case "certificate":
        return authenticateCertificate(credentials, this.#config);
      case "http":
        return this.#http(credentials, mayTry);
      case "scram":
        // By AUTH, before this: see worker/edge/client.ts.
        return pass;
    }
  }

  async #password({ username, password }: Credentials, mayTry: MayTry, nowMs: number): Promise<Verdict> {
    if (username === undefined || password === undefined || looksLikeDeviceKey(password)) return pass;
    const stored = (await this.#book.user(username, nowMs))?.user?.password;
    if (stored === undefined) return pass;
    if (!this.#verified.isKnown(username, password, stored)) {
      const denied = await mayTry(username);
      if (denied !== undefined) return denied;
      if (!(await isPassword(password, stored))) return wrong("password", `${username} has another password`);
      if (isOutdated(stored)) {
        const basis = await this.#book.renewPassword(username, stored, password);
        return admitted(identity("password", username, { basis }));
      }
      this.#verified.remember(username, password, stored);
    }
    return admitted(identity("password", username, { basis: stored }));
  }

  async #deviceKey(credentials: Credentials, mayTry: MayTry, nowMs: number): Promise<Verdict> {
    const { username, password } = credentials;
    if (username === undefined || !looksLikeDeviceKey(password)) return pass;
    const verdict = authenticateDeviceKey(credentials, await this.#book.user(username, nowMs), nowMs);
    // Nobody guesses 32 bytes; who tries is counted all the same.
    return verdict.type === "identity" ? verdict : ((await mayTry(username)) ?? verdict);
  }

  async #http(credentials: Credentials, mayTry: MayTry): Promise<Verdict> {
    const { username } = credentials;
    if (this.#config.http.url === "") return pass;
    return (
      (username === undefined ? undefined : await mayTry(username)) ?? authenticateHttp(credentials, this.#config.http)
    );
  }
}

/** Its library is loaded where tokens are asked for, and nowhere else. */
async function loadJwt(config: Config): Promise<JwtAuthenticator> {
  const { JwtAuthenticator } = await import("./jwt.ts");
  return new JwtAuthenticator(config.jwt);
}
