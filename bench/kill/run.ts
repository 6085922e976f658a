// The run with kills: two publishers (QoS 1 and QoS 2) send to an online and an offline persistent consumer while the
// whole broker is killed several times at seeded moments. The same run can be pointed at any broker that can be killed.

import { randomBytes } from "node:crypto";
import type { Version } from "./connection.ts";
import { Consumer } from "./consumer.ts";
import { Publisher } from "./publisher.ts";
import { seededRandom } from "./random.ts";
import { judge, type Verdict } from "./verdict.ts";

export interface KillableBroker {
  readonly url: string;
  kill9(): Promise<void>;
  restart(): Promise<void>;
}

export interface KillOptions {
  readonly seed: number;
  readonly kills: number;
  /** Messages of each QoS. */
  readonly messages: number;
  readonly window: number;
  readonly version: Version;
  readonly topics: number;
  /** Ceiling for each part of the run: between two kills, and for the consumers at the end. */
  readonly partTimeoutMs: number;
  /** At the end, a consumer to which nothing more comes for so long has got all it will get. */
  readonly quietMs: number;
}

export const killDefaults: KillOptions = {
  seed: 1,
  kills: 5,
  messages: 1_200,
  window: 32,
  version: 4,
  topics: 3,
  partTimeoutMs: 60_000,
  quietMs: 8_000,
};

export interface KillReport {
  readonly seed: number;
  readonly kills: number;
  readonly resent: number;
  readonly verdict: Verdict;
}

const pollMs = 10;

async function until(isTrue: () => boolean, timeoutMs: number, whatIsMissing: () => string): Promise<void> {
  const deadlineMs = Date.now() + timeoutMs;
  while (!isTrue()) {
    if (Date.now() > deadlineMs) throw new Error(`after ${timeoutMs} ms: ${whatIsMissing()}`);
    await new Promise((resolve) => setTimeout(resolve, pollMs));
  }
}

export async function runWithKills(broker: KillableBroker, wanted: Partial<KillOptions> = {}): Promise<KillReport> {
  const options = { ...killDefaults, ...wanted };
  const { messages, kills, partTimeoutMs, version } = options;
  const random = seededRandom(options.seed);
  const run = randomBytes(4).toString("hex");
  const { url } = broker;
  // The topics differ in their first two levels, so that a broker that spreads topics over shards is hit in several.
  const topicOf = (quality: number, sequence: number): string =>
    `kill-${run}/${sequence % options.topics}/qos${quality}`;
  const filters = Array.from({ length: options.topics }, (_unused, index) => `kill-${run}/${index}/#`);
  const online = new Consumer({ url, version, clientId: `online-${run}`, filters });
  const offline = new Consumer({ url, version, clientId: `offline-${run}`, filters });
  const consumers = [online, offline];

  let onAcknowledged: (quality: 1 | 2, count: number) => void = () => {};
  const publishers = ([1, 2] as const).map(
    (quality) =>
      new Publisher({
        url,
        version,
        clientId: `publisher${quality}-${run}`,
        quality,
        topicOf: (sequence) => topicOf(quality, sequence),
        messages,
        window: options.window,
        onAcknowledged: (count) => onAcknowledged(quality, count),
      }),
  );
  const state = (): string => publishers.map((publisher) => publisher.state).join("; ");

  try {
    for (const consumer of consumers) consumer.start();
    await until(
      () => consumers.every((consumer) => consumer.isSubscribed),
      partTimeoutMs,
      () => "no SUBACK",
    );
    offline.stop();
    for (const publisher of publishers) publisher.start();

    const part = Math.floor(messages / (kills + 1));
    for (let kill = 0; kill < kills; kill += 1) {
      // The kill comes with an acknowledgement in the middle of this part, of the QoS whose turn it is.
      const chosen = kill % 2 === 0 ? 1 : 2;
      const at = kill * part + 1 + Math.floor(random() * (part - 2));
      const delayMs = random() * 4;
      const killed = new Promise<void>((resolve, reject) => {
        onAcknowledged = (quality, count) => {
          if (quality !== chosen || count < at) return;
          onAcknowledged = () => {};
          setTimeout(() => broker.kill9().then(resolve, reject), delayMs);
        };
      });
      killed.catch(() => {});
      for (const publisher of publishers) publisher.allowUpTo((kill + 1) * part);
      await within(
        killed,
        partTimeoutMs,
        () => `kill ${kill + 1} is due at acknowledgement ${at} of QoS ${chosen}; ${state()}`,
      );
      await broker.restart();
    }
    for (const publisher of publishers) publisher.allowUpTo(messages);
    await until(
      () => publishers.every((publisher) => publisher.isDone),
      partTimeoutMs,
      () => `publishers: ${state()}`,
    );

    offline.start();
    const owed = publishers.reduce((sum, publisher) => sum + publisher.acknowledged.size, 0);
    for (const consumer of consumers) await drain(consumer, owed, options);
    for (const consumer of consumers) await reconnectAndDrain(consumer, options);
    const streams = publishers.map((publisher, index) => ({
      quality: index === 0 ? (1 as const) : (2 as const),
      messages,
      acknowledged: publisher.acknowledged,
      refused: publisher.refused,
      sessionsForgotten: publisher.sessionsForgotten,
    }));
    const resent = publishers.reduce((sum, publisher) => sum + publisher.resent, 0);
    return { seed: options.seed, kills, resent, verdict: judge(streams, consumers) };
  } finally {
    for (const party of [...publishers, ...consumers]) party.stop();
  }
}

async function within<Value>(promise: Promise<Value>, timeoutMs: number, whatIsMissing: () => string): Promise<Value> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`after ${timeoutMs} ms: ${whatIsMissing()}`)), timeoutMs);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Waits until everything owed has come, or nothing more comes. */
async function drain(consumer: Consumer, owed: number, options: KillOptions): Promise<void> {
  let count = -1;
  let movedMs = Date.now();
  const isOver = (): boolean => {
    if (consumer.deliveries.length !== count) {
      count = consumer.deliveries.length;
      movedMs = Date.now();
    }
    const distinct = new Set(consumer.deliveries.map(({ quality, sequence }) => sequence * 4 + quality)).size;
    return distinct >= owed || Date.now() - movedMs > options.quietMs;
  };
  await until(isOver, options.partTimeoutMs, () => `${consumer.name} still receives`);
}

/** One more connection: whatever the broker believes is not finished would be sent again now. */
async function reconnectAndDrain(consumer: Consumer, options: KillOptions): Promise<void> {
  consumer.stop();
  consumer.start();
  await until(
    () => consumer.isUp,
    options.partTimeoutMs,
    () => `${consumer.name} is not connected`,
  );
  const barriers = consumer.barriers;
  consumer.sendBarrier();
  await until(
    () => consumer.barriers > barriers,
    options.partTimeoutMs,
    () => `${consumer.name}: no answer`,
  );
}
