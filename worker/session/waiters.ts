// Workers that wait for messages over HTTP. Each holds a socket to the session object, which sleeps meanwhile and says a word
// on it when there is something to pull: a call that is held open would keep the object awake, and be billed.

import type { Effects } from "../../src/session/effects.ts";
import { writeAttachment } from "./socket.ts";

/** Where the socket is asked for. */
export const waiterPath = "/wait";

const tag = "waiter";
const word = "ready";

export class Waiters {
  readonly #ctx: DurableObjectState;

  constructor(ctx: DurableObjectState) {
    this.#ctx = ctx;
  }

  /** `isReady`: there is something already. */
  accept(isReady: boolean): Response {
    const { 0: worker, 1: own } = new WebSocketPair();
    this.#ctx.acceptWebSocket(own, [tag]);
    // It is no client's: whatever comes on it is not taken for a hello.
    writeAttachment(own, { epoch: -1, snapshot: undefined, alarmAtMs: 0 });
    if (isReady) own.send(word);
    return new Response(null, { status: 101, webSocket: worker });
  }

  /** Messages have come: as many are told as there are messages, those that have waited longest. */
  tell({ persist }: Effects): void {
    let count = 0;
    for (const change of persist) if (change.kind === "put-segment") count += change.segment.count;
    if (count > 0) this.tellSome(count);
  }

  tellAll(): void {
    this.tellSome(Number.POSITIVE_INFINITY);
  }

  tellSome(count: number): void {
    let left = count;
    for (const socket of this.#ctx.getWebSockets(tag)) {
      if (left <= 0) return;
      if (socket.readyState !== WebSocket.READY_STATE_OPEN) continue;
      try {
        socket.send(word);
        // Once told it does not wait any more.
        socket.close(1000, word);
        left--;
      } catch {
        // It has gone, and another is told.
      }
    }
  }
}
