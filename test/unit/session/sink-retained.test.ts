// A sink that begins with what is retained gets all of it, page by page, as its batches leave.

import { expect, test } from "vitest";
import { wakeAtMs } from "../../../src/session/closing.ts";
import type { LaneItem } from "../../../src/session/outgoing.ts";
import { records } from "../../support/records.ts";
import { failed, SinkSession, settings, taken } from "../../support/sink-session.ts";

/** A topic shard with retained messages a/0, a/1, …, and the sink's session that has asked for them. */
class Pages {
  readonly session = new SinkSession();
  readonly #texts: readonly string[];
  readonly #pageMax: number;
  readonly #queueMessagesMax: number;
  readonly delivered: string[] = [];

  constructor(count: number, pageMax: number, queueMessagesMax: number) {
    this.#texts = Array.from({ length: count }, (_, index) => `a/b:${index} q1 retain`);
    this.#pageMax = pageMax;
    this.#queueMessagesMax = queueMessagesMax;
    this.apply();
  }

  /** As an operator makes it, or changes it, the filter being the same. */
  apply(): void {
    const subscription = { filter: "a/b", qos: 2, noLocal: false, retainAsPublished: true, retainHandling: 1 } as const;
    this.#rig.manage({
      kind: "provision",
      clientId: "$webhook/hook",
      expirySeconds: 0xffff_ffff,
      subscriptions: [subscription],
      limits: { queueMessagesMax: this.#queueMessagesMax, queuePolicy: "drop-oldest" },
      sink: { ...settings, revision: 2 },
    });
  }

  get #rig() {
    return this.session.managed.rig;
  }

  get #shard(): number {
    return this.#rig.shardOf("a/b");
  }

  /** What the shard was asked and has not answered. */
  get asked(): LaneItem["kind"] | undefined {
    return this.#rig.inFlight(this.#shard)[0]?.kind;
  }

  get waiting(): number {
    return this.#rig.session.replays.size;
  }

  get wakesInMs(): number | undefined {
    const atMs = wakeAtMs(this.#rig.session, this.session.nowMs);
    return atMs === undefined ? undefined : atMs - this.session.nowMs;
  }

  /** One page, as far as there is one to give. */
  answer(): void {
    const [item] = this.#rig.inFlight(this.#shard);
    const entry = item?.kind === "subscribe" ? item.entries[0] : item?.kind === "replay" ? item.entry : undefined;
    if (entry === undefined) throw new Error(`the shard was asked ${item?.kind}`);
    const from = item?.kind === "replay" ? Number(item.replay.after) : 0;
    const to = Math.min(from + this.#pageMax, this.#texts.length);
    const after = to < this.#texts.length ? `${to}` : undefined;
    this.#rig.answer(
      this.#shard,
      [],
      entry.sendRetained ? [{ entry, body: records(...this.#texts.slice(from, to)), after }] : [],
    );
  }

  /** The shard answers whatever it is asked. */
  answerAll(): void {
    while (this.asked !== undefined) this.answer();
  }

  fail(): void {
    this.#rig.fail(this.#shard);
  }

  crash(): void {
    this.#rig.crash();
  }

  carry(): boolean {
    const texts = this.session.carry(taken);
    this.delivered.push(...(texts ?? []));
    return texts !== undefined;
  }

  /** As its object does when it wakes. */
  ring(): void {
    while (this.carry());
    this.#rig.tick();
  }

  expectAll(): void {
    expect(this.delivered).toEqual(this.#texts.map((text) => text.split(" ")[0]));
    expect([this.waiting, this.asked, this.session.reports]).toEqual([0, undefined, []]);
    expect(this.session.managed.count("replay")).toBe(0);
  }
}

test("RPL-5 a sink reads like a client: each batch that leaves makes room for a page", () => {
  const pages = new Pages(40, 4, 8);
  pages.answerAll();
  expect(pages.waiting).toBe(1);
  while (pages.carry()) pages.answerAll();
  pages.expectAll();
});

test("RPL-5 a batch that fails makes no room", () => {
  const pages = new Pages(40, 4, 8);
  pages.answerAll();
  expect(pages.session.carry(failed)).toHaveLength(3);
  expect(pages.asked).toBeUndefined();
});

test.each([1, 2, 3, 7])(
  "RPL-5 each message once, also when the object is reset after every %i answers and batches",
  (every) => {
    const pages = new Pages(40, 4, 8);
    let steps = 0;
    for (let rounds = 0; rounds < 200; rounds++) {
      if (pages.asked !== undefined) {
        pages.answer();
        if (++steps % every === 0) pages.crash();
      }
      pages.carry();
      if (++steps % every === 0) pages.crash();
      if (pages.asked === undefined && pages.wakesInMs !== undefined) pages.ring();
    }
    pages.expectAll();
  },
);

test("RPL-5 a page that was asked for when its object was reset is asked for again, though nothing waits in the queue", () => {
  const pages = new Pages(8, 4, 100);
  pages.answer();
  while (pages.carry());
  expect([pages.asked, pages.wakesInMs]).toEqual(["replay", 15_000]);
  pages.crash();
  expect([pages.asked, pages.wakesInMs]).toEqual([undefined, 15_000]);
  pages.ring();
  pages.answerAll();
  pages.ring();
  pages.expectAll();
});

test("RPL-5 a page that the shard did not give is asked for again", () => {
  const pages = new Pages(8, 4, 100);
  pages.answer();
  pages.fail();
  while (pages.carry());
  pages.ring();
  pages.answerAll();
  pages.ring();
  pages.expectAll();
});

test.each(["crash", "fail"] as const)(
  "SUB-1 one whose making was cut short by a %s gets what is retained when it is made again",
  (what) => {
    const pages = new Pages(8, 4, 100);
    pages[what]();
    pages.apply();
    pages.answerAll();
    pages.ring();
    pages.expectAll();
    pages.apply();
    pages.answerAll();
    pages.ring();
    pages.expectAll();
  },
);
