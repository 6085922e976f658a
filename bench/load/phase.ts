// One phase of a run (warm-up or measurement): publishes a number of messages from each publisher, as fast as the windows
// allow or at a pace, and ends when everything is acknowledged and delivered, or when nothing moves any more.

import type { Publisher } from "./publisher.ts";
import type { Subscriber } from "./subscriber.ts";

export interface Parties {
  readonly publishers: readonly Publisher[];
  readonly subscribers: readonly Subscriber[];
  readonly quality: 0 | 1 | 2;
}

export interface PhaseOptions {
  readonly messages: number;
  readonly seconds: number | undefined;
  readonly rate: number | undefined;
  readonly stallSeconds: number;
}

const checkEveryMs = 100;
const conversationsTimeoutMs = 2_000;
/** Paced messages are due on this grid: a generator that spins between them would take a core from the broker. */
const gridMs = 1;

export class Phase {
  readonly #parties: Parties;
  readonly #options: PhaseOptions;
  readonly #startMs = performance.now();
  readonly #sentBefore: number;
  #publishedPaced = 0;
  #pumpIsDue = false;
  #stopped = false;
  #lastMoves = -1;
  #lastMoveMs = performance.now();
  #settle: { resolve: () => void; reject: (problem: Error) => void } | undefined;

  constructor(parties: Parties, options: PhaseOptions) {
    this.#parties = parties;
    this.#options = options;
    this.#sentBefore = parties.publishers[0]?.sent ?? 0;
  }

  /** To be called whenever an acknowledgement or a delivery came. */
  readonly progress = (): void => {
    if (this.#pumpIsDue || this.#stopped) return;
    this.#pumpIsDue = true;
    process.nextTick(() => {
      this.#pumpIsDue = false;
      this.#pump();
    });
  };

  readonly fail = (problem: Error): void => {
    this.#stopped = true;
    this.#settle?.reject(problem);
  };

  async run(): Promise<void> {
    const timer = setInterval(() => this.#check(), checkEveryMs);
    try {
      await new Promise<void>((resolve, reject) => {
        this.#settle = { resolve, reject };
        this.#pump();
        if (this.#options.rate !== undefined) this.#pace(this.#options.rate);
      });
    } finally {
      this.#stopped = true;
      clearInterval(timer);
    }
  }

  /** Waits a little for the QoS 2 conversations that are still open. Whoever measures does so before. */
  async finishConversations(): Promise<void> {
    const deadlineMs = performance.now() + conversationsTimeoutMs;
    while (this.#parties.subscribers.some((subscriber) => subscriber.open > 0) && performance.now() < deadlineMs) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  #isTimeUp(): boolean {
    const { seconds } = this.#options;
    return seconds !== undefined && performance.now() - this.#startMs >= seconds * 1000;
  }

  #pump(): void {
    if (this.#stopped) return;
    const { publishers, subscribers, quality } = this.#parties;
    const { messages, rate } = this.#options;
    if (rate === undefined && !this.#isTimeUp()) {
      const last = this.#sentBefore + messages;
      publishers.forEach((publisher, number) => {
        const delivered = quality === 0 ? leastDelivered(subscribers, number) : 0;
        while (publisher.sent < last && publisher.mayPublish(delivered)) publisher.publish(performance.now());
      });
    }
    this.#finishIfDone();
  }

  /** Sends what is due by now. A late message keeps the time it was due, so that waiting counts as latency. */
  #pace(rate: number): void {
    if (this.#stopped) return;
    const { publishers, subscribers, quality } = this.#parties;
    const total = this.#options.messages * publishers.length;
    const gapMs = 1000 / rate;
    const nowMs = performance.now();
    while (this.#publishedPaced < total && !this.#isTimeUp()) {
      const dueMs = this.#startMs + Math.ceil((this.#publishedPaced * gapMs) / gridMs) * gridMs;
      const number = this.#publishedPaced % publishers.length;
      const publisher = publishers[number];
      if (dueMs > nowMs || publisher === undefined) break;
      if (!publisher.mayPublish(quality === 0 ? leastDelivered(subscribers, number) : 0)) break;
      publisher.publish(dueMs);
      this.#publishedPaced += 1;
    }
    this.#finishIfDone();
    setTimeout(() => this.#pace(rate), gridMs);
  }

  #isAllSent(): boolean {
    if (this.#isTimeUp()) return true;
    const last = this.#sentBefore + this.#options.messages;
    return this.#parties.publishers.every((publisher) => publisher.sent >= last);
  }

  #finishIfDone(): void {
    const { publishers, subscribers, quality } = this.#parties;
    if (this.#stopped || !this.#isAllSent()) return;
    let sent = 0;
    for (const publisher of publishers) {
      if (quality > 0 && publisher.acknowledged < publisher.sent) return;
      sent += publisher.sent;
    }
    for (const subscriber of subscribers) if (subscriber.delivered < sent) return;
    this.#stopped = true;
    this.#settle?.resolve();
  }

  /** Ends a phase in which nothing moves any more; what is missing then shows in the counts. */
  #check(): void {
    const { publishers, subscribers } = this.#parties;
    let moves = 0;
    for (const publisher of publishers) moves += publisher.acknowledged;
    for (const subscriber of subscribers) moves += subscriber.delivered + subscriber.duplicates;
    const nowMs = performance.now();
    if (moves !== this.#lastMoves) {
      this.#lastMoves = moves;
      this.#lastMoveMs = nowMs;
    }
    this.#finishIfDone();
    if (nowMs - this.#lastMoveMs < this.#options.stallSeconds * 1000 || this.#stopped) return;
    this.#stopped = true;
    this.#settle?.resolve();
  }
}

function leastDelivered(subscribers: readonly Subscriber[], publisher: number): number {
  let least = Number.POSITIVE_INFINITY;
  for (const subscriber of subscribers) least = Math.min(least, subscriber.deliveredFrom(publisher));
  return least;
}
