// An open broker on which some are known: tokens that expire, sessions that belong to somebody, a deployment that ends
// connections for denied messages, and what changes reach clients without credentials.

import { env } from "cloudflare:workers";
import { SignJWT } from "jose";
import { afterEach, describe, expect, test } from "vitest";
import { subjectsOf } from "../../worker/auth/subjects.ts";
import { gateOf } from "../../worker/gate/gates.ts";
import { GateLink } from "../../worker/gate/link.ts";
import { GateObject } from "../../worker/gate/object.ts";
import { eventually } from "../support/eventually.ts";
import {
  addRule,
  codeFor,
  configureAccess,
  connectAs,
  makeUser,
  publishCode,
  subscribeCode,
} from "./support/access.ts";
import { manage } from "./support/api.ts";
import { countFor, quiet } from "./support/bill.ts";
import { Client, cutClients, doors, payloads, publishPacket, uniqueId } from "./support/client.ts";
import { endFaults, everybodySleeps, fail, hold, reset } from "./support/faults.ts";

const secret = "a-secret-of-at-least-32-characters!";
configureAccess({
  ALLOW_ANONYMOUS: "true",
  ACCESS_DEFAULT: "allow",
  AUTHENTICATION: "device-key,jwt",
  JWT_ALGORITHMS: "HS256",
  JWT_SECRET: secret,
  DENIED_PUBLISH: "disconnect",
  // Nobody finds by looking what nobody has told.
  ACCESS_CACHE_SECONDS: "3600",
});
afterEach(() => {
  endFaults();
  cutClients();
});

const badCredentials = 0x86;
const notAuthorized = 0x87;
const banned = 0x8a;
const administrativeAction = 0x98;
const maximumConnectTime = 0xa0;
const serverUnavailable = 0x88;

function token(user: string, expiresInSeconds: number): Promise<string> {
  const exp = Math.floor(Date.now() / 1000) + expiresInSeconds;
  return new SignJWT({ sub: user, exp }).setProtectedHeader({ alg: "HS256" }).sign(new TextEncoder().encode(secret));
}

describe("a token that expires", () => {
  test("ends its connection with 0xA0, and lets nobody in again", async () => {
    const topic = uniqueId("expired");
    const reader = await Client.connect({ version: 5 });
    await reader.subscribe(topic, 1);
    const will = { topic, payload: "will", qos: 1 as const };
    const login = { username: "", password: await token(uniqueId("bob"), 3) };
    const client = await Client.connect({ version: 5, ...login, will });
    const old = await Client.connect({ version: 4, ...login });
    await client.ping();
    expect((await client.expect("disconnect")).reasonCode).toBe(maximumConnectTime);
    await client.expectClose();
    await old.expectClose();
    // As after any connection that the broker ends.
    expect(payloads(await reader.expectPublishes(1))).toEqual(["will"]);
    expect(await codeFor({ ...login, password: await token("bob", -10) })).toBe(badCredentials);
  });
});

test("a token that expires ends a connection whose socket ends in its session object, too", async () => {
  const bearer = await token(uniqueId("carol"), 3);
  const headers = { Authorization: `Bearer ${bearer}` };
  const client = await Client.connect({ version: 5, headers, isDirect: true });
  await client.ping();
  expect((await client.expect("disconnect")).reasonCode).toBe(maximumConnectTime);
  await client.expectClose();
  const expired = { Authorization: `Bearer ${await token("carol", -10)}` };
  await expect(Client.connect({ version: 5, headers: expired, isDirect: true })).rejects.toThrow("401");
});

describe("DENIED_PUBLISH=disconnect", () => {
  test.each([0, 1, 2] as const)("ends a connection of 3.1.1 at a denied message of QoS %i", async (qos) => {
    const topic = uniqueId("denied");
    const user = await makeUser([{ effect: "deny", filter: `${topic}/#`, action: "publish" }]);
    const reader = await Client.connect({ version: 5 });
    await reader.subscribe(`${topic}/#`, 2);
    const client = await Client.connect({ version: 4, ...user.login });
    await client.deliver(`${topic}-open`, "m", 1);
    client.send(publishPacket(`${topic}/x`, "m", qos, { messageId: 7 }));
    await client.expectClose();
    expect(await reader.pending()).toEqual([]);
  });

  test("is for clients that cannot be told: 5.0 has a reason code, and stays", async () => {
    const topic = uniqueId("denied");
    const user = await makeUser([{ effect: "deny", filter: `${topic}/#`, action: "publish" }]);
    const client = await connectAs(user);
    expect(await publishCode(client, `${topic}/x`)).toBe(notAuthorized);
    await client.ping();
  });
});

