// Who calls, if they may do what they ask for; otherwise the problem that says what they lack.

import type { Control } from "../d1/control.ts";
import type { Env } from "../env.ts";
import type { Scope } from "../scopes.ts";
import { type Caller, callerOf, mayUse } from "./caller.ts";
import { ProblemError } from "./problem.ts";

export async function permitted(
  request: Request,
  env: Env,
  control: Control,
  nowMs: number,
  scope: Scope,
): Promise<Caller> {
  const caller = await callerOf(request, env, control, nowMs);
  if (mayUse(caller, scope)) return caller;
  throw new ProblemError({
    status: 403,
    name: "scope-missing",
    title: `This route needs the scope "${scope}".`,
    remedy: "Use a key with that scope, or give the caller one: POST /api/v1/api-keys.",
  });
}
