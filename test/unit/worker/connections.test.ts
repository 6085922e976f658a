// How a gate counts the connections of users.

import * as fc from "fast-check";
import { expect, test } from "vitest";
import { subjectsOf } from "../../../worker/auth/subjects.ts";
import { Connections } from "../../../worker/gate/connections.ts";

function entry(user: string | undefined, clientId: string, pass: string) {
  return { pass, clientId, subjects: subjectsOf(user, ["group"], clientId, "192.0.2.1") };
}

/** The smallest limit within which a client that is not there yet would be let in, less one. */
function countOf(connections: Connections, user: string): number {
  const { subjects } = entry(user, "somebody new", "");
  let count = 0;
  while (!connections.hasRoom(subjects, count + 1)) count++;
  return count;
}

test("as many as there are client ids of a user with a connection that was kept and not dropped, in whatever order", () => {
  const change = fc.record({
    keeps: fc.boolean(),
    user: fc.constantFrom("a", "b"),
    client: fc.constantFrom("1", "2", "x".repeat(300)),
    connection: fc.nat(2),
  });
  fc.assert(
    fc.property(fc.array(change), (changes) => {
      const connections = new Connections();
      const kept = new Map<string, string>();
      for (const { keeps, user, client, connection } of changes) {
        const pass = `${user} ${client} ${connection}`;
        if (keeps) {
          connections.keepDirect(entry(user, client, pass));
          kept.set(pass, `${user} ${client}`);
        } else {
          connections.drop(pass);
          kept.delete(pass);
        }
      }
      const places = [...new Set(kept.values())];
      for (const user of ["a", "b"]) {
        expect(countOf(connections, user)).toBe(places.filter((place) => place.startsWith(user)).length);
      }
    }),
  );
});

test("whoever is there already has room, and nobody in particular always has", () => {
  const connections = new Connections();
  connections.keepDirect(entry("a", "1", "pass"));
  connections.keepDirect(entry(undefined, "2", "another"));
  expect(connections.hasRoom(entry("a", "1", "").subjects, 1)).toBe(true);
  expect(connections.hasRoom(entry("a", "2", "").subjects, 1)).toBe(false);
  expect(connections.hasRoom(entry(undefined, "3", "").subjects, 1)).toBe(true);
});

test("60 are asked after at once, each every ten seconds at most, and all of them in turn", () => {
  const connections = new Connections();
  for (let count = 0; count < 100; count++) connections.keepDirect(entry("a", `${count}`, `pass-${count}`));
  connections.keepDirect(entry("b", "b", "not its own"));
  const { subjects } = entry("a", "new", "");
  const first = connections.unasked(subjects, 10_000);
  const second = connections.unasked(subjects, 10_001);
  expect([first.length, second.length]).toEqual([60, 40]);
  const all = Array.from({ length: 100 }, (_, count) => ({ pass: `pass-${count}`, clientId: `${count}` }));
  expect([...first, ...second]).toEqual(all);
  expect(connections.unasked(subjects, 19_999)).toEqual([]);
  expect(connections.unasked(subjects, 20_000)).toHaveLength(60);
});
