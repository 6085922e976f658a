// Attempts to get past the rules, by both ways in. Each fails closed.

import { afterEach, describe, expect, test, vi } from "vitest";
import { counters } from "../../worker/counters.ts";
import { eventually } from "../support/eventually.ts";
import {
  codeFor,
  configureAccess,
  connectAs,
  makeUser,
  password,
  publishCode,
  subscribeCode,
} from "./support/access.ts";
import { api, manage } from "./support/api.ts";
import { quiet } from "./support/bill.ts";
import {
  Client,
  type ConnectOptions,
  connectPacket,
  cutClients,
  doors,
  payloads,
  publishPacket,
  type Refused,
  uniqueId,
} from "./support/client.ts";
import { everybodySleeps } from "./support/faults.ts";

const loginFailuresMax = 4;

configureAccess({
  CLIENT_ID_PATTERN: "%u-*",
  LOGIN_FAILURES_MAX: `${loginFailuresMax}`,
  CONNECTS_PER_MINUTE_ADDRESS: "40",
  FLAPPING_CONNECTS_PER_MINUTE: "8",
  WEBSOCKET_ORIGINS: "https://console.example",
  CONNECT_TIMEOUT_SECONDS: "4",
  PUBLISH_MESSAGES_PER_SECOND: "1",
  PUBLISH_BURST_SECONDS: "20",
});
afterEach(cutClients);

const notAuthorized = 0x87;
const badCredentials = 0x86;
const banned = 0x8a;
const clientIdNotValid = 0x85;
const quotaExceeded = 0x97;
const connectionRateExceeded = 0x9f;

