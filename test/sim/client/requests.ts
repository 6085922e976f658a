// SUBSCRIBE and UNSUBSCRIBE of one client, from the question to the answer.

import type { Packet } from "mqtt-packet";
import { type Ledger, never, type SessionRecord, type Subscription } from "../ledger.ts";
import { partsOf, type SubscribeRequest } from "../scene.ts";

const failureFrom = 0x80;

interface Open {
  readonly asked: readonly Subscription[];
  /** What goes with the answer. */
  readonly replaced: readonly Subscription[];
}

export class Requests {
  readonly #ledger: Ledger;
  readonly #mayBeRefused: boolean;
  readonly #open = new Map<number, Open>();
  #packetId = 0;

  constructor(ledger: Ledger, mayBeRefused: boolean) {
    this.#ledger = ledger;
    this.#mayBeRefused = mayBeRefused;
  }

  get areOpen(): boolean {
    return this.#open.size > 0;
  }

  /** The connection has ended: no answer will come. */
  forget(): void {
    this.#open.clear();
  }

  subscribe({ entries, identifier }: SubscribeRequest, session: SessionRecord | undefined): Packet[] {
    if (session === undefined) return [];
    const now = this.#ledger.now();
    const replaced = this.#standing(
      session,
      entries.map(({ filter }) => filter),
      now,
    );
    const asked = entries.map(({ filter, qos, noLocal, retainAsPublished, retainHandling }): Subscription => {
      return {
        filter,
        ...partsOf(filter),
        qos,
        noLocal,
        retainAsPublished,
        wantsRetained: retainHandling === 0 && partsOf(filter).share === undefined,
        identifier,
        askedAt: now,
        grantedAt: never,
        removalAskedAt: never,
        removedAt: never,
      };
    });
    session.subscriptions.push(...asked);
    const messageId = this.#next({ asked, replaced });
    const isFive = session.version === 5;
    const subscriptions = entries.map(({ filter, qos, noLocal, retainAsPublished, retainHandling }) => {
      return { topic: filter, qos, ...(isFive ? { nl: noLocal, rap: retainAsPublished, rh: retainHandling } : {}) };
    });
    const properties = isFive && identifier > 0 ? { properties: { subscriptionIdentifier: identifier } } : {};
    return [{ cmd: "subscribe", messageId, subscriptions, ...properties }];
  }

  /** One or two of the filters that stand, but for the one to keep. */
  unsubscribe(session: SessionRecord | undefined, keep: string | undefined): Packet[] {
    const standing =
      session?.subscriptions.filter(({ filter, removedAt }) => removedAt === never && filter !== keep) ?? [];
    const filters = [...new Set(standing.map(({ filter }) => filter))].slice(0, 2);
    if (session === undefined || filters.length === 0) return [];
    const replaced = this.#standing(session, filters, this.#ledger.now());
    return [{ cmd: "unsubscribe", messageId: this.#next({ asked: [], replaced }), unsubscriptions: filters }];
  }

  granted(packetId: number, codes: readonly number[]): void {
    const { asked, replaced } = this.#answered(packetId);
    const now = this.#ledger.now();
    for (const [index, subscription] of asked.entries()) {
      const code = codes[index] ?? failureFrom;
      if (code >= failureFrom && this.#mayBeRefused) {
        subscription.removedAt = now;
        continue;
      }
      if (code !== subscription.qos) throw new Error(`asked for QoS ${subscription.qos}, was granted ${code}`);
      subscription.grantedAt = now;
      for (const earlier of replaced) if (earlier.filter === subscription.filter) earlier.removedAt = now;
    }
  }

  removed(packetId: number): void {
    const { replaced } = this.#answered(packetId);
    const now = this.#ledger.now();
    for (const subscription of replaced) subscription.removedAt = now;
  }

  /** What stands, or may stand, under these filters: from now on nothing is sure about it. */
  #standing(session: SessionRecord, filters: readonly string[], now: number): Subscription[] {
    const standing = session.subscriptions.filter((subscription) => {
      return subscription.removedAt === never && filters.includes(subscription.filter);
    });
    for (const subscription of standing) subscription.removalAskedAt = Math.min(subscription.removalAskedAt, now);
    return standing;
  }

  #next(open: Open): number {
    // Above all identifiers of messages, whose count is bounded.
    this.#packetId = (this.#packetId % 1_000) + 1;
    const packetId = 10_000 + this.#packetId;
    this.#open.set(packetId, open);
    return packetId;
  }

  #answered(packetId: number): Open {
    const open = this.#open.get(packetId);
    if (open === undefined) throw new Error(`answers ${packetId}, which was not asked`);
    this.#open.delete(packetId);
    return open;
  }
}
