// A session whose messages go to a sink: which messages make a batch, and what becomes of it.

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { deadLetterBytesMax, deadLettersMax } from "../../../src/session/dead-letters.ts";
import type { Parcel } from "../../../src/session/parcel.ts";
import { delayMs, delayMsMax, sinkWakeAtMs } from "../../../src/session/sink.ts";
import { failed, refused, SinkSession, taken, textsOf } from "../../support/sink-session.ts";

describe("batches", () => {
  test("have the oldest messages, in order, of every QoS, and end where the limit is", () => {
    const session = new SinkSession();
    session.deliver("a:1 q1", "a:2", "b:3 q1", "b:4 q1");
    expect([session.carry(taken), session.carry(taken), session.carry(taken)]).toEqual([
      ["a:1", "a:2", "b:3"],
      ["b:4"],
      undefined,
    ]);
    expect(session.status).toMatchObject({ queueMessages: 0, progress: { deliveredBatches: 2, deliveredMessages: 4 } });
    expect(session.managed.count("segment")).toBe(0);
  });

  test("have at least one message, and otherwise no more bytes than they may", () => {
    const session = new SinkSession({ batchBytesMax: 2_500 });
    session.deliver("a:3000*x q1", "a:1000*y q1", "a:1000*y q1", "a:1000*y q1");
    const sizes = [session.carry(taken), session.carry(taken), session.carry(taken)].map((texts) => texts?.length);
    expect(sizes).toEqual([1, 2, 1]);
  });

  test("leave out what has expired, and count it", () => {
    const session = new SinkSession();
    session.deliver(`a:1 q1 exp=${session.nowMs + 10}`, "a:2 q1");
    session.nowMs += 10;
    expect(session.carry(taken)).toEqual(["a:2"]);
    expect(session.reports).toMatchObject([{ event: "drop", reason: "expired", count: 1 }]);
  });

  test("come again with the same id and content, whatever has come meanwhile, also after a crash", () => {
    const session = new SinkSession();
    session.deliver("a:1 q1");
    const first = session.next() as Parcel;
    session.deliver("a:2 q1");
    session.crash();
    const second = session.next() as Parcel;
    expect([second.id, textsOf(second), second.attempt]).toEqual([first.id, ["a:1"], 2]);
    session.settle(second, taken);
    expect(session.carry(taken)).toEqual(["a:2"]);
  });

  test("that were answered to an earlier session of the same name change nothing", () => {
    const session = new SinkSession();
    session.deliver("a:1 q1");
    const parcel = session.next() as Parcel;
    session.managed.rig.manage({ kind: "end" });
    session.configure({ revision: 2 });
    session.deliver("a:2 q1");
    session.settle(parcel, taken);
    expect(session.status.progress.deliveredMessages).toBe(0);
    expect(session.carry(taken)).toEqual(["a:2"]);
  });

  test("in flight may lose messages to a full queue or a purge, and are settled all the same", () => {
    const session = new SinkSession({}, 4);
    session.deliver("a:1 q1", "a:2 q1", "a:3 q1");
    const parcel = session.next() as Parcel;
    session.deliver("a:4 q1", "a:5 q1", "a:6 q1");
    expect(session.reports).toMatchObject([{ reason: "queue-full", count: 2 }]);
    session.settle(parcel, taken);
    expect(session.carry(taken)).toEqual(["a:4", "a:5", "a:6"]);
    session.deliver("a:7 q1");
    const purged = session.next() as Parcel;
    session.managed.rig.manage({ kind: "purge" });
    session.settle(purged, taken);
    expect([session.carry(taken), session.status.queueMessages]).toEqual([undefined, 0]);
  });
});

describe("failures", () => {
  test("are followed by another attempt, later each time, and by a success that forgets them", () => {
    const session = new SinkSession({ attemptsMax: 10 });
    session.deliver("a:1 q1");
    const pauses: number[] = [];
    for (let attempt = 0; attempt < 4; attempt++) {
      expect(session.carry(failed)).toEqual(["a:1"]);
      expect(session.carry(taken)).toBeUndefined();
      pauses.push(session.status.progress.nextAtMs - session.nowMs);
      session.waitForAttempt();
    }
    expect(pauses).toEqual([1_000, 2_000, 4_000, 8_000]);
    expect(session.carry(taken)).toEqual(["a:1"]);
    expect(session.status.progress).toMatchObject({ failures: 0, failedAttempts: 4, nextAtMs: 0 });
  });

  test.each([
    [1, 0, 0, 1_000],
    [1, 0, 1, 1_250],
    [3, 0, 0, 4_000],
    [60, 0, 1, delayMsMax],
    [1, 30_000, 0, 30_000],
    [6, 1_000, 0, 32_000],
    [1, 10 * delayMsMax, 0, delayMsMax],
  ])("%i in a row, asked to wait %i ms, jitter %d: %i ms", (failures, asked, jitter, expected) => {
    expect(delayMs(failures, asked, jitter)).toBe(expected);
  });

  test("as many as may be make a dead letter, and the next batch has its turn at once", () => {
    const session = new SinkSession();
    session.deliver("a:1 q1", "a:2 q1", "a:3 q1", "a:4 q1");
    for (let attempt = 1; attempt <= 3; attempt++) {
      session.waitForAttempt();
      expect(session.carry(failed)).toEqual(["a:1", "a:2", "a:3"]);
    }
    expect(session.carry(taken)).toEqual(["a:4"]);
    expect(session.status).toMatchObject({ deadLetters: { count: 1 }, progress: { deadMessages: 3, failures: 0 } });
  });

  test("survive a crash: attempts are counted before they are made", () => {
    const session = new SinkSession();
    session.deliver("a:1 q1");
    for (let attempt = 1; attempt <= 3; attempt++) {
      expect(session.next()?.attempt).toBe(attempt);
      session.crash();
    }
    session.settle(session.next() as Parcel, failed);
    expect(session.status).toMatchObject({ queueMessages: 0, deadLetters: { count: 1 } });
  });
});

