// Users of the control database who prove with SCRAM who they are: made over the HTTP API, and subject to what ends the rights of
// all others.

import { env } from "cloudflare:workers";
import { afterEach, describe, expect, test } from "vitest";
import { ScramClient } from "../support/scram-client.ts";
import { configureAccess, password, publishCode } from "./support/access.ts";
import { manage } from "./support/api.ts";
import { Client, connectPacket, cutClients, type PacketOf, publishPacket, uniqueId } from "./support/client.ts";

const loginFailuresMax = 4;
configureAccess({ AUTHENTICATION: "password,scram", LOGIN_FAILURES_MAX: `${loginFailuresMax}` });
const batch = env.CONTROL.batch;
afterEach(() => {
  (env.CONTROL as { batch: unknown }).batch = batch;
  cutClients();
});

const authenticationMethod = "SCRAM-SHA-256";
const protocolError = 0x82;
const notAuthorized = 0x87;
const serverUnavailable = 0x88;
const banned = 0x8a;
const administrativeAction = 0x98;

interface Attempt {
  readonly client: Client;
  readonly code: number | undefined;
  readonly isGenuine: boolean;
  readonly challenge: string | undefined;
}

async function begin(scram: ScramClient, address = uniqueId("address"), clientId = uniqueId()): Promise<Client> {
  const client = await Client.open(clientId, 5, { "CF-Connecting-IP": address });
  client.send(withData(connectPacket({ version: 5, clientId: client.id }), scram.first()));
  return client;
}

function withData<Packet extends object>(packet: Packet, data: Uint8Array): Packet {
  return { ...packet, properties: { authenticationMethod, authenticationData: data } };
}

async function login(
  name: string,
  secret: string,
  { address, clientId }: { readonly address?: string; readonly clientId?: string } = {},
): Promise<Attempt> {
  const scram = new ScramClient(name, secret);
  const client = await begin(scram, address, clientId);
  const first = await client.next();
  if (first.cmd === "connack") return { client, code: first.reasonCode, isGenuine: false, challenge: undefined };
  const data = (first as PacketOf<"auth">).properties?.authenticationData as Buffer;
  client.send(withData({ cmd: "auth", reasonCode: 0x18 } as const, scram.final(data)) as never);
  const connack = await client.expect("connack");
  const isGenuine = scram.accepts(connack.properties?.authenticationData);
  return { client, code: connack.reasonCode, isGenuine, challenge: data.toString() };
}

async function makeUser(fields: object = { password }): Promise<string> {
  const name = uniqueId("user");
  const shown = await manage("POST", "/users", { name, ...fields });
  expect(JSON.stringify(shown)).not.toContain("SCRAM");
  return name;
}

test("a user with a password proves it, is shown the broker's own proof, and may do what its rules say", async () => {
  const name = await makeUser();
  await manage("POST", "/rules", { effect: "allow", subjectKind: "user", subject: name, filter: "%u/#" });
  const { client, code, isGenuine } = await login(name, password);
  expect([code, isGenuine]).toEqual([0, true]);
  expect([await publishCode(client, `${name}/a`), await publishCode(client, "a")]).toEqual([0, notAuthorized]);
  expect(await manage("GET", `/clients/${client.id}`)).toMatchObject({ user: name });
});

test.each([
  ["a wrong password", () => makeUser(), "wrong horse battery"],
  ["a name that nobody has", async () => uniqueId("nobody"), password],
  ["a user without a password", () => makeUser({}), password],
  ["a password beyond ASCII", () => makeUser({ password: "größer als ASCII" }), "größer als ASCII"],
])("not with %s: challenged like any other, and 0x87", async (_, make, secret) => {
  const name = await make();
  const { code, challenge } = await login(name, secret);
  expect(code).toBe(notAuthorized);
  const [known, again] = [(await login(await makeUser(), password)).challenge, (await login(name, secret)).challenge];
  const saltOf = (text: string | undefined) => /s=([^,]+),i=(\d+)$/.exec(text ?? "")?.slice(1) ?? [];
  expect(saltOf(challenge)).toEqual(saltOf(again));
  expect(saltOf(challenge)[0]).toHaveLength(saltOf(known)[0]?.length as number);
  expect(saltOf(challenge)[1]).toBe(saltOf(known)[1]);
});

