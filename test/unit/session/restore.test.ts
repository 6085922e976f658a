// A session out of a backup: what its client finds, by state of each message, and that the same pages again change nothing.

import { describe, expect, test } from "vitest";
import type { SinkAnswer } from "../../../src/session/manage-sink.ts";
import type { RestoreStatus } from "../../../src/session/restore.ts";
import type { SavedPage } from "../../../src/session/saved.ts";
import type { SinkSettings } from "../../../src/session/sink.ts";
import { ManagedSession } from "../../support/managed-session.ts";
import { failed, refused, SinkSession, settings as sinkSettings, taken, textsOf } from "../../support/sink-session.ts";

const subscription = { filter: "a/#", qos: 2, noLocal: false, retainAsPublished: true, retainHandling: 0 } as const;

function pagesOf(session: ManagedSession): SavedPage[] {
  const pages: SavedPage[] = [];
  for (let next: SavedPage["next"] | undefined = { from: 0, after: "" }; next !== undefined; ) {
    const { answer } = session.rig.manage({ kind: "save", ...next });
    if (answer.kind !== "saved") throw new Error(answer.kind);
    // As another deployment reads it from a file.
    pages.push(structuredClone(answer));
    next = answer.next;
  }
  return pages;
}

function take(
  session: ManagedSession,
  page: SavedPage,
  more: { backup?: string; replaces?: boolean; sink?: SinkSettings } = {},
): RestoreStatus {
  const { state, subscriptions, segments, letters = [], dupBelow } = page;
  const { backup = "b1", replaces = false, sink } = more;
  const { answer } = session.rig.manage({
    kind: "restore",
    clientId: "c1",
    backup,
    replaces,
    ...(state === undefined ? {} : { state }),
    subscriptions,
    segments,
    letters,
    ...(sink === undefined ? {} : { sink }),
    dupBelow,
  });
  if (answer.kind !== "restored") throw new Error(answer.kind);
  return answer.status;
}

function end(session: ManagedSession, backup = "b1"): void {
  session.rig.manage({ kind: "restore-end", backup, step: "route" });
  session.answerAll();
  session.rig.manage({ kind: "restore-end", backup, step: "finish" });
}

function restored(pages: readonly SavedPage[]): ManagedSession {
  const session = new ManagedSession();
  for (const page of pages) {
    expect(take(session, page)).toBe("taken");
    session.rig.crash();
  }
  end(session);
  session.rig.crash();
  return session;
}

/** A client that is subscribed and connected. */
function subscribed(): ManagedSession {
  const session = new ManagedSession();
  session.connect();
  session.rig.manage({ kind: "subscribe", subscriptions: [subscription], identifier: 7 });
  session.answerAll();
  session.takeSent();
  return session;
}

const acknowledge = (session: ManagedSession, type: "puback" | "pubrec" | "pubcomp", packetId: number) =>
  session.rig.step({ type: "packets", packets: [{ type, packetId, reason: 0 }] });

