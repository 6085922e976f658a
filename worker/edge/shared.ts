// What all connections of this copy of the Worker share.

import { type AccessBook, accessBook } from "../auth/book.ts";
import { AuthenticationChain } from "../auth/chain.ts";
import { type Config, configOf } from "../config.ts";
import type { Env } from "../env.ts";
import { Turnstile } from "./turnstile.ts";

export interface EdgeShared {
  readonly env: Env;
  readonly config: Config;
  readonly book: AccessBook;
  readonly chain: AuthenticationChain;
  readonly turnstile: Turnstile;
}

let known: EdgeShared | undefined;

export function edgeOf(env: Env): EdgeShared {
  if (known !== undefined) return known;
  const config = configOf(env);
  const book = accessBook(env);
  known = {
    env,
    config,
    book,
    chain: new AuthenticationChain(config, book),
    turnstile: new Turnstile(config),
  };
  return known;
}
