// Session templates: for whom they are, what a session has that is made with one, and when its client hears of it.

import { describe, expect, test } from "vitest";
import { fits, type SessionTemplate, templateFor } from "../../../src/session/template.ts";
import { connectOf, ManagedSession } from "../../support/managed-session.ts";

const one = { qos: 1, noLocal: false, retainAsPublished: false, retainHandling: 0 } as const;
/** A wildcard in front: it lives in all shards. */
const template: SessionTemplate = { subscriptions: [{ ...one, filter: "+/a" }], limits: { queueMessagesMax: 1 } };

describe("a pattern", () => {
  test.each([
    ["sensor-*", "sensor-1", true],
    ["sensor-*", "sensor-", true],
    ["sensor-*", "sensor", false],
    ["sensor", "sensor", true],
    ["sensor", "sensor-1", false],
    ["*", "", true],
    ["*-gateway", "hall-gateway", true],
    ["*-gateway", "hall-gateway-2", false],
    ["a*b*c", "a-b-b-c", true],
    ["a*b*c", "acb", false],
    ["aa*aa", "aaa", false],
    ["aa*aa", "aaaa", true],
    ["a**c", "abc", true],
    ["[a-z]?", "[a-z]?", true],
    ["[a-z]?", "b1", false],
    ["Sensor-*", "sensor-1", false],
  ])("%s and %s", (pattern, clientId, expected) => {
    expect(fits(pattern, clientId)).toBe(expected);
  });

  test("of many pieces does not take long over an id that nearly fits", () => {
    expect(fits(`${"a*".repeat(255)}b`, "a".repeat(60_000))).toBe(false);
  });
});

describe("a template for a client", () => {
  const named = (pattern: string, ...filters: string[]) => ({
    pattern,
    limits: {},
    subscriptions: filters.map((filter) => ({ ...one, filter })),
  });
  const filtersFor = (filters: string[], clientId: string, user?: string) =>
    templateFor([named("*", ...filters)], clientId, user)?.subscriptions.map(({ filter }) => filter);

  test("is the first that fits", () => {
    const templates = [named("b-*", "b"), named("a-*", "a"), named("*", "rest")];
    const filters = ["a-1", "b-1", "c"].map((id) => templateFor(templates, id, undefined)?.subscriptions[0]?.filter);
    expect(filters).toEqual(["a", "b", "rest"]);
    expect(templateFor([named("b-*", "b")], "a-1", undefined)).toBeUndefined();
  });

  test.each([
    [
      "is filled in",
      ["devices/%c/#", "users/%u", "$share/g/x/%c"],
      "c1",
      "anna",
      ["devices/c1/#", "users/anna", "$share/g/x/c1"],
    ],
    ["nobody in particular has no user", ["a", "users/%u"], "c1", undefined, ["a"]],
    ["a wildcard in a client id widens nothing", ["devices/%c"], "+", "anna", []],
    ["nor does a level in it", ["devices/%c"], "c1/c2", "anna", []],
  ])("%s", (_, filters, clientId, user, expected) => {
    expect(filtersFor(filters, clientId, user)).toEqual(expected);
  });
});

