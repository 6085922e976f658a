// Lists that come in pages: for each route a list of five, and how it changes while somebody reads it.

import { eventually } from "../../../support/eventually.ts";
import { manage } from "../api.ts";
import { Client, uniqueId } from "../client.ts";
import type { Given } from "../route-call.ts";
import { refusedHook } from "./webhooks.ts";

const at = encodeURIComponent;

// biome-ignore lint/suspicious/noExplicitAny: tests read what they expect to be there.
type Json = any;

export interface PagedList {
  /** What it is asked for with, besides `after` and `limit`. */
  readonly given?: Given;
  /** Where to begin, to have little before it of what others have made. */
  readonly from?: string;
  /** What is in it, in its order. */
  readonly names: readonly string[];
  readonly nameOf: (item: Json) => string;
  /** One that comes while it is read: at its end, or where a reader has been already. */
  readonly add?: () => Promise<{ readonly name: string; readonly place: "end" | "passed" }>;
  readonly remove?: (name: string) => Promise<unknown>;
}

export interface PagedRow {
  readonly make: () => Promise<PagedList>;
  /** A cursor that is none of its own; absent where any text is a place in its order. */
  readonly foreign?: string;
  /** What is in an answer, where it has no `items`. */
  readonly itemsOf?: (body: Json) => readonly Json[];
  /** Items that go with the page that they are on: it cannot be read again. */
  readonly takes?: true;
}

const numbers = [1, 2, 3, 4, 5];

/** Names of a kind of their own, in their order, each made. */
async function made(kind: string, make: (name: string) => Promise<unknown>): Promise<readonly string[]> {
  const names = numbers.map((number) => `${kind}-${number}`);
  // In another order than that of the list.
  await Promise.all(names.toReversed().map(make));
  return names;
}

/** In a list that is sorted by its names. */
async function sorted(
  kind: string,
  make: (name: string) => Promise<unknown>,
  remove: (name: string) => Promise<unknown>,
  more: Pick<PagedList, "nameOf" | "given" | "from">,
): Promise<PagedList> {
  const names = await made(kind, make);
  const add = async () => {
    await make(`${kind}-9`);
    return { name: `${kind}-9`, place: "end" } as const;
  };
  return { names, remove, add, ...more };
}

function ofTable(collection: string, body: (name: string) => object = () => ({}), nameOf = ({ name }: Json) => name) {
  const add = (name: string) => manage("POST", `/${collection}`, { name, ...body(name) });
  const remove = (name: string) => manage("DELETE", `/${collection}/${name}`);
  return {
    make: () => {
      const kind = uniqueId(collection);
      return sorted(kind, add, remove, { from: kind, nameOf });
    },
  };
}

/** In a list that is sorted by the ids that they are given, the oldest or the newest first. */
async function inTheirOrder(
  make: (index: number) => Promise<{ readonly id: string }>,
  remove: (id: string) => Promise<unknown>,
  { newestFirst = false, given = {} }: { newestFirst?: boolean; given?: Given } = {},
): Promise<PagedList> {
  const ids: string[] = [];
  for (const number of numbers) ids.push((await make(number)).id);
  const names = newestFirst ? ids.toReversed() : ids;
  const add = async () => ({ name: (await make(9)).id, place: newestFirst ? "passed" : "end" }) as const;
  return { given, names, remove, add, nameOf: ({ id }) => id };
}

async function session(id: string, filter: string): Promise<unknown> {
  return manage("PUT", `/sessions/${at(id)}`, { subscriptions: [{ filter }] });
}

const end = (id: string) => manage("DELETE", `/sessions/${at(id)}`);

async function listedSessions(): Promise<PagedList> {
  const kind = uniqueId("listed");
  const isListed = (name: string, there: boolean) =>
    eventually(`${name} is ${there ? "" : "not "}listed`, async () => {
      const { items } = await manage("GET", `/clients?prefix=${name}`);
      return (items.length === 1) === there;
    });
  const make = async (name: string) => {
    await session(name, name);
    await isListed(name, true);
  };
  const remove = async (name: string) => {
    await end(name);
    await isListed(name, false);
  };
  return sorted(kind, make, remove, { given: { query: { prefix: kind } }, nameOf: ({ clientId }) => clientId });
}

async function connectedClients(): Promise<PagedList> {
  const kind = uniqueId("kicked");
  const names = await made(kind, (clientId) => Client.connect({ clientId, persistent: true }));
  const query = `/clients?prefix=${kind}&state=connected`;
  await eventually("they are listed", async () => (await manage("GET", query)).items.length === names.length);
  return { given: { body: { prefix: kind } }, names, nameOf: () => "" };
}

async function retainedMessages(): Promise<PagedList> {
  const kind = uniqueId("retained");
  // The first two levels say in which shard it is: of one shard, sorted by topic.
  const set = (topic: string) => manage("PUT", `/retained/${at(topic)}`, { payload: "1" });
  const remove = (topic: string) => manage("DELETE", `/retained/${at(topic)}`);
  const given = { query: { filter: `${kind}/a/#` } };
  return sorted(`${kind}/a/b`, set, remove, { given, nameOf: ({ topic }) => topic });
}

async function queuedMessages(): Promise<PagedList> {
  const id = uniqueId("queue");
  await session(id, id);
  const send = (payload: string) => manage("POST", "/publish", { topic: id, payload });
  for (const number of numbers) await send(`${number}`);
  return {
    given: { path: { clientId: id }, query: { payload: "base64" } },
    names: numbers.map(String),
    nameOf: ({ payload }) => Buffer.from(payload, "base64").toString(),
    add: async () => {
      await send("9");
      return { name: "9", place: "end" };
    },
    remove: async (name) => {
      const { messages } = await manage("POST", `/sessions/${id}/pull`, {});
      for (const { payload, handle } of messages) {
        await manage("POST", `/sessions/${id}/${payload === name ? "acknowledge" : "return"}`, { handles: [handle] });
      }
    },
  };
}