describe("dead letters", () => {
  test("are what was refused, with everything that it had", () => {
    const session = new SinkSession();
    session.deliver("a:1 q1 retain", "a:2");
    const parcel = session.next() as Parcel;
    session.settle(parcel, refused);
    session.crash();
    const { answer } = session.managed.rig.manage({ kind: "dead-letters", after: -1, limit: 10 });
    const failure = { atMs: session.nowMs, reason: "refused", detail: "500", status: 400 };
    expect(answer).toEqual({
      kind: "dead-letters",
      letters: [
        { position: 0, id: parcel.id, atMs: session.nowMs, attempts: 1, count: 2, failure, isSentAgain: false },
      ],
    });
    const read = session.managed.rig.manage({ kind: "dead-letter", position: 0 }).answer;
    expect(read).toMatchObject({ kind: "dead-letter", messages: parcel.messages });
  });

  test("are sent again once, ahead of the queue, with their id; what fails again stays one", () => {
    const session = new SinkSession();
    session.deliver("a:1 q1");
    const parcel = session.next() as Parcel;
    session.settle(parcel, refused);
    session.deliver("a:2 q1");
    expect(session.managed.rig.manage({ kind: "send-letters", position: 0 }).answer).toMatchObject({ count: 1 });
    session.crash();
    const again = session.next() as Parcel;
    expect([again.id, textsOf(again)]).toEqual([parcel.id, ["a:1"]]);
    session.settle(again, failed);
    expect([session.carry(taken), session.status.deadLetters.count]).toEqual([["a:2"], 1]);
    session.managed.rig.manage({ kind: "send-letters" });
    expect([session.carry(taken), session.status.deadLetters.count]).toEqual([["a:1"], 0]);
  });

  test("are forgotten when an operator says so, and with their session", () => {
    const session = new SinkSession({ batchMessagesMax: 1 });
    session.deliver("a:1 q1", "a:2 q1", "a:3 q1");
    for (let batch = 0; batch < 3; batch++) session.carry(refused);
    expect(session.managed.rig.manage({ kind: "discard-letters", position: 1 }).answer).toMatchObject({ count: 1 });
    expect(session.managed.rig.manage({ kind: "discard-letters", position: 1 }).answer).toEqual({ kind: "absent" });
    expect(session.status.deadLetters.count).toBe(2);
    expect(session.managed.rig.manage({ kind: "discard-letters" }).answer).toMatchObject({ count: 2 });
    session.deliver("a:4 q1");
    session.carry(refused);
    session.managed.rig.manage({ kind: "end" });
    expect(session.managed.count("dead_letter")).toBe(0);
  });

  test(`are at most ${deadLettersMax}, or ${deadLetterBytesMax} bytes: the oldest go, counted`, () => {
    const session = new SinkSession({ batchMessagesMax: 1 }, 100_000);
    for (let count = 0; count <= deadLettersMax; count++) {
      session.deliver(`a:${count} q1`);
      session.carry(refused);
    }
    expect(session.status.deadLetters.count).toBe(deadLettersMax);
    expect(session.reports).toMatchObject([{ event: "drop", reason: "dead-letter-overflow", count: 1 }]);
    for (let sent = 0; sent < 66; sent++) {
      session.deliver("a:1000000*x q1");
      session.carry(refused);
    }
    expect(session.status.deadLetters.count).toBe(deadLettersMax);
    for (let sent = 0; sent < 2; sent++) {
      session.deliver("a:1000000*x q1");
      session.carry(refused);
    }
    expect(session.status.deadLetters.bytes).toBeLessThanOrEqual(deadLetterBytesMax);
    expect(session.status.deadLetters.count).toBe(67);
  });
});

