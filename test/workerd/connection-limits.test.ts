// How many connections a user may have at once, over both ways in together.

import { runDurableObjectAlarm } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, describe, expect, test, vi } from "vitest";
import { gateOf } from "../../worker/gate/gates.ts";
import { GateObject } from "../../worker/gate/object.ts";
import { SessionObject } from "../../worker/session/object.ts";
import { eventually } from "../support/eventually.ts";
import {
  addRule,
  codeFor,
  configureAccess,
  connectAs,
  makeUser,
  publishCode,
  type TestUser,
} from "./support/access.ts";
import { callsBetween, quiet, rowsBetween } from "./support/bill.ts";
import { Client, type ConnectOptions, cutClients, doors, uniqueId } from "./support/client.ts";
import { endFaults, everybodySleeps, fail, hold, reset } from "./support/faults.ts";
import { rowsOf, sessionOf } from "./support/objects.ts";

configureAccess({ CONNECTIONS_PER_USER: "2", ACCESS_CACHE_SECONDS: "3600" });
afterEach(() => {
  vi.useRealTimers();
  endFaults();
  cutClients();
});

const quotaExceeded = 0x97;
const direct = { isDirect: true } as const;
const ways = [{}, direct];

/** Each client id is the user's own. */
function as(user: TestUser, id: string, options: ConnectOptions = {}): ConnectOptions {
  return { ...user.login, clientId: `${user.name}-${id}`, keepalive: 0, ...options };
}

function connect(user: TestUser, id: string, options: ConnectOptions = {}): Promise<Client> {
  return Client.connect({ version: 5, ...as(user, id, options) });
}

async function isFull(user: TestUser): Promise<void> {
  for (const way of ways) expect(await codeFor(as(user, "more", way))).toBe(quotaExceeded);
}

/** There is room again, for one and no more. */
async function hasRoomForOne(user: TestUser, door: ConnectOptions = {}): Promise<void> {
  const id = uniqueId("room");
  await eventually("there is room", async () => (await codeFor(as(user, id, door))) === 0);
  await isFull(user);
}

describe.each(doors)("connections of a user, the last of them by %s", (_door, door) => {
  test.each(doors)("beyond the limit are refused with 0x97 by whatever way, the first was by %s", async (_, first) => {
    const user = await makeUser();
    await connect(user, "1", first);
    await connect(user, "2", door);
    await isFull(user);
    const bystander = await makeUser();
    await connect(bystander, "1", door);
    await quiet();
    await everybodySleeps();
    await isFull(user);
    await connect(bystander, "2", door);
  });

  test.each([
    ["with a goodbye", async (client: Client) => client.disconnect()],
    ["with a cut", async (client: Client) => client.cut()],
    [
      "with a cut while everybody sleeps",
      async (client: Client) => {
        await quiet();
        await everybodySleeps();
        client.cut();
      },
    ],
  ])("one that ends %s makes room for one", async (_, leave) => {
    const user = await makeUser();
    await connect(user, "1", door);
    await leave(await connect(user, "2", door));
    await hasRoomForOne(user, door);
  });

  test.each(doors)("one that is taken over counts once, also if it came by %s", async (_, first) => {
    const user = await makeUser();
    await connect(user, "other");
    const older = await connect(user, "1", first);
    const newer = await connect(user, "1", door);
    expect((await older.expect("disconnect")).reasonCode).toBe(0x8e);
    await quiet();
    await isFull(user);
    await newer.disconnect();
    await hasRoomForOne(user, door);
  });

  test("one whose session's object is reset makes room for one", async () => {
    const user = await makeUser();
    await connect(user, "1", door);
    const lost = await connect(user, "2", door);
    await reset(sessionOf(lost.id));
    await lost.expectClose();
    await hasRoomForOne(user, door);
  });

  test("all of them count after their gate's object was reset, and none twice", async () => {
    const user = await makeUser([], { limits: { connectsPerMinute: 10 } });
    const clients = [await connect(user, "1", door), await connect(user, "2", door)];
    await reset(gateOf(env, user.name));
    await quiet();
    await isFull(user);
    await clients[0]?.disconnect();
    await hasRoomForOne(user, door);
  });

  test("the last place is given once, whoever comes at the same time", async () => {
    const user = await makeUser();
    await connect(user, "1", door);
    const codes = await Promise.all(["2", "3", "4", "5"].map((id) => codeFor(as(user, id, door))));
    expect(codes.sort()).toEqual([0, quotaExceeded, quotaExceeded, quotaExceeded]);
  });
});

