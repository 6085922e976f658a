// What a session tells of its drops, and what it writes of that, whatever becomes of it meanwhile.

import { afterEach, beforeEach, expect, test, vi } from "vitest";
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

/** With a session that has dropped something; `meanwhile` is done while the list of sessions is told of it. */
async function told(meanwhile: (session: ManagedSession) => void): Promise<ManagedSession> {
  const session = ManagedSession.provisioned();
  const { rig } = session;
  const directory = { getByName: () => ({ note: async () => meanwhile(session) }) };
  const teller = new DropTeller({ DIRECTORY: directory } as unknown as Env, rig.store, () => {});
  rig.store.addDrops(new Map([[drop.reason, drop.count]]));
  teller.note([drop], rig.session, rig.nowMs);
  await teller.started();
  return session;
}

test("what was told is written", async () => {
  const { rig } = await told(() => {});
  expect(Object.fromEntries(rig.store.told.read())).toEqual({ "queue-full": 3 });
});

test("a session that ends meanwhile leaves nothing behind, and gives nothing to the next of its client", async () => {
  const ended = await told(({ rig }) => void rig.manage({ kind: "end" }));
  expect(ended.rig.store.isEmpty).toBe(true);
  const replaced = await told(({ rig }) => {
    rig.manage({ kind: "end" });
    rig.manage({ kind: "provision", clientId: "c1", expirySeconds: 60, subscriptions: [], limits: {} });
  });
  expect([...replaced.rig.store.told.read()]).toEqual([]);
});
