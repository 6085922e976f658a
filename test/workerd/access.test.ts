// Users, rules and bans from outside: who is let in, what each may do, and that every change takes effect at once, on those
// who are connected too.

import { env } from "cloudflare:workers";
import { afterEach, beforeAll, describe, expect, test } from "vitest";
import { counters } from "../../worker/counters.ts";
import { eventually } from "../support/eventually.ts";
import {
  addRule,
  codeFor,
  configureAccess,
  connectAs,
  makeUser,
  password,
  publishCode,
  subscribeCode,
} from "./support/access.ts";
import { manage } from "./support/api.ts";
import { callsBetween, countFor, quiet, rowsBetween } from "./support/bill.ts";
import { Client, connectPacket, cutClients, doors, payloads, publishPacket, uniqueId } from "./support/client.ts";
import { everybodySleeps, reset } from "./support/faults.ts";
import { sessionOf } from "./support/objects.ts";

configureAccess();
const batch = env.CONTROL.batch;
afterEach(() => {
  (env.CONTROL as { batch: unknown }).batch = batch;
  cutClients();
});

const notAuthorized = 0x87;
const badCredentials = 0x86;
const banned = 0x8a;
const administrativeAction = 0x98;
const serverUnavailable = 0x88;

function databaseAway(): void {
  (env.CONTROL as { batch: unknown }).batch = () => Promise.reject(new Error("away"));
}

describe("who is let in", () => {
  const name = uniqueId("known");
  beforeAll(async () => {
    await manage("POST", "/users", { name, password });
  });

  test.each([3, 4, 5] as const)("a user with the right password, in protocol level %i", async (version) => {
    const client = await Client.connect({ version, username: name, password });
    await client.ping();
  });

  test.each([
    ["a wrong password", { username: name, password: "wrong horse battery" }],
    ["an empty password", { username: name, password: "" }],
    ["no password", { username: name }],
    ["a name that nobody has", { username: uniqueId("nobody"), password }],
    ["the name in other letters", { username: name.toUpperCase(), password }],
    ["the name and something that cannot be seen", { username: `${name}\u200b`, password }],
    ["SQL as a name", { username: `' OR name = '${name}' --`, password }],
    ["a password that goes on", { username: name, password: `${password}\u0000x` }],
  ])("not with %s: 0x86, and 4 in 3.1.1", async (_, credentials) => {
    const headers = { "CF-Connecting-IP": uniqueId("address") };
    expect(await codeFor({ ...credentials, headers })).toBe(badCredentials);
    const old = await Client.attempt({ version: 4, ...credentials, headers: { "CF-Connecting-IP": uniqueId() } });
    expect(old.code).toBe(4);
    await old.expectClose();
  });

  test("nobody without credentials: 0x87, and 5 in 3.1.1", async () => {
    expect(await codeFor({})).toBe(notAuthorized);
    expect((await Client.attempt({ version: 4 })).code).toBe(5);
  });

  test("a device key opens for its own user, until it is deleted", async () => {
    const [user, other] = [await makeUser(), await makeUser()];
    const client = await connectAs(user);
    expect(await codeFor({ username: other.name, password: user.login.password })).toBe(badCredentials);
    const { items } = await manage("GET", `/users/${user.name}/keys`);
    await manage("DELETE", `/users/${user.name}/keys/${items[0].id}`);
    expect((await client.expect("disconnect")).reasonCode).toBe(notAuthorized);
    expect(await codeFor({ ...user.login })).toBe(badCredentials);
  });

  test("what is sent behind CONNECT waits for the decision", async () => {
    const topic = uniqueId("early");
    const user = await makeUser([{ filter: `${topic}/#` }]);
    const reader = await connectAs(user);
    await reader.subscribe(`${topic}/#`, 1);
    const client = await Client.open(uniqueId(), 5);
    client.send(connectPacket({ version: 5, clientId: client.id, ...user.login }));
    client.publish(`${topic}/a`, "early", 1);
    expect((await client.expect("connack")).reasonCode).toBe(0);
    await client.expect("puback");
    expect(payloads(await reader.expectPublishes(1))).toEqual(["early"]);
  });

  test("of one that is refused, nothing that came behind CONNECT reaches a session", async () => {
    const before = counters.get("connections_opened");
    const client = await Client.open(uniqueId(), 5);
    client.send(connectPacket({ version: 5, clientId: client.id, username: name }));
    client.publish("a/b", "m", 1);
    expect((await client.expect("connack")).reasonCode).toBe(badCredentials);
    await client.expectClose();
    await quiet();
    expect(counters.get("connections_opened")).toBe(before);
  });
});

