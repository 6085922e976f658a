// What a group keeps, for whom, in which order, and what becomes of what it cannot keep. What holds whatever happens is in
// test/property/shard/group.test.ts.

import { describe, expect, test } from "vitest";
import { RecordReader } from "../../../src/queue/record.ts";
import type { Offer } from "../../../src/shard/offer.ts";
import { GroupRig, publishTo } from "../../support/group-rig.ts";
import { records, recordTexts } from "../../support/records.ts";

/** "t:1 q1" for each payload. */
const batch = (qos: 1 | 2, ...payloads: readonly (number | string)[]) =>
  payloads.map((payload, index) => `t:${payload} q${qos}${qos === 2 ? ` seq=${index + 1}` : ""}`);
const numbers = (count: number, first = 1) => Array.from({ length: count }, (_, index) => first + index);

function qosOf(bodies: readonly Uint8Array[] = []): number[] {
  return bodies.map((body) => {
    const reader = new RecordReader(body);
    reader.next();
    return reader.qos;
  });
}

/** A group whose one member is away: all that it keeps waits for anyone. */
function waiting(options: ConstructorParameters<typeof GroupRig>[0] = {}): GroupRig {
  const rig = new GroupRig(options);
  rig.subscribe("a q2");
  rig.publish(["t:first q1"]);
  rig.answer("a", { taken: [0], isAway: true });
  rig.reports = [];
  return rig;
}

test("what a client sent twice, before the first left, is kept once at QoS 2", () => {
  const rig = waiting();
  const texts = batch(2, 1, 2);
  expect(rig.publish([...texts, "t:3 q1", ...texts, "t:3 q1"])).toEqual([]);
  expect(rig.kept()).toEqual(["-: first", "-: 1 2 3 3"]);
});

test("a will that comes again while its first call is under way is kept once", () => {
  const rig = waiting();
  const body = records("t:will q2 seq=5");
  const batch = { share: rig.share, indexes: [0], body, loose: new Uint8Array() };
  const source = (routedUpTo: number) => ({ publisher: "p", routedUpTo: () => routedUpTo });
  rig.run(rig.group.release(batch, rig.nowMs, source(4)));
  rig.run(rig.group.release(batch, rig.nowMs, source(5)));
  expect(rig.kept()).toEqual(["-: first", "-: will"]);
});

describe("a member that says that it has unsubscribed, which nobody else has said", () => {
  test("is none any more: without another the group ends, and what it kept is counted", () => {
    const rig = waiting();
    rig.attend("a");
    rig.answer("a", { taken: [0], isAway: true, hasLeft: true });
    expect(rig.kept()).toEqual([]);
    expect(rig.reports).toEqual(["drop share-ended 1"]);
  });

  test("leaves what it was offered to the others", () => {
    const rig = waiting();
    rig.attend("a");
    rig.subscribe("b q2");
    rig.publish(["t:second q1"]);
    rig.answer("b", { taken: [1, 1] });
    rig.answer("a", { taken: [0], isAway: true, hasLeft: true });
    expect(rig.asked("b")).toEqual(["first"]);
  });

  test("stays one if it has subscribed since it was asked", () => {
    const rig = waiting();
    rig.attend("a");
    rig.subscribe("a q1");
    rig.answer("a", { taken: [0], isAway: true, hasLeft: true });
    expect(rig.kept()).toEqual(["-: first"]);
    rig.attend("a");
    expect(rig.asked("a")).toEqual(["first"]);
  });
});

