// The second way in, /mqtt/<client id>: what is said through the first holds here too. The same conversations, and what is
// particular to this way.

import { generate } from "mqtt-packet";
import { beforeAll, describe, expect, test } from "vitest";
import { WebSocket } from "ws";
import { badConnects } from "../conversations/bad-connects.ts";
import { connecting } from "../conversations/connect.ts";
import { payloads } from "../conversations/content.ts";
import { delayed } from "../conversations/delayed.ts";
import { forgotten, interrupted } from "../conversations/interrupted.ts";
import { edges } from "../conversations/limits.ts";
import { ordered } from "../conversations/order.ts";
import { type Conversation, conversations } from "../conversations/play.ts";
import { toTheBroker, toTheSubscriber } from "../conversations/publish.ts";
import { retained } from "../conversations/retained.ts";
import { sessions } from "../conversations/session.ts";
import { shared } from "../conversations/shared.ts";
import { filters, subscriptions } from "../conversations/subscribe.ts";
import { wills } from "../conversations/will.ts";
import { testAdminKey } from "../support/admin-key.ts";
import { isOurs, versionNames, versions } from "../support/broker.ts";
import { TestClient, uniqueName } from "../support/client.ts";
import { DirectVenue } from "../support/direct-socket.ts";
import { connectPacket } from "../support/raw-client.ts";
import { RawSocket } from "../support/raw-socket.ts";
import { refusal } from "../support/refusal.ts";
import { useBroker } from "../support/use-broker.ts";

/** A client id has to stand in the address: the broker chooses none, and a client that has none has no address. */
const needsNoId = /with an empty id/;

function applicable(table: readonly Conversation[]): Conversation[] {
  return table.filter(({ title }) => !needsNoId.test(title));
}

const tables = [
  connecting,
  sessions,
  toTheBroker,
  toTheSubscriber,
  ordered,
  interrupted,
  forgotten,
  payloads,
  subscriptions,
  filters,
  retained,
  shared,
  wills,
  delayed,
  edges,
];

describe.runIf(isOurs)("the same as through /mqtt", () => {
  const broker = useBroker({ env: { CONNECT_TIMEOUT_SECONDS: "2" } });
  const direct = new DirectVenue(() => broker().url);

  // Versions are the codec's business, which is the same here: what is bad about a CONNECT is tried in all of them.
  for (const table of tables) conversations(() => direct, applicable(table), "newest");

  describe.each(versions.map((version) => ({ version, name: versionNames[version] })))("in $name", ({ version }) => {
    test.each(badConnects.filter(({ expected }) => expected[version] !== undefined))(
      "$what",
      async ({ send, expected }) => {
        const socket = await direct.openSocket();
        socket.sendBytes(send(version));
        expect([expected[version]].flat()[0]).toBe(await refusal(socket, version, 0));
      },
    );
  });
});

function connectBytes(clientId: string, more: Parameters<typeof connectPacket>[1] = {}): Buffer {
  return generate(connectPacket(5, { clientId, ...more }), { protocolVersion: 5 });
}

function addressOf(url: string, clientId: string): string {
  return `${url}/${encodeURIComponent(clientId)}`;
}

async function opened(url: string, clientId: string): Promise<RawSocket> {
  const socket = await RawSocket.open(addressOf(url, clientId));
  socket.sendBytes(connectBytes(clientId, { keepalive: 1 }));
  await socket.until("CONNACK", () => socket.packets.length === 1);
  expect(socket.packets[0]).toMatchObject({ firstByte: 0x20 });
  return socket;
}