describe("a session that is somebody's", () => {
  test("is not taken over by others, connected or not, whatever they ask for; its owner finds it as it was", async () => {
    const topic = uniqueId("owned");
    const [owner, other] = [await makeUser(), await makeUser()];
    const clientId = uniqueId("owned");
    const mine = { clientId, persistent: true, clean: false };
    const client = await connectAs(owner, mine);
    await client.subscribe(topic, 1);
    const strangers = [{ ...other.login }, {}].flatMap((login) => [true, false].map((clean) => ({ ...login, clean })));
    for (const stranger of strangers) expect(await codeFor({ clientId, ...stranger })).toBe(notAuthorized);
    await client.ping();
    await client.disconnect();
    for (const stranger of strangers) expect(await codeFor({ clientId, ...stranger })).toBe(notAuthorized);
    const old = await Client.attempt({ version: 4, clientId, ...other.login });
    expect(old.code).toBe(5);
    const writer = await Client.connect();
    await writer.deliver(topic, "kept", 1);
    const again = await connectAs(owner, mine);
    expect(again.connack?.sessionPresent).toBe(true);
    expect(payloads(await again.expectPublishes(1))).toEqual(["kept"]);
  });

  test("is anybody's after it has ended", async () => {
    const [owner, other] = [await makeUser(), await makeUser()];
    const clientId = uniqueId("owned");
    await (await connectAs(owner, { clientId })).disconnect();
    await quiet();
    await connectAs(other, { clientId });
  });

  test("is nobody's if nobody in particular made it", async () => {
    const clientId = uniqueId("free");
    const first = await Client.connect({ version: 5, clientId });
    await connectAs(await makeUser(), { clientId });
    expect((await first.expect("disconnect")).reasonCode).toBe(0x8e);
  });
});

