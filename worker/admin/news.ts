// Waiting for messages of a session without keeping its object awake: over a socket that sleeps with it.

import { counters } from "../counters.ts";
import type { Env } from "../env.ts";
import { sessionName } from "../names.ts";
import { sessionStub } from "../stubs.ts";

/** Waits until there may be something to pull, or the time is over. False at once if nobody will tell. */
export async function news(env: Env, clientId: string, waitMs: number): Promise<boolean> {
  counters.add("object_calls");
  const session = sessionStub(env, sessionName(clientId));
  const response = await session
    .fetch("https://session/wait", { headers: { Upgrade: "websocket" } })
    .catch(() => undefined);
  const socket = response?.webSocket ?? null;
  if (socket === null) return false;
  const { promise, resolve } = Promise.withResolvers<void>();
  for (const event of ["message", "close", "error"] as const) socket.addEventListener(event, () => resolve());
  socket.accept();
  const timer = setTimeout(resolve, waitMs);
  await promise;
  clearTimeout(timer);
  try {
    socket.close(1000, "");
  } catch {
    // It is closed already.
  }
  return true;
}
