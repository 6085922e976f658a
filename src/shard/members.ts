// The members of a group: what each is doing, as far as the shard knows.
//
//   ready ──offer──▶ offered ──took it──▶ ready
//                        ├──no room──▶ full ──attends──▶ ready
//                        ├──not connected──▶ away ──attends──▶ ready
//                        └──no answer──▶ late ──attends, or after a pause──▶ due ──the same offer──▶ offered

import type { QoS } from "../protocol/packet.ts";
import type { GroupRowKey, Member } from "./changes.ts";
import type { Offer } from "./offer.ts";

export type Standing =
  | { readonly is: "ready" | "full" | "away" }
  /** Nothing else is offered before this is answered. */
  | { readonly is: "offered" | "late" | "due"; readonly offer: Offer };

const ready: Standing = { is: "ready" };

/** What a member is thought to have room for before it has said so. */
const unknownRoom = 32;

export class GroupMember {
  subscription: Member;
  standing: Standing = ready;
  /** Messages that it can take, as far as is known. */
  room = unknownRoom;
  /** How often it has said that it is there, and has room. */
  attends = 0;
  /** How often it has subscribed, or another member of its group has, or has unsubscribed. */
  joins = 0;
  /** Assigned to it and not offered yet. */
  waiting: GroupRowKey[] = [];
  /** It has unsubscribed: it is asked about what it was assigned before, and gets nothing new. */
  hasLeft = false;

  constructor(subscription: Member) {
    this.subscription = subscription;
  }

  get session(): string {
    return this.subscription.session;
  }

  /** Unanswered. */
  get offer(): Offer | undefined {
    return "offer" in this.standing ? this.standing.offer : undefined;
  }

  /**
   * It is connected and has room, or has none since its connection has ended: then it is to be asked, to be found away, or
   * gone. That it ended may be all that was heard of a session that ended with its connection.
   */
  attend(room: number): void {
    this.attends++;
    this.room = room > 0 ? room : unknownRoom;
    this.resume();
  }

  /** It was full, or away, and has said nothing since: whether it still is a single message tells, for few rows. */
  askAgain(): void {
    this.room = 1;
    this.resume();
  }

  /** What kept it from being asked does not count any more. */
  resume(): void {
    const { standing } = this;
    if (standing.is === "late") this.standing = { is: "due", offer: standing.offer };
    else if (standing.is === "full" || standing.is === "away") this.standing = ready;
  }

  /** The offer has been answered. What was said after it was made counts more than the answer. */
  answered(offer: Offer, standing: "ready" | "full" | "away", room: number): void {
    const hasAttended = this.attends !== offer.attends;
    this.standing = hasAttended ? ready : { is: standing };
    if (!hasAttended) this.room = room;
  }

  /** Asked when it had attended so often, it was not connected. */
  wasAway(attends: number): boolean {
    if (this.attends !== attends || this.offer !== undefined) return false;
    this.standing = { is: "away" };
    return true;
  }

  leave(): void {
    this.hasLeft = true;
    this.resume();
  }

  join(subscription: Member): void {
    this.joins++;
    const isAnother = subscription.generation !== this.subscription.generation;
    this.subscription = subscription;
    // What was said by another session of the same client id, or by one that had unsubscribed, does not hold.
    if (isAnother || this.hasLeft) this.attend(unknownRoom);
    this.hasLeft = false;
  }
}

export class Members {
  /** In the order of names. */
  #all: GroupMember[] = [];
  readonly #bySession = new Map<string, GroupMember>();

  constructor(subscriptions: readonly Member[]) {
    this.#add(subscriptions.map((subscription) => new GroupMember(subscription)));
  }

  get all(): readonly GroupMember[] {
    return this.#all;
  }

  /** Those who can be assigned something new. */
  get present(): readonly GroupMember[] {
    return this.#all.filter(({ hasLeft }) => !hasLeft);
  }

  find(session: string): GroupMember | undefined {
    return this.#bySession.get(session);
  }

  /** Also one that is no member any more, but has something assigned. */
  holder(session: string): GroupMember {
    const known = this.find(session);
    if (known !== undefined) return known;
    const subscription = { session, generation: 0, qos: 2 as QoS, retainAsPublished: false, identifier: 0 };
    const former = new GroupMember(subscription);
    former.hasLeft = true;
    this.#add([former]);
    return former;
  }

  /** These are the subscriptions now; returns those who have left. */
  replace(subscriptions: readonly Member[]): GroupMember[] {
    const present = new Map(subscriptions.map((subscription) => [subscription.session, subscription]));
    for (const member of this.#all) {
      const subscription = present.get(member.session);
      present.delete(member.session);
      if (subscription !== undefined) member.join(subscription);
      else if (!member.hasLeft) member.leave();
    }
    this.#add(Array.from(present.values(), (subscription) => new GroupMember(subscription)));
    return this.#all.filter(({ hasLeft }) => hasLeft);
  }

  /** Who has left and has nothing to be asked about is gone. */
  forgetLeft(): void {
    this.#all = this.#all.filter(({ session, hasLeft, offer, waiting }) => {
      const stays = !hasLeft || offer !== undefined || waiting.length > 0;
      if (!stays) this.#bySession.delete(session);
      return stays;
    });
  }

  #add(members: readonly GroupMember[]): void {
    if (members.length === 0) return;
    for (const member of members) this.#bySession.set(member.session, member);
    this.#all.push(...members);
    this.#all.sort((one, other) => (one.session < other.session ? -1 : 1));
  }
}