describe.each(doors)("clients without credentials, by %s, hear of changes at once", (_door, door) => {
  test("a rule for everyone ends the subscriptions that it denies, and no others; one that goes gives the right back", async () => {
    const topic = uniqueId("everyone");
    const [client, bystander, writer] = [
      await Client.connect({ version: 5, ...door }),
      await Client.connect({ version: 5, ...door }),
      await connectAs(await makeUser()),
    ];
    for (const filter of [`${topic}/#`, `${topic}-2`]) await client.subscribe(filter, 1);
    await bystander.subscribe(`${topic}-2`, 1);
    const revoked = countFor("refusals", "subscription-revoked");
    const rule = await addRule({ subjectKind: "everyone", effect: "deny", filter: `${topic}/#`, action: "subscribe" });
    await eventually("the subscription ends", () => countFor("refusals", "subscription-revoked") > revoked);
    await quiet();
    expect(countFor("refusals", "subscription-revoked") - revoked).toBe(1);
    await writer.deliver(`${topic}/x`, "denied", 1);
    await writer.deliver(`${topic}-2`, "allowed", 1);
    for (const one of [client, bystander]) expect(payloads(await one.pending())).toEqual(["allowed"]);
    expect(await subscribeCode(client, `${topic}/#`)).toBe(notAuthorized);
    await manage("DELETE", `/rules/${rule.id}`);
    await eventually("the right is back", async () => (await subscribeCode(client, `${topic}/#`)) === 1);
  });

  test("a rule for its client id", async () => {
    const topic = uniqueId("client");
    const [client, bystander] = [
      await Client.connect({ version: 5, ...door }),
      await Client.connect({ version: 5, ...door }),
    ];
    await addRule({ subjectKind: "client", subject: client.id, effect: "deny", filter: topic });
    await eventually("it is denied", async () => (await publishCode(client, topic)) === notAuthorized);
    expect(await publishCode(bystander, topic)).toBe(0);
  });

  test.each(["client", "address"] as const)("a ban of the %s, without a word from its will", async (kind) => {
    const topic = uniqueId("banned");
    const reader = await Client.connect({ version: 5 });
    await reader.subscribe(topic, 1);
    const bystander = await Client.connect({ version: 5, ...door });
    const will = { topic, payload: "will", qos: 1 as const };
    const address = uniqueId("address");
    const headers = { "CF-Connecting-IP": address };
    const clients = [
      await Client.connect({ version: 5, will, headers, clientId: uniqueId("banned"), ...door }),
      await Client.connect({ version: 4, will, headers, clientId: uniqueId("banned"), ...door }),
    ];
    const values = kind === "address" ? [address] : clients.map(({ id }) => id);
    for (const value of values) await manage("POST", "/bans", { kind, value });
    expect((await clients[0]?.expect("disconnect"))?.reasonCode).toBe(administrativeAction);
    for (const client of clients) await client.expectClose();
    for (const { id } of clients) expect(await codeFor({ clientId: id, headers })).toBe(banned);
    await quiet();
    expect(await reader.pending()).toEqual([]);
    await bystander.ping();
    for (const value of values) await manage("DELETE", `/bans/${kind}/${value}`);
    for (const { id } of clients) await Client.connect({ version: 5, clientId: id, headers, ...door });
  });

  test("while everybody sleeps, also when the gate's object has lost its memory", async () => {
    const topic = uniqueId("asleep");
    const client = await Client.connect({ version: 5, ...door });
    await client.subscribe(topic, 1);
    await quiet();
    await everybodySleeps();
    const revoked = countFor("refusals", "subscription-revoked");
    await addRule({ subjectKind: "client", subject: client.id, effect: "deny", filter: topic });
    await eventually("the subscription ends", () => countFor("refusals", "subscription-revoked") > revoked);
    await reset(gateOf(env, client.id));
    await addRule({ subjectKind: "client", subject: client.id, effect: "deny", filter: `${topic}-2` });
    await eventually("it is denied", async () => (await publishCode(client, `${topic}-2`)) === notAuthorized);
  });

  test("nobody is let in by what was before the change", async () => {
    const topic = uniqueId("late");
    const fault = hold(GateObject.prototype as never, door === doors[0][1] ? "fetch" : "enlist", "before");
    const connecting = Client.connect({ version: 5, ...door });
    await fault.reached();
    await addRule({ subjectKind: "everyone", effect: "deny", filter: topic });
    fault.end();
    expect(await publishCode(await connecting, topic)).toBe(notAuthorized);
  });

  test("without its gate nobody is let in: what changes would not reach it", async () => {
    const fault = fail(GateObject.prototype as never, door === doors[0][1] ? "fetch" : "enlist", "before");
    const options = { version: 5, ...door } as const;
    expect(await codeFor(options)).toBe(serverUnavailable);
    fault.end();
    await Client.connect(options);
  });
});

test("who tried to be a user, and is let in as nobody, is none of that user's connections", async () => {
  const user = uniqueId("tried");
  const visitor = { address: uniqueId("address"), loginFailuresMax: 10, loginLockoutMs: 1000 };
  const admission = (known: string | undefined, clientId: string, connectionsMax: number) => ({
    revision: Number.MAX_SAFE_INTEGER,
    subjects: subjectsOf(known, [], clientId, visitor.address),
    connectionsMax,
    connectsPerMinute: 0,
  });
  const links = [1, 2, 3].map(() => new GateLink(env, visitor, { changed: () => {}, lost: () => {} }));
  const [nobody, first, second] = links as [GateLink, GateLink, GateLink];
  expect(await nobody.open(user)).toEqual({ type: "try" });
  // With the user's name for its client id.
  expect(await nobody.admit(undefined, user, admission(undefined, user, 0))).toEqual({ type: "admitted" });
  expect(await first.admit(user, "1", admission(user, "1", 1))).toEqual({ type: "admitted" });
  expect(await second.admit(user, "2", admission(user, "2", 1))).toMatchObject({ type: "refused", why: "connections" });
  for (const link of links) link.close();
});
