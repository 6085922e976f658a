// Publishes for somebody who is no client: an HTTP request is a publisher of its own, which lives as long as the request.
// What is for one shard goes there in its order, one call after the other.

import { createHash } from "node:crypto";
import pMap from "p-map";
import type { Publish } from "../src/protocol/packet.ts";
import { RecordWriter } from "../src/queue/record.ts";
import { callBytesMax } from "../src/session/outgoing.ts";
import type { Outcome } from "../src/shard/outcome.ts";
import type { Env } from "./env.ts";
import { withRetries } from "./retry.ts";
import { shardStub } from "./stubs.ts";

export interface PlacedMessage {
  readonly shard: number;
  readonly packet: Publish;
}

/** `unknown`: the shard runs older code, which does not say. */
export type Result = Outcome | "unknown" | "unreachable";

/** Who publishes: a request that can be recognised when it comes again, or one that cannot. */
export interface Publisher {
  readonly name: string;
  readonly isRemembered: boolean;
}

interface Chunk {
  readonly body: Uint8Array;
  /** Of each record its index among all messages. */
  readonly indexes: readonly number[];
}

const shardsAtOnce = 6;

/** Nobody comes again with these messages; but the repetitions between us and the shard of one of QoS 2 have to be recognised. */
export function unknownPublisher(messages: readonly Pick<Publish, "qos">[]): Publisher {
  if (messages.some(({ qos }) => qos === 2)) return rememberedPublisher([crypto.randomUUID()]);
  return { name: `a:${crypto.randomUUID()}`, isRemembered: false };
}

/** One request is another one's repetition if all of `parts` are the same. */
export function rememberedPublisher(parts: readonly string[]): Publisher {
  return { name: `a:${createHash("sha256").update(JSON.stringify(parts)).digest("base64url")}`, isRemembered: true };
}

/** In the order of the messages; when this returns, what was taken is durable. */
export async function publishAll(
  env: Env,
  publisher: Publisher,
  messages: readonly PlacedMessage[],
  nowMs: number,
): Promise<Result[]> {
  const results = new Array<Result>(messages.length).fill("unreachable");
  await pMap(
    chunksOf(messages, nowMs),
    async ([shard, chunks]) => {
      for (const [number, { body, indexes }] of chunks.entries()) {
        const outcomes = await publishChunk(env, publisher, shard, number, body);
        // What follows may not overtake it.
        if (outcomes === undefined) return;
        for (const [record, index] of indexes.entries()) results[index] = outcomes[record] ?? "unknown";
      }
    },
    { concurrency: shardsAtOnce },
  );
  return results;
}

async function publishChunk(
  env: Env,
  { name, isRemembered }: Publisher,
  shard: number,
  number: number,
  body: Uint8Array,
): Promise<readonly (Outcome | undefined)[] | undefined> {
  // Each is remembered by itself: a request that was cut short goes on where it was.
  const session = isRemembered ? `${name}:${number}` : name;
  const key = { source: session, incarnation: 1, sequence: isRemembered ? 1 : number + 1 };
  const call = { kind: "publish", key, session, generation: 0, isWill: false, body, asks: true } as const;
  try {
    const answer = await withRetries(async (attempt) => {
      const request = { ...call, repeated: attempt > 0, remembered: isRemembered };
      const answered = await shardStub(env, shard).exchange(request);
      if ("stale" in answered) throw new Error("the shard knows a later life of this request");
      return answered;
    });
    if (answer.outcomes !== undefined) return answer.outcomes;
    return answer.refused.reduce<(Outcome | undefined)[]>((outcomes, index) => {
      outcomes[index] = { reached: 0, refused: "queue-full" };
      return outcomes;
    }, []);
  } catch (error) {
    console.error(JSON.stringify({ event: "shard-unreachable", shard, session, error: `${error}` }));
    return undefined;
  }
}

function chunksOf(messages: readonly PlacedMessage[], nowMs: number): [number, Chunk[]][] {
  const shards = new Map<number, { readonly chunks: Chunk[]; readonly writer: RecordWriter; indexes: number[] }>();
  for (const [index, { shard, packet }] of messages.entries()) {
    const of = shards.get(shard) ?? { chunks: [], writer: new RecordWriter(), indexes: [] };
    shards.set(shard, of);
    const { qos, retain, topicBytes, properties, payload, messageExpirySeconds } = packet;
    const expiresAtMs = messageExpirySeconds === undefined ? 0 : nowMs + messageExpirySeconds * 1000;
    if (of.writer.byteLength > 0 && of.writer.byteLength + topicBytes.length + payload.length > callBytesMax) close(of);
    of.writer.append({ qos, retain, sequence: 0, expiresAtMs, topicBytes, properties, payload });
    of.indexes.push(index);
  }
  return Array.from(shards, ([shard, of]) => {
    close(of);
    return [shard, of.chunks];
  });
}

function close(of: { readonly chunks: Chunk[]; readonly writer: RecordWriter; indexes: number[] }): void {
  of.chunks.push({ body: of.writer.take(), indexes: of.indexes });
  of.indexes = [];
}
