// Ten thousand decisions of the doorman, in process and without sockets: how often the control database is asked. The gates,
// the authenticators and the database are the real ones.

import { env } from "cloudflare:workers";
import { afterEach, beforeAll, expect, test, vi } from "vitest";
import type { Connect } from "../../src/protocol/packet.ts";
import { counters } from "../../worker/counters.ts";
import { Doorman } from "../../worker/edge/doorman.ts";
import { edgeOf } from "../../worker/edge/shared.ts";
import { configureAccess, makeUser, type TestUser } from "./support/access.ts";
import { manage } from "./support/api.ts";

const boundSeconds = 30;
configureAccess({ ACCESS_CACHE_SECONDS: `${boundSeconds}` });

const minuteMs = 60_000;
const connects = 10_000;
const usersCount = 20;
const atOnce = 50;
let users: TestUser[];

beforeAll(async () => {
  users = await Promise.all(Array.from({ length: usersCount }, () => makeUser([{ filter: "a/%c/#" }])));
});
afterEach(() => void vi.useRealTimers());

function connectOf({ login }: TestUser, clientId: string): Connect {
  return {
    type: "connect",
    version: 5,
    clientId,
    username: login.username,
    password: new TextEncoder().encode(login.password),
    cleanStart: true,
    keepAliveSeconds: 60,
    sessionExpirySeconds: 0,
    receiveMaximum: 65_535,
    maximumPacketBytes: 65_535,
    topicAliasMaximum: 0,
    requestResponseInformation: false,
    requestProblemInformation: true,
    userProperties: [],
  };
}

/** How a client that comes and goes is decided about. */
async function knock(user: TestUser, clientId: string): Promise<string> {
  const place = { ...edgeOf(env), address: "192.0.2.1", certificate: undefined };
  const doorman = new Doorman({ ...place, onRights: () => {}, onEnd: () => {} });
  try {
    const outcome = await doorman.admit(connectOf(user, clientId));
    return outcome.type === "admitted" ? outcome.type : outcome.rule;
  } finally {
    doorman.close();
  }
}

test("10,000 decisions about CONNECTs, spread over a minute of the clock, read the database once for each user in each bound", async () => {
  const start = Date.now();
  vi.useFakeTimers({ toFake: ["Date"], now: start });
  const before = counters.get("control_reads");
  const outcomes = new Map<string, number>();
  for (let first = 0; first < connects; first += atOnce) {
    vi.setSystemTime(start + Math.floor((first / connects) * minuteMs));
    const batch = Array.from({ length: atOnce }, (_, index) => first + index);
    const answers = await Promise.all(
      batch.map((index) => knock(users[index % usersCount] as TestUser, `storm-${index}`)),
    );
    for (const answer of answers) outcomes.set(answer, (outcomes.get(answer) ?? 0) + 1);
  }
  expect(Object.fromEntries(outcomes)).toEqual({ admitted: connects });
  const reads = counters.get("control_reads") - before;
  const periods = minuteMs / (boundSeconds * 1000);
  expect(reads).toBeLessThanOrEqual(periods * (usersCount + 1));
  // It is asked again when the bound has passed: what is known does not grow old.
  expect(reads).toBeGreaterThan(usersCount + 1);
});

test("a change costs one read of what it concerns, however many connect", async () => {
  const [user] = users as [TestUser];
  await knock(user, "before");
  await manage("PATCH", `/users/${user.name}`, { comment: "changed" });
  const before = counters.get("control_reads");
  for (let count = 0; count < 30; count++) expect(await knock(user, `after-${count}`)).toBe("admitted");
  // The user and, with its revision, the policy.
  expect(counters.get("control_reads") - before).toBeLessThanOrEqual(2);
});
