// How many messages a session has that its client has not acknowledged, as the HTTP API tells.

import { testAdminKey } from "./admin-key.ts";

/** `url`: of a broker that was started with the tests' admin key. */
export async function queueDepth(url: string, clientId: string): Promise<number> {
  const response = await fetch(new URL(`/api/v1/clients/${clientId}`, url.replace(/^ws/, "http")), {
    headers: { Authorization: `Bearer ${testAdminKey}` },
  });
  return ((await response.json()) as { queue: { messages: number } }).queue.messages;
}
