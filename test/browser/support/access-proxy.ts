// Cloudflare Access as a browser meets it, on this machine: what stands in front of the deployment sends whoever has no cookie of its
// own to a login, and shows a token of its making, in a header, to the deployment behind. Its keys are published as Access publishes them.

import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { exportJWK, generateKeyPair, SignJWT } from "jose";

export const audience = "f70ff985a4ef11";
const cookieName = "CF_Authorization";
const keysPath = "/cdn-cgi/access/certs";
const loginPath = "/cdn-cgi/access/login";

export class AccessProxy {
  readonly #server: Server;
  readonly #keys: CryptoKeyPair;
  readonly #published: string;
  /** Who logs in next, by e-mail address. */
  email = "";
  /** Where the deployment is. */
  target = "";

  private constructor(keys: CryptoKeyPair, published: string) {
    this.#keys = keys;
    this.#published = published;
    this.#server = createServer((asked, answer) => void this.#handle(asked, answer));
  }

  static async start(): Promise<AccessProxy> {
    const keys = await generateKeyPair("RS256");
    const key = { ...(await exportJWK(keys.publicKey)), kid: "one", alg: "RS256", use: "sig" };
    const proxy = new AccessProxy(keys, JSON.stringify({ keys: [key] }));
    await new Promise<void>((resolve) => proxy.#server.listen(0, "127.0.0.1", resolve));
    return proxy;
  }

  get origin(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #handle(asked: IncomingMessage, answer: ServerResponse): Promise<void> {
    if (asked.url === keysPath) return void answer.setHeader("Content-Type", "application/json").end(this.#published);
    if (asked.url === loginPath) {
      const cookie = `${cookieName}=${await this.#token()}; HttpOnly; SameSite=Lax; Path=/`;
      return void answer.writeHead(302, { Location: "/", "Set-Cookie": cookie }).end();
    }
    const [, token] = new RegExp(`${cookieName}=([^;]+)`).exec(asked.headers.cookie ?? "") ?? [];
    if (token === undefined) {
      if (asked.headers["x-requested-with"] === "XMLHttpRequest") return void answer.writeHead(401).end();
      return void answer.writeHead(302, { Location: loginPath }).end();
    }
    const { host: _, ...headers } = asked.headers;
    const behind = request(new URL(asked.url ?? "/", this.target), {
      method: asked.method,
      headers: { ...headers, "cf-access-jwt-assertion": token },
    });
    behind.on("response", (response) => {
      answer.writeHead(response.statusCode ?? 502, response.headers);
      response.pipe(answer);
    });
    behind.on("error", () => answer.destroy());
    asked.pipe(behind);
  }

  #token(): Promise<string> {
    return new SignJWT({ email: this.email })
      .setProtectedHeader({ alg: "RS256", kid: "one" })
      .setIssuer(this.origin)
      .setAudience(audience)
      .setIssuedAt()
      .setExpirationTime("1h")
      .sign(this.#keys.privateKey);
  }
}
