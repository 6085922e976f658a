// The control database as this copy of the Worker knows it: see src for what follows from it, and cache.ts for how old it may
// be. One for each copy, made when it is first asked for.

import { configOf } from "../config.ts";
import { Control } from "../d1/control.ts";
import { findOne } from "../d1/seen.ts";
import { put } from "../d1/shape.ts";
import { userShape } from "../d1/users.ts";
import type { Env } from "../env.ts";
import { Cache } from "./cache.ts";
import { type KnownUser, type Policy, readKnownUser, readPolicy } from "./known.ts";
import { renewedHash } from "./password.ts";

const usersMax = 10_000;
/** There is one policy. */
const policyKey = "";

export class AccessBook {
  readonly #control: Control;
  readonly #policy: Cache<Policy>;
  readonly #users: Cache<KnownUser>;

  constructor(control: Control, maxAgeMs: number) {
    this.#control = control;
    this.#policy = new Cache(() => readPolicy(control, Date.now()), { maxAgeMs, entriesMax: 1 });
    this.#users = new Cache((name) => readKnownUser(control, name), { maxAgeMs, entriesMax: usersMax });
  }

  peekPolicy(nowMs: number): Policy | undefined {
    return this.#policy.peek(policyKey, nowMs);
  }

  /** However old it is. */
  lastPolicy(): Policy | undefined {
    return this.#policy.last(policyKey);
  }

  policy(nowMs: number): Promise<Policy> {
    return this.#policy.get(policyKey, nowMs);
  }

  async user(name: string | undefined, nowMs: number): Promise<KnownUser | undefined> {
    return name === undefined ? undefined : this.#users.get(name, nowMs);
  }

  /** In place of a hash that came from another broker; returns the one that holds now. */
  async renewPassword(user: string, stored: string, password: Uint8Array): Promise<string> {
    try {
      const hash = await renewedHash(user, password, stored);
      const { item, seen } = await findOne(this.#control, userShape, user);
      if (item?.password !== stored) return stored;
      const revision = await this.#control.change(Date.now(), {
        restsOn: [seen],
        statements: put(this.#control, userShape, [{ ...item, password: hash }]),
        entry: { actor: `user:${user}`, action: "user.renew-password-hash", subject: user },
      });
      this.outdate(revision, user);
      return hash;
    } catch {
      // It will be tried again at the next login.
      return stored;
    }
  }

  /** The database has changed, and it may be about this user. */
  outdate(revision: number, user: string | undefined): void {
    this.#policy.outdate(policyKey, revision);
    if (user !== undefined) this.#users.outdate(user, revision);
  }
}

let known: AccessBook | undefined;

export function accessBook(env: Env): AccessBook {
  known ??= new AccessBook(new Control(env.CONTROL), configOf(env).accessCacheMs);
  return known;
}