describe("settings", () => {
  test("that are older than those that hold change nothing", () => {
    const session = new SinkSession({ revision: 5 });
    session.configure({ revision: 4, isPaused: true });
    session.deliver("a:1 q1");
    expect(session.carry(taken)).toEqual(["a:1"]);
  });

  test("pause it: what comes is kept, and goes when it is resumed", () => {
    const session = new SinkSession();
    session.configure({ revision: 2, isPaused: true });
    session.deliver("a:1 q1");
    expect(sinkWakeAtMs(session.managed.rig.session, session.nowMs)).toBeUndefined();
    expect(session.carry(taken)).toBeUndefined();
    session.crash();
    session.configure({ revision: 3 });
    expect(session.carry(taken)).toEqual(["a:1"]);
  });

  test("that change let it be tried at once", () => {
    const session = new SinkSession();
    session.deliver("a:1 q1");
    session.carry(failed);
    session.configure({ revision: 2 });
    expect(session.carry(taken)).toEqual(["a:1"]);
  });
});

test("it wakes when a message has waited long enough, or a batch is full, or a pause is over", () => {
  const session = new SinkSession({ lingerMs: 500, batchMessagesMax: 2 });
  const wakes = () => (sinkWakeAtMs(session.managed.rig.session, session.nowMs) ?? Number.NaN) - session.nowMs;
  expect(wakes()).toBeNaN();
  session.deliver("a:1 q1");
  expect(wakes()).toBe(500);
  session.deliver("a:2 q1");
  expect(wakes()).toBe(0);
  session.carry(failed);
  expect(wakes()).toBe(1_000);
});

test("nobody else consumes its queue", () => {
  const session = new SinkSession();
  session.deliver("a:1 q1");
  expect(session.managed.pull(1).answer).toEqual({ kind: "connected" });
});

test("a batch that is one of many in a stream writes its progress and its segments, and no more", () => {
  const session = new SinkSession({ batchMessagesMax: 100 }, 10_000);
  for (let batch = 0; batch < 10; batch++) session.deliver(...Array.from({ length: 100 }, (_, n) => `a:${n} q1`));
  const before = session.managed.rig.sql.first("SELECT total_changes() AS count")?.["count"] as number;
  for (let batch = 0; batch < 10; batch++) expect(session.carry(taken)).toHaveLength(100);
  const after = session.managed.rig.sql.first("SELECT total_changes() AS count")?.["count"] as number;
  // For each batch its progress and its segment; at the end the progress once more.
  expect(after - before).toBe(21);
});

test("whatever happens, each message is delivered, a dead letter, dropped by name, or waits; in order, and with one content for each id", () => {
  const action = fc.oneof(
    { weight: 4, arbitrary: fc.integer({ min: 1, max: 5 }).map((count) => ({ kind: "deliver" as const, count })) },
    {
      weight: 6,
      arbitrary: fc.constantFrom("taken" as const, "failed" as const, "refused" as const).map((kind) => ({ kind })),
    },
    {
      weight: 1,
      arbitrary: fc.constantFrom("crash" as const, "begin" as const, "again" as const).map((kind) => ({ kind })),
    },
  );
  fc.assert(
    fc.property(fc.array(action, { maxLength: 60 }), fc.integer({ min: 3, max: 30 }), (actions, room) => {
      const session = new SinkSession({}, room);
      const delivered: number[] = [];
      const contents = new Map<string, string>();
      let published = 0;
      for (const one of actions) {
        session.waitForAttempt();
        if (one.kind === "deliver") {
          session.deliver(...Array.from({ length: one.count }, () => `a:${published++} q1`));
          continue;
        }
        if (one.kind === "crash") session.crash();
        if (one.kind === "again") session.managed.rig.manage({ kind: "send-letters" });
        if (one.kind === "crash" || one.kind === "again") continue;
        const parcel = session.next();
        if (parcel === undefined) continue;
        const texts = textsOf(parcel);
        const known = contents.get(parcel.id);
        // A full queue may have taken messages away, and never adds any.
        if (known !== undefined) expect(known.split(" ")).toEqual(expect.arrayContaining(texts));
        contents.set(parcel.id, texts.join(" "));
        if (one.kind === "begin") {
          session.crash();
          continue;
        }
        session.settle(parcel, { taken, failed, refused }[one.kind]);
        const numbers = texts.map((text) => Number(text.slice(2)));
        if (one.kind === "taken" && parcel.letter === undefined) {
          expect(numbers[0]).toBeGreaterThan(delivered.at(-1) ?? -1);
        }
        if (one.kind === "taken") delivered.push(...numbers);
        if (parcel.letter !== undefined) delivered.sort((left, right) => left - right);
      }
      const { queueMessages, drops } = session.status;
      const { answer } = session.managed.rig.manage({ kind: "dead-letters", after: -1, limit: 1_000 });
      const dead =
        answer.kind === "dead-letters" ? answer.letters.reduce((sum, { count }) => sum + count, 0) : Number.NaN;
      const dropped = session.reports.reduce((sum, { event, count }) => sum + (event === "drop" ? count : 0), 0);
      expect(drops).toEqual({});
      expect(new Set(delivered).size).toBe(delivered.length);
      expect(delivered.length + dead + dropped + queueMessages).toBe(published);
    }),
    { numRuns: 300 },
  );
});