describe("at once", () => {
  test.each([
    ["given another password", { password: "another horse battery" }],
    ["left without a password", { password: null }],
    ["disabled", { disabled: true }],
  ])("a user that is %s is disconnected, and its password opens no more", async (_, change) => {
    const name = await makeUser();
    const { client } = await login(name, password);
    await manage("PATCH", `/users/${name}`, change);
    expect((await client.expect("disconnect")).reasonCode).toBe(notAuthorized);
    await client.expectClose();
    expect((await login(name, password)).code).toBe(notAuthorized);
  });

  test("a new password opens at once, and what else changes ends nothing", async () => {
    const name = await makeUser();
    await manage("PATCH", `/users/${name}`, { password: "another horse battery" });
    const { client, code } = await login(name, "another horse battery");
    expect(code).toBe(0);
    await manage("PATCH", `/users/${name}`, { comment: "later" });
    await client.ping();
  });

  test("a user that is deleted or banned is disconnected", async () => {
    const [gone, out] = [await makeUser(), await makeUser()];
    const [deleted, excluded] = [await login(gone, password), await login(out, password)];
    await manage("DELETE", `/users/${gone}`);
    await manage("POST", "/bans", { kind: "user", value: out });
    expect((await deleted.client.expect("disconnect")).reasonCode).toBe(notAuthorized);
    expect((await excluded.client.expect("disconnect")).reasonCode).toBe(administrativeAction);
    expect((await login(out, password)).code).toBe(banned);
  });
});

describe("guessing", () => {
  test("so many wrong proofs lock the address out of the user, before it is challenged; others get in", async () => {
    const name = await makeUser();
    const attacker = { address: uniqueId("address") };
    for (let count = 0; count < loginFailuresMax; count++) {
      expect((await login(name, "wrong horse battery", attacker)).code).toBe(notAuthorized);
    }
    const locked = await login(name, password, attacker);
    expect([locked.code, locked.challenge]).toEqual([banned, undefined]);
    expect((await login(name, password)).code).toBe(0);
  });

  test("a wrong proof of a connected client that authenticates anew is a guess like any other", async () => {
    const name = await makeUser();
    const attacker = { address: uniqueId("address") };
    const connected: Client[] = [];
    for (let count = 0; count < loginFailuresMax; count++)
      connected.push((await login(name, password, attacker)).client);
    for (const client of connected) {
      const scram = new ScramClient(name, "wrong horse battery");
      client.send(withData({ cmd: "auth", reasonCode: 0x19 } as const, scram.first()) as never);
      const data = (await client.expect("auth")).properties?.authenticationData as Buffer;
      client.send(withData({ cmd: "auth", reasonCode: 0x18 } as const, scram.final(data)) as never);
      expect((await client.expect("disconnect")).reasonCode).toBe(notAuthorized);
      await client.expectClose();
    }
    expect(await login(name, password, attacker)).toMatchObject({ code: banned, challenge: undefined });
    expect((await login(name, password)).code).toBe(0);
  });

  test("of a banned client id or address nobody learns whether a proof was right", async () => {
    const name = await makeUser();
    const place = { address: uniqueId("address"), clientId: uniqueId() };
    await manage("POST", "/bans", { kind: "client", value: place.clientId });
    expect(await login(name, password, place)).toMatchObject({ code: banned, challenge: undefined });
  });

  test.each(["publish", "auth"] as const)("%s before the challenge is a protocol error", async (command) => {
    const scram = new ScramClient(await makeUser(), password);
    const client = await begin(scram);
    if (command === "publish") client.send(publishPacket("a", "m", 0));
    else client.send(withData({ cmd: "auth", reasonCode: 0x18 } as const, scram.first()) as never);
    expect((await client.expect("connack")).reasonCode).toBe(protocolError);
    await client.expectClose();
  });
});

test("with the database away who is not known is told 0x88", async () => {
  const name = await makeUser();
  (env.CONTROL as { batch: unknown }).batch = () => Promise.reject(new Error("away"));
  expect((await login(name, password)).code).toBe(serverUnavailable);
});

test("what is kept is a verifier, and goes with the password", async () => {
  const name = await makeUser();
  const read = () => env.CONTROL.prepare("SELECT scram FROM user WHERE name = ?").bind(name).first<{ scram: string }>();
  expect((await read())?.scram).toMatch(/^SCRAM-SHA-256\$15000:/);
  await manage("PATCH", `/users/${name}`, { password: null });
  expect((await read())?.scram).toBeNull();
});