describe("limits", () => {
  test("reject: what does not fit is refused, in messages", () => {
    const rig = waiting({ queueMessagesMax: 4 });
    expect(rig.publish(batch(1, 1, 2, 3, 4, 5))).toEqual([3, 4]);
    expect(rig.publish(batch(1, 6))).toEqual([0]);
    expect(rig.kept()).toEqual(["-: first", "-: 1 2 3"]);
    expect(rig.reports).toEqual(["refusal queue-full 2", "refusal queue-full 1"]);
    expect(rig.details[0]).toBe("topic t from p");
  });

  test("reject: what does not fit is refused, in bytes", () => {
    const rig = waiting({ queueBytesMax: 1_000 });
    expect(rig.publish(["t:400*x q1", "t:700*x q1", "t:400*x q1", "t:400*x q1"])).toEqual([1, 3]);
    expect(rig.kept()).toEqual(["-: first", "-: 400*x 400*x"]);
  });

  test("reject: messages of QoS 2 behind a refused one are refused, before it and of QoS 1 they are not", () => {
    const rig = waiting({ queueBytesMax: 1_000 });
    const texts = ["t:1 q2 seq=1", "t:1000*x q1", "t:2 q1", "t:3 q2 seq=2"];
    expect(rig.publish(texts)).toEqual([1, 3]);
    expect(rig.kept()).toEqual(["-: first", "-: 1 2"]);
  });

  test.each(["reject", "drop-oldest", "drop-newest"] as const)(
    "%s: what was refused elsewhere is not kept, nor QoS 2 behind it",
    (queuePolicy) => {
      const rig = waiting({ queuePolicy });
      const texts = ["t:1 q2 seq=1", "t:2 q1", "t:3 q1", "t:4 q2 seq=2"];
      expect(rig.publish(texts, { refused: [1] })).toEqual([1, 3]);
      expect(rig.kept()).toEqual(["-: first", "-: 1 3"]);
    },
  );

  test("reject: what was refused elsewhere takes no room", () => {
    const rig = waiting({ queueMessagesMax: 2 });
    expect(rig.publish(batch(1, 1, 2), { refused: [0] })).toEqual([0]);
    expect(rig.kept()).toEqual(["-: first", "-: 2"]);
    expect(rig.reports).toEqual([]);
  });

  test("what one group refuses no other keeps: it comes again", () => {
    const roomy = waiting();
    const small = new GroupRig({ queueMessagesMax: 2 }, "$share/small/t", roomy.store);
    small.subscribe("a q2");
    const texts = ["t:1 q2 seq=1", "t:2 q1", "t:3 q1", "t:4 q2 seq=2"];
    expect(publishTo([roomy, small], texts)).toEqual([2, 3]);
    expect(roomy.kept()).toEqual(["-: first", "-: 1 2"]);
    expect(publishTo([small, roomy], ["t:3 q1", "t:4 q2 seq=2"])).toEqual([0, 1]);
    expect(roomy.kept()).toEqual(["-: first", "-: 1 2"]);
  });

  test("drop-newest: what does not fit is dropped", () => {
    const rig = waiting({ queueMessagesMax: 4, queuePolicy: "drop-newest" });
    expect(rig.publish(batch(2, 1, 2, 3, 4, 5))).toEqual([]);
    expect(rig.kept()).toEqual(["-: first", "-: 1 2 3"]);
    expect(rig.reports).toEqual(["drop queue-full 2"]);
  });

  test("drop-oldest: the oldest go, from the rows before and from the batch itself", () => {
    const rig = waiting({ queueMessagesMax: 4, queuePolicy: "drop-oldest" });
    expect(rig.publish(batch(1, 1, 2))).toEqual([]);
    expect(rig.reports).toEqual([]);
    rig.publish(batch(2, 3, 4, 5));
    expect(rig.kept()).toEqual(["-: 2", "-: 3 4 5"]);
    rig.publish(batch(1, ...numbers(6, 10)));
    expect(rig.kept()).toEqual(["-: 12 13 14 15"]);
    expect(rig.reports).toEqual(["drop queue-full 2", "drop queue-full 6"]);
  });

  test("drop-oldest: a batch pushes out as many rows as it takes", () => {
    const rig = waiting({ queueMessagesMax: 100, queuePolicy: "drop-oldest" });
    for (const payload of numbers(99)) rig.publish(batch(1, payload));
    rig.publish(batch(1, ...numbers(60, 100)));
    expect(rig.kept()).toHaveLength(41);
    expect(rig.kept().slice(0, 2)).toEqual(["-: 60", "-: 61"]);
  });

  test("drop-oldest: what a member was offered stays, and nothing new is kept if that is all", () => {
    const rig = new GroupRig({ queueMessagesMax: 2, queuePolicy: "drop-oldest" });
    rig.subscribe("a q2");
    rig.publish(batch(1, 1, 2));
    rig.publish(batch(1, 3));
    expect(rig.kept()).toEqual(["a: 1 2"]);
    rig.answer("a", { taken: [1], room: 0 });
    rig.publish(batch(1, 4, 5));
    expect(rig.kept()).toEqual(["-: 4 5"]);
    expect(rig.reports).toEqual(["drop queue-full 1", "drop queue-full 1"]);
  });

  test("what members take makes room, also in another life of the shard", () => {
    const rig = waiting({ queueMessagesMax: 3 });
    expect(rig.publish(batch(1, 1, 2, 3))).toEqual([2]);
    rig.restart();
    rig.answer("a", { taken: [1, 1] });
    expect(rig.publish(batch(1, 4, 5, 6))).toEqual([2]);
  });

  test("in bytes, too: as many as are allowed, and again when a member has taken them", () => {
    const texts = ["t:400*x q1", "t:400*y q1"];
    const rig = waiting({ queueBytesMax: records("t:first q1", ...texts).length });
    expect(rig.publish([...texts, "t:1 q1"])).toEqual([2]);
    rig.attend("a");
    rig.answer("a", { room: 0 });
    for (const refused of [[], [0, 1]]) expect(rig.publish(texts)).toEqual(refused);
  });

  test("in bytes, too: what has expired makes room", () => {
    const rig = waiting({ queueBytesMax: 1_000 });
    rig.publish(["t:400*x q1 exp=1500", "t:400*y q1 exp=1500"]);
    rig.nowMs = 1_500;
    rig.attend("a");
    rig.answer("a", { isAway: true });
    expect(rig.publish(["t:400*x q1", "t:400*y q1", "t:400*z q1"])).toEqual([2]);
  });

  test("drop-oldest: as many of the oldest go as make room, in bytes, too", () => {
    const rig = waiting({ queueBytesMax: 1_000, queuePolicy: "drop-oldest" });
    rig.publish(["t:400*w q1", "t:400*x q1"]);
    expect(rig.kept()).toEqual(["-: first", "-: 400*w 400*x"]);
    rig.publish(["t:400*y q1"]);
    rig.publish(["t:400*z q1"]);
    expect(rig.kept()).toEqual(["-: 400*y", "-: 400*z"]);
    expect(rig.reports).toEqual(["drop queue-full 2", "drop queue-full 1"]);
  });

  test("drop-newest: what is smaller than what did not fit may fit behind it", () => {
    const rig = waiting({ queueBytesMax: 1_000, queuePolicy: "drop-newest" });
    rig.publish(["t:400*x q1", "t:400*y q1", "t:400*z q1", "t:1 q1"]);
    expect(rig.kept()).toEqual(["-: first", "-: 400*x 400*y 1"]);
  });

  test("a group that has ended and begins anew has all its room", () => {
    const rig = waiting({ queueBytesMax: 1_000, queueMessagesMax: 3 });
    rig.publish(["t:400*x q1", "t:400*y q1"]);
    rig.unsubscribe("a");
    rig.subscribe("b q2");
    expect(rig.publish(["t:400*x q1", "t:400*y q1", "t:1 q1"])).toEqual([]);
  });

  test.each(["released", "handed back"] as const)("what is %s counts", (how) => {
    const rig = waiting({ queueMessagesMax: 3 });
    const shared = { share: rig.share, indexes: [0], body: rigBody("1"), loose: new Uint8Array(0) };
    rig.run(how === "released" ? rig.group.release(shared, rig.nowMs) : rig.group.handBack(shared.body, rig.nowMs));
    expect(rig.publish(batch(1, 2, 3))).toEqual([1]);
  });

  test.each(["released", "handed back"] as const)("what is %s is kept, however full it is", (how) => {
    const rig = waiting({ queueMessagesMax: 1 });
    const shared = { share: rig.share, indexes: [0, 1], body: rigBody("1", "2"), loose: new Uint8Array(0) };
    rig.run(how === "released" ? rig.group.release(shared, rig.nowMs) : rig.group.handBack(shared.body, rig.nowMs));
    expect(rig.kept()).toHaveLength(2);
    expect(rig.publish(batch(1, 3))).toEqual([0]);
    expect(rig.reports).toEqual(["refusal queue-full 1"]);
  });

  test("a message that was kept while its call waited for somebody else is not kept again", () => {
    const rig = waiting();
    expect(rig.publish(["t:1 q2 seq=4", "t:2 q1", "t:3 q2 seq=5"], { routedUpTo: 4 })).toEqual([]);
    expect(rig.kept()).toEqual(["-: first", "-: 2 3"]);
  });

  test("a large batch is kept in rows of bounded size, in order", () => {
    const rig = waiting();
    rig.publish(numbers(60).map((payload) => `t/${payload}:10000*x q1`));
    const sizes = rig.store.groups.unassigned(rig.share, 100).map(({ body, count }) => [count, body.length]);
    expect(sizes.length).toBeGreaterThan(4);
    for (const [, bytes] of sizes) expect(bytes).toBeLessThanOrEqual(128 * 1024);
    expect(sizes.reduce((sum, [count = 0]) => sum + count, 0)).toBe(61);
    rig.attend("a", 100);
    const topics = rig.calls[0]?.bodies.flatMap(recordTexts).map((text) => text.split(":")[0]);
    expect(topics).toEqual(["t", ...numbers(60).map((payload) => `t/${payload}`)]);
  });

  test("a message that is larger than a row usually is has one to itself", () => {
    const rig = waiting();
    rig.publish(["t:1 q1", "t:1000000*x q1", "t:2 q1"]);
    expect(rig.kept()).toEqual(["-: first", "-: 1", "-: 1000000*x", "-: 2"]);
  });
});

