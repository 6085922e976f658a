// Object names. A name is at most 1,024 bytes on the platform; a longer client id goes by its hash.

import { createHash } from "node:crypto";

const nameBytesMax = 512;
const prefix = "c:";

/** The name of the session object of a client id. */
export function sessionName(clientId: string): string {
  const bytes = new TextEncoder().encode(clientId);
  if (bytes.length <= nameBytesMax) return prefix + clientId;
  return `h:${createHash("sha256").update(bytes).digest("hex")}`;
}

/** No client may have such an id: the session is that of a webhook. */
export const webhookPrefix = "$webhook/";

/** Names of their objects begin so. */
export const webhookSessionPrefix = prefix + webhookPrefix;

export function webhookClientId(name: string): string {
  return webhookPrefix + name;
}

/** The name of a part of the list of sessions. */
export function directoryName(index: number): string {
  return `directory-${index}`;
}

export function shardName(index: number): string {
  return `shard-${index}`;
}

export function relayName(shard: number, index: number): string {
  return `relay-${shard}-${index}`;
}

export function gateName(index: number): string {
  return `gate-${index}`;
}

export function traceName(id: string): string {
  return `trace-${id}`;
}

/** The client id in the name of a session's object, or the name where it has none. */
export function clientIdIn(session: string): string {
  return session.startsWith(prefix) ? session.slice(prefix.length) : session;
}

export function shardIndex(name: string): number {
  return Number(name.slice("shard-".length));
}
