// Access rules: what one client may do, as tables.

import { describe, expect, test } from "vitest";
import { type Access, decideDelivery, decidePublish, decideSubscribe, isOpen } from "../../../src/auth/access.ts";
import { accessOf, type Client, type OwnRule } from "../../../src/auth/compile.ts";
import { readOwnRules } from "../../../src/auth/own-rules.ts";
import { filterFor, filterProblem } from "../../../src/auth/placeholders.ts";
import type { Rule } from "../../../src/auth/rule.ts";
import type { QoS } from "../../../src/protocol/packet.ts";

type Written = Partial<Rule> & { readonly filter: string };

/** In the order in which they are written. */
function access(rules: readonly Written[], otherwise: "allow" | "deny" = "deny"): Access {
  return {
    otherwise,
    rules: rules.map((rule, index) => ({ id: `${index}`, effect: "allow", action: "all", ...rule })),
  };
}

function publishes(rules: readonly Written[], topic: string, qos: QoS = 0, retain = false): boolean {
  return decidePublish(access(rules), { topic, qos, retain }).isAllowed;
}

function subscribes(rules: readonly Written[], filter: string, isShared = false, qos: QoS = 0): boolean {
  return decideSubscribe(access(rules), { filter, qos, isShared }).isAllowed;
}

describe("publishing", () => {
  test.each([
    ["a/b", "a/b", true],
    ["a/b", "a/b/c", false],
    ["a/b", "a", false],
    ["a/+", "a/b", true],
    ["a/+", "a/", true],
    ["a/+", "a", false],
    ["a/#", "a", true],
    ["a/#", "ab", false],
    ["#", "a/b", true],
    ["#", "$SYS/x", false],
    ["+/b", "$a/b", false],
    ["$a/#", "$a/b", true],
    ["A/b", "a/b", false],
    ["caf\u00e9", "cafe\u0301", false],
    ["a/b", "a//b", false],
    ["a/b", "/a/b", false],
    ["a/b", "a/b/", false],
    ["\u0430/b", "a/b", false],
  ])("a rule for %j and the topic %j: %s", (filter, topic, expected) => {
    expect(publishes([{ filter }], topic)).toBe(expected);
  });

  test("conditions on QoS and RETAIN narrow a rule, whether it allows or denies", () => {
    expect(publishes([{ filter: "a", qos: [0, 1] }], "a", 2)).toBe(false);
    expect(publishes([{ filter: "a", retain: false }], "a", 0, true)).toBe(false);
    expect(publishes([{ filter: "a", effect: "deny", retain: true }, { filter: "#" }], "a", 0, true)).toBe(false);
    expect(publishes([{ filter: "a", effect: "deny", retain: true }, { filter: "#" }], "a", 0, false)).toBe(true);
  });

  test("the first rule that fits decides, and is named", () => {
    const rules = access([{ filter: "a/+", effect: "deny" }, { filter: "#" }]);
    expect(decidePublish(rules, { topic: "a/b", qos: 0, retain: false })).toEqual({ isAllowed: false, rule: "0" });
    expect(decidePublish(rules, { topic: "b", qos: 0, retain: false })).toEqual({ isAllowed: true, rule: "1" });
    const none = decidePublish(access([]), { topic: "b", qos: 0, retain: false });
    expect(none).toEqual({ isAllowed: false, rule: undefined });
  });

  test("a rule for subscribing says nothing about publishing, nor the other way round", () => {
    expect(publishes([{ filter: "#", action: "subscribe" }], "a")).toBe(false);
    expect(subscribes([{ filter: "#", action: "publish" }], "a")).toBe(false);
  });
});

