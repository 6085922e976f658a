// Waiting for messages of a session without keeping its object awake: over a socket that sleeps with it.

import type { Env } from "../env.ts";
import { sessionName } from "../names.ts";
import { sessionStub } from "../stubs.ts";

/** Until there may be something to pull, or the time is over. */
export async function news(env: Env, clientId: string, waitMs: number): Promise<void> {
  const response = await sessionStub(env, sessionName(clientId)).fetch("https://session/wait", {
    headers: { Upgrade: "websocket" },
  });
  const socket = response.webSocket;
  if (socket === null) return;
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
}
