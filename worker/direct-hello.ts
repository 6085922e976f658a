// What the Worker tells a session object about a client whose WebSocket it hands over untouched: in a header of the upgrade,
// since nothing can be written on a socket that is the client's. Fields are only ever added.

import type { Decision } from "./auth/standing.ts";
import type { Hello } from "./hello.ts";

export const directPath = "/direct";
export const directHeader = "X-Direct-Hello";

export interface DirectHello {
  readonly hello: Omit<Hello, "authenticationData">;
  /** When what the client has shown to be who it is does not hold any more. */
  readonly expiresAtMs?: number;
  /** What the rights rest on; absent from code that does not know it. */
  readonly basis?: Pick<Decision, "who" | "revision" | "subjects">;
}
