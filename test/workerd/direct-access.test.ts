// What a client may do whose socket ends in its session object: its gate has a row of it, and calls when something changes.

import { runDurableObjectAlarm } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, expect, test } from "vitest";
import { gateOf } from "../../worker/gate/gates.ts";
import { GateObject } from "../../worker/gate/object.ts";
import { SessionObject } from "../../worker/session/object.ts";
import { eventually } from "../support/eventually.ts";
import { addRule, configureAccess, connectAs, makeUser, publishCode } from "./support/access.ts";
import { api, manage } from "./support/api.ts";
import { quiet } from "./support/bill.ts";
import { Client, connectPacket, cutClients, type Refused, uniqueId } from "./support/client.ts";
import { endFaults, fail, hold, reset } from "./support/faults.ts";
import { rowsOf, sessionOf } from "./support/objects.ts";

configureAccess({ ALLOW_ANONYMOUS: "true", ACCESS_DEFAULT: "allow", ACCESS_CACHE_SECONDS: "3600" });
afterEach(() => {
  endFaults();
  cutClients();
});

const notAuthorized = 0x87;

function connect(clientId = uniqueId("direct")): Promise<Client> {
  return Client.connect({ version: 5, clientId, keepalive: 0, isDirect: true });
}

/** Rows of connections that the gate of a client id has. */
function entries(clientId: string): Promise<number> {
  return rowsOf(gateOf(env, clientId), "direct");
}

test("DIR-13 a connection costs its gate one row, which goes with it however it ends", async () => {
  const id = uniqueId("direct");
  const before = await entries(id);
  for (const leave of [(one: Client) => one.disconnect(), async (one: Client) => one.cut()]) {
    const client = await connect(id);
    expect(await entries(id)).toBe(before + 1);
    await leave(client);
    await eventually("the row is gone", async () => (await entries(id)) === before);
  }
  const [older, newer] = [await connect(id), await connect(id)];
  expect((await older.expect("disconnect")).reasonCode).toBe(0x8e);
  await eventually("one is left", async () => (await entries(id)) === before + 1);
  await newer.ping();
});

test("DIR-14 one that sends no CONNECT leaves no row, and takes none from another", async () => {
  const id = uniqueId("direct");
  const client = await connect(id);
  const silent = await Client.openDirect(id, 5, {});
  silent.cut();
  await quiet();
  await addRule({ subjectKind: "client", subject: id, effect: "deny", filter: id });
  await eventually("it is told", async () => (await publishCode(client, id)) === notAuthorized);
});

test.each([
  ["a rule", "holds from CONNECT on"],
  ["a ban", "ends the connection"],
])("DIR-15 %s made between the upgrade and CONNECT %s", async (what) => {
  const id = uniqueId("direct");
  const client = await Client.openDirect(id, 5, {});
  if (what === "a ban") {
    await manage("POST", "/bans", { kind: "client", value: id });
    await client.expectClose();
    return;
  }
  await addRule({ subjectKind: "client", subject: id, effect: "deny", filter: id });
  client.send(connectPacket({ version: 5, clientId: id }));
  expect((await client.expect("connack")).reasonCode).toBe(0);
  expect(await publishCode(client, id)).toBe(notAuthorized);
});

test("DIR-16 a row of a connection that a crash has ended goes at the next change", async () => {
  const id = uniqueId("direct");
  const before = await entries(id);
  await connect(id);
  await reset(sessionOf(id));
  await quiet();
  await addRule({ subjectKind: "client", subject: id, effect: "deny", filter: id });
  expect(await entries(id)).toBe(before);
});

test("DIR-17 of changes that follow each other the last holds, however slowly an earlier one is read", async () => {
  const id = uniqueId("direct");
  const client = await connect(id);
  const deny = { effect: "deny", filter: id, subjectKind: "client", subject: id } as const;
  const changes = await Promise.all([addRule(deny), addRule(deny), addRule({ ...deny, effect: "allow" })]);
  for (const { id: rule } of changes.slice(0, 2)) await manage("DELETE", `/rules/${rule}`);
  expect(await publishCode(client, id)).toBe(0);
  await manage("PUT", `/rules/${changes[2]?.id}`, deny);
  expect(await publishCode(client, id)).toBe(notAuthorized);
});

test("DIR-18 a session that does not answer its gate: the API says that the change is stored and not announced, and again announces it", async () => {
  const id = uniqueId("direct");
  const client = await connect(id);
  const fault = fail(SessionObject.prototype, "accessChanged", "before");
  const ban = { kind: "client", value: id };
  const answer = await api("POST", "/bans", ban);
  expect([answer.status, answer.body.type]).toEqual([503, "urn:durablemq:problem:not-announced"]);
  fault.end();
  await client.ping();
  await manage("POST", "/bans", ban);
  expect((await client.expect("disconnect")).reasonCode).toBe(0x98);
});

test("DIR-19 what its gate could not tell is found by the hourly look", async () => {
  const id = uniqueId("direct");
  const client = await connect(id);
  const fault = fail(GateObject.prototype, "announce", "before");
  await api("POST", "/rules", { subjectKind: "client", subject: id, effect: "deny", filter: id });
  fault.end();
  expect(await publishCode(client, id)).toBe(0);
  await eventually("the look", async () => {
    // The object takes the alarm's time for the present.
    await runDurableObjectAlarm(sessionOf(id));
    return (await publishCode(client, id)) === notAuthorized;
  });
});

test("DIR-20 a user's rights are kept by its own gate", async () => {
  const topic = uniqueId("direct");
  const user = await makeUser();
  const client = await connectAs(user, { isDirect: true });
  const fault = hold(SessionObject.prototype, "accessChanged", "after");
  const changing = addRule({ subjectKind: "user", subject: user.name, effect: "deny", filter: topic });
  await fault.reached();
  // The session has heard, and the API has not answered yet.
  await eventually("it is denied", async () => (await publishCode(client, topic)) === notAuthorized);
  fault.end();
  await changing;
});

test.each([
  ["漢", 7_000, 429],
  ["x", 7_400, 101],
])("DIR-21 rules of %s are counted in bytes, and who has too many is told so", async (letter, characters, expected) => {
  const id = uniqueId("direct");
  for (let left = characters; left > 0; left -= 3_700) {
    await addRule({ subjectKind: "client", subject: id, filter: letter.repeat(Math.min(left, 3_700)) });
  }
  const client = Client.openDirect(id, 5, {});
  const status = await client.then(
    () => 101,
    (error: unknown) => (error as Refused).status,
  );
  expect(status).toBe(expected);
});
