// One session whose client is away while messages come, as they become more: appending, the first delivery after the client
// is back, draining, and the memory all of that takes.

import { RecordWriter } from "../../src/queue/record.ts";
import { defaultSessionLimits } from "../../src/session/limits.ts";
import { loadSession, type Session } from "../../src/session/state.ts";
import { type SessionInput, step, take } from "../../src/session/step.ts";
import { SessionStore } from "../../src/store/session-store.ts";
import { Sql } from "../../src/store/sql.ts";
import { type Curve, type Point, type Progress, sizesUpTo } from "./curve.ts";
import { Database } from "./database.ts";

const limits = { ...defaultSessionLimits, queueMessagesMax: 10_000_000, queueBytesMax: 5_000_000_000 };
const nowMs = 1_000_000;
const batch = 64;
const payloadBytes = 100;

class Backlog {
  readonly #database = new Database();
  #store = new SessionStore(new Sql(this.#database));
  #session = this.#load();
  /** Identifiers of what was sent and not acknowledged. */
  #unacknowledged: number[] = [];
  heapPeakMegabytes = 0;

  connect(): void {
    this.#step({
      type: "connect",
      epoch: 1,
      clientIdWasAssigned: false,
      connect: {
        type: "connect",
        version: 4,
        clientId: "scale",
        cleanStart: false,
        keepAliveSeconds: 0,
        sessionExpirySeconds: 0xffff_ffff,
        receiveMaximum: 65_535,
        maximumPacketBytes: 268_435_460,
        topicAliasMaximum: 0,
        requestResponseInformation: false,
        requestProblemInformation: true,
        userProperties: [],
      },
    });
  }

  /** The object sleeps meanwhile, and everything but its rows is forgotten. */
  leave(): void {
    this.#step({ type: "closed" });
    this.#database.reopen();
    this.#store = new SessionStore(new Sql(this.#database));
    this.#session = this.#load();
  }

  append(messages: number): void {
    for (let left = messages; left > 0; left -= batch) {
      const writer = new RecordWriter();
      for (let count = Math.min(batch, left); count > 0; count -= 1) writer.append(message);
      const generation = this.#session.record?.generation ?? 0;
      const part = { publisher: "=p", publisherGeneration: 1, generation, body: writer.take(), owed: false };
      this.#apply(take(this.#session, 0, [part], nowMs).effects);
    }
  }

  /** How many messages were delivered and acknowledged. */
  drain(): number {
    let drained = 0;
    while (this.#unacknowledged.length > 0) {
      const packets = this.#unacknowledged
        .splice(0)
        .map((packetId) => ({ type: "puback", packetId, reason: 0 }) as const);
      drained += packets.length;
      this.#step({ type: "packets", packets });
      this.heapPeakMegabytes = Math.max(this.heapPeakMegabytes, process.memoryUsage().heapUsed / 1e6);
    }
    return drained;
  }

  get received(): number {
    return this.#unacknowledged.length;
  }

  remove(): void {
    this.#database.remove();
  }

  #load(): Session {
    return loadSession("c:scale", limits, this.#store, this.#store.load(), undefined, 1);
  }

  #step(input: SessionInput): void {
    this.#apply(step(this.#session, input, nowMs));
  }

  #apply(effects: ReturnType<typeof step>): void {
    this.#store.apply(effects.persist);
    for (const packet of effects.send) if (packet.type === "publish") this.#unacknowledged.push(packet.packetId);
  }
}

const message = {
  qos: 1,
  retain: false,
  sequence: 0,
  expiresAtMs: 0,
  topicBytes: new TextEncoder().encode("plant/hall-1/device-1/temperature"),
  properties: new Uint8Array(0),
  payload: new Uint8Array(payloadBytes),
} as const;

function measureAt(size: number): Point {
  const backlog = new Backlog();
  try {
    backlog.connect();
    backlog.leave();
    globalThis.gc?.();
    const heapBefore = process.memoryUsage().heapUsed / 1e6;
    const startMs = performance.now();
    backlog.append(size);
    const appendedMs = performance.now();
    backlog.leave();
    const backMs = performance.now();
    backlog.connect();
    const firstMs = performance.now();
    if (backlog.received === 0) throw new Error("nothing was delivered after the reconnect");
    const drained = backlog.drain();
    const drainedMs = performance.now();
    if (drained !== size) throw new Error(`${drained} of ${size} were delivered`);
    return {
      size,
      values: {
        append: ((appendedMs - startMs) * 1000) / size,
        first: firstMs - backMs,
        drain: ((drainedMs - firstMs) * 1000) / size,
        memory: Math.max(0, backlog.heapPeakMegabytes - heapBefore),
      },
    };
  } finally {
    backlog.remove();
  }
}

export function backlogCurve(largest: number, progress: Progress): Curve {
  const points = sizesUpTo(largest).map((size) => {
    progress(`backlog ${size.toLocaleString("en-US")}`);
    return measureAt(size);
  });
  return {
    name: "a backlog in one session",
    of: "messages waiting",
    units: { append: "µs a message", first: "ms to the first delivery", drain: "µs a message", memory: "MB more" },
    points,
  };
}