describe.runIf(isOurs)("this way alone", () => {
  const broker = useBroker({ env: { CONNECT_TIMEOUT_SECONDS: "2" } });

  test("DIR-1 a CONNECT for another client id, or for none, is refused", async () => {
    for (const clientId of [uniqueName("other"), ""]) {
      const socket = await RawSocket.open(addressOf(broker().url, uniqueName("direct")));
      socket.sendBytes(connectBytes(clientId));
      expect(await refusal(socket, 5, 0)).toBe("CONNACK 0x85");
    }
  });

  test("DIR-2 a client that sends no CONNECT is closed in time", async () => {
    const socket = await RawSocket.open(addressOf(broker().url, uniqueName("direct")));
    // An object that wakes to an alarm waits for its turn where many others have work.
    await socket.until("the close", () => socket.isClosed, 45_000);
  });

  test("DIR-3 a client that is silent for 1.5 times its keep-alive is told and closed; one that pings is not", async () => {
    const [silent, pinging] = [
      await opened(broker().url, uniqueName("s")),
      await opened(broker().url, uniqueName("p")),
    ];
    const pings = setInterval(() => pinging.sendBytes(Buffer.of(0xc0, 0)), 500);
    await silent.until("the close", () => silent.isClosed, 20_000);
    clearInterval(pings);
    expect(silent.packets[1]).toMatchObject({ firstByte: 0xe0 });
    expect(silent.packets[1]?.body[0]).toBe(0x8d);
    expect(pinging.isClosed).toBe(false);
    expect(pinging.packets.slice(1).every(({ firstByte }) => firstByte === 0xd0)).toBe(true);
    expect(pinging.packets.length).toBeGreaterThan(2);
  });

  test("DIR-4 packets in pieces, and many in one frame", async () => {
    const id = uniqueName("pieces");
    const socket = await RawSocket.open(addressOf(broker().url, id));
    socket.sendInPieces(connectBytes(id), 3);
    const subscribe = generate(
      { cmd: "subscribe", messageId: 1, subscriptions: [{ topic: id, qos: 1 }] },
      { protocolVersion: 5 },
    );
    const publish = generate(
      { cmd: "publish", topic: id, payload: "x".repeat(1000), qos: 1, messageId: 2, dup: false, retain: false },
      { protocolVersion: 5 },
    );
    socket.sendInPieces(Buffer.concat([subscribe, publish]), 100);
    await socket.until("SUBACK, PUBLISH, PUBACK", () => socket.packets.length === 4);
    expect(socket.packets.map(({ firstByte }) => firstByte >> 4).toSorted()).toEqual([2, 3, 4, 9]);
  });

  test("DIR-9 a text frame is a mistake, also one that looks like what an edge would say", async () => {
    const socket = await opened(broker().url, uniqueName("text"));
    socket.sendText('{"rights":{}}');
    await socket.until("the close", () => socket.isClosed);
    expect(socket.packets[1]).toMatchObject({ firstByte: 0xe0 });
    expect(socket.packets[1]?.body[0]).toBe(0x82);
  });

  test("DIR-5 the session is the same one through both ways", async () => {
    const id = uniqueName("both");
    const topic = uniqueName("both");
    const first = await TestClient.connect(broker().url, {
      version: 5,
      clientId: id,
      clean: false,
      properties: { sessionExpiryInterval: 60 },
    });
    await first.subscribe(topic, 1);
    await first.end();
    const publisher = await TestClient.connect(broker().url, { version: 5 });
    await publisher.publish(topic, "while away", 1);
    const second = await TestClient.connect(addressOf(broker().url, id), { version: 5, clientId: id, clean: false });
    expect(await second.takePayloads(1)).toEqual(["while away"]);
  });

  test.each(["", "%00", "%E0%A4%A", "x".repeat(513)])("DIR-6 /mqtt/%s is no client id", async (path) => {
    await expect(RawSocket.open(`${broker().url}/${path}`)).rejects.toThrow();
  });
});

describe.runIf(isOurs)("who may", () => {
  const broker = useBroker({ env: { ALLOW_ANONYMOUS: "false", ADMIN_KEY: testAdminKey, ACCESS_DEFAULT: "allow" } });

  beforeAll(async () => {
    for (const name of ["alice", "bob"]) {
      await fetch(new URL("/api/v1/users", broker().url.replace(/^ws/, "http")), {
        method: "POST",
        headers: { Authorization: `Bearer ${testAdminKey}`, "Content-Type": "application/json" },
        body: JSON.stringify({ name, password: `${name}-password` }),
      });
    }
  });

  const basic = (user: string, password: string) => Buffer.from(`${user}:${password}`);

  function upgradeStatus(headers: Record<string, string>, protocols = ["mqtt"]): Promise<number> {
    const socket = new WebSocket(addressOf(broker().url, uniqueName("who")), protocols, { headers });
    return new Promise((resolve) => {
      socket.on("error", () => {});
      socket.on("open", () => {
        socket.terminate();
        resolve(101);
      });
      socket.on("unexpected-response", (_request, response) => resolve(response.statusCode ?? 0));
    });
  }

  test.each<[string, Record<string, string>, string[], number]>([
    ["nothing", {}, ["mqtt"], 401],
    [
      "a right password",
      { Authorization: `Basic ${basic("alice", "alice-password").toString("base64")}` },
      ["mqtt"],
      101,
    ],
    [
      "a wrong password",
      { Authorization: `Basic ${basic("alice", "bob-password").toString("base64")}` },
      ["mqtt"],
      401,
    ],
    [
      "a name that nobody has",
      { Authorization: `Basic ${basic("eve", "eve-password").toString("base64")}` },
      ["mqtt"],
      401,
    ],
    [
      "a right password, as a subprotocol",
      {},
      ["mqtt", `basic.${basic("bob", "bob-password").toString("base64url")}`],
      101,
    ],
    ["a token that is none", { Authorization: "Bearer nothing" }, ["mqtt"], 401],
  ])("DIR-7 %s: the session object is not asked before", async (_title, headers, protocols, status) => {
    expect(await upgradeStatus(headers, protocols)).toBe(status);
  });

  test("DIR-8 CONNECT is held against who the upgrade proved", async () => {
    const headers = { Authorization: `Basic ${basic("alice", "alice-password").toString("base64")}` };
    for (const [username, said] of [
      [undefined, 0],
      ["alice", 0],
      ["bob", 0x87],
    ] as const) {
      const id = uniqueName("held");
      const socket = new WebSocket(addressOf(broker().url, id), ["mqtt"], { headers });
      const answer = new Promise<Buffer>((resolve) => socket.once("message", resolve));
      socket.on("open", () => socket.send(connectBytes(id, username === undefined ? {} : { username })));
      expect((await answer)[3]).toBe(said);
      socket.terminate();
    }
  });
});
