// A group under everything that can happen to it: members that come, go, are slow, full, or answer too late, and a shard
// that loses its memory. Members behave as src/session does: they take what they have room for, and know what they took.

import fc from "fast-check";
import { expect, test } from "vitest";
import { RecordReader } from "../../../src/queue/record.ts";
import type { Offer, OfferOutcome } from "../../../src/shard/offer.ts";
import type { ShareStrategy } from "../../../src/shard/strategy.ts";
import { GroupRig } from "../../support/group-rig.ts";
import { records, textOf } from "../../support/records.ts";

const names = ["c:1", "c:2", "c:3"] as const;

class Member {
  readonly session: string;
  generation = 1;
  isConnected = false;
  isSubscribed = false;
  room = 0;
  /** Payloads of this session that it has not acknowledged. */
  held: { readonly payload: string; readonly qos: number }[] = [];
  readonly #cursors = new Map<number, number>();

  constructor(session: string) {
    this.session = session;
  }

  /** A new session under the old name. */
  renew(): void {
    this.generation++;
    this.held = [];
    this.#cursors.clear();
    this.isSubscribed = false;
  }

  take(offer: Offer, received: string[]): OfferOutcome[] {
    const isHere = this.isConnected && this.isSubscribed;
    return offer.rows.map(({ assigned }, index) => {
      if (assigned?.generation !== this.generation) return { gone: true, taken: 0, isAway: false, room: 0 };
      const { incarnation } = assigned;
      // It remembers one life of the group, like the row that it has for it.
      const cursor = this.#cursors.get(incarnation) ?? 0;
      let taken = 0;
      for (const reader = new RecordReader(offer.bodies[index] as Uint8Array); reader.next(); taken++) {
        const { qos, sequence } = reader;
        if (qos === 2 && sequence <= cursor) continue;
        if (!isHere || this.room === 0) break;
        this.room--;
        if (qos === 2) {
          this.#cursors.clear();
          this.#cursors.set(incarnation, sequence);
        }
        const payload = textOf(reader.payload);
        this.held.push({ payload, qos });
        received.push(payload);
      }
      return { gone: false, taken, isAway: !isHere, room: this.room };
    });
  }
}

/** A shard and its members, with calls that are answered one at a time. */
class World {
  readonly rig: GroupRig;
  readonly members = new Map(names.map((name) => [name as string, new Member(name)]));
  /** Payloads in the order in which members took them. */
  readonly received: string[] = [];
  readonly admitted = new Map<string, number>();
  #next = 0;

  constructor(strategy: ShareStrategy) {
    this.rig = new GroupRig({ strategy, random: () => (this.#next * 0.618) % 1 });
  }

  publish(qoses: readonly (1 | 2)[]): void {
    const texts = qoses.map((qos) => {
      const payload = `m${this.#next++}`;
      if (!this.rig.group.isDeserted) this.admitted.set(payload, qos);
      return `t:${payload} q${qos} seq=${this.#next}`;
    });
    this.rig.publish(texts);
  }

  answer(pick: number, isHeard: boolean): void {
    const offer = this.rig.calls[pick % Math.max(1, this.rig.calls.length)];
    if (offer === undefined) return;
    const outcomes = this.members.get(offer.session)?.take(offer, this.received);
    this.rig.settle(offer, isHeard ? outcomes : undefined);
  }

  connect(name: string, room: number): void {
    const member = this.members.get(name) as Member;
    member.isConnected = true;
    member.room = room;
    this.rig.attend(name, room);
  }

  subscribe(name: string): void {
    const member = this.members.get(name) as Member;
    member.isSubscribed = true;
    this.rig.subscribe(`${name} q2 gen=${member.generation}`);
  }

  unsubscribe(name: string): void {
    const member = this.members.get(name) as Member;
    member.isSubscribed = false;
    this.rig.unsubscribe(`${name} gen=${member.generation}`);
  }

  /** A message of QoS 0 finds out who is not there. */
  passLoose(name: string): void {
    const { group } = this.rig;
    if (!this.members.get(name)?.isConnected) this.rig.run(group.isAway(name, group.attendsOf(name)));
  }

  /** The session ends: what it had not finished is handed back, behind its UNSUBSCRIBE. */
  end(name: string): void {
    const member = this.members.get(name) as Member;
    const unfinished = member.held.filter(({ qos }) => qos === 1);
    this.unsubscribe(name);
    member.isConnected = false;
    member.renew();
    for (const { payload } of unfinished) this.received.splice(this.received.lastIndexOf(payload), 1);
    if (unfinished.length === 0) return;
    const body = records(...unfinished.map(({ payload }) => `t:${payload} q1`));
    this.rig.run(this.rig.group.handBack(body, this.rig.nowMs));
  }

  /** Everybody is there and answers. */
  settle(): void {
    for (const name of names) {
      this.connect(name, 1_000);
      this.subscribe(name);
    }
    for (let round = 0; round < 1_000 && (this.rig.calls.length > 0 || this.rig.group.hasLate); round++) {
      this.rig.retry();
      this.answer(0, true);
    }
  }
}

const name = fc.constantFrom(...names);
const command = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant("publish" as const),
      qoses: fc.array(fc.constantFrom<1 | 2>(1, 2), { minLength: 1, maxLength: 5 }),
    }),
  },
  { weight: 8, arbitrary: fc.record({ do: fc.constant("answer" as const), pick: fc.nat(5), isHeard: fc.boolean() }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("connect" as const), name, room: fc.nat(4) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("disconnect" as const), name }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("passLoose" as const), name }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("subscribe" as const), name }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("unsubscribe" as const), name }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("end" as const), name }) },
  { weight: 1, arbitrary: fc.constant({ do: "retry" as const }) },
  { weight: 1, arbitrary: fc.constant({ do: "restart" as const }) },
);
type Command = typeof command extends fc.Arbitrary<infer One> ? One : never;

function carryOut(world: World, step: Command): void {
  switch (step.do) {
    case "publish":
      return world.publish(step.qoses);
    case "answer":
      return world.answer(step.pick, step.isHeard);
    case "connect":
      return world.connect(step.name, step.room + 1);
    case "disconnect":
      (world.members.get(step.name) as Member).isConnected = false;
      return;
    case "retry":
    case "restart":
      return world.rig[step.do]();
    default:
      return world[step.do](step.name);
  }
}

test.each(["round-robin", "random", "sticky"] as const)(
  "%s: every message reaches one member, those of QoS 2 no more than one, and nothing stays behind",
  (strategy) => {
    fc.assert(
      fc.property(fc.array(command, { maxLength: 60, size: "max" }), (commands) => {
        const world = new World(strategy);
        for (const step of commands) carryOut(world, step);
        world.settle();
        const copies = (payload: string) => world.received.filter((one) => one === payload).length;
        const lost = [...world.admitted.keys()].filter((payload) => copies(payload) === 0);
        // Given up with the last member, or begun with one whose session ended: both are counted.
        const dropped = world.rig.reports.reduce((sum, report) => sum + Number(report.split(" ").at(-1)), 0);
        expect(lost.length).toBeLessThanOrEqual(dropped);
        for (const [payload, qos] of world.admitted) if (qos === 2) expect(copies(payload)).toBeLessThanOrEqual(1);
        expect(world.rig.kept()).toEqual([]);
        expect(world.rig.group.isIdle).toBe(true);
      }),
      { numRuns: 200 },
    );
  },
);
