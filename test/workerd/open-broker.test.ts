// An open broker on which some are known: tokens that expire, sessions that belong to somebody, a deployment that ends
// connections for denied messages, and what changes reach clients without credentials.

import { exports } from "cloudflare:workers";
import { SignJWT } from "jose";
import { generate } from "mqtt-packet";
import { afterEach, describe, expect, test } from "vitest";
import { reasonText } from "../../src/protocol/reason-text.ts";
import { eventually, within } from "../support/eventually.ts";
import { addRule, codeFor, configureAccess, connectAs, makeUser, publishCode } from "./support/access.ts";
import { api, manage } from "./support/api.ts";
import { countFor, quiet } from "./support/bill.ts";
import { Client, connectPacket, cutClients, payloads, publishPacket, uniqueId } from "./support/client.ts";

const secret = "a-secret-of-at-least-32-characters!";
/** How far the bound on staleness may be missed by a machine that has other things to do. */
const boundMs = 10_000;

configureAccess({
  ALLOW_ANONYMOUS: "true",
  ACCESS_DEFAULT: "allow",
  AUTHENTICATION: "device-key,jwt",
  JWT_ALGORITHMS: "HS256",
  JWT_SECRET: secret,
  DENIED_PUBLISH: "disconnect",
  ACCESS_CACHE_SECONDS: "1",
});
afterEach(cutClients);

const badCredentials = 0x86;
const notAuthorized = 0x87;
const banned = 0x8a;
const administrativeAction = 0x98;
const maximumConnectTime = 0xa0;
const kickedText = reasonText(administrativeAction);

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

test("a ban of an address ends connections without credentials before the API answers", async () => {
  const headers = { "CF-Connecting-IP": uniqueId("address") };
  const client = await Client.connect({ version: 5, headers });
  const bystander = await Client.connect({ version: 5 });
  const path = `/clients?state=connected&address=${headers["CF-Connecting-IP"]}`;
  await eventually("it is listed", async () => (await manage("GET", path)).items.length === 1);
  const [bySession, byEdge] = [countFor("refusals", kickedText), countFor("refusals", "Banned")];
  await manage("POST", "/bans", { kind: "address", value: headers["CF-Connecting-IP"] });
  expect(countFor("refusals", kickedText) - bySession).toBe(1);
  expect(countFor("refusals", "Banned") - byEdge).toBe(0);
  expect((await client.expect("disconnect")).reasonCode).toBe(administrativeAction);
  await client.expectClose();
  expect(await codeFor({ headers })).toBe(banned);
  await bystander.ping();
});

describe("a ban of a client id", () => {
  test.each([4, 5] as const)(
    "ends a connection without credentials before the API answers, in level %i",
    async (version) => {
      const topic = uniqueId("banned");
      const reader = await Client.connect({ version: 5 });
      await reader.subscribe(topic, 1);
      const clientId = uniqueId("banned");
      const will = { topic, payload: "will", qos: 1 as const };
      const client = await Client.connect({ version, clientId, will });
      const [bySession, byEdge] = [countFor("refusals", kickedText), countFor("refusals", "Banned")];
      await manage("POST", "/bans", { kind: "client", value: clientId });
      // It was the session, and not the look that the edge takes now and then.
      expect(countFor("refusals", kickedText) - bySession).toBe(1);
      expect(countFor("refusals", "Banned") - byEdge).toBe(0);
      if (version === 5) expect((await client.expect("disconnect")).reasonCode).toBe(administrativeAction);
      await client.expectClose();
      expect(await codeFor({ clientId })).toBe(banned);
      await quiet();
      expect(await reader.pending()).toEqual([]);
      await manage("DELETE", `/bans/client/${clientId}`);
      await Client.connect({ version, clientId });
    },
  );

  test("ends a connection that has no edge", async () => {
    const clientId = uniqueId("direct");
    const headers = { Upgrade: "websocket", "Sec-WebSocket-Protocol": "mqtt" };
    const { webSocket } = await exports.default.fetch(`http://broker/mqtt/${clientId}`, { headers });
    const { promise: ended, resolve } = Promise.withResolvers<void>();
    webSocket?.addEventListener("close", () => resolve());
    webSocket?.accept();
    webSocket?.send(generate(connectPacket({ version: 5, clientId }), { protocolVersion: 5 }));
    await eventually("it is connected", async () => {
      return (await api("GET", `/clients/${clientId}`)).body.state === "connected";
    });
    await manage("POST", "/bans", { kind: "client", value: clientId });
    await within("the end of the connection", ended);
  });

  test("of whom nobody has heard makes no session", async () => {
    const clientId = uniqueId("unheard");
    await manage("POST", "/bans", { kind: "client", value: clientId });
    expect((await api("GET", `/clients/${clientId}`)).status).toBe(404);
  });
});

describe("clients without credentials hear of changes within ACCESS_CACHE_SECONDS", () => {
  test("a rule for everyone ends what it no longer allows", async () => {
    const topic = uniqueId("everyone");
    const client = await Client.connect({ version: 5 });
    await client.subscribe(`${topic}/#`, 1);
    expect(await publishCode(client, `${topic}-2`)).toBe(0);
    const revoked = countFor("refusals", "subscription-revoked");
    await addRule({ subjectKind: "everyone", effect: "deny", filter: `${topic}/#` });
    await expect.poll(() => countFor("refusals", "subscription-revoked") - revoked, { timeout: boundMs }).toBe(1);
    expect(await publishCode(client, `${topic}/x`)).toBe(notAuthorized);
    expect(await publishCode(client, `${topic}-2`)).toBe(0);
  });
});
