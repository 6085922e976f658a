// What a page of a backup costs among many sessions: the same calls, rows and bytes, wherever it begins.

import { evictAllDurableObjects, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import type { Entry } from "../../src/directory/entry.ts";
import { directoryOf } from "../../src/directory/listing.ts";
import { DirectoryStore } from "../../src/store/directory-store.ts";
import { Sql } from "../../src/store/sql.ts";
import { configOf } from "../../worker/config.ts";
import { directoryName, sessionName } from "../../worker/names.ts";
import { ObjectSql } from "../../worker/sql.ts";
import { api, manage } from "./support/api.ts";
import { linesOf } from "./support/backup.ts";
import { countOf, quiet } from "./support/bill.ts";
import { uniqueId } from "./support/client.ts";

const nothing = { calls: 0, read: 0, written: 0, sessions: 0, bytes: 0 };

test("among 10,000 sessions a page costs the same wherever it begins", { timeout: 180_000 }, async () => {
  const count = 10_000;
  const prefix = uniqueId("among");
  const nameOf = (index: number) => sessionName(`${prefix}-${index.toString().padStart(5, "0")}`);
  const topicOf = (first: number) => `${prefix}/${first.toString().padStart(5, "0")}`;
  const { directoryShards } = configOf(env);
  const inDirectory = async (change: (store: DirectoryStore, name: string) => void) => {
    for (let part = 0; part < directoryShards; part++) {
      await runInDurableObject(env.DIRECTORY.getByName(directoryName(part)), (_, { storage }) => {
        const store = new DirectoryStore(new Sql(new ObjectSql(storage)));
        storage.transactionSync(() => {
          for (let index = 0; index < count; index++) {
            if (directoryOf(nameOf(index), directoryShards) === part) change(store, nameOf(index));
          }
        });
      });
    }
  };
  // Those that are looked at are there; of the others the list is enough.
  const places = [0, 2_500, 5_000, 7_500, 9_900];
  const perPage = 96;
  for (const first of places) {
    const sessions = Array.from({ length: perPage }, (_, index) => ({
      clientId: nameOf(first + index).slice(2),
      subscriptions: [{ filter: topicOf(first) }],
    }));
    expect((await api("POST", "/sessions", sessions)).status).toBe(200);
    await manage("POST", "/publish", { topic: topicOf(first), payload: "x".repeat(1_000), qos: 1 });
  }
  await quiet();
  await inDirectory((store, name) => {
    if (store.entry(name) === undefined) store.put(entryOf(name));
  });
  const costs: (typeof nothing)[] = [];
  for (const first of places) {
    await evictAllDurableObjects();
    const after = first === 0 ? nameOf(0).slice(0, -1) : nameOf(first - 1);
    const cursor = Buffer.from(JSON.stringify({ id: crypto.randomUUID(), place: { at: "sessions", after } })).toString(
      "base64url",
    );
    const { calls, read, written } = {
      calls: countOf("object_calls"),
      read: countOf("rows_read"),
      written: countOf("rows_written"),
    };
    const { bytes, lines } = await linesOf(`/backup?after=${cursor}`);
    costs.push({
      calls: countOf("object_calls") - calls,
      read: countOf("rows_read") - read,
      written: countOf("rows_written") - written,
      sessions: lines.filter(({ kind }) => kind === "session").length,
      bytes,
    });
  }
  await inDirectory((store, name) => store.delete(name));
  const figures = JSON.stringify(costs);
  expect(costs.map(({ sessions }) => sessions)).toEqual(places.map(() => perPage));
  for (const name of ["calls", "written", "bytes"] as const) {
    expect(new Set(costs.map((cost) => cost[name])).size, figures).toBe(1);
  }
  const [{ calls, read, written, bytes } = nothing] = costs;
  // Objects of a slow machine wake for reasons of their own meanwhile: less than a row for each session.
  expect(Math.max(...costs.map((cost) => cost.read)) - read, figures).toBeLessThan(perPage);
  expect([written, calls <= 120, read <= 30 * perPage, bytes < 2_100 * perPage]).toEqual([0, true, true, true]);
});

function entryOf(name: string): Entry {
  return {
    name,
    clientId: undefined,
    state: "away",
    username: undefined,
    address: undefined,
    version: 5,
    generation: 1,
    connectedAtMs: 1,
    disconnectedAtMs: 1,
    expiresAtMs: 0,
    confirmedAtMs: Date.now(),
    incarnation: 1,
    sequence: 1,
  };
}
