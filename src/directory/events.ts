// Events of clients and sessions, as webhooks are told of them: what the difference of two entries of the list says has happened.

import type { Entry, Standing } from "./entry.ts";
import type { EventType } from "./event-types.ts";
import { clientIdOf } from "./listing.ts";

export interface BrokerEvent {
  /** Absent: whoever keeps it gives it one. */
  readonly id?: string;
  readonly type: EventType;
  readonly atMs: number;
  readonly data: Readonly<Record<string, unknown>>;
}

/** Why a connection and a session ended, as far as the session's object knows. */
export interface Causes {
  readonly disconnected: string;
  readonly ended: string;
}

/** One after the other, as a session was. */
export interface Stage {
  /** Undefined: it has ended. */
  readonly standing: Standing | undefined;
  /** When it came to be so. */
  readonly atMs: number;
  /** Absent: nobody knows, since its object died with it. */
  readonly causes?: Causes;
}

const unknown: Causes = { disconnected: "unknown", ended: "unknown" };

type Known = Standing & Pick<Entry, "name">;

export function eventsBetween(name: string, before: Known | undefined, stage: Stage): BrokerEvent[] {
  const { standing, atMs, causes = unknown } = stage;
  const events: BrokerEvent[] = [];
  const add = (type: EventType, data: Readonly<Record<string, unknown>>) => events.push({ type, atMs, data });
  const isSame = before !== undefined && standing?.generation === before.generation;
  const isConnected = standing?.state === "connected";
  const staysConnected = isSame && isConnected && before.connectedAtMs === standing.connectedAtMs;
  if (before?.state === "connected" && !staysConnected) {
    add("client.disconnected", {
      ...clientOf(before),
      connectedAtMs: before.connectedAtMs,
      cause: causes.disconnected,
    });
  }
  if (before !== undefined && !isSame) add("session.ended", { ...sessionOf(before), cause: causes.ended });
  if (standing === undefined) return events;
  const after = { ...standing, name };
  if (!isSame) add("session.created", { ...sessionOf(after), isProvisioned: standing.state === "provisioned" });
  if (isConnected && !(before?.state === "connected" && staysConnected)) add("client.connected", clientOf(after));
  return events;
}

function sessionOf(known: Known): Readonly<Record<string, unknown>> {
  return { clientId: clientIdOf(known) ?? null, user: known.username ?? null };
}

const protocols = { 0: null, 3: "3.1", 4: "3.1.1", 5: "5.0" } as const;

function clientOf(known: Known): Readonly<Record<string, unknown>> {
  return { ...sessionOf(known), address: known.address ?? null, protocol: protocols[known.version] };
}
