// What an import or a restore takes away from somebody by replacing a row: it holds at once, for those whose it was as for those
// whose it is.

import { afterEach, describe, expect, test } from "vitest";
import { eventually } from "../support/eventually.ts";
import { addRule, codeFor, configureAccess, connectAs, makeUser, publishCode } from "./support/access.ts";
import { api, manage } from "./support/api.ts";
import { linesOf } from "./support/backup.ts";
import { countFor, quiet } from "./support/bill.ts";
import { cutClients, doors, uniqueId } from "./support/client.ts";

configureAccess();
afterEach(cutClients);

const notAuthorized = 0x87;
const badCredentials = 0x86;

type Row = Readonly<Record<string, unknown>>;

/** Both end in the same hands. */
const ways = [
  ["an import", (table: string, row: Row) => manage("POST", `/import/${table}?existing=replace`, [row])],
  [
    "a restore",
    async (table: string, row: Row) => {
      const query = `backup=${crypto.randomUUID()}&version=1&existing=replace`;
      const { body } = await api("POST", `/restore?${query}`, [{ kind: "rows", table, rows: [row] }]);
      expect(JSON.parse(body)).toMatchObject({ status: 200, taken: 1 });
    },
  ],
] as const;

async function exported(table: string, isIt: (row: Row) => boolean): Promise<Row> {
  const { lines } = await linesOf(`/export/${table}?format=ndjson`);
  return lines.find(isIt);
}

describe.each(doors)("by %s", (_door, door) => {
  describe.each(ways)("%s that replaces", (_way, replace) => {
    test.each([
      ["a user", "user"],
      ["a client id", "client"],
      ["everyone", "everyone"],
    ] as const)("a rule of %s by one of somebody else takes the right away at once", async (_, subjectKind) => {
      const topic = uniqueId("moved");
      const user = await makeUser();
      const writer = await connectAs(await makeUser([{ filter: "#", action: "publish" }]));
      const client = await connectAs(user, door);
      const subject = { user: user.name, client: client.id, everyone: "" }[subjectKind];
      const { id } = await addRule({ subjectKind, subject, filter: `${topic}/#` });
      await eventually("the rule holds", async () => (await publishCode(client, `${topic}/x`)) === 0);
      await client.subscribe(`${topic}/#`, 1);
      const revoked = countFor("refusals", "subscription-revoked");
      const rule = await exported("rules", (row) => row["id"] === id);
      await replace("rules", { ...rule, subjectKind: "user", subject: "somebody-else" });
      await eventually("the subscription ends", () => countFor("refusals", "subscription-revoked") > revoked);
      expect(await publishCode(client, `${topic}/x`)).toBe(notAuthorized);
      await quiet();
      await writer.deliver(`${topic}/x`, "not theirs", 1);
      expect(await client.pending()).toEqual([]);
    });

    test("a device key by one of another user ends the connection that rested on it", async () => {
      const [user, other] = [await makeUser(), await makeUser()];
      const client = await connectAs(user, door);
      const key = await exported("device-keys", (row) => row["user"] === user.name);
      await replace("device-keys", { ...key, user: other.name });
      expect((await client.expect("disconnect")).reasonCode).toBe(notAuthorized);
      await client.expectClose();
      expect(await codeFor({ ...user.login, ...door })).toBe(badCredentials);
    });

    test("a user by one in fewer groups takes away what the group may", async () => {
      const topic = uniqueId("group");
      const group = uniqueId("group");
      await manage("POST", "/groups", { name: group });
      await addRule({ subjectKind: "group", subject: group, filter: `${topic}/#` });
      const user = await makeUser([], { groups: [group] });
      const client = await connectAs(user, door);
      expect(await publishCode(client, `${topic}/x`)).toBe(0);
      await replace("users", { name: user.name });
      await eventually("the right ends", async () => (await publishCode(client, `${topic}/x`)) === notAuthorized);
    });
  });
});
