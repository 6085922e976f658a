// Two numbered streams, at QoS 1 to `<name>/1` and at QoS 2 to `<name>/2`, while the broker is killed: whoever receives them
// is the test's own.

import { Publisher } from "../../bench/kill/publisher.ts";
import type { TestBroker } from "./broker.ts";
import { eventually, within } from "./eventually.ts";

export interface StreamsUnderKillsOptions {
  readonly name: string;
  /** Of each stream. */
  readonly messages: number;
  /** Of 0 to 1: decides when the kills come. */
  readonly random: () => number;
  /** For each part between two kills, and for the end. */
  readonly waitMs: number;
  /** What its payloads begin with. */
  readonly streamOf: (quality: 1 | 2) => string;
}

const window = 32;

export class StreamsUnderKills {
  readonly #broker: TestBroker;
  readonly #options: StreamsUnderKillsOptions;
  readonly #publishers: readonly Publisher[];
  #acknowledged = 0;
  #onAcknowledged = (): void => {};

  constructor(broker: TestBroker, options: StreamsUnderKillsOptions) {
    this.#broker = broker;
    this.#options = options;
    const { name, messages, streamOf } = options;
    this.#publishers = ([1, 2] as const).map((quality) => {
      const client = {
        url: broker.url,
        version: 5,
        clientId: `${name}-publisher${quality}`,
        keepsSession: true,
      } as const;
      const topicOf = () => `${name}/${quality}`;
      const onAcknowledged = () => {
        this.#acknowledged++;
        this.#onAcknowledged();
      };
      return new Publisher({
        ...client,
        stream: streamOf(quality),
        quality,
        topicOf,
        messages,
        window,
        onAcknowledged,
      });
    });
  }

  /** All is acknowledged; each kill comes after a number of acknowledgements. `begins` is told of each part before a kill. */
  async publish(kills: number, begins: (part: number) => void = () => {}): Promise<void> {
    const { messages, random, waitMs } = this.#options;
    for (const publisher of this.#publishers) publisher.start();
    const part = messages / (kills + 1);
    for (let kill = 0; kill < kills; kill++) {
      begins(kill);
      const at = this.#acknowledged + 1 + random() * (2 * part - window);
      const reached = new Promise<void>((resolve) => {
        this.#onAcknowledged = () => this.#acknowledged > at && resolve();
      });
      for (const publisher of this.#publishers) publisher.allowUpTo(Math.ceil((kill + 1) * part));
      await within(`acknowledgement ${at}`, reached, waitMs);
      await this.#broker.kill9();
      await this.#broker.restart();
    }
    for (const publisher of this.#publishers) publisher.allowUpTo(messages);
    await eventually("all is published", () => this.#publishers.every(({ isDone }) => isDone), waitMs);
  }

  stop(): void {
    for (const publisher of this.#publishers) publisher.stop();
  }
}