describe.each(doors)("by %s", (_door, door) => {
  /** Each attempt from an address of its own, unless it says otherwise. */
  function from(address = uniqueId("address")): ConnectOptions {
    return { ...door, headers: { "CF-Connecting-IP": address } };
  }

  /** Somebody who may do a little, and everything that the secret room hears. */
  async function scene() {
    const room = uniqueId("room");
    const witness = await makeUser([{ filter: "#" }]);
    const reader = await connectAs(witness, { clientId: `${witness.name}-w`, ...from() });
    await reader.subscribe(`${room}/secret/#`, 1);
    const user = await makeUser([{ filter: `${room}/open/+` }, { filter: `${room}/of/%c/#` }]);
    const clientId = `${user.name}-1`;
    const client = await connectAs(user, { clientId, ...from() });
    return { room, reader, user, client, clientId };
  }

  describe("reading what is secret", () => {
    test.each([
      ["#"],
      ["+/#"],
      ["ROOM/#"],
      ["ROOM/+/x"],
      ["ROOM/secret/x"],
      ["ROOM/open/#"],
      ["ROOM/open/+/#"],
      ["ROOM/open"],
      ["ROOM/open/x/y"],
      ["/ROOM/open/x"],
      ["ROOM//open/x"],
      ["ROOM/of/+/x"],
      ["ROOM/of/#"],
      ["$share/g/#"],
      ["$share/g/ROOM/secret/x"],
      ["$share/ROOM/open/+"],
      ["$share//ROOM/open/+"],
      ["$share/g/$share/g/ROOM/open/+"],
      ["$SYS/#"],
      ["$delayed/1/ROOM/open/x"],
      ["ROOM/\u043fpen/x"],
      ["ROOM/open\u200b/x"],
      ["ROOM/ope\u006e\u0301/x"],
    ])("SUBSCRIBE %s", async (written) => {
      const { room, client } = await scene();
      const code = await subscribeCode(client, written.replace("ROOM", room));
      expect(code).toBeGreaterThanOrEqual(0x80);
    });

    test("retained messages come only to who may have them", async () => {
      const { room, reader, client } = await scene();
      const boss = await makeUser([{ filter: "#" }]);
      const writer = await connectAs(boss, { clientId: `${boss.name}-w`, ...from() });
      await writer.deliver(`${room}/secret/r`, "secret", 1, { retain: true });
      await writer.deliver(`${room}/open/r`, "open", 1, { retain: true });
      expect(payloads(await reader.expectPublishes(1))).toEqual(["secret"]);
      expect(await subscribeCode(client, `${room}/#`)).toBe(notAuthorized);
      expect(await subscribeCode(client, `${room}/open/+`)).toBe(1);
      expect(payloads(await client.expectPublishes(1))).toEqual(["open"]);
      expect(await client.pending()).toEqual([]);
    });
  });

  describe("writing what is not allowed", () => {
    test.each([
      ["ROOM/secret/x"],
      ["ROOM/secret/../open/x"],
      ["ROOM/open/x/y"],
      ["ROOM/open"],
      ["ROOM/OPEN/x"],
      ["ROOM/\u043fpen/x"],
      ["ROOM/open\u0000/x".replace("\u0000", "\u00a0")],
      ["ROOM//open/x"],
      ["$delayed/0/ROOM/secret/x"],
      ["$delayed/1/$delayed/1/ROOM/open/x"],
      ["$share/g/ROOM/open/x"],
      ["$SYS/ROOM"],
      ["ROOM/of/another/x"],
    ])("PUBLISH %s", async (written) => {
      const { room, reader, client } = await scene();
      expect(await publishCode(client, written.replace("ROOM", room))).toBeGreaterThanOrEqual(0x80);
      await quiet();
      expect(await reader.pending()).toEqual([]);
    });

    test("by a topic alias, set by a message that was denied", async () => {
      const { room, reader, client } = await scene();
      const aliased = (topic: string) => ({ topic, properties: { topicAlias: 1 } });
      expect(await publishCode(client, `${room}/secret/x`, aliased(`${room}/secret/x`))).toBe(notAuthorized);
      expect(await publishCode(client, "", aliased(""))).toBe(notAuthorized);
      await quiet();
      await everybodySleeps();
      expect(await publishCode(client, "", aliased(""))).toBe(notAuthorized);
      expect(await reader.pending()).toEqual([]);
    });

    test("by a will, plain or delayed", async () => {
      const { room, user } = await scene();
      for (const topic of [`${room}/secret/x`, `$delayed/1/${room}/secret/x`]) {
        const will = { topic, payload: "will", qos: 1 as const };
        expect(await codeFor({ ...user.login, clientId: `${user.name}-2`, will, ...from() })).toBe(notAuthorized);
      }
    });

    test("by a response topic, at which others would be made to publish", async () => {
      const { room, client } = await scene();
      const asking = (responseTopic: string) => ({ properties: { responseTopic } });
      expect(await publishCode(client, `${room}/open/x`, asking(`${room}/secret/x`))).toBe(notAuthorized);
      expect(await publishCode(client, `${room}/open/x`, asking(`${room}/open/answers`))).toBe(0);
    });
  });

  describe("being somebody else", () => {
    test.each(["#", "+", "another", "another-1", "", "USER", "USER\u0000-1", "user-USER-1"])(
      "the client id %j",
      async (written) => {
        const user = await makeUser([{ filter: "of/%c" }]);
        const clientId = written.replace("USER", user.name);
        const attempt = Client.connect({ version: 5, ...user.login, clientId, ...from() });
        await expect(attempt).rejects.toThrow(/^CONNACK 1\d\d$|but 40[03] answered|closed instead of a packet/);
      },
    );

    test("somebody else's session is neither continued nor ended", async () => {
      const owner = await makeUser([{ filter: "a/#" }]);
      const other = await makeUser([{ filter: "a/#" }]);
      const clientId = `${owner.name}-1`;
      const client = await connectAs(owner, { clientId, persistent: true, ...from() });
      for (const clean of [true, false]) {
        expect(await codeFor({ ...other.login, clientId, clean, ...from() })).toBe(clientIdNotValid);
      }
      await client.ping();
    });

    test("a name does not become a header, a statement or a rule", async () => {
      const names = [
        "x\r\nX-Gate-Answer: e30=",
        "x'; DROP TABLE user; --",
        "../../api/v1/users",
        "%u",
        "%{sub}",
        "user:x",
      ];
      for (const username of names) {
        expect(await codeFor({ username, password, clientId: `${username}-1`, ...from() })).toBe(badCredentials);
      }
      expect((await api("GET", "/users")).status).toBe(200);
    });

    test("a page of another origin", async () => {
      const user = await makeUser();
      const knock = (Origin: string) =>
        Client.knock(`${user.name}-1`, 5, { ...user.login, ...door, headers: { ...from().headers, Origin } });
      await expect(knock("https://attacker.example")).rejects.toThrow("403");
      await expect(knock("null")).rejects.toThrow("403");
      await knock("https://console.example");
    });
  });

  test("what is simulated is refused for the same reasons as what is tried: bans, and client ids of others", async () => {
    const user = await makeUser([{ filter: "#" }]);
    const [clientId, address] = [`${user.name}-1`, uniqueId("address")];
    const ask = (question: object = {}) =>
      manage("POST", "/explain", { user: user.name, clientId, address, action: "publish", topic: "a", ...question });
    expect(await ask()).toMatchObject({ isAllowed: true, rule: { filter: "#" } });
    expect(await ask({ clientId: "another-1" })).toMatchObject({
      isAllowed: false,
      why: expect.stringContaining("may not have the client id another-1"),
      remedy: expect.stringContaining("CLIENT_ID_PATTERN"),
    });
    for (const [kind, value, why] of [
      ["client", clientId, "the client id is banned"],
      ["user", user.name, "the user is banned"],
      ["address", address, "the address is banned"],
    ] as const) {
      await manage("POST", "/bans", { kind, value });
      const remedy = `DELETE /api/v1/bans/${kind}/${encodeURIComponent(value)}`;
      expect(await ask()).toMatchObject({ isAllowed: false, why, rule: null, remedy });
      expect(await codeFor({ ...user.login, clientId, ...from(address) })).toBe(banned);
      // As it says, word by word.
      await manage("DELETE", remedy.slice("DELETE /api/v1".length));
    }
  });

  describe("guessing", () => {
    test("so many wrong passwords lock the address out of the user, and nobody else", async () => {
      const user = await makeUser();
      const attacker = from();
      const wrong = { username: user.name, password: `dmk_${"A".repeat(43)}`, clientId: `${user.name}-1` };
      const waits = vi.spyOn(globalThis, "setTimeout");
      for (let count = 0; count < loginFailuresMax; count++) {
        expect(await codeFor({ ...wrong, ...attacker })).toBe(badCredentials);
        // Each answer is put off for twice as long as the one before.
        expect(waits.mock.calls.map(([, ms]) => ms)).toContain(100 * 2 ** count);
        waits.mockClear();
      }
      waits.mockRestore();
      expect(await codeFor({ ...wrong, ...attacker })).toBe(banned);
      // The right key, which an attacker does not have, is refused from there as well.
      expect(await codeFor({ ...user.login, clientId: `${user.name}-1`, ...attacker })).toBe(banned);
      await connectAs(user, { clientId: `${user.name}-1`, ...from() });
    });

    test("credentials of many users tried from one address lock the address out", async () => {
      const attacker = from();
      const codes: (number | undefined)[] = [];
      for (let count = 0; count < 5 * loginFailuresMax + 1; count++) {
        const username = uniqueId("stuffed");
        codes.push(
          await codeFor({ username, password: `dmk_${"A".repeat(43)}`, clientId: `${username}-1`, ...attacker }),
        );
      }
      expect(codes.at(-1)).toBe(banned);
      expect(codes.filter((code) => code === badCredentials)).toHaveLength(5 * loginFailuresMax);
    });

    test("a name that nobody has is refused like a wrong password: same words, same work", async () => {
      const name = uniqueId("user");
      await manage("POST", "/users", { name, password });
      const told: string[] = [];
      for (const username of [name, uniqueId("nobody")]) {
        const before = counters.get("passwords_hashed");
        const guess = {
          version: 5,
          username,
          password: "wrong password",
          clientId: `${username}-1`,
          ...from(),
        } as const;
        const answer = await Client.attempt(guess).then(
          ({ connack }) => ({ ...connack, length: 0 }),
          ({ status, text, headers }: Refused) => ({ status, text, headers }),
        );
        told.push(JSON.stringify(answer));
        expect(counters.get("passwords_hashed") - before).toBe(1);
      }
      expect(told[0]).toBe(told[1]);
    });
  });

  describe("too much", () => {
    test("connections of one address beyond the rate: 0x9F, and 3 in 3.1.1", async () => {
      const attacker = from();
      const user = await makeUser();
      const codes: (number | undefined)[] = [];
      // The bucket fills a little meanwhile.
      for (let count = 0; count < 80 && codes.at(-1) !== connectionRateExceeded; count++) {
        codes.push(await codeFor({ ...user.login, clientId: `${user.name}-${count}`, ...attacker }));
      }
      expect(codes.at(-1)).toBe(connectionRateExceeded);
      expect(codes.filter((code) => code === 0).length).toBeGreaterThanOrEqual(40);
      await eventually("the bucket is empty again", async () => {
        const old = { version: 4, ...user.login, clientId: `${user.name}-y`, ...attacker } as const;
        return (await codeFor(old)) === ("isDirect" in door ? connectionRateExceeded : 3);
      });
    });

    test("connections of one user beyond its limits: 0x97 at once, 0x9F a minute", async () => {
      const few = await makeUser([], { limits: { connectionsMax: 2 } });
      for (const id of ["1", "2"]) await connectAs(few, { clientId: `${few.name}-${id}`, ...from() });
      const third = { ...few.login, clientId: `${few.name}-3` };
      expect(await codeFor({ ...third, ...from() })).toBe(quotaExceeded);
      await quiet();
      await everybodySleeps();
      expect(await codeFor({ ...third, ...from() })).toBe(quotaExceeded);

      const group = uniqueId("group");
      await manage("POST", "/groups", { name: group, limits: { connectionsMax: 1 } });
      const [member, exempt] = [
        await makeUser([], { groups: [group] }),
        await makeUser([], { groups: [group], limits: { connectionsMax: 2 } }),
      ];
      for (const user of [member, exempt]) await connectAs(user, { clientId: `${user.name}-1`, ...from() });
      expect(await codeFor({ ...member.login, clientId: `${member.name}-2`, ...from() })).toBe(quotaExceeded);
      await connectAs(exempt, { clientId: `${exempt.name}-2`, ...from() });

      const rare = await makeUser([], { limits: { connectsPerMinute: 3 } });
      for (const id of ["1", "2", "3"]) await connectAs(rare, { clientId: `${rare.name}-${id}`, ...from() });
      expect(await codeFor({ ...rare.login, clientId: `${rare.name}-4`, ...from() })).toBe(connectionRateExceeded);
    });

    test("messages beyond the rate: 0x97, dropped at QoS 0; the end of the connection in 3.1.1; a user's own limit counts", async () => {
      const user = await makeUser([{ filter: "rate/#" }]);
      const client = await connectAs(user, { clientId: `${user.name}-1`, ...from() });
      for (let count = 0; count < 20; count++) expect(await publishCode(client, "rate/x")).toBe(0);
      expect(await publishCode(client, "rate/x")).toBe(quotaExceeded);
      const old = await Client.connect({ version: 4, ...user.login, clientId: `${user.name}-2`, ...from() });
      for (let count = 0; count < 20; count++) await old.deliver("rate/x", "m", 1);
      old.send(publishPacket("rate/x", "m", 1, { messageId: 99 }));
      await old.expectClose();
      const fast = await makeUser([{ filter: "rate/#" }], { limits: { publishMessagesPerSecond: 100 } });
      const faster = await connectAs(fast, { clientId: `${fast.name}-1`, ...from() });
      for (let count = 0; count < 30; count++) expect(await publishCode(faster, "rate/x")).toBe(0);
    });

    test("bytes beyond the rate: 0x97, however few messages they are", async () => {
      const user = await makeUser([{ filter: "rate/#" }], { limits: { publishBytesPerSecond: 100 } });
      const client = await connectAs(user, { clientId: `${user.name}-1`, ...from() });
      const publish = async (bytes: number) => {
        client.publish("rate/x", "x".repeat(bytes), 1);
        return (await client.expect("puback")).reasonCode ?? 0;
      };
      // Of 2,000 that may come at once.
      expect(await publish(1_500)).toBe(0);
      expect(await publish(1_500)).toBe(quotaExceeded);
      expect(await publish(100)).toBe(0);
    });

    test("subscriptions beyond a user's limit: 0x97", async () => {
      const user = await makeUser([{ filter: "many/#" }], { limits: { subscriptionsMax: 2 } });
      const client = await connectAs(user, { clientId: `${user.name}-1`, ...from() });
      expect(await subscribeCode(client, "many/1")).toBe(1);
      expect(await subscribeCode(client, "many/2")).toBe(1);
      expect(await subscribeCode(client, "many/3")).toBe(quotaExceeded);
    });

    test("a client that connects again and again is banned, with an entry for the operator", async () => {
      const user = await makeUser();
      const clientId = `${user.name}-flapping`;
      for (let count = 0; count < 8; count++) (await connectAs(user, { clientId, ...from() })).cut();
      expect(await codeFor({ ...user.login, clientId, ...from() })).toBe(banned);
      const { items } = await manage("GET", "/bans?limit=1000");
      expect(items).toContainEqual(
        expect.objectContaining({ kind: "client", value: clientId, untilMs: expect.any(Number) }),
      );
      await connectAs(user, { clientId: `${user.name}-steady`, ...from() });
    });

    test("a CONNECT that does not come to an end, and one that is too large", async () => {
      const user = await makeUser();
      const knock = () => Client.knock(`${user.name}-1`, 5, { ...user.login, ...from() });
      const slow = await knock();
      const bytes = slow.encode(connectPacket({ version: 5, clientId: slow.id, ...user.login }));
      slow.sendBytes(bytes.subarray(0, bytes.length - 1));
      await slow.expectClose(10_000);
      const large = await knock();
      // 268,435,455 bytes are announced; none of them is waited for.
      large.sendBytes(Uint8Array.of(0x10, 0xff, 0xff, 0xff, 0x7f, 0, 4));
      await large.expectClose();
    });
  });
});