test("a group is idle when it keeps nothing and nobody is asked", () => {
  const rig = new GroupRig();
  rig.subscribe("a q2", "b q2");
  expect(rig.group.isIdle).toBe(true);
  rig.publish(batch(1, 1, 2));
  expect(rig.group.isIdle).toBe(false);
  rig.answer("a", undefined);
  rig.answer("b", {});
  expect([rig.group.isIdle, rig.group.hasLate]).toEqual([false, true]);
  rig.retry();
  expect(rig.group.hasLate).toBe(false);
  rig.answer("a", {});
  expect(rig.group.isIdle).toBe(true);
});

describe("one call to a member", () => {
  test("carries as many bytes as it may, the next one the rest", () => {
    const rig = waiting();
    const texts = numbers(25).map((payload) => `t/${payload}:100000*x q1`);
    rig.publish(texts);
    rig.attend("a");
    const sizes: number[] = [];
    const topics: (string | undefined)[] = [];
    while (rig.asked("a") !== undefined) {
      const bodies = rig.calls[0]?.bodies ?? [];
      sizes.push(bodies.reduce((sum, body) => sum + body.length, 0));
      topics.push(...bodies.flatMap(recordTexts).map((text) => text.split(":")[0]));
      rig.answer("a", {});
    }
    expect(sizes).toHaveLength(3);
    for (const bytes of sizes) expect(bytes).toBeLessThanOrEqual(1024 * 1024);
    expect(topics).toEqual(["t", ...numbers(25).map((payload) => `t/${payload}`)]);
  });

  test("carries 256 rows, the next one the rest", () => {
    const rig = waiting();
    for (const payload of numbers(299)) rig.publish(batch(1, payload));
    rig.attend("a", 1_000);
    const counts: (number | undefined)[] = [];
    for (; rig.asked("a") !== undefined; rig.answer("a", { room: 1_000 })) counts.push(rig.asked("a")?.length);
    expect(counts).toEqual([256, 44]);
    expect(rig.kept()).toEqual([]);
  });
});

