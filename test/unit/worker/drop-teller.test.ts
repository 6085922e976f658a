// What a session tells of its drops, and what it writes of that, whatever becomes of it meanwhile.

import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { BrokerEvent } from "../../../src/directory/events.ts";
import type { Report } from "../../../src/session/effects.ts";
import type { Env } from "../../../worker/env.ts";
import { DropTeller } from "../../../worker/session/drop-teller.ts";
import { ManagedSession } from "../../support/managed-session.ts";

const drop = { event: "drop", reason: "queue-full", count: 3, detail: "a/b" } as const;

beforeEach(() => {
  vi.spyOn(console, "warn").mockImplementation(() => {});
});
afterEach(() => {
  vi.restoreAllMocks();
});

type Told = readonly BrokerEvent[];

/** Of a session's object in one of its lives. */
function tellerOf({ rig }: ManagedSession, note: (events: Told) => void): DropTeller {
  const directory = { getByName: () => ({ note: async (events: Told) => note(events) }) };
  return new DropTeller({ DIRECTORY: directory } as unknown as Env, rig.store, () => {});
}

function take({ rig }: ManagedSession, teller: DropTeller, reports: readonly Report[]): Promise<void> {
  rig.store.addDrops(new Map(reports.map(({ reason, count }) => [reason, count])));
  teller.note(reports, rig.session, rig.nowMs);
  return teller.started();
}

/** With a session that has dropped something; `meanwhile` is done while the list of sessions is told of it. */
async function told(meanwhile: (session: ManagedSession) => void): Promise<ManagedSession> {
  const session = ManagedSession.provisioned();
  await take(
    session,
    tellerOf(session, () => meanwhile(session)),
    [drop],
  );
  return session;
}

test("what was told is written", async () => {
  const { rig } = await told(() => {});
  expect(Object.fromEntries(rig.store.told.read())).toEqual({ "queue-full": 3 });
});

test("what was told is not told again of the session that a clean start makes, which counts on", async () => {
  const session = ManagedSession.provisioned();
  const events: unknown[] = [];
  const teller = tellerOf(session, (noted) => {
    for (const { data } of noted) events.push([data["reason"], data["count"], data["total"]]);
  });
  await take(session, teller, [drop, { ...drop, reason: "expired", count: 2 }]);
  session.connect({ cleanStart: true });
  session.rig.nowMs += 10_000;
  await take(session, teller, [{ ...drop, count: 1 }]);
  session.rig.nowMs += 10_000;
  teller.remind(session.rig.session, session.rig.nowMs);
  await teller.started();
  expect(events).toEqual([
    ["queue-full", 3, 3],
    ["expired", 2, 2],
    ["queue-full", 1, 4],
  ]);
});

test("a session that ends meanwhile leaves nothing behind; one that takes its place counts on", async () => {
  const ended = await told(({ rig }) => void rig.manage({ kind: "end" }));
  expect(ended.rig.store.isEmpty).toBe(true);
  const replaced = await told(({ rig }) => {
    rig.manage({ kind: "end" });
    rig.manage({ kind: "provision", clientId: "c1", expirySeconds: 60, subscriptions: [], limits: {} });
  });
  expect([...replaced.rig.store.told.read()]).toEqual([...replaced.rig.store.drops()]);
});
