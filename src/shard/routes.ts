// Where what is published to a topic goes: to sessions, and to groups that share a subscription. Overlapping subscriptions of a session are resolved here, once, to one delivery
// at the highest QoS with all identifiers [MQTT-3.3.4-2] [MQTT-3.3.4-4]. Routes stay in the database: a topic costs a few
// seeks the first time, and its answer is remembered until a subscription that matches it comes or goes.

import type { QoS } from "../protocol/packet.ts";
import { filtersMatching } from "../topic/filters-matching.ts";
import { keyTopic } from "../topic/key.ts";
import { matches, startsWithWildcard } from "../topic/match.ts";
import { Remembered } from "../topic/remembered.ts";
import type { Route, ShardReads } from "./changes.ts";

export interface Destinations {
  readonly targets: readonly Target[];
  /** Shared subscriptions that match: one of each one's members gets the message. */
  readonly shares: readonly string[];
}

/** How one session is to receive a message. */
export interface Target {
  readonly session: string;
  readonly generation: number;
  /** For messages of other clients. */
  readonly others: Terms;
  /** For its own messages: without the subscriptions that say No Local [MQTT-3.8.3-3]; undefined when all do. */
  readonly own: Terms | undefined;
}

export interface Terms {
  readonly qos: QoS;
  readonly retainAsPublished: boolean;
  readonly identifiers: readonly number[];
}

/** Bytes: of 128 MiB that an isolate has. To read again who is meant costs little beside what is then delivered to each of them. */
const rememberedMax = { topics: 10_000, bytes: 16 * 1024 * 1024 };
/** What a target takes in memory, rounded up from what was measured on V8 (189), and each of its identifiers. */
const targetBytes = 208;
const identifierBytes = 8;
/** So many changed filters with wildcards are looked at when a topic comes again; behind more its routes are read again. */
const changesMax = 64;

interface Known {
  readonly destinations: Destinations;
  /** How many changes it takes into account. */
  changes: number;
}

export class Routes {
  readonly #reads: ShardReads;
  readonly #remembered = new Remembered<Known>(rememberedMax, bytesOf);
  /** Filters with wildcards whose subscriptions came, changed or went: the last of them, and how many there were in all. */
  readonly #changed: string[] = [];
  #changes = 0;

  constructor(reads: ShardReads) {
    this.#reads = reads;
  }

  /** A remembered topic gives the same object again. */
  destinations(topic: string): Destinations {
    const known = this.#remembered.get(topic);
    if (known !== undefined && this.#holds(topic, known)) return known.destinations;
    // Routes of an earlier session of a client id may still stand, and a clock that went back may have given it the higher
    // generation: each generation answers for itself.
    const routesOf = new Map<string, Route[]>();
    for (const key of filtersMatching(topic, this.#reads.filters)) {
      for (const route of this.#reads.routesAt(key)) {
        const name = `${route.generation} ${route.session}`;
        const routes = routesOf.get(name);
        if (routes === undefined) routesOf.set(name, [route]);
        else routes.push(route);
      }
    }
    const targets = Array.from(routesOf.values(), merge);
    const { groups } = this.#reads;
    const shares = filtersMatching(topic, groups.filters).flatMap((key) => groups.sharesAt(key));
    const destinations = { targets, shares };
    this.#remembered.delete(topic);
    this.#remembered.set(topic, { destinations, changes: this.#changes });
    return destinations;
  }

  /**
   * A subscription to the filter with this key came, changed or went. Which topics one with wildcards concerns is asked when they come:
   * a SUBSCRIBE may have a thousand filters, and thousands of topics are remembered.
   */
  forget(key: string): void {
    const filter = keyTopic(key);
    if (!startsWithWildcard(filter) && !filter.includes("/+") && !filter.endsWith("/#")) {
      this.#remembered.delete(filter);
      return;
    }
    this.#changes++;
    this.#changed.push(filter);
    if (this.#changed.length > changesMax) this.#changed.shift();
  }

  /** Whether nothing has changed for the topic since it was remembered. */
  #holds(topic: string, known: Known): boolean {
    const missed = this.#changes - known.changes;
    if (missed > this.#changed.length) return false;
    for (let index = this.#changed.length - missed; index < this.#changed.length; index++) {
      if (matches(this.#changed[index] as string, topic)) return false;
    }
    known.changes = this.#changes;
    return true;
  }
}

function bytesOf({ destinations: { targets, shares } }: Known): number {
  let identifiers = 0;
  for (const { others, own } of targets) identifiers += others.identifiers.length + (own?.identifiers.length ?? 0);
  return (targets.length + shares.length) * targetBytes + identifiers * identifierBytes;
}

function merge(routes: readonly Route[]): Target {
  const { session, generation } = routes[0] as Route;
  const own = routes.filter((route) => !route.noLocal);
  const others = terms(routes);
  if (own.length === routes.length) return { session, generation, others, own: others };
  return { session, generation, others, own: own.length === 0 ? undefined : terms(own) };
}

function terms(routes: readonly Route[]): Terms {
  return {
    qos: Math.max(...routes.map((route) => route.qos)) as QoS,
    retainAsPublished: routes.some((route) => route.retainAsPublished),
    identifiers: routes.filter((route) => route.identifier > 0).map((route) => route.identifier),
  };
}
