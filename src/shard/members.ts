// The members of a group: what each is doing, as far as the shard knows, and which of them comes next.

import type { QoS } from "../protocol/packet.ts";
import type { GroupRowKey, Member } from "./changes.ts";
import type { Offer } from "./offer.ts";
import { nextAfter, type ShareStrategy, stickTo } from "./strategy.ts";

export interface MemberState {
  member: Member;
  readonly session: string;
  standing: "ready" | "offered" | "full" | "away" | "late";
  /** Messages that it can take, as far as is known. */
  room: number;
  /** How often it has said that it is there, and has room. */
  attends: number;
  /** Assigned to it and not offered yet. */
  waiting: GroupRowKey[];
  /** Unanswered. */
  offer: Offer | undefined;
  /** It has unsubscribed: it is asked about what it was offered, and gets nothing new. */
  hasLeft: boolean;
}

/** What a member is thought to have room for before it has said so. */
const unknownRoom = 32;

export class Members {
  readonly #strategy: ShareStrategy;
  /** From 0 to below 1. */
  readonly #random: () => number;
  /** In the order of names. */
  #states: MemberState[];
  #lastSession: string;

  constructor(members: readonly Member[], strategy: ShareStrategy, random: () => number) {
    this.#states = members.map(newState);
    this.#strategy = strategy;
    this.#random = random;
    // A shard that sleeps between messages must not begin with the same member each time.
    this.#lastSession = members[Math.floor(random() * members.length)]?.session ?? "";
  }

  get states(): readonly MemberState[] {
    return this.#states;
  }

  find(session: string): MemberState | undefined {
    return this.#states.find((state) => state.session === session);
  }

  /** Also of one that is no member any more, but has something assigned. */
  stateOf(session: string): MemberState {
    const known = this.find(session);
    if (known !== undefined) return known;
    const left = { session, generation: 0, qos: 2 as QoS, retainAsPublished: false, identifier: 0 };
    const state = { ...newState(left), hasLeft: true };
    this.#add([state]);
    return state;
  }

  /** These are the subscriptions now; returns those who have left. */
  replace(members: readonly Member[]): MemberState[] {
    const present = new Map(members.map((member) => [member.session, member]));
    for (const state of this.#states) {
      const member = present.get(state.session);
      present.delete(state.session);
      state.hasLeft = member === undefined;
      if (member === undefined) continue;
      // Another session of the same client id: what its predecessor said does not hold.
      if (member.generation !== state.member.generation) attend(state, unknownRoom);
      state.member = member;
    }
    this.#add(Array.from(present.values(), newState));
    return this.#states.filter(({ hasLeft }) => hasLeft);
  }

  /** Who has left and has nothing to be asked about is gone. */
  forgetLeft(): void {
    this.#states = this.#states.filter(({ hasLeft, offer, waiting }) => {
      return !hasLeft || offer !== undefined || waiting.length > 0;
    });
  }

  /** Those who may be assigned something. A topic that sticks to a member waits for it while it is busy. */
  candidates(): MemberState[] {
    return this.#states.filter(({ standing, room, hasLeft }) => {
      if (hasLeft) return false;
      return this.#strategy === "sticky" ? standing !== "away" : standing === "ready" && room > 0;
    });
  }

  choose(candidates: readonly MemberState[], topic: string): MemberState | undefined {
    if (this.#strategy === "sticky") return stickTo(candidates, topic);
    if (this.#strategy === "random") return candidates[Math.floor(this.#random() * candidates.length)];
    const chosen = nextAfter(candidates, this.#lastSession);
    if (chosen !== undefined) this.#lastSession = chosen.session;
    return chosen;
  }

  #add(states: readonly MemberState[]): void {
    this.#states.push(...states);
    this.#states.sort((one, other) => (one.session < other.session ? -1 : 1));
  }
}

/** It is connected and has room. */
export function attend(state: MemberState, room: number): void {
  state.attends++;
  state.room = room;
  if (state.standing !== "offered") state.standing = "ready";
}

function newState(member: Member): MemberState {
  return {
    member,
    session: member.session,
    standing: "ready",
    room: unknownRoom,
    attends: 0,
    waiting: [],
    offer: undefined,
    hasLeft: false,
  };
}