describe("subscribing", () => {
  test.each([
    ["a/+/b", "a/#", false],
    ["a/+/b", "a/+/b", true],
    ["a/+/b", "a/x/b", true],
    ["a/+/b", "a/+/+", false],
    ["a/#", "a/+/#", true],
    ["a/#", "#", false],
    ["a/#", "+/#", false],
    ["+/#", "#", true],
    ["#", "#", true],
    ["#", "$SYS/#", false],
    ["#", "+/a", true],
    ["a", "a/#", false],
    ["+", "#", false],
    ["/#", "#", false],
  ])("an allow of %j and the filter %j: %s", (rule, filter, expected) => {
    expect(subscribes([{ filter: rule }], filter)).toBe(expected);
    expect(subscribes([{ filter: rule }], filter, true)).toBe(expected);
  });

  test("a deny that covers the filter refuses it; one that cuts into it is left to delivery, unless it is shared", () => {
    const rules = [{ filter: "a/secret", effect: "deny" as const }, { filter: "a/#" }];
    expect(subscribes(rules, "a/secret")).toBe(false);
    expect(subscribes(rules, "a/#")).toBe(true);
    expect(subscribes(rules, "a/+")).toBe(true);
    expect(subscribes(rules, "a/#", true)).toBe(false);
    expect(subscribes(rules, "a/+", true)).toBe(false);
    expect(subscribes(rules, "a/open/#", true)).toBe(true);
    expect(decideDelivery(access(rules), "a/secret").isAllowed).toBe(false);
    expect(decideDelivery(access(rules), "a/open").isAllowed).toBe(true);
  });

  test("a QoS that is answered by the subscription is not asked again at delivery", () => {
    const rules = [{ filter: "a", qos: [1] as const }];
    expect(subscribes(rules, "a", false, 0)).toBe(false);
    expect(subscribes(rules, "a", false, 1)).toBe(true);
    expect(decideDelivery(access(rules), "a").isAllowed).toBe(true);
  });

  test("a deny of one QoS leaves delivery to the QoS that was granted", () => {
    const rules = [{ filter: "a", effect: "deny", qos: [2] }, { filter: "a" }] as const;
    expect(subscribes(rules, "a", false, 2)).toBe(false);
    expect(subscribes(rules, "a", false, 1)).toBe(true);
    expect(decideDelivery(access(rules), "a").isAllowed).toBe(true);
  });

  test.each([true, false])("a rule about publishing with RETAIN %j neither allows nor denies it", (retain) => {
    expect(subscribes([{ filter: "a", retain }], "a")).toBe(false);
    expect(subscribes([{ filter: "a", retain, effect: "deny" }, { filter: "a" }], "a")).toBe(true);
    expect(decideDelivery(access([{ filter: "a", retain }]), "a").isAllowed).toBe(false);
  });

  test("nothing is asked about a client that no rule concerns", () => {
    expect(isOpen(access([], "allow"))).toBe(true);
    expect(isOpen(access([], "deny"))).toBe(false);
    expect(isOpen(access([{ filter: "a" }], "allow"))).toBe(false);
  });
});

describe("placeholders", () => {
  const values = { clientId: "c1", user: "bob", claims: { tenant: "acme", n: "7" } };

  test.each([
    ["devices/%c/#", "devices/c1/#"],
    ["%u/%c", "bob/c1"],
    ["t/%{tenant}-%{n}/x", "t/acme-7/x"],
    ["100%/%x", "100%/%x"],
    ["%{missing}/x", undefined],
    ["%{toString}/x", undefined],
  ])("%j becomes %j", (filter, expected) => {
    expect(filterFor({ filter, effect: "allow" }, values)).toBe(expected);
  });

  test.each(["#", "+", "a+b", "\u0000", "x/#"])("the client id %j widens no rule", (clientId) => {
    for (const effect of ["allow", "deny"] as const) {
      expect(filterFor({ filter: "devices/%c/x", effect }, { ...values, clientId })).toBeUndefined();
    }
  });

  test("a slash in a value is several levels to a deny rule alone", () => {
    const sly = { ...values, clientId: "a/b" };
    expect(filterFor({ filter: "x/%c", effect: "allow" }, sly)).toBeUndefined();
    expect(filterFor({ filter: "x/%c", effect: "deny" }, sly)).toBe("x/a/b");
  });

  test("what is missing narrows an allow rule to nothing, and widens a deny rule to a level", () => {
    const nobody = { ...values, user: undefined };
    expect(filterFor({ filter: "x/%u/y", effect: "allow" }, nobody)).toBeUndefined();
    expect(filterFor({ filter: "x/%u/y", effect: "deny" }, nobody)).toBe("x/+/y");
    expect(filterFor({ filter: "x/p-%u/y", effect: "deny" }, nobody)).toBe("x/+/y");
  });

  test("an empty value is missing", () => {
    const empty = { ...values, claims: { tenant: "" } };
    expect(filterFor({ filter: "x/%{tenant}/y", effect: "allow" }, empty)).toBeUndefined();
    expect(filterFor({ filter: "x/%{tenant}/y", effect: "deny" }, empty)).toBe("x/+/y");
  });

  test.each(["a/#", "%c", "a/%{tenant}/+", "$SYS/#"])("%j may stand in a rule", (filter) => {
    expect(filterProblem(filter)).toBeUndefined();
  });

  test.each(["", "a/#/b", "a+", "$share/g/a", "$delayed/5/a", "a/\u0000"])("%j may not", (filter) => {
    expect(filterProblem(filter)).toBeDefined();
  });
});