describe("what each may do", () => {
  test("what no rule allows is denied: 0x87 in 5.0; in 3.1.1 acknowledged, dropped and counted", async () => {
    const topic = uniqueId("denied");
    const reader = await connectAs(await makeUser([{ filter: "#", action: "subscribe" }]));
    await reader.subscribe(`${topic}/#`, 2);
    const user = await makeUser([{ filter: `${topic}/mine/%c`, action: "publish" }]);
    const client = await connectAs(user, { clientId: `${topic}-5` });
    expect(await publishCode(client, `${topic}/other`)).toBe(notAuthorized);
    expect(await publishCode(client, `${topic}/mine/${topic}-5`)).toBe(0);
    expect(await subscribeCode(client, `${topic}/mine/#`)).toBe(notAuthorized);
    expect(payloads(await reader.expectPublishes(1))).toEqual(["m"]);

    const drops = countFor("drops", "publish-denied");
    const old = await Client.connect({ version: 4, ...user.login });
    await old.deliver(`${topic}/other`, "lost", 1);
    await old.deliver(`${topic}/other`, "lost", 2);
    old.publish(`${topic}/other`, "lost", 0);
    expect(await subscribeCode(old, `${topic}/#`)).toBe(0x80);
    await old.deliver(`${topic}/mine/${old.id}`, "kept", 1);
    expect(countFor("drops", "publish-denied") - drops).toBe(3);
    const [kept] = await reader.expectPublishes(1);
    expect(payloads([kept as never])).toEqual(["kept"]);
  });

  test("rules of user, group, client id and everyone are tried in their order, with QoS and RETAIN", async () => {
    const topic = uniqueId("order");
    const group = uniqueId("group");
    await manage("POST", "/groups", { name: group });
    const clientId = uniqueId();
    await addRule({ subjectKind: "client", subject: clientId, effect: "deny", filter: `${topic}/secret` });
    const user = await makeUser([{ filter: `${topic}/retained`, action: "publish" }], { groups: [group] });
    await addRule({ subjectKind: "everyone", effect: "deny", filter: `${topic}/+`, retain: true, action: "publish" });
    await addRule({ subjectKind: "group", subject: group, filter: `${topic}/+`, qos: [0, 1] });
    const client = await connectAs(user, { clientId });
    const another = await connectAs(user);
    expect(await publishCode(client, `${topic}/secret`)).toBe(notAuthorized);
    expect(await publishCode(another, `${topic}/secret`)).toBe(0);
    expect(await publishCode(client, `${topic}/retained`, { retain: true })).toBe(0);
    client.send(publishPacket(`${topic}/retained`, "m", 2, { retain: true, messageId: 9 }));
    expect((await client.expect("pubrec")).reasonCode ?? 0).toBe(0);
    client.send(publishPacket(`${topic}/other`, "m", 2, { messageId: 10 }));
    expect((await client.expect("pubrec")).reasonCode).toBe(notAuthorized);
    expect(await publishCode(client, `${topic}/other`, { retain: true })).toBe(notAuthorized);
    expect(await subscribeCode(client, `${topic}/other/+`)).toBe(notAuthorized);
    expect(await subscribeCode(client, `${topic}/+`, 2)).toBe(notAuthorized);
    expect(await subscribeCode(client, `${topic}/other`, 1)).toBe(1);
  });

  test("a subscription that a deny rule cuts into brings what is left; a shared one is refused", async () => {
    const topic = uniqueId("cut");
    const user = await makeUser([{ effect: "deny", filter: `${topic}/secret` }, { filter: `${topic}/#` }]);
    const writer = await connectAs(await makeUser([{ filter: "#", action: "publish" }]));
    const client = await connectAs(user);
    expect(await subscribeCode(client, `${topic}/#`)).toBe(1);
    expect(await subscribeCode(client, `$share/g/${topic}/#`)).toBe(notAuthorized);
    expect(await subscribeCode(client, `$share/g/${topic}/open/#`)).toBe(1);
    const drops = countFor("drops", "delivery-denied");
    await writer.deliver(`${topic}/secret`, "secret", 1);
    writer.publish(`${topic}/secret`, "secret", 0);
    await writer.deliver(`${topic}/other`, "open", 1);
    expect(payloads(await client.expectPublishes(1))).toEqual(["open"]);
    expect(countFor("drops", "delivery-denied") - drops).toBe(2);
  });

  test("rights survive hibernation, also when they are too many for the socket", async () => {
    const topic = uniqueId("sleep");
    const many = Array.from({ length: 120 }, (_, index) => ({ filter: `${topic}/a-level-that-is-long/${index}/+/+` }));
    for (const user of [
      await makeUser([{ filter: `${topic}/1/+` }]),
      await makeUser([...many, { filter: `${topic}/1/+` }]),
    ]) {
      for (const persistent of [false, true]) {
        const client = await connectAs(user, { persistent });
        expect(await publishCode(client, `${topic}/1/a`)).toBe(0);
        await quiet();
        await everybodySleeps();
        expect(await publishCode(client, `${topic}/1/a`)).toBe(0);
        expect(await publishCode(client, `${topic}/2/a`)).toBe(notAuthorized);
      }
    }
  });
});

