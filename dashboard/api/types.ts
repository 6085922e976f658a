// What the API answers, under the names by which the pages know it.

import type { TraceEvent as RecordedEvent } from "../../src/trace/event.ts";
import type { Answer } from "./call.ts";
import type { ItemOf } from "./list.ts";

export type Caller = Answer<"GET /self">;
export type Scope = Caller["scopes"][number];
export type User = Answer<"GET /users/{name}">;
export type DeviceKey = Answer<"GET /users/{name}/keys">["items"][number];
export type Group = ItemOf<"GET /groups">;
export type Rule = ItemOf<"GET /rules">;
export type SessionTemplate = ItemOf<"GET /templates">;
export type Ban = ItemOf<"GET /bans">;
export type Verdict = Answer<"POST /explain">;
export type RetainedMessage = ItemOf<"GET /retained">;
export type Client = ItemOf<"GET /clients">;
export type ClientDetails = Answer<"GET /clients/{clientId}">;
export type Subscription = ItemOf<"GET /sessions/{clientId}/subscriptions">;
export type QueuedMessage = ItemOf<"GET /sessions/{clientId}/queue">;
export type ApiKey = ItemOf<"GET /api-keys">;
export type AuditEntry = ItemOf<"GET /audit">;
export type Setting = Answer<"GET /settings">["items"][number];
export type Trace = ItemOf<"GET /traces">;
export type TraceDetails = Answer<"GET /traces/{id}">;
/** Under the number by which a reader goes on behind it. */
export type TraceEvent = RecordedEvent & { readonly number: number };
export type Webhook = Answer<"GET /webhooks/{name}">;
export type WebhookStatus = Answer<"GET /webhooks/{name}/status">;
export type DeadLetter = ItemOf<"GET /webhooks/{name}/dead-letters">;
