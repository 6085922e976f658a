// A session made before its client ever connects: its subscriptions route from now on, and its queue keeps what comes. The
// client's first CONNECT finds it, unless it asks for a clean start.

import { nextGeneration } from "../hop/generations.ts";
import { SESSION_NEVER_EXPIRES } from "../protocol/packet.ts";
import type { ReasonCode } from "../protocol/reason.ts";
import type { SessionOverrides, SessionRecord } from "./changes.ts";
import type { Effects } from "./effects.ts";
import { limitsFor } from "./limits.ts";
import { configureSink, type SinkSettings } from "./sink.ts";
import type { Session } from "./state.ts";
import { type SubscriptionRequest, subscribeFor } from "./subscribe.ts";

export interface ProvisionRequest {
  readonly kind: "provision";
  readonly clientId: string;
  /** 0xFFFFFFFF: never. */
  readonly expirySeconds: number;
  readonly subscriptions: readonly SubscriptionRequest[];
  readonly limits: SessionOverrides;
  /** Who gets its messages instead of a client. */
  readonly sink?: SinkSettings;
}

export type Provisioned =
  | {
      readonly kind: "provisioned";
      readonly created: boolean;
      /** Of the subscriptions, as SUBACK would have them. */
      readonly reasons: readonly ReasonCode[];
      readonly generation: number;
      readonly waits: boolean;
    }
  /** A client is connected whose session ends with its connection. */
  | { readonly kind: "connected"; readonly waits: false };

/** The same again changes nothing. Subscriptions that are not named stay. */
export function provision(
  session: Session,
  request: ProvisionRequest,
  ticket: number,
  effects: Effects,
  nowMs: number,
): Provisioned {
  const found = session.record;
  if (found === undefined && session.connection !== undefined) return { kind: "connected", waits: false };
  const limits = limitsFor(session.deploymentLimits, found?.userLimits, request.limits);
  const expirySeconds = Math.min(request.expirySeconds, limits.sessionExpirySecondsMax);
  const generation = found?.generation ?? nextGeneration(nowMs, session.life, session.lastGeneration);
  session.lastGeneration = generation;
  const { limits: _former, ...kept } = found ?? newRecord(request.clientId, generation);
  const record: SessionRecord = {
    ...kept,
    expirySeconds,
    expiresAtMs: expiresAtMs(session, expirySeconds, nowMs),
    ...(Object.keys(request.limits).length === 0 ? {} : { limits: request.limits }),
  };
  session.limits = limits;
  if (found === undefined || differs(found, record)) {
    session.record = record;
    effects.persist.push({ kind: "put-session", record });
  }
  if (request.sink !== undefined) configureSink(session, request.sink, effects);
  const { reasons, isSettled } = subscribeFor(session, request.subscriptions, 0, ticket, effects);
  return { kind: "provisioned", created: found === undefined, reasons, generation, waits: !isSettled };
}

function newRecord(clientId: string, generation: number): SessionRecord {
  const never = { expirySeconds: 0, expiresAtMs: 0 };
  return { clientId, username: undefined, version: 5, generation, isProvisioned: true, ...never };
}

/** Its time counts from now if it has another one than before, or none yet. */
function expiresAtMs({ connection, record }: Session, expirySeconds: number, nowMs: number): number {
  if (connection !== undefined || expirySeconds === SESSION_NEVER_EXPIRES) return 0;
  const isUnchanged = record?.expirySeconds === expirySeconds && record.expiresAtMs > 0;
  return isUnchanged ? record.expiresAtMs : nowMs + expirySeconds * 1000;
}

function differs(left: SessionRecord, right: SessionRecord): boolean {
  return (
    left.expirySeconds !== right.expirySeconds ||
    left.expiresAtMs !== right.expiresAtMs ||
    JSON.stringify(left.limits) !== JSON.stringify(right.limits)
  );
}
