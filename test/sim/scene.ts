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

/** What a client is to publish. */
export interface Draft {
  readonly topic: string;
  readonly qos: QoS;
  readonly retain: boolean;
  readonly delaySeconds: number;
  readonly expirySeconds: number;
}

export interface SubscribeRequest {
  readonly entries: readonly SubscribeEntry[];
  readonly identifier: number;
}

const allTopics = ["a", "a/x", "a/y", "b/x", "b/y/z", "c/x/y"];
/** Few, so that groups have members. */
const sharedFilters = ["$share/g/#", "$share/g/a/#", "$share/g/+/x", "$share/h/a/#"];
const allFilters = ["a", "a/x", "a/y", "a/#", "a/+", "b/#", "+/x", "+/+", "b/y/z", "#", "+/x/#", "c/x/y"];

const sharePrefix = "$share/";

function isSharedFilter(filter: string): boolean {
  return filter.startsWith(sharePrefix);
}

/** What a filter asks for, and the group that it is shared in. */
export function partsOf(filter: string): { readonly share: string | undefined; readonly topics: string } {
  if (!isSharedFilter(filter)) return { share: undefined, topics: filter };
  return { share: filter, topics: filter.slice(filter.indexOf("/", sharePrefix.length) + 1) };
}

export class Scene {
  readonly profile: Profile;
  readonly topics: readonly string[];
  readonly #retained: number;
  readonly #large: number;
  readonly #shared: number;
  readonly #delayed: number;
  readonly #expiring: number;
  /** Clients whose connection the broker ended although nothing was wrong any more. */
  readonly endedInPeace: string[] = [];
  isPeaceful = false;

  constructor(profile: Profile, random: Random) {
    this.profile = profile;
    this.topics = allTopics.slice(0, random.between(2, allTopics.length));
    this.#retained = random.pick([0, 0.1, 0.4]);
    this.#large = random.pick([0, 0, 0.05]);
    this.#shared = random.pick([0, 0.3, 0.7]);
    this.#delayed = random.pick([0, 0.1, 0.3]);
    this.#expiring = random.pick([0, 0, 0.2]);
  }

  message(random: Random, version: ProtocolVersion): Draft {
    const draft = { topic: random.pick(this.topics), qos: random.pick<QoS>([0, 1, 1, 2, 2]) };
    const plain = { ...draft, retain: false, delaySeconds: 0, expirySeconds: 0 };
    if (random.chance(this.#delayed)) return { ...plain, delaySeconds: random.between(0, 3) };
    if (version === 5 && random.chance(this.#expiring)) return { ...plain, expirySeconds: random.between(1, 3) };
    return { ...plain, retain: random.chance(this.#retained) };
  }

  padding(random: Random): string {
    return random.chance(this.#large) ? "x".repeat(random.between(1_000, 20_000)) : "";
  }

  request(random: Random, version: ProtocolVersion): SubscribeRequest {
    const isFive = version === 5;
    const filter = () => random.pick(random.chance(this.#shared) ? sharedFilters : allFilters);
    const filters = new Set([filter(), filter()].slice(0, random.between(1, 2)));
    const entries = Array.from(filters, (filter): SubscribeEntry => {
      const isShared = isSharedFilter(filter);
      return {
        filter,
        // What a member takes at QoS 0 may be lost with its connection: nobody could tell whether the group was at fault.
        qos: isShared ? random.pick([1, 2, 2] as const) : random.pick([0, 1, 2, 2] as const),
        noLocal: isFive && !isShared && random.chance(0.15),
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