const rigBody = (...payloads: readonly string[]) => {
  const writer = new GroupRig();
  writer.subscribe("x q2");
  writer.publish(payloads.map((payload) => `t:${payload} q1`));
  return writer.calls[0]?.rows[0]?.body as Uint8Array;
};

describe("what is given up", () => {
  test("what has expired when somebody could take it", () => {
    const rig = waiting();
    rig.publish(["t:1 q1 exp=2000", "t:2 q1", "t:3 q2 seq=1 exp=1500"]);
    rig.publish(["t:4 q1 exp=1700"]);
    rig.nowMs = 1_700;
    rig.attend("a");
    expect(rig.asked("a")).toEqual(["first", "1 2"]);
    rig.answer("a", {});
    expect(rig.kept()).toEqual([]);
    expect(rig.reports).toEqual(["drop expired 2"]);
    expect(rig.details.at(-1)).toBe("topic t");
    expect(rig.group.isIdle).toBe(true);
  });

  test("for two reasons at once is counted under each", () => {
    const rig = new GroupRig({ queueMessagesMax: 2, queuePolicy: "drop-newest" });
    rig.subscribe("a q2");
    rig.publish(["t:1 q1 exp=500", "t:2 q1", "t:3 q1"]);
    expect(rig.asked("a")).toEqual(["2"]);
    expect(rig.reports).toEqual(["drop queue-full 1", "drop expired 1"]);
  });

  test("what waits when the last member has left", () => {
    const rig = waiting();
    rig.publish(batch(1, 1, 2));
    rig.unsubscribe("a");
    expect(rig.kept()).toEqual([]);
    expect(rig.reports).toEqual(["drop share-ended 3"]);
    expect([rig.group.isIdle, rig.group.isDeserted]).toEqual([true, true]);
    expect(rig.publish(batch(1, 3))).toEqual([]);
    rig.run(rig.group.handBack(rigBody("4", "5"), rig.nowMs));
    expect(rig.kept()).toEqual([]);
    expect(rig.reports).toEqual(["drop share-ended 3", "drop share-ended 2"]);
  });

  test("what the last member was being asked, when it has answered; unless another has come meanwhile", () => {
    for (const another of [false, true]) {
      const rig = new GroupRig();
      rig.subscribe("a q2");
      rig.publish(batch(1, 1, 2));
      rig.unsubscribe("a");
      if (another) rig.subscribe("b q2");
      expect(rig.kept()).toEqual(["a: 1 2"]);
      rig.answer("a", { taken: [1], isAway: true });
      expect(rig.kept()).toEqual(another ? ["b: 2"] : []);
      expect(rig.reports).toEqual(another ? [] : ["drop share-ended 1"]);
    }
  });

  test("[MQTT-4.8.2-5] QoS 2 that a session may have begun before it ended, and nothing else", () => {
    for (const isHeard of [false, true]) {
      const rig = new GroupRig();
      rig.subscribe("a q2", "b q2");
      rig.publish(["t:1 q1", "t:2 q2 seq=1"]);
      rig.answer("b", { isAway: true, taken: [0] });
      rig.answer("a", { taken: [1], room: 0 });
      rig.attend("a");
      if (!isHeard) rig.answer("a", undefined);
      rig.retry();
      rig.attend("b");
      rig.answer("a", { gone: true });
      expect(rig.reports).toEqual(isHeard ? [] : ["drop session-ended 1"]);
      expect(rig.asked("b")).toEqual(isHeard ? ["2"] : undefined);
    }
  });

  test("[MQTT-4.8.2-5] the same where the call was made again before anybody gave it up", () => {
    for (const isRepeated of [false, true]) {
      const rig = new GroupRig();
      rig.subscribe("a q2", "b q2");
      rig.publish(["t:1 q2 seq=1"]);
      const [offer] = rig.calls;
      const first = offer?.session as string;
      if (isRepeated) rig.group.repeats(offer as Offer);
      rig.answer(first, { gone: true });
      expect(rig.reports).toEqual(isRepeated ? ["drop session-ended 1"] : []);
      expect(rig.asked(first === "a" ? "b" : "a")).toEqual(isRepeated ? undefined : ["1"]);
    }
  });

  test("to a session that has QoS 1 alone no message is begun: it goes to another", () => {
    const rig = new GroupRig();
    rig.subscribe("a q1", "b q1");
    rig.publish(["t:1 q2 seq=1"]);
    const [first] = rig.calls.map(({ session }) => session);
    rig.answer(first as string, undefined);
    rig.retry();
    rig.answer(first as string, { gone: true });
    expect(rig.reports).toEqual([]);
    expect(rig.calls.map(({ session }) => session)).toEqual(first === "a" ? ["b"] : ["a"]);
  });
});