describe("a session out of a backup", () => {
  test("[MQTT-4.4.0-1] goes on where it was: identifiers, DUP, PUBREL, and what was finished stays so", () => {
    const session = subscribed();
    session.deliver("a:1 q1", "a:2 q2", "a:3 q2", "a:4 q1", "a:5 q2");
    session.takeSent();
    acknowledge(session, "pubrec", 2);
    acknowledge(session, "puback", 4);
    acknowledge(session, "pubrec", 5);
    acknowledge(session, "pubcomp", 5);
    session.takeSent();
    const copy = restored(pagesOf(session));
    copy.connect();
    session.rig.step({ type: "closed" });
    session.connect();
    const expected = ["connack present", "publish a:1 q1 #1 dup", "pubrel #2", "publish a:3 q2 #3 dup"];
    expect(session.takeSent()).toEqual(expected);
    expect(copy.takeSent()).toEqual(expected);
    copy.deliver("a:6 q1");
    expect(copy.takeSent()).toEqual(["publish a:6 q1 #6"]);
  });

  test("has its subscriptions with their options, its limits, its user and its expiry", () => {
    const session = new ManagedSession();
    session.rig.manage({
      kind: "provision",
      clientId: "c1",
      expirySeconds: 500,
      subscriptions: [subscription, { ...subscription, filter: "b", qos: 0, noLocal: true }],
      limits: { queueMessagesMax: 3, queuePolicy: "drop-oldest" },
    });
    session.answerAll();
    const copy = restored(pagesOf(session));
    for (const kind of ["describe"] as const) {
      expect(copy.rig.manage({ kind }).answer).toEqual(session.rig.manage({ kind }).answer);
    }
    const list = { kind: "subscriptions", after: "", limit: 10 } as const;
    expect(copy.rig.manage(list).answer).toEqual(session.rig.manage(list).answer);
  });

  test("of a long queue comes in pages, whole and in order, over crashes and pages that come twice", () => {
    const session = subscribed();
    session.rig.step({ type: "closed" });
    for (let index = 0; index < 700; index++) session.deliver(`a:${index} q1`);
    const pages = pagesOf(session);
    expect(pages.length).toBe(3);
    const copy = new ManagedSession();
    for (const [index, page] of pages.entries()) {
      take(copy, page);
      copy.rig.crash();
      for (const before of pages.slice(0, index + 1)) expect(take(copy, before)).toBe("taken");
    }
    end(copy);
    expect(copy.rig.manage({ kind: "describe" }).answer).toMatchObject({ queueMessages: 700 });
    copy.connect();
    const sent = copy.takeSent();
    expect(sent.slice(0, 3)).toEqual(["connack present", "publish a:0 q1 #1", "publish a:1 q1 #2"]);
  });

  test("is saved as it is while its client goes on: what is finished between pages is in none, and nothing is lost", () => {
    const session = subscribed();
    session.rig.step({ type: "closed" });
    for (let index = 0; index < 300; index++) session.deliver(`a:${index} q1`);
    const first = session.rig.manage({ kind: "save", from: 0, after: "" }).answer as SavedPage;
    session.connect({ receiveMaximum: 300 });
    for (let packetId = 1; packetId <= 290; packetId++) acknowledge(session, "puback", packetId);
    session.deliver("a:new q1");
    const second = session.rig.manage({ kind: "save", ...(first.next as { from: number; after: string }) })
      .answer as SavedPage;
    expect(second.next).toBeUndefined();
    const copy = restored([first, second]);
    const { answer } = copy.rig.manage({ kind: "queue", from: 0, limit: 1000, payloadBytesMax: 0 });
    const positions = answer.kind === "queue" ? answer.messages : [];
    expect(positions.map(({ position }) => position)).toEqual([
      ...Array.from({ length: 256 }, (_, index) => index),
      ...Array.from({ length: 11 }, (_, index) => 290 + index),
    ]);
  });

  test("is left alone when its backup comes again, and is not put in place of another unless so asked", () => {
    const session = subscribed();
    session.deliver("a:1 q1");
    const pages = pagesOf(session);
    const [page] = pages as [SavedPage];
    const copy = restored(pages);
    copy.connect();
    acknowledge(copy, "puback", 1);
    expect(take(copy, page)).toBe("known");
    expect(copy.rig.manage({ kind: "describe" }).answer).toMatchObject({ queueMessages: 0 });
    expect(take(copy, page, { backup: "b2" })).toBe("exists");
    copy.takeSent();
    expect(take(copy, page, { backup: "b2", replaces: true })).toBe("taken");
    expect(copy.takeSent()).toEqual(["disconnect 0x98", "close"]);
    end(copy, "b2");
    expect(copy.rig.manage({ kind: "describe" }).answer).toMatchObject({ queueMessages: 1 });
  });

  test("is nobody's until it is whole", () => {
    const copy = new ManagedSession();
    const session = subscribed();
    session.deliver("a:1 q1");
    const [page] = pagesOf(session) as [SavedPage];
    take(copy, page);
    expect(copy.rig.manage({ kind: "pull", messagesMax: 1, bytesMax: 1000, visibilityMs: 1000 }).answer).toEqual({
      kind: "absent",
    });
    expect(copy.rig.manage({ kind: "purge" }).answer).toEqual({ kind: "absent" });
    end(copy);
    expect(copy.pull(1).texts).toEqual(["a:1"]);
  });

  test("that nobody goes on with for an hour is given up", () => {
    const copy = new ManagedSession();
    const [page] = pagesOf(subscribed()) as [SavedPage];
    take(copy, page);
    copy.rig.nowMs += 3_600_000;
    copy.connect();
    expect(copy.takeSent()).toEqual(["connack"]);
  });

  test("needs its first page, and is not made when its time is over", () => {
    const session = subscribed();
    const [page] = pagesOf(session) as [SavedPage];
    const { state, ...without } = page;
    expect(take(new ManagedSession(), without as SavedPage)).toBe("unbegun");
    const over = { ...page, state: { ...(state as NonNullable<SavedPage["state"]>), expiresAtMs: 5 } };
    expect(take(new ManagedSession(), over)).toBe("over");
  });

  test("knows the QoS 2 messages of its client that are not released: one that comes again is not published twice", () => {
    const session = subscribed();
    const publish = {
      type: "publish",
      topic: "x",
      topicBytes: new TextEncoder().encode("x"),
      qos: 2,
      retain: false,
      duplicate: false,
      packetId: 9,
      payload: new Uint8Array(1),
      properties: new Uint8Array(),
      topicAlias: 0,
      messageExpirySeconds: undefined,
    } as const;
    session.rig.step({ type: "packets", packets: [publish as never] });
    session.answerAll();
    expect(session.takeSent()).toEqual(["pubrec #9"]);
    const [page] = pagesOf(session) as [SavedPage];
    expect(page.state?.inbound).toEqual({ nextSequence: 2, runs: [[9, 1, 1]] });
    const copy = restored([page]);
    copy.connect();
    copy.takeSent();
    copy.rig.step({ type: "packets", packets: [{ type: "pubrel", packetId: 9, reason: 0 } as never] });
    expect(copy.takeSent()).toEqual(["pubcomp #9"]);
    expect(copy.rig.session.inbound.nextSequence).toBe(2);
  });
});