describe.each(doors)("at once, by %s", (_door, door) => {
  test("a rule that is deleted ends the subscription that rested on it, and what waits in the queue stays there", async () => {
    const topic = uniqueId("revoked");
    const user = await makeUser([{ filter: `${topic}/other/#` }]);
    const rule = await addRule({ subjectKind: "user", subject: user.name, filter: `${topic}/#` });
    const writer = await connectAs(await makeUser([{ filter: "#", action: "publish" }]));
    const client = await connectAs(user, { persistent: true, receiveMaximum: 1, ...door });
    await client.subscribe(`${topic}/#`, 1);
    await client.subscribe(`${topic}/other/a`, 1);
    for (const payload of ["sent", "kept back", "kept back"]) await writer.deliver(`${topic}/x`, payload, 1);
    await writer.deliver(`${topic}/other/a`, "allowed", 1);
    const [first] = await client.expectPublishes(1);
    const drops = countFor("drops", "delivery-denied");
    const revoked = countFor("refusals", "subscription-revoked");
    await manage("DELETE", `/rules/${rule.id}`);
    await eventually("the subscription ends", () => countFor("refusals", "subscription-revoked") > revoked);
    await quiet();
    await writer.deliver(`${topic}/x`, "not even queued", 1);
    await client.acknowledge(first as never);
    const [next] = await client.expectPublishes(1);
    expect(payloads([next as never])).toEqual(["allowed"]);
    await client.acknowledge(next as never);
    expect(await client.pending()).toEqual([]);
    expect(countFor("drops", "delivery-denied") - drops).toBe(2);
    expect(await publishCode(client, `${topic}/x`)).toBe(notAuthorized);
  });

  test.each([
    ["", async () => {}],
    [", also when its object has forgotten", async (id: string) => reset(sessionOf(id))],
  ])(
    "what a member of a group had not finished when its right ended goes to the others, and once%s",
    async (_, meanwhile) => {
      const topic = uniqueId("group");
      const share = `$share/g/${topic}/#`;
      const user = await makeUser([]);
      const rule = await addRule({ subjectKind: "user", subject: user.name, filter: `${topic}/#` });
      const writer = await connectAs(await makeUser([{ filter: "#" }]));
      const member = await connectAs(user, { persistent: true, ...door });
      await member.subscribe(share, 1);
      for (const payload of ["1", "2"]) await writer.deliver(`${topic}/x`, payload, 1);
      const [, second] = await member.expectPublishes(2);
      await member.acknowledge(second as never);
      await quiet();
      member.cut();
      await quiet();
      await meanwhile(member.id);
      const other = await connectAs(await makeUser([{ filter: "#" }]));
      await other.subscribe(share, 1);
      const drops = countFor("drops", "delivery-denied");
      await manage("DELETE", `/rules/${rule.id}`);
      const again = await connectAs(user, { persistent: true, clean: false, clientId: member.id, ...door });
      expect(again.connack?.sessionPresent).toBe(true);
      const [handed] = await other.expectPublishes(1);
      expect(payloads([handed as never])).toEqual(["1"]);
      await other.acknowledge(handed as never);
      expect(await again.pending()).toEqual([]);
      expect(countFor("drops", "delivery-denied") - drops).toBe(0);
      await quiet();
      expect(await other.pending()).toEqual([]);
      await again.disconnect();
      const last = await connectAs(user, { persistent: true, clean: false, clientId: member.id, ...door });
      expect(await last.pending()).toEqual([]);
    },
  );

  test("what a member of a group had in hand when its right ended goes to the others if its object forgets", async () => {
    const topic = uniqueId("group");
    const share = `$share/g/${topic}/#`;
    const user = await makeUser([]);
    const rule = await addRule({ subjectKind: "user", subject: user.name, filter: `${topic}/#` });
    const writer = await connectAs(await makeUser([{ filter: "#" }]));
    const member = await connectAs(user, { persistent: true, ...door });
    await member.subscribe(share, 1);
    await writer.deliver(`${topic}/x`, "in hand", 1);
    await member.expectPublishes(1);
    const [revoked, drops] = [countFor("refusals", "subscription-revoked"), countFor("drops", "delivery-denied")];
    await manage("DELETE", `/rules/${rule.id}`);
    await eventually("the subscription ends", () => countFor("refusals", "subscription-revoked") > revoked);
    await quiet();
    await reset(sessionOf(member.id));
    const other = await connectAs(await makeUser([{ filter: "#" }]));
    await other.subscribe(share, 1);
    const again = await connectAs(user, { persistent: true, clean: false, clientId: member.id, ...door });
    expect(again.connack?.sessionPresent).toBe(true);
    const [handed] = await other.expectPublishes(1);
    expect(payloads([handed as never])).toEqual(["in hand"]);
    await other.acknowledge(handed as never);
    expect(await again.pending()).toEqual([]);
    expect(countFor("drops", "delivery-denied") - drops).toBe(0);
  });

  test("a right that ends while its client is away keeps back what was queued", async () => {
    const topic = uniqueId("away");
    const user = await makeUser();
    const rule = await addRule({ subjectKind: "user", subject: user.name, filter: `${topic}/#` });
    const writer = await connectAs(await makeUser([{ filter: "#", action: "publish" }]));
    const client = await connectAs(user, { persistent: true, ...door });
    await client.subscribe(`${topic}/#`, 2);
    await client.disconnect();
    for (const qos of [1, 2] as const) await writer.deliver(`${topic}/x`, "queued", qos);
    await manage("DELETE", `/rules/${rule.id}`);
    const again = await connectAs(user, { persistent: true, clean: false, clientId: client.id, ...door });
    expect(again.connack?.sessionPresent).toBe(true);
    expect(await again.pending()).toEqual([]);
    await quiet();
    await writer.deliver(`${topic}/x`, "no longer routed", 1);
    expect(await again.pending()).toEqual([]);
  });

  test("a rule that is added holds from then on, also for a group and for everyone", async () => {
    const topic = uniqueId("added");
    const group = uniqueId("group");
    await manage("POST", "/groups", { name: group });
    const client = await connectAs(await makeUser([], { groups: [group] }), door);
    expect(await publishCode(client, `${topic}/group`)).toBe(notAuthorized);
    await addRule({ subjectKind: "group", subject: group, filter: `${topic}/group` });
    await eventually("the group's rule holds", async () => (await publishCode(client, `${topic}/group`)) === 0);
    await addRule({ subjectKind: "everyone", filter: `${topic}/all` });
    await eventually("everyone's rule holds", async () => (await publishCode(client, `${topic}/all`)) === 0);
  });

  test.each([
    ["disabled", { disabled: true }],
    ["given another password", { password: "another horse battery" }],
  ])("a user that is %s is disconnected, and refused at the next attempt", async (_, change) => {
    const name = uniqueId("user");
    await manage("POST", "/users", { name, password });
    const client = await Client.connect({ version: 5, username: name, password, ...door });
    await manage("PATCH", `/users/${name}`, change);
    expect((await client.expect("disconnect")).reasonCode).toBe(notAuthorized);
    await client.expectClose();
    const headers = { "CF-Connecting-IP": uniqueId("address") };
    expect(await codeFor({ username: name, password, headers })).toSatisfy((code) =>
      [badCredentials, notAuthorized].includes(code),
    );
  });

  test("a user that is deleted is disconnected without a word from its will", async () => {
    const topic = uniqueId("will");
    const reader = await connectAs(await makeUser([{ filter: "#", action: "subscribe" }]));
    await reader.subscribe(`${topic}/#`, 1);
    const user = await makeUser([{ filter: `${topic}/#` }]);
    const client = await connectAs(user, { will: { topic: `${topic}/will`, payload: "will", qos: 1 }, ...door });
    await manage("DELETE", `/users/${user.name}`);
    expect((await client.expect("disconnect")).reasonCode).toBe(notAuthorized);
    await client.expectClose();
    await quiet();
    expect(await reader.pending()).toEqual([]);
  });

  test.each(["client", "user", "address"] as const)(
    "a ban of the %s disconnects with 0x98 and refuses with 0x8A until it is lifted",
    async (kind) => {
      const address = uniqueId("address");
      const user = await makeUser([{ filter: "#" }]);
      const options = { clientId: uniqueId("banned"), headers: { "CF-Connecting-IP": address }, ...door };
      const client = await connectAs(user, options);
      const bystander = await connectAs(await makeUser());
      const value = { client: options.clientId, user: user.name, address }[kind];
      await manage("POST", "/bans", { kind, value });
      expect((await client.expect("disconnect")).reasonCode).toBe(administrativeAction);
      await client.expectClose();
      expect(await codeFor({ ...user.login, ...options })).toBe(banned);
      await bystander.ping();
      await manage("DELETE", `/bans/${kind}/${encodeURIComponent(value)}`);
      await connectAs(user, options);
    },
  );

  test("a user that is in another group now has the rules of that one, and hears when they change", async () => {
    const topic = uniqueId("moved");
    const [before, after] = [uniqueId("group"), uniqueId("group")];
    for (const name of [before, after]) await manage("POST", "/groups", { name });
    const user = await makeUser([], { groups: [before] });
    const client = await connectAs(user, door);
    await manage("PATCH", `/users/${user.name}`, { groups: [after] });
    const rule = await addRule({ subjectKind: "group", subject: after, filter: `${topic}/#` });
    await eventually("the rule holds", async () => (await publishCode(client, `${topic}/x`)) === 0);
    await manage("DELETE", `/rules/${rule.id}`);
    await eventually("it does not", async () => (await publishCode(client, `${topic}/x`)) === notAuthorized);
  });

  test("a client that sleeps is reached", async () => {
    const topic = uniqueId("asleep");
    const user = await makeUser();
    const rule = await addRule({ subjectKind: "user", subject: user.name, filter: `${topic}/#` });
    const client = await connectAs(user, door);
    await client.subscribe(`${topic}/#`, 1);
    await quiet();
    await everybodySleeps();
    const revoked = countFor("refusals", "subscription-revoked");
    await manage("DELETE", `/rules/${rule.id}`);
    await eventually("the subscription ends", () => countFor("refusals", "subscription-revoked") > revoked);
    expect(await publishCode(client, `${topic}/x`)).toBe(notAuthorized);
  });

  test.each(["client", "user"] as const)(
    "a ban of the %s that is lifted leaves the session as it was, with what came meanwhile",
    async (kind) => {
      const topic = uniqueId("kept");
      const user = await makeUser([{ filter: `${topic}/#` }]);
      const writer = await connectAs(user);
      const client = await connectAs(user, { clientId: uniqueId("kept"), persistent: true, ...door });
      await client.subscribe(`${topic}/#`, 1);
      await writer.deliver(`${topic}/x`, "in hand", 1);
      await client.expectPublishes(1);
      const value = kind === "client" ? client.id : user.name;
      const drops = countFor("drops", "delivery-denied");
      await manage("POST", "/bans", { kind, value });
      expect((await client.expect("disconnect")).reasonCode).toBe(administrativeAction);
      await client.expectClose();
      await quiet();
      await (await connectAs(await makeUser([{ filter: "#" }]))).deliver(`${topic}/x`, "meanwhile", 1);
      await manage("DELETE", `/bans/${kind}/${value}`);
      const again = await connectAs(user, { clientId: client.id, persistent: true, clean: false, ...door });
      expect(again.connack?.sessionPresent).toBe(true);
      expect(payloads(await again.expectPublishes(2))).toEqual(["in hand", "meanwhile"]);
      expect(countFor("drops", "delivery-denied") - drops).toBe(0);
    },
  );

  test("a ban ends with its time", async () => {
    const user = await makeUser();
    await manage("POST", "/bans", { kind: "user", value: user.name, untilMs: Date.now() + 60_000 });
    expect(await codeFor(user.login)).toBe(banned);
    await env.CONTROL.prepare("UPDATE ban SET until_ms = 1 WHERE value = ?").bind(user.name).run();
    await manage("POST", "/rules", { effect: "allow", subjectKind: "user", subject: user.name, filter: "x" });
    await connectAs(user);
  });
});