describe("a session that is made with a template", () => {
  const describeIt = (session: ManagedSession) => session.rig.manage({ kind: "describe" }).answer;

  test("MQTT-3.2.0-1: its client hears CONNACK when all shards have confirmed, and before anything else", () => {
    const session = new ManagedSession();
    session.connect({}, template);
    session.rig.step({ type: "packets", packets: [{ type: "pingreq" }] });
    session.rig.answer(0);
    session.deliver("x/a:1 q1");
    session.rig.answer(1);
    session.rig.answer(2);
    expect(session.takeSent()).toEqual([]);
    session.rig.answer(3);
    expect(session.takeSent()).toEqual(["connack", "pingresp", "publish x/a:1 q1 #1"]);
    expect(describeIt(session)).toMatchObject({ subscriptions: 1, limits: { queueMessagesMax: 1 } });
  });

  test("comes back without a row and without a call, also when the template is another by then", () => {
    const session = new ManagedSession();
    session.connect({}, template);
    session.answerAll();
    session.rig.step({ type: "closed" });
    session.answerAll();
    session.rig.crash();
    session.takeSent();
    const before = session.persisted;
    session.connect({}, { subscriptions: [{ ...one, filter: "b" }], limits: { queueMessagesMax: 9 } });
    expect(session.takeSent()).toEqual(["connack present"]);
    expect([session.persisted - before, session.rig.isIdle]).toEqual([0, true]);
    expect(describeIt(session)).toMatchObject({ subscriptions: 1, limits: { queueMessagesMax: 1 } });
  });

  test("that the broker died over is completed by the next CONNECT, and loses nothing that came meanwhile", () => {
    const session = new ManagedSession();
    session.connect({}, template);
    session.rig.answer(0);
    session.rig.crash();
    session.deliver("x/a:1 q1");
    session.connect();
    expect(session.takeSent()).toEqual([]);
    session.answerAll();
    expect(session.takeSent()).toEqual(["connack present", "publish x/a:1 q1 #1"]);
    session.rig.step({ type: "closed" });
    session.connect();
    expect([session.takeSent()[0], session.rig.isIdle]).toEqual(["connack present", true]);
  });

  test("whose shard stays away is refused, without a will, and completed by the next CONNECT", () => {
    const session = new ManagedSession();
    const will = {
      topic: "w",
      topicBytes: new TextEncoder().encode("w"),
      payload: new Uint8Array(),
      qos: 1,
      retain: false,
      delaySeconds: 0,
      properties: new Uint8Array(),
    } as const;
    session.connect({ will }, template);
    session.rig.fail(0);
    expect(session.takeSent()).toEqual(["connack refused 0x88", "close"]);
    expect(session.rig.session.dueWills).toEqual([]);
    session.connect();
    session.answerAll();
    expect(session.takeSent()).toEqual(["connack present"]);
  });

  test.each([
    ["its client comes again", (session: ManagedSession) => session.rig.step({ type: "closed" })],
    ["the broker dies", (session: ManagedSession) => session.rig.crash()],
    [
      "its rights change",
      (session: ManagedSession) => session.rig.step({ type: "rights", limits: { subscriptionsMax: 9 } }),
    ],
  ])("MQTT-3.2.0-1: nothing of $SYS precedes CONNACK either, when meanwhile %s", (_, happens) => {
    const session = new ManagedSession();
    session.connect(
      {},
      {
        subscriptions: [
          { ...one, filter: "+/a" },
          { ...one, filter: "$SYS/#" },
        ],
        limits: {},
      },
    );
    happens(session);
    session.takeSent();
    if (!session.rig.isConnected) session.connect();
    expect([session.takeSent(), session.sysTold]).toEqual([[], 0]);
    while (session.takeSent().length === 0) {
      expect(session.sysTold).toBe(0);
      session.rig.answer([...session.rig.lanes].find(([, { flight }]) => flight !== undefined)?.[0] as number);
    }
    expect(session.sysTold).toBe(1);
  });

  test("that is taken over before CONNACK belongs to who came later", () => {
    const session = new ManagedSession();
    session.connect({}, template);
    session.connect({}, template);
    session.answerAll();
    expect(session.takeSent().filter((text) => text.startsWith("connack"))).toEqual(["connack", "connack present"]);
    expect(session.rig.session.opening).toBeUndefined();
  });

  test("outlives its connections no longer than the template says, whatever the client asks for", () => {
    const session = new ManagedSession();
    session.connect({}, { subscriptions: [], limits: { sessionExpirySecondsMax: 50 } });
    expect(describeIt(session)).toMatchObject({ expirySeconds: 50 });
    session.rig.step({ type: "closed" });
    session.rig.crash();
    session.connect({ sessionExpirySeconds: 70 });
    expect(describeIt(session)).toMatchObject({ expirySeconds: 50 });
  });

  test("that ends with its connection has its limits through sleep, and has the template with each connection", () => {
    const session = new ManagedSession();
    session.connect({ sessionExpirySeconds: 0 }, template);
    session.answerAll();
    session.rig.sleep();
    expect(describeIt(session)).toMatchObject({ subscriptions: 1, limits: { queueMessagesMax: 1 } });
    session.rig.step({ type: "closed" });
    session.answerAll();
    session.connect({ sessionExpirySeconds: 0 }, template);
    expect(session.rig.isIdle).toBe(false);
    session.answerAll();
    expect(describeIt(session)).toMatchObject({ subscriptions: 1 });
  });

  test("in place of one that a clean start ends has what the template says now, and nothing else", () => {
    const session = new ManagedSession();
    session.connect({}, { subscriptions: [{ ...one, filter: "old" }], limits: {} });
    session.answerAll();
    session.connect({ cleanStart: true }, template);
    session.answerAll();
    const { answer } = session.rig.manage({ kind: "subscriptions", after: "", limit: 10 });
    expect(answer).toMatchObject({ subscriptions: [{ filter: "+/a" }] });
    expect(session.takeSent()).toContain("connack");
  });

  test("has no more than the rules allow its client", () => {
    const session = new ManagedSession();
    session.rig.step({
      type: "connect",
      connect: connectOf(),
      epoch: 1,
      clientIdWasAssigned: false,
      access: { rules: [], otherwise: "deny" },
      template,
    });
    expect(session.rig.isIdle).toBe(true);
    expect(describeIt(session)).toMatchObject({ subscriptions: 0 });
    expect(session.reports).toMatchObject([{ event: "refusal", reason: "subscribe-denied" }]);
  });
});
