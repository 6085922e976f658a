// The groups of a shard that share subscriptions, without the platform: every offer is answered at once.

import { Numbering } from "../../src/hop/key.ts";
import { RecordReader, RecordWriter } from "../../src/queue/record.ts";
import type { DeliveryPart, PartAnswer } from "../../src/session/deliver.ts";
import type { Source } from "../../src/shard/backlog.ts";
import type { GroupReads, Member, ShardChange } from "../../src/shard/changes.ts";
import { admit, type GroupOptions, ShareGroup } from "../../src/shard/group.ts";
import { onTerms } from "../../src/shard/group-row.ts";
import type { Offer } from "../../src/shard/offer.ts";
import type { SharedBatch } from "../../src/shard/plan.ts";
import type { ShareStrategy } from "../../src/shard/strategy.ts";
import type { Clock } from "./session-rig.ts";

export type GroupSettings = GroupOptions["limits"] & { readonly sharedStrategy: ShareStrategy };

export interface GroupEvents {
  persist(changes: readonly ShardChange[]): void;
  deliver(session: string, part: DeliveryPart): PartAnswer;
}

export class CoreGroups {
  readonly #reads: GroupReads;
  readonly #settings: GroupSettings;
  readonly #clock: Clock;
  readonly #incarnation: number;
  readonly #events: GroupEvents;
  readonly #groups = new Map<string, ShareGroup>();

  constructor(reads: GroupReads, settings: GroupSettings, clock: Clock, incarnation: number, events: GroupEvents) {
    this.#reads = reads;
    this.#settings = settings;
    this.#clock = clock;
    this.#incarnation = incarnation;
    this.#events = events;
    for (const share of reads.shares()) this.#group(share);
  }

  /** What keeping these messages takes; `refused` grows. */
  admit(batches: readonly SharedBatch[], source: Source, refused: Set<number>): ShardChange[] {
    const groups = batches.map((batch) => ({ group: this.#group(batch.share), batch }));
    return admit(groups, source, refused, this.#clock.nowMs);
  }

  /** The same for messages that cannot be refused any more. */
  release(batches: readonly SharedBatch[]): ShardChange[] {
    return batches.flatMap((batch) => this.#group(batch.share).release(batch, this.#clock.nowMs));
  }

  dispatch(batches: readonly SharedBatch[]): void {
    for (const batch of batches) {
      this.#start(this.#group(batch.share));
      this.#sendLoose(batch);
    }
  }

  handBack(share: string, body: Uint8Array): void {
    const group = this.#group(share);
    this.#events.persist(group.handBack(body, this.#clock.nowMs));
    this.#start(group);
  }

  attend(session: string, room: number): void {
    for (const group of this.#groups.values()) {
      group.attend(session, room);
      this.#start(group);
    }
  }

  membersChanged(share: string): void {
    const group = this.#group(share);
    this.#events.persist(group.membersChanged());
    this.#start(group);
  }

  #group(share: string): ShareGroup {
    const known = this.#groups.get(share);
    if (known !== undefined) return known;
    const group = new ShareGroup(this.#reads, share, {
      limits: this.#settings,
      strategy: this.#settings.sharedStrategy,
      incarnation: this.#incarnation,
      numbering: new Numbering(share, this.#incarnation),
      random: () => 0,
    });
    this.#groups.set(share, group);
    return group;
  }

  #start(group: ShareGroup): void {
    for (;;) {
      for (;;) {
        const changes = group.assign(this.#clock.nowMs);
        if (changes.length === 0) break;
        this.#events.persist(changes);
      }
      const offers = group.offers();
      if (offers.length === 0) return;
      for (const offer of offers) this.#offer(group, offer);
    }
  }

  #offer(group: ShareGroup, offer: Offer): void {
    const outcomes = offer.rows.map((row, index) => {
      const { generation = 0, incarnation = 0 } = row.assigned ?? {};
      const body = offer.bodies[index] as Uint8Array;
      const { gone, share } = this.#send(group.share, offer.session, generation, incarnation, body);
      return { gone, ...(share ?? { taken: 0, isAway: false, room: 0 }) };
    });
    this.#events.persist(group.settle(offer.session, outcomes));
  }

  /** QoS 0: to one who is connected, or to nobody. */
  #sendLoose({ share, loose }: SharedBatch): void {
    const group = this.#group(share);
    if (group.isDeserted) return;
    for (const reader = new RecordReader(loose); reader.next(); ) {
      const writer = new RecordWriter();
      writer.appendCopy(reader);
      this.#sendOne(group, reader.topic, writer.take());
    }
  }

  #sendOne(group: ShareGroup, topic: string, body: Uint8Array): void {
    const tried = new Set<string>();
    for (let member = group.chooseForLoose(topic, tried); member !== undefined; ) {
      if (this.#takesLoose(group, member, body)) return;
      tried.add(member.session);
      member = group.chooseForLoose(topic, tried);
    }
  }

  #takesLoose(group: ShareGroup, member: Member, body: Uint8Array): boolean {
    const { session, generation } = member;
    const attends = group.attendsOf(session);
    const { gone, share } = this.#send(group.share, session, generation, 0, onTerms(body, member));
    if (!gone && !share?.isAway) return true;
    this.#events.persist(gone ? group.gone(session, generation) : group.isAway(session, attends));
    this.#start(group);
    return false;
  }

  #send(share: string, session: string, generation: number, incarnation: number, body: Uint8Array): PartAnswer {
    const part = { publisher: share, publisherGeneration: incarnation, generation, body, owed: false, share };
    return this.#events.deliver(session, part);
  }
}