describe("the database away", () => {
  test("who is known connects, others get 0x88, and nobody connected notices", async () => {
    const topic = uniqueId("outage");
    const known = await makeUser([{ filter: `${topic}/#` }]);
    const unknown = await makeUser();
    const client = await connectAs(known);
    databaseAway();
    expect(await publishCode(client, `${topic}/a`)).toBe(0);
    const again = await connectAs(known);
    expect(await publishCode(again, `${topic}/b`)).toBe(0);
    expect(await publishCode(again, "elsewhere")).toBe(notAuthorized);
    expect(await codeFor(unknown.login)).toBe(serverUnavailable);
    const old = await Client.attempt({ version: 4, ...unknown.login });
    expect(old.code).toBe(3);
    (env.CONTROL as { batch: unknown }).batch = batch;
    await connectAs(unknown);
  });

  test("a change that was announced is not passed over because of it", async () => {
    const user = await makeUser();
    (await connectAs(user)).cut();
    await manage("PATCH", `/users/${user.name}`, { disabled: true });
    databaseAway();
    expect(await codeFor(user.login)).toBe(serverUnavailable);
  });
});

describe("what it costs", () => {
  test("two hundred connections of known users read the database as often as the bound says", async () => {
    const users = await Promise.all(Array.from({ length: 10 }, () => makeUser()));
    for (const user of users) (await connectAs(user)).cut();
    const before = counters.get("control_reads");
    for (let round = 0; round < 20; round++) {
      const clients = await Promise.all(users.map((user) => connectAs(user)));
      for (const client of clients) client.cut();
    }
    // 200 connections in well under 30 seconds: each user and the policy once at most.
    expect(counters.get("control_reads") - before).toBeLessThanOrEqual(users.length + 1);
  });

  test("a connection takes one call to its gate and one to its session, and writes no row", async () => {
    const user = await makeUser([{ filter: "a/#" }]);
    (await connectAs(user)).cut();
    const before = await quiet();
    const client = await connectAs(user);
    const connected = await quiet();
    expect(callsBetween(before, connected)).toBe(2);
    expect(rowsBetween(before, connected)).toBe(0);
    for (let count = 0; count < 20; count++) await publishCode(client, "a/b");
    const after = await quiet();
    expect(rowsBetween(connected, after)).toBe(0);
    // Nobody subscribes: one call to the shard for each lone message, as without rules.
    expect(callsBetween(connected, after)).toBe(20);
  });

  test("a gate sleeps with its connections, and still reaches them", async () => {
    const user = await makeUser([{ filter: "#" }]);
    const client = await connectAs(user);
    await quiet();
    await everybodySleeps();
    await manage("PATCH", `/users/${user.name}`, { disabled: true });
    expect((await client.expect("disconnect")).reasonCode).toBe(notAuthorized);
  });
});

