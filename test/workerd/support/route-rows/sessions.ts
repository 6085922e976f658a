// Clients, sessions, their templates and subscriptions, and their queues, also without MQTT.

import { expect } from "vitest";
import { eventually } from "../../../support/eventually.ts";
import { api, manage } from "../api.ts";
import { Client, uniqueId } from "../client.ts";
import type { Given, Row, Rows } from "../route-call.ts";

const at = encodeURIComponent;

/** A session that nobody has connected to, subscribed to a topic of its id's name. */
async function provisioned(): Promise<string> {
  const id = uniqueId("session/ü");
  await manage("PUT", `/sessions/${at(id)}`, { subscriptions: [{ filter: id }] });
  return id;
}

async function withQueue(...payloads: readonly string[]): Promise<string> {
  const id = await provisioned();
  for (const payload of payloads) await manage("POST", "/publish", { topic: id, payload });
  return id;
}

async function connected(): Promise<Client> {
  return Client.connect({ version: 5, persistent: true, clientId: uniqueId("connected") });
}

async function listed(id: string): Promise<string> {
  await eventually("it is listed", async () => (await manage("GET", `/clients?prefix=${at(id)}`)).items.length === 1);
  return id;
}

const path = (clientId: string) => ({ path: { clientId } });
const idOf = ({ path: of }: Given) => of?.["clientId"] ?? "";
const shownOf = (given: Given) => manage("GET", `/clients/${at(idOf(given))}`);
const depthOf = async (given: Given) => (await shownOf(given)).queue.messages;

/** What schemas of filters leave to those who know MQTT. */
const noFilter = { status: 400, name: "invalid-input" } as const;
const noClientId = {
  about: "a client id with U+0000",
  given: (valid: Given) => ({ ...valid, path: { clientId: "a\u0000" } }),
  ...noFilter,
  at: "path.clientId",
};
const subscriptions = (one: object) => ({ body: { subscriptions: [{ filter: "a", ...one }] } });

async function leased(): Promise<Given> {
  const id = await withQueue("1");
  const { messages } = await manage("POST", `/sessions/${at(id)}/pull`, {});
  return { ...path(id), body: { handles: [messages[0].handle] } };
}

const forSeconds = (given: Given, seconds: number): Given => ({
  ...given,
  body: { ...(given.body as object), seconds },
});

const settling: Row = {
  // What is gone is lost.
  ofNobody: 200,
  valid: leased,
  proves: ({ results }, { body }) =>
    expect(results).toEqual([{ handle: (body as { handles: string[] }).handles[0], status: "done" }]),
};

const provisioning = {
  expirySeconds: 60,
  subscriptions: [{ filter: "a", qos: 2, noLocal: false, retainAsPublished: true, retainHandling: 1 }],
  limits: { queueMessagesMax: 5, queuePolicy: "drop-oldest" },
};