async function traceEvents(): Promise<PagedList> {
  const clientId = uniqueId("traced");
  const { id } = await manage("POST", "/traces", { target: { kind: "client", value: clientId }, seconds: 60 });
  const client = await Client.connect({ clientId, persistent: true });
  await client.disconnect();
  const events = async () => (await manage("GET", `/traces/${id}/events?limit=1000`)).items as readonly Json[];
  await eventually("five events", async () => (await events()).length >= numbers.length);
  const nameOf = ({ number }: Json) => `${number}`;
  await manage("POST", `/traces/${id}/stop`);
  return { given: { path: { id } }, names: (await events()).map(nameOf), nameOf };
}

async function letters(): Promise<PagedList> {
  const name = await refusedHook(numbers.length);
  const { items } = await manage("GET", `/webhooks/${name}/dead-letters`);
  const nameOf = ({ id }: Json) => id;
  const remove = (id: string) => manage("DELETE", `/webhooks/${name}/dead-letters/${id}`);
  return { given: { path: { name } }, names: items.map(nameOf), nameOf, remove };
}

export const pagedRows: Readonly<Record<string, PagedRow>> = {
  "GET /clients": { make: listedSessions },
  "POST /kick": { make: connectedClients, takes: true, itemsOf: ({ kicked }) => Array.from({ length: kicked }) },
  "GET /sessions/{clientId}/queue": { make: queuedMessages, foreign: "not ours" },
  "GET /templates": {
    make: () => {
      const make = (name: string) => manage("PUT", `/templates/${name}`, { pattern: name });
      const remove = (name: string) => manage("DELETE", `/templates/${name}`);
      const kind = uniqueId("template");
      return sorted(kind, make, remove, { from: kind, nameOf: ({ name }) => name });
    },
  },
  "GET /sessions/{clientId}/subscriptions": {
    make: async () => {
      const id = uniqueId("subscribed");
      await session(id, "zzz");
      const path = `/sessions/${id}/subscriptions`;
      const make = (filter: string) => manage("POST", path, { subscriptions: [{ filter }] });
      const remove = (filter: string) => manage("DELETE", `${path}?filter=${at(filter)}`);
      const given = { path: { clientId: id } };
      return sorted("filter", make, remove, { given, nameOf: ({ filter }) => filter });
    },
  },
  "GET /subscriptions": {
    make: () => {
      const filter = uniqueId("filter");
      const make = (id: string) => session(id, filter);
      return sorted(uniqueId("subscriber"), make, end, {
        given: { query: { filter } },
        nameOf: ({ clientId }) => clientId,
      });
    },
    foreign: "not ours",
  },
  "GET /retained": { make: retainedMessages, foreign: "not ours" },
  "DELETE /retained": {
    make: async () => ({ ...(await retainedMessages()), nameOf: () => "" }),
    takes: true,
    itemsOf: ({ deleted }) => Array.from({ length: deleted }),
    foreign: "not ours",
  },
  "GET /traces": {
    make: () => {
      const make = () => manage("POST", "/traces", { target: { kind: "client", value: uniqueId() }, seconds: 60 });
      return inTheirOrder(make, (id) => manage("DELETE", `/traces/${id}`), { newestFirst: true });
    },
    foreign: "not ours",
  },
  "GET /traces/{id}/events": { make: traceEvents, foreign: "not ours" },
  "GET /users": ofTable("users"),
  "GET /groups": ofTable("groups"),
  "GET /rules": {
    make: () => {
      const subject = uniqueId("ruled");
      const rule = { effect: "allow", subjectKind: "user", subject, filter: "a" };
      const make = () => manage("POST", "/rules", rule);
      const given = { query: { subjectKind: "user", subject } };
      return inTheirOrder(make, (id) => manage("DELETE", `/rules/${id}`), { given });
    },
    foreign: "not ours",
  },
  "GET /bans": {
    make: () => {
      const kind = uniqueId("banned");
      const make = (value: string) => manage("POST", "/bans", { kind: "client", value });
      const remove = (value: string) => manage("DELETE", `/bans/client/${value}`);
      return sorted(kind, make, remove, { from: `client:${kind}`, nameOf: ({ value }) => value });
    },
    foreign: "not ours",
  },
  "GET /api-keys": {
    make: () => {
      const make = () => manage("POST", "/api-keys", { name: "paged", scopes: ["read"] });
      return inTheirOrder(make, (id) => manage("DELETE", `/api-keys/${id}`));
    },
    foreign: "not ours",
  },
  "GET /webhooks": ofTable("webhooks", (name) => ({ url: "https://nobody.example/", filters: [name] })),
  "GET /webhooks/{name}/dead-letters": { make: letters, foreign: "not ours" },
  "GET /audit": {
    make: async () => {
      const make = async () => {
        const { id } = await manage("POST", "/api-keys", { name: "audited", scopes: ["read"] });
        return { id: (await manage("GET", "/audit?limit=1")).items[0].id, key: id };
      };
      const list = await inTheirOrder(make, async () => {}, { newestFirst: true });
      const { remove: _remove, ...others } = list;
      return others;
    },
    foreign: "not ours",
  },
  "GET /backup": {
    make: async () => {
      const { names, nameOf } = await listedSessions();
      return { names, nameOf };
    },
    foreign: "not ours",
    itemsOf: (lines: readonly Json[]) => lines.filter(({ kind }) => kind === "session"),
  },
};
