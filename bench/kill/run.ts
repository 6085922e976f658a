// The run with kills: all kinds of traffic while the whole broker is killed at seeded moments, in pairs now and then, and
// at last while the backlog of the consumer that was away is delivered. The same run for any broker that can be killed.

import type { Features } from "../brokers/broker.ts";
import type { Version } from "./connection.ts";
import { seededRandom } from "./random.ts";
import { judge, type Verdict } from "./verdict.ts";
import { until, untilQuiet } from "./waiting.ts";
import { Workload } from "./workload.ts";

export interface KillableBroker {
  readonly url: string;
  readonly features: Features;
  kill9(): Promise<void>;
  restart(): Promise<void>;
}

export interface KillOptions {
  readonly seed: number;
  /** Kills in the run; the last comes while the backlog is delivered, the others while messages are published. */
  readonly kills: number;
  /** Messages of each plain stream. */
  readonly messages: number;
  readonly window: number;
  readonly version: Version;
  readonly topics: number;
  /** Ceiling for each part of the run: between two kills, and for the consumers at the end. */
  readonly partTimeoutMs: number;
  /** At the end, consumers to which nothing more comes for so long have got all they will get. */
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
  readonly version: Version;
  readonly features: Features;
  /** Those of the plan, and second ones right after a restart. */
  readonly kills: number;
  readonly resent: number;
  readonly verdict: Verdict;
}

/** A broker that loses messages may never bring what a kill waits for: then it comes without. */
const patienceMs = 5_000;
/** A kill follows what triggers it after so long: mostly within the traffic of the moment, sometimes later. */
const soonMs = 4;
const laterMs = 80;
/** How often a second kill hits the broker while everybody comes back, and after which time. */
const secondKillShare = 0.25;
const secondKillMs = 300;

export async function runWithKills(broker: KillableBroker, wanted: Partial<KillOptions> = {}): Promise<KillReport> {
  const options = { ...killDefaults, ...wanted };
  const { kills, partTimeoutMs } = options;
  const random = seededRandom(options.seed);
  let killsSoFar = 0;
  let isRunning = true;
  let onProgress = (): void => {};
  const workload = new Workload({
    url: broker.url,
    features: broker.features,
    version: options.version,
    messages: options.messages,
    window: options.window,
    topics: options.topics,
    // The clients draw from their own: how many numbers they take depends on time.
    random: seededRandom(options.seed + 1),
    brokerLife: () => (isRunning ? killsSoFar : undefined),
    onProgress: () => onProgress(),
  });

  const killAndRestart = async (): Promise<void> => {
    killsSoFar += 1;
    isRunning = false;
    await broker.kill9();
    await broker.restart();
    isRunning = true;
  };
  /** Kills shortly after `count` has reached `at`; then starts the broker again. */
  const killAt = async (count: () => number, at: number): Promise<void> => {
    const delayMs = random() < 0.7 ? random() * soonMs : random() * laterMs;
    const isSecondDue = random() < secondKillShare;
    const secondMs = random() * secondKillMs;
    await new Promise<void>((resolve) => {
      const patience = setTimeout(resolve, patienceMs);
      onProgress = () => {
        if (count() < at) return;
        onProgress = () => {};
        clearTimeout(patience);
        setTimeout(resolve, delayMs);
      };
      onProgress();
    });
    onProgress = () => {};
    await killAndRestart();
    if (!isSecondDue) return;
    await new Promise((resolve) => setTimeout(resolve, secondMs));
    await killAndRestart();
  };

  try {
    workload.subscribe();
    await until(
      () => workload.isSubscribed,
      partTimeoutMs,
      () => "no SUBACK",
    );
    workload.begin();
    for (let part = 1; part < kills; part += 1) {
      const count = trigger(workload, Math.floor(random() * (workload.streams.length + 1)));
      const from = count();
      workload.allow(part, kills);
      // Everybody gets that far: it is less than what may be published in this part.
      const least = Math.floor(options.messages / 4 / kills);
      await killAt(count, from + 1 + Math.floor(random() * (least - 1)));
      await workload.lookAtRetained();
    }
    workload.allow(kills, kills);
    await until(
      () => workload.isPublished,
      partTimeoutMs,
      () => `publishers: ${workload.state}`,
    );

    const { offline } = workload;
    workload.gather();
    if (kills > 0) {
      const at = 1 + Math.floor(random() * (2 * options.messages - 1));
      await killAt(() => offline.deliveries.length, at);
    }
    await untilQuiet(
      () => workload.isComplete,
      () => workload.delivered,
      options.quietMs,
      partTimeoutMs,
      () => "still receiving",
    );
    await workload.lookAtRetained();
    for (const consumer of workload.consumers) {
      consumer.stop();
      consumer.start();
      await until(
        () => consumer.isUp,
        partTimeoutMs,
        () => `${consumer.name} is not connected`,
      );
      const { barriers } = consumer;
      consumer.sendBarrier();
      await until(
        () => consumer.barriers > barriers,
        partTimeoutMs,
        () => `${consumer.name}: no answer`,
      );
    }
    const { seed, version } = options;
    const { resent } = workload;
    return { seed, version, features: broker.features, kills: killsSoFar, resent, verdict: judge(workload.evidence()) };
  } finally {
    workload.stop();
  }
}

/** What the next kill waits for: acknowledgements of one stream, or deliveries to the online consumer. */
function trigger(workload: Workload, chosen: number): () => number {
  const publisher = workload.streams[chosen];
  return () => publisher?.acknowledged.size ?? workload.online.deliveries.length;
}