describe("[MQTT-4.8.2-3] a member subscribes at another QoS while it is asked", () => {
  const asked = (before: number, now: number) => {
    const rig = new GroupRig();
    rig.subscribe(`a q${before}`);
    rig.publish(["t:1 q2 seq=1"]);
    rig.answer("a", undefined);
    rig.subscribe(`a q${now}`, "b q2");
    return rig;
  };

  test.each([true, false])(
    "what it may have begun stays its own, though it takes no other so; restarted: %s",
    (isAnew) => {
      const rig = asked(2, 1);
      if (isAnew) rig.restart();
      else rig.retry();
      rig.answer("a", { gone: true });
      expect(rig.reports).toEqual(["drop session-ended 1"]);
      expect(rig.asked("b")).toBeUndefined();
    },
  );

  test.each([true, false])("what it had at QoS 1 is nobody's own; restarted: %s", (isAnew) => {
    const rig = asked(1, 2);
    if (isAnew) rig.restart();
    else rig.retry();
    rig.answer("a", { gone: true });
    expect(rig.reports).toEqual([]);
    expect(rig.asked("b")).toEqual(["1"]);
  });

  test("it is asked again in the same words, and about what is new on its new terms", () => {
    const rig = asked(2, 1);
    rig.unsubscribe("b");
    rig.restart();
    expect(qosOf(rig.calls[0]?.bodies)).toEqual([2]);
    rig.answer("a", {});
    rig.publish(["t:2 q2 seq=2"]);
    expect(qosOf(rig.calls[0]?.bodies)).toEqual([1]);
  });
});

describe("order", () => {
  test("what a member has no room for stays behind what it was offered, should that come back", () => {
    const rig = new GroupRig();
    rig.subscribe("a q1");
    rig.publish(batch(1, ...numbers(40)));
    expect(rig.kept()).toEqual([`a: ${numbers(32).join(" ")}`, `-: ${numbers(8, 33).join(" ")}`]);
    rig.answer("a", { taken: [0], isAway: true });
    rig.attend("a", 5);
    expect(rig.asked("a")).toEqual(["1 2 3 4 5"]);
    rig.answer("a", { taken: [2], room: 0 });
    rig.attend("a", 3);
    expect(rig.asked("a")).toEqual(["3 4 5"]);
    rig.answer("a", { room: 100 });
    expect(rig.asked("a")?.join(" ")).toBe(numbers(35, 6).join(" "));
  });

  test("what several turn down comes back in order: each had a run", () => {
    const rig = new GroupRig();
    rig.subscribe("a q1", "b q1", "c q1");
    rig.publish(batch(1, ...numbers(9)));
    expect(rig.calls.map(({ session }) => session).sort()).toEqual(["a", "b", "c"]);
    for (const session of ["b", "a", "c"]) rig.answer(session, { taken: [0], isAway: true });
    rig.attend("b");
    expect(rig.asked("b")?.join(" ")).toBe(numbers(9).join(" "));
  });

  test("what was handed back is older than what waits, and goes behind what was handed back before", () => {
    const rig = waiting();
    rig.run(rig.group.handBack(rigBody("1"), rig.nowMs));
    rig.run(rig.group.handBack(rigBody("2"), rig.nowMs));
    expect(rig.kept()).toEqual(["-: 1", "-: 2", "-: first"]);
    rig.restart();
    rig.run(rig.group.handBack(rigBody("3"), rig.nowMs));
    rig.answer("a", { taken: [0], isAway: true });
    expect(rig.kept()).toEqual(["-: 1", "-: 2", "-: 3", "-: first"]);
  });

  test("sticky: what a member is too full for waits for it, in order, and goes to others when it leaves", () => {
    const rig = new GroupRig({ strategy: "sticky" });
    rig.subscribe("a q2", "b q2");
    rig.publish(["t:1 q2 seq=1", "t:2 q2 seq=2"]);
    const [{ session: owner = "" } = {}] = rig.calls;
    const other = owner === "a" ? "b" : "a";
    rig.publish(["t:3 q2 seq=3"]);
    rig.answer(owner, { taken: [1], room: 0 });
    expect([rig.kept(), rig.calls]).toEqual([[`${owner}: 2`, `${owner}: 3`], []]);
    rig.attend(owner, 1);
    expect(rig.asked(owner)).toEqual(["2", "3"]);
    // Numbered as before: it would recognise what it has.
    expect(rig.calls[0]?.bodies.flatMap(recordTexts)).toEqual(["t:2 q2 seq=2", "t:3 q2 seq=3"]);
    rig.answer(owner, { taken: [0, 0], room: 0 });
    rig.unsubscribe(owner);
    expect(rig.asked(other)).toEqual(["2", "3"]);
  });
});

