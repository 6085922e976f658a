// The client's side of SCRAM-SHA-256 (RFC 5802, RFC 7677), written for the tests and sharing nothing with the broker's.

import { createHash, createHmac, pbkdf2Sync, randomBytes } from "node:crypto";

export interface ScramOptions {
  readonly nonce?: string;
  readonly gs2Header?: string;
  /** What `c=` claims, if not the GS2 header. */
  readonly claimedHeader?: string;
}

export class ScramClient {
  readonly #password: string;
  readonly #bare: string;
  readonly #gs2Header: string;
  readonly #claimedHeader: string;
  #serverSignature = "";

  constructor(username: string, password: string, options: ScramOptions = {}) {
    const { nonce = randomBytes(15).toString("base64"), gs2Header = "n,,", claimedHeader = gs2Header } = options;
    this.#password = password;
    this.#bare = `n=${username.replaceAll("=", "=3D").replaceAll(",", "=2C")},r=${nonce}`;
    this.#gs2Header = gs2Header;
    this.#claimedHeader = claimedHeader;
  }

  first(): Buffer {
    return Buffer.from(this.#gs2Header + this.#bare);
  }

  /** The last message, to the server's first. */
  final(serverFirst: Uint8Array): Buffer {
    const challenge = Buffer.from(serverFirst).toString();
    const [, nonce = "", salt = "", iterations = ""] = /^r=([^,]+),s=([^,]+),i=(\d+)$/.exec(challenge) ?? [];
    if (iterations === "") throw new Error(`not a challenge: ${challenge}`);
    const binding = Buffer.from(this.#claimedHeader).toString("base64");
    const withoutProof = `c=${binding},r=${nonce}`;
    const covered = `${this.#bare},${challenge},${withoutProof}`;
    const salted = pbkdf2Sync(this.#password, Buffer.from(salt, "base64"), Number(iterations), 32, "sha256");
    const clientKey = hmac(salted, "Client Key");
    const signature = hmac(createHash("sha256").update(clientKey).digest(), covered);
    const proof = clientKey.map((byte, index) => byte ^ (signature[index] ?? 0));
    this.#serverSignature = hmac(hmac(salted, "Server Key"), covered).toString("base64");
    return Buffer.from(`${withoutProof},p=${Buffer.from(proof).toString("base64")}`);
  }

  /** Whether the server has proved, by its last message, that it knows the verifier. */
  accepts(serverFinal: Uint8Array | undefined): boolean {
    return serverFinal !== undefined && Buffer.from(serverFinal).toString() === `v=${this.#serverSignature}`;
  }
}

/** An entry of SCRAM_USERS. */
export function scramEntry(
  username: string,
  password: string,
  salt: Uint8Array = randomBytes(16),
  iterations = 4096,
): string {
  const salted = pbkdf2Sync(password, salt, iterations, 32, "sha256");
  const storedKey = createHash("sha256").update(hmac(salted, "Client Key")).digest();
  const keys = [storedKey, hmac(salted, "Server Key")].map((key) => key.toString("base64"));
  return `${username}:SCRAM-SHA-256$${iterations}:${Buffer.from(salt).toString("base64")}$${keys.join(":")}`;
}

function hmac(key: Uint8Array, text: string): Buffer {
  return createHmac("sha256", key).update(text).digest();
}
