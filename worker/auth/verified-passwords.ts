// Passwords that this copy of the Worker has verified, so that a client that comes again does not cost a hash each time. Kept
// as an HMAC under a key that is made here and never leaves: nobody who reads this memory can tell a password from it without
// guessing, and another hash in the database makes it worthless.

import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";

const entriesMax = 10_000;

export class VerifiedPasswords {
  #key: Uint8Array | undefined;
  readonly #entries = new Map<string, { readonly stored: string; readonly mark: Uint8Array }>();

  isKnown(user: string, password: Uint8Array, stored: string): boolean {
    const entry = this.#entries.get(user);
    return entry !== undefined && entry.stored === stored && timingSafeEqual(entry.mark, this.#mark(user, password));
  }

  remember(user: string, password: Uint8Array, stored: string): void {
    this.#entries.delete(user);
    this.#entries.set(user, { stored, mark: this.#mark(user, password) });
    if (this.#entries.size <= entriesMax) return;
    const [oldest] = this.#entries.keys();
    if (oldest !== undefined) this.#entries.delete(oldest);
  }

  #mark(user: string, password: Uint8Array): Uint8Array {
    // Not before it is needed: at the platform there is no randomness before the first request.
    this.#key ??= randomBytes(32);
    return createHmac("sha256", this.#key).update(`${user.length}:${user}`).update(password).digest();
  }
}
