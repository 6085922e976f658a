// `/metrics`: the counters of this running copy of the Worker, for Prometheus; without a key only if the operator says so.

import { errorResponse } from "./admin/errors.ts";
import { permitted } from "./admin/permitted.ts";
import { configOf } from "./config.ts";
import { counters } from "./counters.ts";
import { Control } from "./d1/control.ts";
import type { Env } from "./env.ts";

const headers = { "Content-Type": "text/plain; version=0.0.4; charset=utf-8", "Cache-Control": "no-store" };

export async function metrics(request: Request, env: Env): Promise<Response> {
  try {
    if (!configOf(env).metricsOpen) await permitted(request, env, new Control(env.CONTROL), Date.now(), "read");
    return new Response(counters.text(), { headers });
  } catch (error) {
    return errorResponse(error);
  }
}