describe("the session of a webhook out of a backup", () => {
  /** Its sink refused one batch, and has failed to take the next. */
  function behind(): SinkSession {
    const session = new SinkSession({ batchMessagesMax: 2 });
    session.deliver("a:1 q1", "a:2", "a:3 q2", "a:4 q1", "a:5 q1");
    session.carry(refused);
    session.carry(failed);
    return session;
  }

  test("goes on with the batch that was begun, under its id, and has its dead letters with theirs", () => {
    const session = behind();
    const copy = new SinkSession({ batchMessagesMax: 2 });
    copy.managed.rig.manage({ kind: "end" });
    for (const page of pagesOf(session.managed)) {
      for (const _ of [1, 2]) {
        expect(take(copy.managed, page, { sink: sinkSettings, replaces: true })).toBe("taken");
        copy.crash();
        // Nothing leaves before it is whole.
        expect(copy.next()).toBeUndefined();
      }
    }
    end(copy.managed);
    copy.crash();
    const letters = (of: SinkSession) =>
      of.managed.rig.manage({ kind: "dead-letters", after: -1, limit: 10 }).answer as Extract<
        SinkAnswer,
        { readonly kind: "dead-letters" }
      >;
    expect(letters(copy)).toEqual(letters(session));
    expect(letters(copy).letters).toHaveLength(1);
    for (const of of [session, copy]) of.waitForAttempt();
    const [here, there] = [session.next(), copy.next()];
    expect(there && textsOf(there)).toEqual(["a:3", "a:4"]);
    expect([there?.id.split("-").slice(2), there?.attempt]).toEqual([here?.id.split("-").slice(2), 2]);
    if (there !== undefined) copy.settle(there, taken);
    expect(copy.carry(taken)).toEqual(["a:5"]);
    copy.managed.rig.manage({ kind: "send-letters" });
    expect(copy.carry(taken)).toEqual(["a:1", "a:2"]);
    expect(copy.status).toMatchObject({ queueMessages: 0, deadLetters: { count: 0 } });
  });

  test("has dead letters beyond what fits one page in several", () => {
    const session = new SinkSession({ batchMessagesMax: 1 });
    for (let index = 0; index < 230; index++) {
      session.deliver(`a:20000*${"x"} q1`);
      session.carry(refused);
    }
    const pages = pagesOf(session.managed);
    const sizes = pages.map(({ letters = [] }) => letters.reduce((sum, { body }) => sum + body.length, 0));
    expect(pages.length).toBeGreaterThan(4);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(1024 * 1024);
    const positions = pages.flatMap(({ letters = [] }) => letters.map(({ position }) => position));
    expect(positions).toEqual(Array.from({ length: 230 }, (_, index) => index));
  });
});