describe("why", () => {
  test("a decision is explained: the rule that decides, and what would allow it", async () => {
    const topic = uniqueId("why");
    const user = await makeUser([{ filter: `${topic}/mine/%c`, action: "publish" }]);
    const ask = (question: object) =>
      manage("POST", "/explain", { user: user.name, clientId: "c1", action: "publish", ...question });
    const [allowed, denied] = [await ask({ topic: `${topic}/mine/c1` }), await ask({ topic: `${topic}/mine/c2` })];
    expect(allowed).toMatchObject({ isAllowed: true, rule: { filter: `${topic}/mine/c1` }, remedy: null });
    expect(denied).toMatchObject({ isAllowed: false, rule: null, why: expect.stringContaining("ACCESS_DEFAULT") });
    // The remedy is a call that can be made as it stands.
    const [, body = ""] = /^POST \/api\/v1\/rules (\{.*\})$/.exec(denied.remedy) ?? [];
    await manage("POST", "/rules", JSON.parse(body));
    expect(await ask({ topic: `${topic}/mine/c2` })).toMatchObject({ isAllowed: true });
    expect(await ask({ topic: `$delayed/60/${topic}/mine/c2` })).toMatchObject({ isAllowed: true });
    expect(await ask({ topic: `$share/g/${topic}/mine/c2`, action: "subscribe" })).toMatchObject({ isAllowed: false });
    await manage("PATCH", `/users/${user.name}`, { disabled: true });
    const disabled = await ask({ topic });
    expect(disabled).toMatchObject({ isAllowed: false, why: "the user is disabled" });
    const [, path = "", change = ""] = /^PATCH \/api\/v1(\S+) (.*)$/.exec(disabled.remedy) ?? [];
    await manage("PATCH", path, JSON.parse(change));
    expect(await ask({ topic: `${topic}/mine/c2` })).toMatchObject({ isAllowed: true });
  });

  test.each(doors)(
    "what a client by %s was refused lately is listed by client id, with what would help",
    async (_, door) => {
      const topic = uniqueId("refused");
      const user = await makeUser([], { limits: { connectionsMax: 1 } });
      const clientId = uniqueId("client");
      const options = { clientId, headers: { "CF-Connecting-IP": "192.0.2.7" }, ...door };
      await codeFor({ username: user.name, password: "wrong", ...options });
      const client = await connectAs(user, options);
      await publishCode(client, `${topic}/x`);
      await subscribeCode(client, `${topic}/#`);
      const stranger = await makeUser();
      expect(await codeFor({ ...stranger.login, ...options })).toBe(notAuthorized);
      const listed = async (id: string, count: number) =>
        eventually("refusals", async () => {
          const { items } = await manage("GET", `/explain/clients/${id}`);
          return items.length >= count ? items : undefined;
        });
      const items = await listed(clientId, 4);
      expect(items.map(({ reason }: { reason: string }) => reason)).toEqual([
        "session-of-another",
        "subscribe-denied",
        "publish-denied",
        "Bad user name or password",
      ]);
      expect(items[2]).toMatchObject({ detail: expect.stringContaining(`${topic}/x`), address: "192.0.2.7" });
      expect(items[2].detail).toContain("no rule");
      expect(items[0].remedy).toContain("SESSION_TAKEOVER");
      expect(items[2].remedy).toContain("POST /api/v1/explain");
      expect(JSON.stringify(items)).not.toContain("wrong");
      const second = uniqueId("client");
      await codeFor({ ...user.login, ...options, clientId: second });
      const [full] = await listed(second, 1);
      expect(full).toMatchObject({ reason: "Quota exceeded", remedy: expect.stringContaining("CONNECTIONS_PER_USER") });
    },
  );
});
