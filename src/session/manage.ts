// A session as it is managed from outside: what an operator may ask of it, and what is answered. Requests and answers travel
// between objects: fields are only ever added.

import { ReasonCode } from "../protocol/reason.ts";
import type { StoredSubscription } from "./changes.ts";
import { endIfOver, endSession, violate } from "./closing.ts";
import { type PullAnswer, type PullRequest, pull, type SettleAnswer, type SettleRequest, settle } from "./consume.ts";
import { type Description, describe } from "./describe.ts";
import type { Effects } from "./effects.ts";
import { manageSink, type SinkAnswer, type SinkRequest } from "./manage-sink.ts";
import { type ProvisionRequest, provision } from "./provision.ts";
import { type PurgeAnswer, purge } from "./purge.ts";
import { type QueuePage, type QueueRequest, queuePage } from "./queue-page.ts";
import { endRestore, type RestoreAnswer, type RestoreEndRequest, type RestoreRequest, restore } from "./restore.ts";
import { type SavedPage, type SaveRequest, save } from "./saved.ts";
import { generationOf, type Session } from "./state.ts";
import { type SubscriptionRequest, subscribeFor, unsubscribeFor } from "./subscribe.ts";
import { follow, type TraceRequest } from "./tracing.ts";
import { isUnfinished } from "./unfinished.ts";
import { startWill } from "./wills.ts";

export type ManageRequest =
  | { readonly kind: "describe" }
  /** The client is told why, in 5.0, and may come again. */
  | { readonly kind: "kick"; readonly reason: ReasonCode }
  /** The session ends, whoever is connected. */
  | { readonly kind: "end" }
  | { readonly kind: "purge" }
  | QueueRequest
  | { readonly kind: "subscriptions"; readonly after: string; readonly limit: number }
  | {
      readonly kind: "subscribe";
      readonly subscriptions: readonly SubscriptionRequest[];
      readonly identifier: number;
    }
  | { readonly kind: "unsubscribe"; readonly filters: readonly string[] }
  | ProvisionRequest
  | PullRequest
  | SettleRequest
  | SinkRequest
  | TraceRequest
  | SaveRequest
  | RestoreRequest
  | RestoreEndRequest;

export type ManageAnswer =
  | Description
  /** `before`: as it was, for the audit log; absent if there was nothing, or earlier code answers. */
  | { readonly kind: "kicked"; readonly wasConnected: boolean; readonly before?: Description }
  | { readonly kind: "ended"; readonly existed: boolean; readonly before?: Description }
  | PurgeAnswer
  | QueuePage
  | { readonly kind: "subscriptions"; readonly subscriptions: readonly StoredSubscription[] }
  /** A reason for each filter, as SUBACK or UNSUBACK would have it. */
  | {
      readonly kind: "subscribed";
      readonly reasons: readonly ReasonCode[];
      /** Those of the filters that were there before. */
      readonly before?: readonly StoredSubscription[];
    }
  | {
      readonly kind: "provisioned";
      readonly before?: Description;
      readonly created: boolean;
      readonly reasons: readonly ReasonCode[];
      readonly generation: number;
    }
  | PullAnswer
  | SettleAnswer
  | SinkAnswer
  | { readonly kind: "traced" }
  | SavedPage
  | RestoreAnswer
  /** A topic shard did not answer: what was asked for may hold in part, and asking again completes it. */
  | { readonly kind: "unreachable" }
  /** There is no such session. */
  | { readonly kind: "absent" }
  /** This code does not know the request: newer code has asked. */
  | { readonly kind: "unknown" };

export interface Managed {
  readonly answer: ManageAnswer;
  /** The answer holds once `Effects.carriedOut` names the ticket. */
  readonly waits: boolean;
}

