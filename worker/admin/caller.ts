// Who calls the HTTP API: whoever Cloudflare Access answers for, if the deployment says so, or whoever has a bearer key, either the
// deployment's own ADMIN_KEY or one from the control database. Those are read at each call, so that a key that was deleted is refused
// at once.

import { hashOf, isSecret } from "../auth/secret.ts";
import { configOf } from "../config.ts";
import { apiKeyShape } from "../d1/api-keys.ts";
import type { Control } from "../d1/control.ts";
import { findOne } from "../d1/seen.ts";
import type { Env } from "../env.ts";
import { type Scope, scopes } from "../scopes.ts";
import { AccessTokens } from "./access-token.ts";
import { ProblemError, unauthorized } from "./problem.ts";

export interface Caller {
  /** For the audit log. */
  readonly name: string;
  readonly scopes: readonly Scope[];
}

const keyForm = /^dmq_([0-9a-z]{19})_([\w-]{43})$/;

export function formatKey(id: string, secret: string): string {
  return `dmq_${id}_${secret}`;
}

export async function callerOf(request: Request, env: Env, control: Control, nowMs: number): Promise<Caller> {
  const byAccess = request.headers.has("Authorization") ? undefined : await accessCaller(request, env, nowMs);
  if (byAccess !== undefined) return byAccess;
  const [, key] = /^Bearer +(\S+)$/i.exec(request.headers.get("Authorization") ?? "") ?? [];
  if (key === undefined) throw new ProblemError(unauthorized);
  const { adminKey } = configOf(env);
  if (adminKey !== "" && isSecret(key, hashOf(adminKey))) return { name: "ADMIN_KEY", scopes };
  const [, id, secret] = keyForm.exec(key) ?? [];
  if (id === undefined || secret === undefined) throw new ProblemError(unauthorized);
  const known = (await findOne(control, apiKeyShape, id)).item;
  // A key that nobody has is compared as well.
  const isRight = isSecret(secret, known?.hash ?? hashOf(""));
  const isOver = known?.expiresAtMs !== undefined && known.expiresAtMs <= nowMs;
  if (known === undefined || !isRight || isOver) throw new ProblemError(unauthorized);
  return { name: `key:${known.id}:${known.name}`, scopes: known.scopes };
}

let tokens: AccessTokens | undefined;

async function accessCaller(request: Request, env: Env, nowMs: number): Promise<Caller | undefined> {
  const { access } = configOf(env);
  if (access.team === "") return undefined;
  tokens ??= new AccessTokens(access);
  return tokens.callerOf(request, nowMs);
}

/** `admin` may do everything, and who operates may look, and take messages out of queues. */
export function mayUse(caller: Caller, scope: Scope): boolean {
  if (caller.scopes.includes("admin") || caller.scopes.includes(scope)) return true;
  return (scope === "read" || scope === "consume") && caller.scopes.includes("operate");
}