describe("which rules concern a client", () => {
  const client: Client = { clientId: "c1", user: "bob", groups: ["ops"], claims: {} };
  const rule = (id: string, position: number, more: Partial<Rule>): Rule => ({
    id,
    position,
    effect: "allow",
    action: "all",
    subjectKind: "everyone",
    subject: "",
    filter: id,
    ...more,
  });

  const idsFor = (who: Client, rules: readonly Rule[], own: readonly OwnRule[] = []) =>
    accessOf(who, rules, own, "deny").rules.map(({ id }) => id);

  test("those of its user, groups, client id and everyone, by position and then by id", () => {
    const rules = [
      rule("late", 2000, {}),
      rule("b", 10, { subjectKind: "user", subject: "bob" }),
      rule("a", 10, { subjectKind: "group", subject: "ops" }),
      rule("first", 1, { subjectKind: "client", subject: "c1" }),
      rule("other-user", 1, { subjectKind: "user", subject: "eve" }),
      rule("other-group", 1, { subjectKind: "group", subject: "dev" }),
      rule("other-client", 1, { subjectKind: "client", subject: "C1" }),
    ];
    expect(idsFor(client, rules)).toEqual(["first", "a", "b", "late"]);
    expect(idsFor({ ...client, user: undefined, groups: [] }, rules)).toEqual(["first", "late"]);
  });

  test("rules that a token brings stand at 1000", () => {
    const own = [{ effect: "allow", action: "all", filter: "own" }] as const;
    const rules = [rule("before", 999, {}), rule("same", 1000, {}), rule("behind", 1001, {})];
    expect(idsFor(client, rules, own)).toEqual(["before", "own-1", "same", "behind"]);
    expect(idsFor(client, [], own)).toEqual(["own-1"]);
  });

  test("their conditions come along; those that fit nothing of the client do not", () => {
    const own = [{ effect: "deny", action: "publish", filter: "own/%c", qos: [0], retain: false }] as const;
    const rules = [rule("a/%c", 1, { qos: [1, 2], retain: true }), rule("b/%{missing}", 2, {}), rule("c", 3, {})];
    expect(accessOf(client, rules, own, "deny")).toEqual({
      rules: [
        { id: "a/%c", effect: "allow", action: "all", filter: "a/c1", qos: [1, 2], retain: true },
        { id: "c", effect: "allow", action: "all", filter: "c" },
        { id: "own-1", effect: "deny", action: "publish", filter: "own/c1", qos: [0], retain: false },
      ],
      otherwise: "deny",
    });
  });

  test.each([
    ["no list", {}],
    ["a rule that is no object", ["a/#"]],
    ["nothing for a rule", [null]],
    ["a RETAIN that is none", [{ filter: "a", retain: 1 }]],
    ["an unknown field, which might be a condition", [{ filter: "a", qso: [0] }]],
    ["an unknown effect", [{ filter: "a", effect: "Deny" }]],
    ["an unknown action", [{ filter: "a", action: "pub" }]],
    ["no filter", [{ effect: "allow" }]],
    ["a filter that is none", [{ filter: "a/#/b" }]],
    ["a group of subscribers as a filter", [{ filter: "$share/g/#" }]],
    ["no QoS", [{ filter: "a", qos: [] }]],
    ["a QoS that is none", [{ filter: "a", qos: ["1"] }]],
    ["too many", Array.from({ length: 201 }, () => ({ filter: "a" }))],
  ])("rules of a token with %s are refused as a whole", (_, value) => {
    expect(readOwnRules(value)).toBeTypeOf("string");
  });

  test("rules of a token are read", () => {
    expect(readOwnRules(undefined)).toEqual([]);
    expect(
      readOwnRules([
        { filter: "a/%u" },
        { effect: "deny", action: "publish", filter: "b", qos: [2], retain: true },
        { action: "subscribe", filter: "c", qos: [0, 1] },
      ]),
    ).toEqual([
      { effect: "allow", action: "all", filter: "a/%u" },
      { effect: "deny", action: "publish", filter: "b", qos: [2], retain: true },
      { effect: "allow", action: "subscribe", filter: "c", qos: [0, 1] },
    ]);
  });
});