/** `ticket` is not used by anything else that is under way. */
export function manage(
  session: Session,
  request: ManageRequest,
  ticket: number,
  effects: Effects,
  nowMs: number,
): Managed {
  endIfOver(session, effects, nowMs);
  const isAbsent = generationOf(session) === undefined;
  if (isUnfinished(session.record, nowMs) && !mayMeetUnfinished.has(request.kind)) return atOnce(absent);
  switch (request.kind) {
    case "provision": {
      const before = session.record === undefined ? {} : { before: describe(session) };
      const { waits, ...answer } = provision(session, request, ticket, effects, nowMs);
      return { answer: answer.kind === "provisioned" ? { ...answer, ...before } : answer, waits };
    }
    case "describe":
      return atOnce(isAbsent ? absent : describe(session));
    case "kick": {
      const wasConnected = session.connection !== undefined;
      const before = wasConnected ? { before: describe(session) } : {};
      violate(session, request.reason, "an operator has ended the connection", effects, nowMs);
      return atOnce({ kind: "kicked", wasConnected, ...before });
    }
    case "end": {
      const before = isAbsent ? {} : { before: describe(session) };
      end(session, effects, nowMs);
      return atOnce({ kind: "ended", existed: !isAbsent, ...before });
    }
    case "purge":
      return atOnce(isAbsent ? absent : purge(session, effects));
    case "queue":
      return atOnce(isAbsent ? absent : queuePage(session, request, nowMs));
    case "subscriptions": {
      const subscriptions = session.reads.subscriptionsAfter(request.after, request.limit);
      return atOnce(isAbsent ? absent : { kind: "subscriptions", subscriptions });
    }
    case "subscribe": {
      if (isAbsent) return atOnce(absent);
      const { subscriptions, identifier } = request;
      const before = known(
        session,
        subscriptions.map(({ filter }) => filter),
      );
      const { reasons, isSettled } = subscribeFor(session, subscriptions, identifier, ticket, effects);
      return { answer: { kind: "subscribed", reasons, before }, waits: !isSettled };
    }
    case "unsubscribe": {
      if (isAbsent) return atOnce(absent);
      const before = known(session, request.filters);
      const { reasons, isSettled } = unsubscribeFor(session, request.filters, ticket, effects);
      return { answer: { kind: "subscribed", reasons, before }, waits: !isSettled };
    }
    case "pull":
      return atOnce(pull(session, request, effects, nowMs));
    case "settle":
      return atOnce(settle(session, request, effects, nowMs));
    case "sink":
    case "dead-letters":
    case "dead-letter":
    case "send-letters":
    case "discard-letters":
      return atOnce(manageSink(session, request, effects));
    case "trace":
      return atOnce(follow(session, request, effects, nowMs) ? { kind: "traced" } : absent);
    case "save":
      return atOnce(save(session, request) ?? absent);
    case "restore":
      return atOnce({ kind: "restored", status: restore(session, request, effects, nowMs) });
    case "restore-end": {
      const { status, waits } = endRestore(session, request, ticket, effects, nowMs);
      return { answer: { kind: "restored", status }, waits };
    }
    default:
      request satisfies never;
      return atOnce({ kind: "unknown" });
  }
}

const absent = { kind: "absent" } as const;

/** What may be asked of a session that is being restored. */
const mayMeetUnfinished = new Set<ManageRequest["kind"]>(["describe", "end", "restore", "restore-end"]);

function atOnce(answer: ManageAnswer): Managed {
  return { answer, waits: false };
}

function known(session: Session, filters: readonly string[]): readonly StoredSubscription[] {
  return [...new Set(filters)].flatMap((filter) => session.reads.subscription(filter) ?? []);
}

/** Its will is published at once: a will does not outwait its session [MQTT-3.1.2-8]. */
function end(session: Session, effects: Effects, nowMs: number): void {
  violate(session, ReasonCode.administrativeAction, "an operator has ended the session", effects, nowMs);
  if (session.record === undefined) return;
  startWill(session, 0, effects, nowMs);
  endSession(session, effects, nowMs, "operator");
}
