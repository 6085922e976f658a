import type { Env } from "./env.ts";

export { SessionObject } from "./session/object.ts";
export { TopicShard } from "./shard/object.ts";

export default {
  fetch(request) {
    const { pathname } = new URL(request.url);
    if (pathname === "/healthz") return new Response("ok\n");
    return new Response("not found\n", { status: 404 });
  },
} satisfies ExportedHandler<Env>;
