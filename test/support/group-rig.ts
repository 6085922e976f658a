// A group of a shard on node:sqlite, as its object runs it: changes are carried out at once, and calls to members wait for
// the test to answer them. Members are short texts: "a q2 id=7 gen=2 rap".

import { Numbering } from "../../src/hop/key.ts";
import { RecordReader } from "../../src/queue/record.ts";
import type { GroupChange, GroupRow, Member } from "../../src/shard/changes.ts";
import { admit, type GroupOptions, ShareGroup } from "../../src/shard/group.ts";
import type { Offer, OfferOutcome } from "../../src/shard/offer.ts";
import { topicKey } from "../../src/topic/key.ts";
import { memoryShard } from "./memory-shard.ts";
import { payloadText, records, Words } from "./records.ts";

export type GroupRigOptions = Partial<GroupOptions["limits"]> & Partial<Pick<GroupOptions, "strategy" | "random">>;

export interface Published {
  /** Messages of QoS 2 were kept up to here when the call came to be carried out. */
  readonly routedUpTo?: number;
  /** Indexes that were refused elsewhere. */
  readonly refused?: readonly number[];
}

export type Answer = Partial<Omit<OfferOutcome, "taken">> & {
  /** Of each row; all of them if not given. */
  readonly taken?: readonly number[];
};

export class GroupRig {
  readonly share: string;
  readonly store;
  nowMs = 1_000;
  group!: ShareGroup;
  incarnation = 100;
  /** Unanswered, in the order in which they were made. */
  calls: Offer[] = [];
  /** "drop queue-full 3". */
  reports: string[] = [];
  /** The detail of each. */
  details: string[] = [];
  readonly #options: Pick<GroupOptions, "limits" | "strategy" | "random">;

  constructor(options: GroupRigOptions = {}, share = "$share/g/t", store = memoryShard()) {
    const { strategy = "round-robin", random = () => 0, ...limits } = options;
    const unlimited = { queueMessagesMax: 10_000, queueBytesMax: 1e9, queuePolicy: "reject" as const };
    this.share = share;
    this.store = store;
    this.#options = { limits: { ...unlimited, ...limits }, strategy, random };
    this.restart();
  }

  /** The shard loses its memory, and the calls it had under way; meanwhile the clock has gone on, or back. */
  restart(passed = 1): void {
    this.incarnation += passed;
    const { incarnation } = this;
    this.calls = [];
    const numbering = new Numbering(this.share, incarnation);
    this.group = new ShareGroup(this.store.groups, this.share, { ...this.#options, incarnation, numbering });
    this.run([]);
  }

  /** What the object does after each event. */
  run(changes: readonly GroupChange[]): void {
    this.store.apply(changes);
    for (let more = this.group.assign(this.nowMs); more.length > 0; more = this.group.assign(this.nowMs)) {
      this.store.apply(more);
    }
    this.calls.push(...this.group.offers());
    for (const { event, reason, count, detail } of this.group.takeReports()) {
      this.reports.push(`${event} ${reason} ${count}`);
      this.details.push(detail);
    }
  }

  subscribe(...texts: readonly string[]): void {
    for (const text of texts) this.store.apply([{ kind: "put-member", ...this.#place, member: member(text) }]);
    this.run(this.group.membersChanged());
  }

  unsubscribe(text: string): void {
    const { session, generation } = member(text);
    this.store.apply([{ kind: "delete-member", ...this.#place, session, generation, earlierToo: true }]);
    this.run(this.group.membersChanged());
  }

  /** One batch; the indexes that are refused. */
  publish(texts: readonly string[], options: Published = {}): number[] {
    return publishTo([this], texts, options);
  }

  /** The call to a member is answered, or, without an answer, given up. */
  answer(session: string, answer: Answer | undefined): void {
    const offer = this.calls.find((call) => call.session === session);
    if (offer === undefined) throw new Error(`${session} was not asked`);
    const { taken, ...rest } = answer ?? {};
    const outcomes = offer.rows.map(({ count }, index) => ({
      gone: false,
      isAway: false,
      room: 100,
      ...rest,
      taken: taken === undefined ? count : (taken[index] ?? 0),
    }));
    this.settle(offer, answer && outcomes);
  }

  settle(offer: Offer, outcomes: readonly OfferOutcome[] | undefined): void {
    this.calls = this.calls.filter((call) => call !== offer);
    this.run(this.group.settle(offer.session, outcomes));
  }

  attend(session: string, room = 100): void {
    this.group.attend(session, room);
    this.run([]);
  }

  retry(): void {
    this.group.retry();
    this.run([]);
  }

  /** What a member is being asked to take, by row. */
  asked(session: string): string[] | undefined {
    return this.calls.find((call) => call.session === session)?.bodies.map(payloadsOf);
  }

  /** Rows in their order: "a: 1 2" is assigned to a, "-: 3" to nobody. */
  kept(): string[] {
    const { groups } = this.store;
    const assigned = groups.assigned(this.share).map((key) => groups.row(key) as GroupRow);
    return [...groups.unassigned(this.share, 1_000), ...assigned]
      .sort((one, other) => one.rank - other.rank || one.id - other.id)
      .map(({ assigned: to, body }) => `${to?.session ?? "-"}: ${payloadsOf(body)}`);
  }

  get #place() {
    return { share: this.share, key: topicKey(this.share.slice(this.share.indexOf("/", 7) + 1)) };
  }
}

/** One batch that several groups match. */
export function publishTo(rigs: readonly GroupRig[], texts: readonly string[], options: Published = {}): number[] {
  const { routedUpTo = 0, refused: before = [] } = options;
  const refused = new Set(before);
  const indexes = texts.map((_text, index) => index);
  const batches = rigs.map(({ group, share }) => {
    return { group, batch: { share, body: records(...texts), loose: new Uint8Array(0), indexes } };
  });
  const source = { publisher: "p", routedUpTo: () => routedUpTo };
  const changes = admit(batches, source, refused, rigs[0]?.nowMs ?? 0);
  for (const rig of rigs) rig.run(rig === rigs[0] ? changes : []);
  return [...refused].sort((one, other) => one - other);
}

function member(text: string): Member {
  const words = new Words(text);
  return {
    session: words.first,
    generation: words.number("gen", 1),
    qos: words.qos,
    retainAsPublished: words.has("rap"),
    identifier: words.number("id", 0),
  };
}

function payloadsOf(body: Uint8Array): string {
  const payloads: string[] = [];
  for (const reader = new RecordReader(body); reader.next(); ) payloads.push(payloadText(reader.payload));
  return payloads.join(" ");
}
