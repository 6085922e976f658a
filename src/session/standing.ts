// What the list of sessions says of one: see src/directory.

import type { Standing } from "../directory/entry.ts";
import type { Session } from "./state.ts";

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
