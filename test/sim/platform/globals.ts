// What the objects' code finds as global: clock, timers, chance and WebSockets of the world that runs, instead of Node's.
// Installed once, for a thread that does nothing else.

import type { Life } from "./life.ts";
import { Line } from "./line.ts";
import type { Platform } from "./platform.ts";

const nodeImmediate = globalThis.setImmediate;
let world: Platform | undefined;

/** The world whose clock the thread's code sees from now on. */
export function inhabit(platform: Platform): void {
  world = platform;
}

/** Until all promises that can settle have. */
export function turnOfEventLoop(): Promise<void> {
  return new Promise((resolve) => nodeImmediate(resolve));
}

export function installGlobals(): void {
  const log = (...words: unknown[]) => world?.note("log", world.current?.host.name ?? "", words.join(" "));
  Date.now = () => inhabited().agenda.nowMs + (inhabited().current?.skewMs ?? 0);
  Math.random = () => (inhabited().current as Life).host.random.next();
  Object.assign(console, { log, warn: log, error: log });
  Object.assign(globalThis, {
    setTimeout: (ring: () => void, delayMs: number) => timer(ring, delayMs),
    clearTimeout: (cancel: (() => void) | undefined) => cancel?.(),
    scheduler: { wait: (delayMs: number) => new Promise<void>((resolve) => timer(resolve, delayMs)) },
    WebSocket: { READY_STATE_OPEN: 1 },
    WebSocketPair: Pair,
    WebSocketRequestResponsePair: AutoResponse,
    Response: Upgraded,
  });
  // A promise that nobody awaits, such as a lane's, ends with the life whose code it runs.
  process.on("unhandledRejection", (error: unknown) => inhabited().surprise("a promise that nobody awaits", error));
}

/** Returns what cancels it. */
function timer(ring: () => void, delayMs: number): () => void {
  const platform = inhabited();
  const life = platform.current as Life;
  let isOver = false;
  life.timers++;
  const end = () => {
    if (!isOver) life.timers--;
    isOver = true;
  };
  platform.agenda.after(delayMs, () => {
    if (isOver || !life.isAlive) return;
    end();
    platform.enter(life, ring);
  });
  return end;
}

function inhabited(): Platform {
  if (world === undefined) throw new Error("there is no world yet");
  return world;
}

class Pair {
  /** The edge's end is the line itself. */
  readonly 0: Line;
  readonly 1: Line["server"];

  constructor() {
    const life = inhabited().current as Life;
    this[0] = new Line(life.host);
    this[1] = this[0].server;
  }
}

class AutoResponse {}

class Upgraded {
  readonly webSocket: Line;

  constructor(_: null, { webSocket }: { readonly webSocket: Line }) {
    this.webSocket = webSocket;
  }
}
