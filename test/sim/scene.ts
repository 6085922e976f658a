// What the clients of one world talk about: few topics and few filters, so that everything meets everything.

import type { QoS } from "../../src/protocol/packet.ts";
import type { ProtocolVersion } from "../../src/protocol/version.ts";
import type { Profile } from "./profiles.ts";
import type { Random } from "./random.ts";

export interface SubscribeEntry {
  readonly filter: string;
  readonly qos: QoS;
  readonly noLocal: boolean;
  readonly retainAsPublished: boolean;
  readonly retainHandling: 0 | 1 | 2;
}

export interface SubscribeRequest {
  readonly entries: readonly SubscribeEntry[];
  readonly identifier: number;
}

const allTopics = ["a", "a/x", "a/y", "b/x", "b/y/z", "c/x/y"];
const allFilters = ["a", "a/x", "a/y", "a/#", "a/+", "b/#", "+/x", "+/+", "b/y/z", "#", "+/x/#", "c/x/y"];

export class Scene {
  readonly profile: Profile;
  readonly topics: readonly string[];
  readonly #retained: number;
  readonly #large: number;
  /** Clients whose connection the broker ended although nothing was wrong any more. */
  readonly endedInPeace: string[] = [];
  isPeaceful = false;

  constructor(profile: Profile, random: Random) {
    this.profile = profile;
    this.topics = allTopics.slice(0, random.between(2, allTopics.length));
    this.#retained = random.pick([0, 0.1, 0.4]);
    this.#large = random.pick([0, 0, 0.05]);
  }

  message(random: Random) {
    return {
      topic: random.pick(this.topics),
      qos: random.pick<QoS>([0, 1, 1, 2, 2]),
      retain: random.chance(this.#retained),
    };
  }

  padding(random: Random): string {
    return random.chance(this.#large) ? "x".repeat(random.between(1_000, 20_000)) : "";
  }

  request(random: Random, version: ProtocolVersion): SubscribeRequest {
    const isFive = version === 5;
    const filters = new Set([random.pick(allFilters), random.pick(allFilters)].slice(0, random.between(1, 2)));
    const entries = Array.from(filters, (filter): SubscribeEntry => {
      return {
        filter,
        qos: random.pick([0, 1, 2, 2] as const),
        noLocal: isFive && random.chance(0.15),
        retainAsPublished: isFive && random.chance(0.15),
        retainHandling: isFive ? random.pick([0, 0, 0, 1, 2] as const) : 0,
      };
    });
    return { entries, identifier: isFive && random.chance(0.3) ? random.between(1, 500) : 0 };
  }

  connectionEnded(client: string): void {
    if (this.isPeaceful) this.endedInPeace.push(`${client} is disconnected for no reason`);
  }
}
