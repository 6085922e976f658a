// One message to more and more sessions: what the topic shard's own object has to do, calling each session itself and by way of
// relays. The shard's own code, with what calls carry serialized as calls between objects are; what sessions and relays do is
// not in it, since that is other objects' time.

import { deserialize, serialize } from "node:v8";
import type { DeliveryAnswer } from "../../src/session/deliver.ts";
import type { Delivery } from "../../src/shard/plan.ts";
import { ShardStore } from "../../src/store/shard-store.ts";
import { Sql } from "../../src/store/sql.ts";
import { records } from "../../test/support/records.ts";
import { fanOutOver } from "../../test/unit/worker/support/fan-out.ts";
import type { Env } from "../../worker/env.ts";
import type { Curve, Point, Progress } from "./curve.ts";
import { Database } from "./database.ts";

const sizes = [10, 100, 1_000, 10_000, 50_000];
const rounds = 5;
const callsAtOnce = 64;
const answer: DeliveryAnswer = { busy: false, parts: [{ gone: false, refused: [] }] };

/** Counts calls, and what they weigh. */
class Calls {
  count = 0;
  bytes = 0;

  take<Answer>(request: unknown, answer: Answer): Promise<Answer> {
    this.count++;
    const sent = serialize(request);
    this.bytes += sent.length;
    return Promise.resolve(deserialize(serialize(answer)) as Answer);
  }
}

function namespacesWith(calls: Calls): Env {
  return {
    SESSION: { getByName: () => ({ deliver: (call: unknown) => calls.take(call, answer) }) },
    RELAY: {
      getByName: () => ({
        deliver: (relayed: readonly unknown[]) =>
          calls.take(
            relayed,
            relayed.map(() => answer),
          ),
      }),
    },
  } as unknown as Env;
}

async function measureAt(size: number, fanOutDirectMax: number): Promise<Record<"time" | "calls" | "bytes", number>> {
  const database = new Database();
  try {
    const calls = new Calls();
    const store = new ShardStore(new Sql(database));
    const events = { persist: store.apply.bind(store), gone: () => {}, wakeAt: () => {} };
    const options = { env: namespacesWith(calls), reads: store, width: callsAtOnce, directMax: fanOutDirectMax };
    const fanOut = fanOutOver(options, events);
    const body = records(`plant/hall/alarm:${"x".repeat(100)} q1`);
    const deliveries: Delivery[] = Array.from({ length: size }, (_, index) => {
      return { session: `c:device-${index}`, generation: 1, body, count: 1, indexes: undefined, guaranteed: true };
    });
    const taken: number[] = [];
    for (let round = 0; round < rounds; round++) {
      const before = process.cpuUsage();
      await fanOut.send("=c:publisher", 1, deliveries, true);
      const { user, system } = process.cpuUsage(before);
      taken.push((user + system) / size);
    }
    const time = taken.toSorted((left, right) => left - right)[Math.floor(rounds / 2)] ?? Number.NaN;
    return { time, calls: calls.count / rounds, bytes: calls.bytes / rounds / size };
  } finally {
    database.remove();
  }
}

export async function fanOutCurve(progress: Progress): Promise<Curve> {
  const points: Point[] = [];
  for (const size of sizes) {
    progress(`fan-out to ${size.toLocaleString("en-US")}`);
    const direct = await measureAt(size, Number.POSITIVE_INFINITY);
    const relayed = await measureAt(size, 0);
    const values = {
      directCalls: direct.calls,
      directTime: direct.time,
      relayedCalls: relayed.calls,
      relayedTime: relayed.time,
      relayedBytes: relayed.bytes,
    };
    points.push({ size, values });
  }
  return {
    name: "one message to many sessions, the shard's part",
    of: "sessions",
    units: {
      directCalls: "calls, direct",
      directTime: "µs a delivery, direct",
      relayedCalls: "calls, relayed",
      relayedTime: "µs a delivery, relayed",
      relayedBytes: "bytes of calls a delivery, relayed",
    },
    points,
  };
}