describe("members", () => {
  test("a batch is divided into runs, and lone messages are in turn", () => {
    const rig = new GroupRig();
    rig.subscribe("a q1", "b q1", "c q1");
    const turns = numbers(6).map((payload) => {
      rig.publish(batch(1, payload));
      const [{ session = "" } = {}] = rig.calls;
      rig.answer(session, {});
      return session;
    });
    expect(turns).toEqual(["a", "b", "c", "a", "b", "c"]);
    rig.publish(batch(1, ...numbers(7)));
    expect([rig.asked("a"), rig.asked("b"), rig.asked("c")]).toEqual([["1 2 3"], ["4 5 6"], ["7"]]);
  });

  test.each(["that is new", "that has forgotten whose turn it was"])("a shard %s begins anywhere", (which) => {
    const chosen = [0, 0.4, 0.9].map((value) => {
      const rig = new GroupRig({ random: () => value });
      rig.subscribe("a q1", "b q1", "c q1");
      if (which !== "that is new") rig.restart();
      rig.publish(batch(1, 1));
      return rig.calls[0]?.session;
    });
    expect(chosen).toEqual(["a", "b", "c"]);
  });

  test("each gets messages on its own terms, QoS 2 apart from the others and numbered", () => {
    const rig = new GroupRig();
    const texts = ["t:1 q1 retain", "t:2 q2 seq=9 retain", "t:3 q2 seq=10"];
    rig.subscribe("a q2 id=7 rap");
    rig.publish(texts);
    const asked = () => rig.calls[0]?.bodies.map(recordTexts);
    expect(asked()).toEqual([["t:1 q1 retain ids=7"], ["t:2 q2 retain seq=2 ids=7", "t:3 q2 seq=3 ids=7"]]);
    rig.answer("a", {});
    rig.subscribe("a q1");
    rig.publish(texts);
    expect(asked()).toEqual([["t:1 q1"], ["t:2 q1", "t:3 q1"]]);
  });

  test("who is full or away is passed over until it attends", () => {
    for (const isAway of [false, true]) {
      const rig = new GroupRig();
      rig.subscribe("a q1", "b q1");
      rig.publish(batch(1, 1, 2));
      rig.answer("a", { taken: [0], isAway, room: 0 });
      rig.answer("b", { room: 5 });
      expect(rig.asked("b")).toEqual([rig.asked("b")?.join(" ")]);
      rig.answer("b", { room: 5 });
      rig.publish(batch(1, 3, 4));
      expect([rig.asked("a"), rig.asked("b")]).toEqual([undefined, ["3 4"]]);
      rig.answer("b", { room: 1 });
      rig.attend("a");
      rig.publish(batch(1, 5, 6));
      expect([rig.asked("a"), rig.asked("b")].map((rows) => rows?.length)).toEqual([1, 1]);
    }
  });

  test("who has taken all that it had room for is not asked before it attends, though topics stick to it", () => {
    const rig = new GroupRig({ strategy: "sticky" });
    rig.subscribe("a q1");
    rig.publish(batch(1, 1));
    rig.answer("a", { room: 0 });
    rig.publish(batch(1, 2));
    expect([rig.calls, rig.kept()]).toEqual([[], ["a: 2"]]);
    rig.attend("a");
    expect(rig.asked("a")).toEqual(["2"]);
  });

  test("what sticks to a member that is full goes to another when it says that it leaves, or is found away", () => {
    for (const isSaid of [true, false]) {
      const rig = new GroupRig({ strategy: "sticky" });
      rig.subscribe("a q1", "b q1");
      rig.publish(batch(1, 1));
      const [{ session: owner = "" } = {}] = rig.calls;
      rig.answer(owner, { room: 0 });
      expect(rig.group.waitsForRoom).toBe(false);
      rig.publish(batch(1, 2));
      expect([rig.group.waitsForRoom, rig.calls]).toEqual([true, []]);
      if (isSaid) rig.attend(owner, 0);
      else rig.retry();
      expect(rig.asked(owner)).toEqual(["2"]);
      rig.answer(owner, { taken: [0], isAway: true, room: 0 });
      expect(rig.calls.map(({ session, bodies }) => [session, bodies.flatMap(recordTexts)])).toEqual([
        [owner === "a" ? "b" : "a", ["t:2 q1"]],
      ]);
    }
  });

  test.each(["is asked after a while", "says that its connection has ended"])(
    "a lone member that is full %s, and is found gone: nothing is kept for a group of nobody",
    (which) => {
      const rig = new GroupRig();
      rig.subscribe("a q1");
      rig.publish(batch(1, 1));
      rig.answer("a", { room: 0 });
      expect(rig.group.waitsForRoom).toBe(false);
      rig.publish(batch(1, 2));
      expect([rig.group.waitsForRoom, rig.calls]).toEqual([true, []]);
      if (which === "is asked after a while") rig.retry();
      else rig.attend("a", 0);
      expect(rig.asked("a")).toEqual(["2"]);
      rig.answer("a", { gone: true });
      expect([rig.kept(), rig.group.isDeserted, rig.reports]).toEqual([[], true, ["drop share-ended 1"]]);
    },
  );

  test("a member that is asked again and still full is waited for, and asked about no more than one message", () => {
    const rig = new GroupRig();
    rig.subscribe("a q1");
    rig.publish(batch(1, 1, 2, 3));
    rig.answer("a", { taken: [1], room: 0 });
    for (let times = 0; times < 3; times++) {
      expect([rig.group.waitsForRoom, rig.calls]).toEqual([true, []]);
      rig.retry();
      expect(rig.asked("a")).toEqual(["2"]);
      rig.answer("a", { taken: [0], room: 0 });
    }
    rig.attend("a", 2);
    expect(rig.asked("a")?.join(" ")).toBe("2 3");
  });

  test("what a call had no room for does not wait for a member that is full or away", () => {
    for (const isAway of [false, true]) {
      const rig = new GroupRig();
      rig.subscribe("a q2");
      rig.publish(numbers(3).map((payload) => `t/${payload}:700000*x q2 seq=${payload}`));
      expect(rig.asked("a")).toEqual(["700000*x"]);
      rig.answer("a", { taken: [0], isAway, room: 0 });
      rig.subscribe("b q2");
      for (const topic of ["t/1", "t/2", "t/3"]) {
        expect(rig.calls.flatMap(({ bodies }) => bodies.flatMap(recordTexts))[0]).toMatch(topic);
        rig.answer("b", {});
      }
    }
  });

  test("who attends while it is asked is there, whatever it answers", () => {
    const rig = new GroupRig();
    rig.subscribe("a q1");
    rig.publish(batch(1, 1));
    rig.attend("a", 3);
    rig.answer("a", { taken: [0], isAway: true });
    expect(rig.asked("a")).toEqual(["1"]);
  });

  test("who does not answer is asked the same again, and before anything else", () => {
    for (const again of ["by the alarm", "because it attends"] as const) {
      const rig = new GroupRig();
      rig.subscribe("a q2");
      rig.publish(batch(2, 1, 2));
      const [{ key, bodies } = { key: undefined, bodies: undefined }] = rig.calls;
      rig.answer("a", undefined);
      expect([rig.group.hasLate, rig.calls]).toEqual([true, []]);
      rig.publish(batch(2, 3));
      expect(rig.calls).toEqual([]);
      if (again === "by the alarm") rig.retry();
      else rig.attend("a");
      expect(rig.calls).toMatchObject([{ key, bodies, repeated: true }]);
      rig.answer("a", {});
      expect(rig.asked("a")).toEqual(["3"]);
    }
  });

  test("who is late, and away as a message of QoS 0 finds out, is still asked about its offer", () => {
    const rig = new GroupRig();
    rig.subscribe("a q2");
    rig.publish(batch(2, 1));
    rig.answer("a", undefined);
    rig.run(rig.group.isAway("a", 0));
    rig.unsubscribe("a");
    expect(rig.asked("a")).toEqual(["1"]);
    rig.answer("a", { gone: true });
    expect([rig.kept(), rig.group.isIdle]).toEqual([[], true]);
  });

  test.each([
    [1, 1],
    [-5, 1],
    [-5, -5],
  ])("an earlier life's offers are asked about life by life, whatever the clock says", (...passed) => {
    const rig = new GroupRig({ strategy: "sticky" });
    rig.subscribe("a q2");
    rig.publish(["t:1 q2 seq=1"]);
    rig.restart(passed[0]);
    rig.publish(["t:2 q2 seq=2"]);
    rig.restart(passed[1]);
    rig.publish(["t:3 q2 seq=3"]);
    for (const payload of ["1", "2", "3"]) {
      expect(rig.asked("a")).toEqual([payload]);
      rig.answer("a", {});
    }
    expect(rig.calls).toEqual([]);
  });

  test("what a member may have begun in an earlier life waits for its word, and for nothing else", () => {
    const rig = new GroupRig();
    rig.subscribe("a q2");
    // More than one call can carry.
    for (const payload of numbers(3))
      rig.publish([`t:${payload}${"0".repeat(10)} q2 seq=${payload}`, "t:700000*x q2 seq=9"]);
    rig.restart();
    rig.subscribe("b q2");
    for (let round = 0; rig.asked("a") !== undefined; round++) {
      expect(round).toBeLessThan(10);
      rig.answer("a", { taken: [0, 0], isAway: true });
    }
    expect(rig.kept().filter((row) => !row.startsWith("b"))).toEqual([]);
  });

  test("who does not exist any more is no member, by any word of it", () => {
    for (const how of ["an offer", "a message of QoS 0"]) {
      const rig = new GroupRig();
      rig.subscribe("a q1", "b q1 gen=2");
      if (how === "an offer") {
        rig.publish(batch(1, 1, 2));
        rig.answer("a", { gone: true });
        rig.answer("b", { gone: true });
      } else {
        for (const session of ["a", "b"]) rig.run(rig.group.gone(session, session === "a" ? 1 : 2));
      }
      expect(rig.group.isDeserted).toBe(true);
      rig.subscribe("c q1");
      rig.restart();
      expect(rig.publish(batch(1, 3))).toEqual([]);
      expect(rig.calls.map(({ session }) => session)).toEqual(["c"]);
    }
  });

  test.each([1, 3])("a word about another session of a client id, %i, does not touch this one, 2", (generation) => {
    const rig = new GroupRig();
    rig.subscribe("a q1 gen=2");
    rig.run(rig.group.gone("a", generation));
    expect(rig.group.isDeserted).toBe(false);
    rig.restart();
    expect(rig.group.isDeserted).toBe(false);
  });

  test("a member that was away is asked when its client id has another session: its own may have ended unheard", () => {
    const rig = new GroupRig();
    rig.subscribe("a q1");
    rig.publish(batch(1, 1));
    rig.answer("a", { taken: [0], isAway: true });
    expect(rig.group.replaced("a", 1)).toBe(false);
    expect(rig.group.replaced("b", 2)).toBe(false);
    expect(rig.group.replaced("a", 2)).toBe(true);
    rig.run([]);
    expect(rig.asked("a")).toEqual(["1"]);
    rig.answer("a", { gone: true });
    expect(rig.group.isDeserted).toBe(true);
    expect(rig.kept()).toEqual([]);
  });

  test("a member that was away is asked when publishers are refused, once a minute: it may have ended unheard", () => {
    const rig = waiting({ queueMessagesMax: 2 });
    rig.nowMs = 100_000;
    expect(rig.publish(batch(1, 1))).toEqual([]);
    expect(rig.asked("a")).toBe(undefined);
    expect(rig.publish(batch(1, 2))).toEqual([0]);
    expect(rig.asked("a")).toEqual(["first"]);
    rig.answer("a", { taken: [0], isAway: true });
    rig.nowMs += 59_000;
    expect(rig.publish(batch(1, 2))).toEqual([0]);
    expect(rig.asked("a")).toBe(undefined);
    rig.nowMs += 1_000;
    expect(rig.publish(batch(1, 2))).toEqual([0]);
    rig.answer("a", { gone: true });
    expect(rig.group.isDeserted).toBe(true);
    expect(rig.kept()).toEqual([]);
    expect(rig.publish(batch(1, 2))).toEqual([]);
  });

  test("another session of a client id is there and has room", () => {
    const rig = waiting();
    rig.subscribe("a q2 gen=2");
    expect(rig.asked("a")).toEqual(["first"]);
    rig.answer("a", { gone: true });
    expect(rig.asked("a")).toBeUndefined();
  });

  test("who unsubscribes and subscribes while it is asked is there", () => {
    const rig = new GroupRig();
    rig.subscribe("a q2");
    rig.publish(batch(2, 1));
    rig.unsubscribe("a");
    rig.subscribe("a q2");
    rig.answer("a", { taken: [0], isAway: true });
    expect(rig.asked("a")).toEqual(["1"]);
  });

  test("a member of older code says nothing of its room, and gets on", () => {
    const rig = new GroupRig();
    rig.subscribe("a q1");
    for (const payload of numbers(100)) {
      rig.publish(batch(1, payload));
      rig.answer("a", { room: Number.POSITIVE_INFINITY });
    }
    expect(rig.kept()).toEqual([]);
  });

  test("a call goes again under a newer key as long as it is waited for", () => {
    const rig = new GroupRig();
    rig.subscribe("a q2");
    rig.publish(batch(2, 1));
    const [offer] = rig.calls;
    if (offer === undefined) throw new Error("nobody was asked");
    const key = rig.group.renew(offer, offer.key.incarnation + 50);
    expect(key.incarnation).toBeGreaterThan(offer.key.incarnation + 50);
    expect(() => rig.group.renew(offer, 60)).toThrow("late");
    rig.answer("a", undefined);
    expect(() => rig.group.renew({ ...offer, key }, 60)).toThrow("late");
    rig.retry();
    expect(rig.calls).toMatchObject([{ key, repeated: true }]);
  });
});