test("an edge that lost its gate is let in again whatever its user's limits, and hears what changes", async () => {
  const topic = uniqueId("rejoined");
  const user = await makeUser([{ filter: topic }], { limits: { connectsPerMinute: 2 } });
  const clients = [await connect(user, "1"), await connect(user, "2")];
  // Its rate is used up.
  expect(await codeFor(as(user, "1"))).not.toBe(0);
  await reset(gateOf(env, user.name));
  await quiet();
  await addRule({ subjectKind: "user", subject: user.name, effect: "deny", filter: topic, position: 0 });
  for (const client of clients) await eventually("denied", async () => (await publishCode(client, topic)) === 0x87);
});

test("by /mqtt/<client id>, one that says nothing any more makes room when its time is over", async () => {
  const user = await makeUser();
  await connect(user, "1");
  const silent = await connect(user, "2", { ...direct, keepalive: 1 });
  await isFull(user);
  await eventually("its session's clock", async () => {
    // The object takes the alarm's time for the present.
    await runDurableObjectAlarm(sessionOf(silent.id));
    return silent.closed;
  });
  await hasRoomForOne(user);
});

test("by /mqtt/<client id>, one that sends no CONNECT holds its place until it goes", async () => {
  const user = await makeUser();
  await connect(user, "1");
  const silent = await Client.openDirect(`${user.name}-2`, 5, user.login);
  await isFull(user);
  silent.cut();
  await hasRoomForOne(user, direct);
});

test("by /mqtt/<client id>, one that is refused by its session holds no place", async () => {
  const user = await makeUser();
  await connect(user, "1");
  const fault = fail(GateObject.prototype as never, "enlist", "before");
  expect(await codeFor(as(user, "2", direct))).toBe(0x88);
  fault.end();
  await hasRoomForOne(user, direct);
});

test("a place whose end the gate could not be told of is found free by who needs it", async () => {
  const user = await makeUser();
  await connect(user, "1", direct);
  const client = await connect(user, "2", direct);
  const fault = fail(GateObject.prototype as never, "strike", "before");
  await client.disconnect();
  await quiet();
  fault.end();
  await hasRoomForOne(user, direct);
});

test("connections of sessions that do not answer count, and are asked after now and then, however many are refused", async () => {
  const user = await makeUser();
  for (const id of ["1", "2"]) await connect(user, id, direct);
  await quiet();
  await everybodySleeps();
  let asked = 0;
  fail(SessionObject.prototype as never, "hasDirect", "before", () => ++asked > 0);
  const startMs = Date.now();
  for (const [afterMs, expected] of [
    [0, 2],
    [9_999, 2],
    [10_000, 4],
  ] as const) {
    vi.useFakeTimers({ toFake: ["Date"], now: startMs + afterMs });
    for (let count = 0; count < 3; count++) expect(await codeFor(as(user, "3"))).toBe(quotaExceeded);
    expect(asked).toBe(expected);
  }
});

test("who comes while it is asked after others waits for the same answers", async () => {
  const user = await makeUser();
  for (const id of ["1", "2"]) await reset(sessionOf((await connect(user, id, direct)).id));
  await quiet();
  await everybodySleeps();
  const fault = hold(SessionObject.prototype as never, "hasDirect", "before");
  const coming = [codeFor(as(user, "3", direct)), codeFor(as(user, "4", direct))];
  await fault.reached();
  await quiet();
  fault.end();
  expect(await Promise.all(coming)).toEqual([0, 0]);
  await isFull(user);
  expect(await rowsOf(gateOf(env, user.name), "direct")).toBe(2);
});

test.each(doors)(
  "of those who wait for the same answers as many are let in as have room, by %s",
  async (_door, door) => {
    const user = await makeUser();
    for (const id of ["1", "2"]) await reset(sessionOf((await connect(user, id, direct)).id));
    await quiet();
    await everybodySleeps();
    const fault = hold(SessionObject.prototype as never, "hasDirect", "before");
    const coming = ["3", "4", "5", "6"].map((id) => codeFor(as(user, id, door)));
    await fault.reached();
    await quiet();
    fault.end();
    expect((await Promise.all(coming)).sort()).toEqual([0, 0, quotaExceeded, quotaExceeded]);
  },
);

test("a limit costs those who keep it no call and no row", async () => {
  const [limited, free] = [await makeUser(), await makeUser([], { limits: { connectionsMax: 0 } })];
  for (const door of ways) {
    const bills: number[][] = [];
    for (const user of [limited, free]) {
      await (await connect(user, "1", door)).disconnect();
      const before = await quiet();
      await (await connect(user, "1", door)).disconnect();
      const after = await quiet();
      bills.push([callsBetween(before, after), rowsBetween(before, after)]);
    }
    expect(bills[0]).toEqual(bills[1]);
  }
});

test("a user's own limit goes before the deployment's", async () => {
  const user = await makeUser([], { limits: { connectionsMax: 3 } });
  for (const id of ["1", "2", "3"]) await connectAs(user, as(user, id, id === "3" ? direct : {}));
  await isFull(user);
});
