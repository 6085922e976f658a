// What the list of sessions says of one: see src/directory.

import type { ProtocolVersion } from "../protocol/version.ts";
import type { Session } from "./state.ts";

/** provisioned: made for a client that has yet to connect */
export type StandingState = "connected" | "away" | "provisioned";

export interface Standing {
  readonly state: StandingState;
  /** Undefined where only its object's name is known: of a long id whose session ends with its connection. */
  readonly clientId: string | undefined;
  readonly username: string | undefined;
  /** Of the last connection, as far as it is known. */
  readonly address: string | undefined;
  /** Of the last connection; 0: there was none. */
  readonly version: ProtocolVersion | 0;
  readonly generation: number;
  /** 0: not connected, or not known. */
  readonly connectedAtMs: number;
  /** 0: it never does, or is connected. */
  readonly expiresAtMs: number;
}

/** Of a session that exists. */
export function standingOf({ connection, record, name }: Session): Standing {
  const generation = record?.generation ?? connection?.generation;
  if (generation === undefined) throw new Error("a session that is absent has no standing");
  const common = {
    clientId: record?.clientId ?? clientIdIn(name),
    generation,
  };
  if (connection !== undefined) {
    const { username, address, version, connectedAtMs } = connection;
    return { ...common, state: "connected", username, address, version, connectedAtMs, expiresAtMs: 0 };
  }
  const { username, version, expiresAtMs, isProvisioned } = record as NonNullable<typeof record>;
  const rest = { username, address: undefined, connectedAtMs: 0, expiresAtMs };
  if (isProvisioned === true) return { ...common, ...rest, state: "provisioned", version: 0 };
  return { ...common, ...rest, state: "away", version };
}

/** Names of objects are made in worker/names.ts: short ids are part of them. */
function clientIdIn(name: string): string | undefined {
  return name.startsWith("c:") ? name.slice(2) : undefined;
}
