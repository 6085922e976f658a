// `/metrics`: the counters of this running copy of the Worker, for Prometheus; without a key only if the operator says so.

import { configOf } from "./config.ts";
import { counters } from "./counters.ts";
import { Control } from "./d1/control.ts";
import type { Env } from "./env.ts";
import { sessionCounts } from "./sys.ts";

const headers = { "Content-Type": "text/plain; version=0.0.4; charset=utf-8", "Cache-Control": "no-store" };

/** What no copy counts: the sessions that there are, from the list. Left out while it does not answer. */
async function gauges(env: Env): Promise<string> {
  try {
    const name = "durablemq_sessions";
    const counts = Object.entries(await sessionCounts(env, Date.now()));
    const lines = counts.map(([state, count]) => `${name}{state="${state}"} ${count}`);
    return `# HELP ${name} Sessions by state, as the list of clients has them.\n# TYPE ${name} gauge\n${lines.join("\n")}\n`;
  } catch (error) {
    console.warn(JSON.stringify({ event: "sys-unknown", topic: "sessions", error: `${error}` }));
    return "";
  }
}

/** What answers whoever may not read them. The HTTP API decides that, and is not loaded before it has to. */
async function refusal(request: Request, env: Env): Promise<Response | undefined> {
  const [{ errorResponse }, { permitted }] = await Promise.all([
    import("./admin/errors.ts"),
    import("./admin/permitted.ts"),
  ]);
  try {
    await permitted(request, env, new Control(env.CONTROL), Date.now(), "read");
    return undefined;
  } catch (error) {
    return errorResponse(error);
  }
}

export async function metrics(request: Request, env: Env): Promise<Response> {
  const refused = configOf(env).metricsOpen ? undefined : await refusal(request, env);
  return refused ?? new Response(counters.text() + (await gauges(env)), { headers });
}