export const sessionRows: Rows = {
  "GET /clients": {
    valid: async () => ({ query: { prefix: await listed(await provisioned()), state: "provisioned", limit: "1" } }),
    proves: ({ items }, { query }) => expect(items).toMatchObject([{ clientId: query?.["prefix"] }]),
  },
  "GET /clients/{clientId}": {
    valid: async () => path(await withQueue("1")),
    proves: (answer, given) =>
      expect(answer).toMatchObject({ clientId: idOf(given), subscriptions: 1, queue: { messages: 1 } }),
    refused: [noClientId],
  },
  "POST /clients/{clientId}/kick": {
    valid: async () => path((await connected()).id),
    proves: async ({ wasConnected }, given) =>
      expect([wasConnected, (await shownOf(given)).state]).toEqual([true, "away"]),
    // It is not there, as whoever asks wants it.
    ofNobody: 200,
  },
  "POST /kick": {
    valid: async () => ({ query: { limit: "10" }, body: { prefix: await listed((await connected()).id) } }),
    proves: ({ kicked, next }) => expect([kicked, next]).toEqual([1, null]),
    refused: [{ about: "no filter at all", given: { body: {} }, ...noFilter, at: "body" }],
  },
  "DELETE /sessions/{clientId}": {
    valid: async () => path(await provisioned()),
    proves: async (_, given) => expect((await api("GET", `/clients/${at(idOf(given))}`)).status).toBe(404),
  },
  "PUT /sessions/{clientId}": {
    valid: () => ({ ...path(uniqueId("made/ü")), body: provisioning }),
    proves: async (answer, given) => {
      expect(answer).toMatchObject({ created: true, subscriptions: [{ filter: "a", qos: 2 }] });
      expect(await shownOf(given)).toMatchObject({ expirySeconds: 60, limits: provisioning.limits });
    },
    ofNobody: 200,
    refused: [
      { about: "no filter", given: subscriptions({ filter: "a/#/b" }), ...noFilter, at: "body.subscriptions.0.filter" },
      {
        about: "noLocal for a shared subscription",
        given: subscriptions({ filter: "$share/g/a", noLocal: true }),
        ...noFilter,
        at: "body.subscriptions.0.noLocal",
      },
    ],
  },
  "GET /sessions/{clientId}/queue": {
    valid: async () => ({ ...path(await withQueue("1", "2")), query: { payload: "base64", limit: "1" } }),
    proves: ({ items, next }) => {
      expect(items).toMatchObject([{ state: "waiting", payload: Buffer.from("1").toString("base64") }]);
      expect(next).toMatch(/^\d+$/);
    },
  },
  "DELETE /sessions/{clientId}/queue": {
    valid: async () => path(await withQueue("1", "2")),
    proves: async (answer, given) => {
      expect(answer).toEqual({ purged: 2, left: 0 });
      expect(await depthOf(given)).toBe(0);
    },
  },
  "POST /sessions": {
    valid: () => ({ body: [1, 2].map(() => ({ clientId: uniqueId("many/ü"), ...provisioning })) }),
    proves: async (lines, { body }) => {
      const made = (body as { clientId: string }[]).map(({ clientId }) => ({ clientId, status: 200, created: true }));
      expect(lines).toMatchObject(made);
      for (const { clientId } of made) expect(await shownOf(path(clientId))).toMatchObject({ subscriptions: 1 });
    },
    refused: [
      {
        about: "the session of a webhook",
        given: { body: [{ clientId: "a" }, { clientId: "$webhook/a" }] },
        ...noFilter,
        at: "body.1.clientId",
      },
      {
        about: "no filter in the second",
        given: { body: [{ clientId: "a" }, { clientId: "b", subscriptions: [{ filter: "a#" }] }] },
        ...noFilter,
        at: "body.1.subscriptions.0.filter",
      },
    ],
  },
  "GET /sessions/{clientId}/subscriptions": {
    valid: async () => ({ ...path(await provisioned()), query: { limit: "1" } }),
    proves: ({ items }, given) => expect(items).toMatchObject([{ filter: idOf(given), qos: 1 }]),
  },
  "POST /sessions/{clientId}/subscriptions": {
    valid: async () => ({
      ...path(await provisioned()),
      body: { subscriptions: [{ filter: "more/#", qos: 2 }], identifier: 7 },
    }),
    proves: async ({ subscriptions: granted }, given) => {
      expect(granted).toMatchObject([{ filter: "more/#", qos: 2 }]);
      const { items } = await manage("GET", `/sessions/${at(idOf(given))}/subscriptions`);
      expect(items.at(0)).toMatchObject({ filter: "more/#", qos: 2, identifier: 7 });
    },
    refused: [
      { about: "no filter", given: subscriptions({ filter: "a+" }), ...noFilter, at: "body.subscriptions.0.filter" },
    ],
  },
  "DELETE /sessions/{clientId}/subscriptions": {
    valid: async () => {
      const id = await provisioned();
      return { ...path(id), query: { filter: id } };
    },
    proves: async (_, given) => expect((await shownOf(given)).subscriptions).toBe(0),
    refused: [
      { about: "no filter", given: { query: { filter: "a/#/b" } }, ...noFilter, at: "query.filter" },
      { about: "a filter that it has not", given: { query: { filter: "other" } }, status: 404, name: "not-found" },
    ],
  },
  "GET /subscriptions": {
    valid: async () => {
      const id = await provisioned();
      return { query: { filter: id, prefix: id, limit: "10" } };
    },
    proves: ({ items }, { query }) => expect(items).toMatchObject([{ clientId: query?.["prefix"], qos: 1 }]),
    refused: [
      { about: "no cursor", given: { query: { after: "not ours" } }, ...noFilter, at: "query.after" },
      { about: "a cursor of another list", given: { query: { after: "a" } }, ...noFilter, at: "query.after" },
      { about: "no filter", given: { query: { filter: "a/#/b" } }, ...noFilter, at: "query.filter" },
    ],
  },
  "POST /sessions/{clientId}/pull": {
    valid: async () => ({
      ...path(await withQueue("1", "2")),
      body: { messagesMax: 1, bytesMax: 100, visibilitySeconds: 60, waitSeconds: 0 },
    }),
    proves: async ({ messages, depth }, given) => {
      expect(messages).toMatchObject([{ topic: idOf(given), payload: "1", deliveries: 1, redelivered: false }]);
      expect(depth).toBe(2);
    },
    refused: [
      {
        about: "a session whose client is connected",
        given: async () => ({ ...path((await connected()).id) }),
        status: 409,
        name: "conflict",
      },
    ],
  },
  "POST /sessions/{clientId}/acknowledge": settling,
  "POST /sessions/{clientId}/return": {
    ...settling,
    valid: async () => forSeconds(await leased(), 0),
    proves: async (answer, given) => {
      settling.proves?.(answer, given);
      const { messages } = await manage("POST", `/sessions/${at(idOf(given))}/pull`, {});
      expect(messages).toMatchObject([{ payload: "1", deliveries: 2, redelivered: true }]);
    },
  },
  "POST /sessions/{clientId}/extend": { ...settling, valid: async () => forSeconds(await leased(), 60) },
  "GET /templates": {
    valid: async () => ({ query: { limit: "1000", after: await template() } }),
    proves: ({ items }, { query }) => expect(items).not.toMatchObject([{ name: query?.["after"] }]),
  },
  "GET /templates/{name}": {
    valid: async () => ({ path: { name: await template() } }),
    proves: (answer, { path: of }) => expect(answer).toMatchObject({ name: of?.["name"], subscriptions: [{ qos: 1 }] }),
  },
  "PUT /templates/{name}": {
    valid: () => ({
      path: { name: uniqueId("template") },
      body: { ...templateOf(), position: 5, limits: { inflightMax: 3 }, comment: "why" },
    }),
    proves: async (answer, { path: of }) => expect(await manage("GET", `/templates/${of?.["name"]}`)).toEqual(answer),
    ofNobody: 200,
    refused: [
      {
        about: "a claim in a filter",
        given: { body: { pattern: "a", subscriptions: [{ filter: "%{claim}" }] } },
        ...noFilter,
        at: "body.subscriptions.0.filter",
      },
      {
        about: "a filter twice",
        given: { body: { pattern: "a", subscriptions: [{ filter: "a" }, { filter: "a" }] } },
        ...noFilter,
        at: "body.subscriptions.1.filter",
      },
      {
        about: "no filter",
        given: { body: { pattern: "a", subscriptions: [{ filter: "a/#/%c" }] } },
        ...noFilter,
        at: "body.subscriptions.0.filter",
      },
      {
        about: "subscriptions of more bytes than travel with a CONNECT",
        given: { body: { pattern: "a", subscriptions: [{ filter: "a".repeat(17_000) }] } },
        ...noFilter,
        at: "body.subscriptions",
      },
    ],
  },
  "DELETE /templates/{name}": {
    valid: async () => ({ path: { name: await template() } }),
    proves: async (_, { path: of }) => expect((await api("GET", `/templates/${of?.["name"]}`)).status).toBe(404),
  },
};

function templateOf() {
  return { pattern: `${uniqueId("fits")}-*`, subscriptions: [{ filter: "a/%c" }] };
}

async function template(): Promise<string> {
  const name = uniqueId("template");
  await manage("PUT", `/templates/${name}`, templateOf());
  return name;
}
