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

export class Routes {
  readonly #reads: ShardReads;
  readonly #remembered = new Remembered<Destinations>(rememberedMax, bytesOf);

  constructor(reads: ShardReads) {
    this.#reads = reads;
  }

  /** A remembered topic gives the same object again. */
  destinations(topic: string): Destinations {
    const known = this.#remembered.get(topic);
    if (known !== undefined) return known;
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
    this.#remembered.set(topic, destinations);
    return destinations;
  }

  /** A subscription to the filter with this key came, changed or went. */
  forget(key: string): void {
    const filter = keyTopic(key);
    if (!startsWithWildcard(filter) && !filter.includes("/+") && !filter.endsWith("/#")) {
      this.#remembered.delete(filter);
      return;
    }
    for (const topic of this.#remembered.topics()) if (matches(filter, topic)) this.#remembered.delete(topic);
  }
}

function bytesOf({ targets, shares }: Destinations): number {
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
