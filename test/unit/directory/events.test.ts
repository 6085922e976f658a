// What the difference of two entries of the list says has happened.

import { expect, test } from "vitest";
import { type Entry, newStages, type Report, type Standing } from "../../../src/directory/entry.ts";
import { eventsBetween } from "../../../src/directory/events.ts";

const connected: Standing = {
  state: "connected",
  clientId: "c1",
  username: "ann",
  address: "1.2.3.4",
  version: 5,
  generation: 10,
  connectedAtMs: 100,
  expiresAtMs: 0,
};
const away: Standing = { ...connected, state: "away", address: undefined, connectedAtMs: 0, expiresAtMs: 900 };
const provisioned: Standing = { ...away, state: "provisioned", version: 0 };
const again: Standing = { ...connected, connectedAtMs: 200 };
const other: Standing = { ...connected, generation: 11, connectedAtMs: 300 };

test.each<[string, Standing | undefined, Standing | undefined, string[]]>([
  ["a first connection", undefined, connected, ["session.created", "client.connected"]],
  ["a provisioned session", undefined, provisioned, ["session.created"]],
  ["its client", provisioned, connected, ["client.connected"]],
  ["the end of a connection", connected, away, ["client.disconnected"]],
  ["a client that comes again", away, again, ["client.connected"]],
  ["a client that has come again meanwhile", connected, again, ["client.disconnected", "client.connected"]],
  ["nothing new", connected, connected, []],
  ["nothing new of an absent client", away, away, []],
  ["an end while away", away, undefined, ["session.ended"]],
  ["an end with the connection", connected, undefined, ["client.disconnected", "session.ended"]],
  ["a clean start", connected, other, ["client.disconnected", "session.ended", "session.created", "client.connected"]],
  ["a clean start while away", away, other, ["session.ended", "session.created", "client.connected"]],
  ["nobody", undefined, undefined, []],
])("%s", (_, before, after, expected) => {
  const causes = { disconnected: "lost", ended: "expired" };
  const known = before === undefined ? undefined : { ...before, name: "c:c1" };
  const events = eventsBetween("c:c1", known, { standing: after, atMs: 500, causes });
  expect(events.map(({ type }) => type)).toEqual(expected);
  for (const { atMs, type, data } of events) {
    expect([atMs, data["clientId"], data["user"]]).toEqual([500, "c1", "ann"]);
    const cause = { "client.disconnected": "lost", "session.ended": "expired" }[type as string];
    expect(data["cause"]).toBe(cause);
  }
});

test("of stages that were heard in part only the rest is news", () => {
  const stages = [1, 2, 3].map((sequence) => ({ standing: away, atMs: sequence, sequence }));
  const report: Report = { name: "c:c1", incarnation: 7, sequence: 4, standing: again, atMs: 4, earlier: stages };
  const newsTo = (known: Pick<Entry, "incarnation" | "sequence"> | undefined) =>
    newStages(known, report).map(({ atMs }) => atMs);
  expect(newsTo(undefined)).toEqual([1, 2, 3, 4]);
  expect(newsTo({ incarnation: 7, sequence: 2 })).toEqual([3, 4]);
  expect(newsTo({ incarnation: 6, sequence: 9 })).toEqual([1, 2, 3, 4]);
  expect(newsTo({ incarnation: 7, sequence: 4 })).toEqual([]);
});
