// A whole run of the load generator: connects everybody, warms up, measures, checks that every message arrived.

import { randomBytes } from "node:crypto";
import { Latencies, type LatencySummary } from "./latencies.ts";
import type { LoadOptions } from "./options.ts";
import { Phase, type PhaseOptions } from "./phase.ts";
import { Publisher } from "./publisher.ts";
import { Subscriber } from "./subscriber.ts";

export interface LoadResult {
  readonly quality: number;
  readonly version: number;
  readonly publishers: number;
  readonly subscribers: number;
  readonly payloadBytes: number;
  readonly window: number;
  readonly rate: number | null;
  /** Messages published in the measurement, and how often they were delivered. */
  readonly messages: number;
  readonly deliveries: number;
  readonly acknowledged: number;
  readonly seconds: number;
  /** Messages acknowledged and delivered to everybody, a second. */
  readonly messagesPerSecond: number;
  readonly deliveriesPerSecond: number;
  readonly latency: LatencySummary;
  readonly missing: number;
  readonly duplicates: number;
  readonly outOfOrder: number;
  /** QoS 2 deliveries whose PUBREC the broker never answered, so that the packet id is lost to the session. */
  readonly unfinished: number;
  /** Whether every message was acknowledged and arrived once and in order. */
  readonly complete: boolean;
  /** Share of one core the generator used: near 1, it may be what was measured. */
  readonly generatorCpuShare: number;
}

/** Called before the measurement and after it, so that somebody can read counters at these points. */
export type StepHook = (step: "ready" | "measured") => Promise<void>;

const connectAtOnce = 50;

async function connectAll(parties: readonly { connect(): Promise<void> }[]): Promise<void> {
  for (let at = 0; at < parties.length; at += connectAtOnce) {
    await Promise.all(parties.slice(at, at + connectAtOnce).map((party) => party.connect()));
  }
}

export async function runLoad(options: LoadOptions, onStep: StepHook): Promise<LoadResult> {
  const name = randomBytes(6).toString("hex");
  const latencies = new Latencies();
  let phase: Phase | undefined;
  let failure: Error | undefined;
  const onProgress = (): void => phase?.progress();
  let refuse: (problem: Error) => void = () => {};
  const broken = new Promise<never>((_resolve, reject) => {
    refuse = reject;
  });
  broken.catch(() => {});
  const onFailure = (problem: Error): void => {
    failure ??= problem;
    refuse(problem);
    phase?.fail(problem);
  };
  const { url, version, credentials, quality } = options;
  const common = { url, version, credentials, quality, onProgress, onFailure };
  const numbers = Array.from({ length: options.publishers }, (_unused, number) => number);
  const topicOf = (number: number): string =>
    options.spread ? `bench-${name}-${number}/load/values` : `bench/${name}/${number}`;
  const filters = options.spread ? numbers.map(topicOf) : [`bench/${name}/+`];
  const subscribers = Array.from(
    { length: options.subscribers },
    (_unused, number) =>
      new Subscriber({
        ...common,
        clientId: `bench-${name}-s${number}`,
        filters,
        publishers: options.publishers,
        latencies,
      }),
  );
  const publishers = numbers.map(
    (number) =>
      new Publisher({
        ...common,
        clientId: `bench-${name}-p${number}`,
        number,
        topic: topicOf(number),
        payloadBytes: options.payloadBytes,
        window: options.window,
      }),
  );
  const parties = { publishers, subscribers, quality };
  const runPhase = async (phaseOptions: PhaseOptions): Promise<number> => {
    phase = new Phase(parties, phaseOptions);
    if (failure !== undefined) throw failure;
    const startMs = performance.now();
    await phase.run();
    const seconds = (performance.now() - startMs) / 1000;
    await phase.finishConversations();
    phase = undefined;
    return seconds;
  };

  try {
    await Promise.race([connectAll(subscribers), broken]);
    await Promise.race([connectAll(publishers), broken]);
    const { stallSeconds } = options;
    if (options.warmup > 0)
      await runPhase({ messages: options.warmup, seconds: undefined, rate: undefined, stallSeconds });
    latencies.clear();
    const before = totals(publishers, subscribers);
    await onStep("ready");
    const cpuBefore = process.cpuUsage();
    const seconds = await runPhase({
      messages: options.messages,
      seconds: options.seconds,
      rate: options.rate,
      stallSeconds,
    });
    const cpu = process.cpuUsage(cpuBefore);
    await onStep("measured");
    const after = totals(publishers, subscribers);
    await Promise.race([endAll(publishers, subscribers), broken]);
    return resultOf(options, before, after, seconds, (cpu.user + cpu.system) / 1e6 / seconds, latencies.summary());
  } finally {
    for (const publisher of publishers) publisher.destroy();
    for (const subscriber of subscribers) subscriber.destroy();
  }
}

async function endAll(publishers: readonly Publisher[], subscribers: readonly Subscriber[]): Promise<void> {
  for (const publisher of publishers) publisher.end();
  for (const subscriber of subscribers) await subscriber.end();
}

interface Totals {
  readonly sent: number;
  readonly acknowledged: number;
  readonly delivered: number;
  readonly duplicates: number;
  readonly outOfOrder: number;
  readonly unfinished: number;
}

function totals(publishers: readonly Publisher[], subscribers: readonly Subscriber[]): Totals {
  const sum = <Item>(items: readonly Item[], value: (item: Item) => number): number =>
    items.reduce((total, item) => total + value(item), 0);
  return {
    sent: sum(publishers, (publisher) => publisher.sent),
    acknowledged: sum(publishers, (publisher) => publisher.acknowledged),
    delivered: sum(subscribers, (subscriber) => subscriber.delivered),
    duplicates: sum(subscribers, (subscriber) => subscriber.duplicates),
    outOfOrder: sum(subscribers, (subscriber) => subscriber.outOfOrder),
    unfinished: sum(subscribers, (subscriber) => subscriber.open),
  };
}

function resultOf(
  options: LoadOptions,
  before: Totals,
  after: Totals,
  seconds: number,
  generatorCpuShare: number,
  latency: LatencySummary,
): LoadResult {
  const messages = after.sent - before.sent;
  const deliveries = after.delivered - before.delivered;
  const missing = after.sent * options.subscribers - after.delivered;
  const isAcknowledged = options.quality === 0 || after.acknowledged === after.sent;
  return {
    quality: options.quality,
    version: options.version,
    publishers: options.publishers,
    subscribers: options.subscribers,
    payloadBytes: options.payloadBytes,
    window: options.window,
    rate: options.rate ?? null,
    messages,
    deliveries,
    acknowledged: after.acknowledged - before.acknowledged,
    seconds: Math.round(seconds * 1000) / 1000,
    messagesPerSecond: Math.round(deliveries / options.subscribers / seconds),
    deliveriesPerSecond: Math.round(deliveries / seconds),
    latency,
    missing,
    duplicates: after.duplicates,
    outOfOrder: after.outOfOrder,
    unfinished: after.unfinished,
    complete: missing === 0 && after.duplicates === 0 && after.outOfOrder === 0 && isAcknowledged,
    generatorCpuShare: Math.round(generatorCpuShare * 100) / 100,
  };
}
