// Delayed messages under crashes at any point and a clock that jumps: each is published once, none before its time, and a
// page that leaves again is the same page.

import fc from "fast-check";
import { expect, test } from "vitest";
import { RecordReader } from "../../../src/queue/record.ts";
import { DelayedMessages, type DelayedPage } from "../../../src/shard/delayed.ts";
import { defaultDelayedLimits } from "../../../src/shard/delayed-quota.ts";
import { memoryShard } from "../../support/memory-shard.ts";
import { records, textOf } from "../../support/records.ts";

type Event =
  | { readonly kind: "take"; readonly seconds: readonly number[] }
  | { readonly kind: "clock"; readonly byMs: number }
  /** How much of a release happens before the memory is lost; all of it if it is not. */
  | { readonly kind: "release"; readonly until: "begun" | "sent" | "finished" }
  | { readonly kind: "crash" };

const event: fc.Arbitrary<Event> = fc.oneof(
  fc.record({ kind: fc.constant("take" as const), seconds: fc.array(fc.nat(3), { minLength: 1, maxLength: 4 }) }),
  fc.record({ kind: fc.constant("clock" as const), byMs: fc.integer({ min: -3_000, max: 3_000 }) }),
  fc.record({ kind: fc.constant("release" as const), until: fc.constantFrom("begun", "sent", "finished", "finished") }),
  fc.record({ kind: fc.constant("crash" as const) }),
);

/** What an exactly-once receiver of one publisher's messages takes. */
class Receiver {
  readonly payloads: string[] = [];
  #cursor = 0;

  take(page: DelayedPage): void {
    for (const { body } of page.rows) {
      for (const reader = new RecordReader(body); reader.next(); ) {
        if (reader.sequence <= this.#cursor) continue;
        this.#cursor = reader.sequence;
        this.payloads.push(textOf(reader.payload));
      }
    }
  }
}

function payloadsOf(page: DelayedPage): string[] {
  const payloads: string[] = [];
  for (const { body } of page.rows) {
    for (const reader = new RecordReader(body); reader.next(); ) payloads.push(textOf(reader.payload));
  }
  return payloads;
}

test("whatever happens, an exactly-once receiver gets each message once, and none before its time", () => {
  fc.assert(
    fc.property(fc.array(event, { maxLength: 60, size: "max" }), (events) => {
      const store = memoryShard();
      let delayed = new DelayedMessages(store.delayed, defaultDelayedLimits);
      const receiver = new Receiver();
      const dueAtMs = new Map<string, number>();
      let nowMs = 1_700_000_000_000;
      let sequence = 0;
      let cut: DelayedPage | undefined;
      const crash = () => {
        delayed = new DelayedMessages(store.delayed, defaultDelayedLimits);
      };
      const release = (until: "begun" | "sent" | "finished"): boolean => {
        const page = delayed.nextPage(nowMs);
        if (page === undefined) return false;
        expect(page.begin === undefined).toBe(cut !== undefined);
        if (cut !== undefined) expect(page.rows).toEqual(cut.rows);
        if (page.begin !== undefined) {
          for (const payload of payloadsOf(page)) expect(dueAtMs.get(payload)).toBeLessThanOrEqual(nowMs);
          store.apply([page.begin]);
        }
        cut = page;
        if (until !== "begun") receiver.take(page);
        if (until !== "finished") {
          crash();
          return true;
        }
        store.apply([page.end]);
        delayed.left(page);
        cut = undefined;
        return true;
      };
      for (const one of events) {
        if (one.kind === "clock") nowMs += one.byMs;
        else if (one.kind === "crash") crash();
        else if (one.kind === "release") release(one.until);
        else {
          const texts = one.seconds.map((seconds) => {
            const payload = `${++sequence}`;
            dueAtMs.set(payload, nowMs + seconds * 1000);
            return `$delayed/${seconds}/a:${payload} q2 seq=${sequence}`;
          });
          const batch = { publisher: "p", body: records(...texts), routedUpTo: () => 0, repeated: false };
          store.apply(delayed.take(batch, new Set(), nowMs).changes);
        }
      }
      nowMs += 1_000_000;
      while (release("finished"));
      expect(receiver.payloads.toSorted()).toEqual([...dueAtMs.keys()].toSorted());
      expect(store.delayed.totals()).toEqual({ messages: 0, bytes: 0 });
    }),
    { numRuns: 200 },
  );
});
