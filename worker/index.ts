// The Worker: MQTT over WebSocket on /mqtt, on / for an upgrade, and on /mqtt/<client id>; the HTTP API, health and counters; the operators' page.

import { basePath } from "./admin/base-path.ts";
import { configOf } from "./config.ts";
import { counterSink } from "./counter-sink.ts";
import { directPrefix, directUpgrade } from "./edge/direct.ts";
import { isUpgrade, upgrade } from "./edge/upgrade.ts";
import type { Env } from "./env.ts";
import { Health } from "./health.ts";
import { metrics } from "./metrics.ts";
import { page } from "./page.ts";

export { SessionDirectory } from "./directory/object.ts";
export { GateObject } from "./gate/object.ts";
export { RelayObject } from "./relay/object.ts";
export { SessionObject } from "./session/object.ts";
export { TopicShard } from "./shard/object.ts";
export { TraceObject } from "./trace/object.ts";

const health = new Health();

/** The HTTP API, its schemas before all, is more than the broker itself: a copy of the Worker that is never asked for it does without. */
async function administer(request: Request, env: Env, context: ExecutionContext): Promise<Response> {
  const { app } = await import("./admin/app.ts");
  return app.fetch(request, env, context);
}

async function healthResponse(env: Env): Promise<Response> {
  const answer = await health.of(env, Date.now());
  const status = answer.status === "ok" ? 200 : 503;
  return Response.json(answer, { status, headers: { "Cache-Control": "no-store" } });
}

export default {
  fetch(request, env, context) {
    try {
      configOf(env);
    } catch (error) {
      return new Response(`${(error as Error).message}\n`, { status: 500 });
    }
    counterSink.flush(env.METRICS, Date.now());
    const { pathname } = new URL(request.url);
    if (isUpgrade(request) && (pathname === "/mqtt" || pathname === "/")) return upgrade(request, env, context);
    if (isUpgrade(request) && pathname.startsWith(directPrefix)) return directUpgrade(request, env, context);
    if (pathname === "/mqtt" || pathname.startsWith(directPrefix)) {
      return new Response("MQTT over WebSocket lives here: connect with an MQTT client.\n", {
        status: 426,
        headers: { Upgrade: "websocket", Connection: "Upgrade" },
      });
    }
    if (pathname === basePath || pathname.startsWith(`${basePath}/`)) return administer(request, env, context);
    if (pathname === "/healthz") return healthResponse(env);
    if (pathname === "/metrics") return metrics(request, env);
    return page(request, env);
  },
} satisfies ExportedHandler<Env>;
