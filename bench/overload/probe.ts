// A client that publishes one QoS 1 message every tenth of a second and takes the time until it comes back: how the broker
// feels to somebody who asks little of it, whatever the others do.

import { randomBytes } from "node:crypto";
import { Consumer } from "../kill/consumer.ts";
import { Publisher } from "../kill/publisher.ts";
import { readPayload } from "../kill/streams.ts";
import { until } from "../kill/waiting.ts";

const everyMs = 100;
const timeoutMs = 30_000;

export interface Reading {
  readonly sentMs: number;
  /** Undefined while it has not come back. */
  latencyMs: number | undefined;
}

export class Probe {
  readonly #consumer: Consumer;
  readonly #publisher: Publisher;
  #timer: NodeJS.Timeout | undefined;
  readonly readings: Reading[] = [];

  constructor(url: string) {
    const run = randomBytes(4).toString("hex");
    const topic = `probe-${run}/latency`;
    const client = { url, version: 4 as const, keepsSession: true };
    this.#consumer = new Consumer({
      ...client,
      clientId: `probe-to-${run}`,
      filters: [topic],
      onMessage: ({ payload }) => this.#received(payload),
    });
    const stream = { stream: "probe", quality: 1 as const, topicOf: () => topic };
    const all = { messages: Number.POSITIVE_INFINITY, window: 1_000 };
    this.#publisher = new Publisher({ ...client, ...stream, ...all, clientId: `probe-from-${run}` });
  }

  async start(): Promise<void> {
    this.#consumer.start();
    this.#publisher.start();
    await until(
      () => this.#consumer.isSubscribed && this.#publisher.isUp,
      timeoutMs,
      () => "the probe is not connected",
    );
    this.#timer = setInterval(() => this.#send(), everyMs);
  }

  /** Messages that were acknowledged and have not come. */
  get lost(): number {
    return [...this.#publisher.acknowledged].filter((sequence) => this.readings[sequence]?.latencyMs === undefined)
      .length;
  }

  /** Sends nothing any more, and waits for what is under way. */
  async finish(): Promise<void> {
    clearInterval(this.#timer);
    await until(
      () => this.#publisher.isIdle && this.lost === 0,
      timeoutMs,
      () => `the probe misses ${this.lost} messages`,
    );
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#consumer.stop();
    this.#publisher.stop();
  }

  #send(): void {
    this.readings.push({ sentMs: Date.now(), latencyMs: undefined });
    this.#publisher.allowUpTo(this.readings.length);
  }

  #received(payload: string): void {
    const reading = this.readings[readPayload(payload)?.sequence ?? -1];
    if (reading !== undefined) reading.latencyMs ??= Date.now() - reading.sentMs;
  }
}
