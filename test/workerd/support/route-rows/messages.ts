// Messages: published, retained, watched, traced, and what the broker says of itself.

import { env } from "cloudflare:workers";
import { expect } from "vitest";
import { configOf } from "../../../../worker/config.ts";
import { api, manage } from "../api.ts";
import { uniqueId } from "../client.ts";
import type { Given, Row, Rows } from "../route-call.ts";

const at = encodeURIComponent;
const invalid = { status: 400, name: "invalid-input" } as const;

const message = {
  payload: Buffer.from("21").toString("base64"),
  encoding: "base64",
  qos: 2,
  properties: {
    payloadFormatIndicator: 1,
    messageExpirySeconds: 60,
    contentType: "text/plain",
    responseTopic: "b",
    correlationData: "AAA=",
    userProperties: [{ name: "a", value: "b" }],
  },
} as const;

/** One that is too large for the broker, and not for the route. */
const tooLarge = "x".repeat(configOf(env).maximumPacketBytes);

const notMessages = [
  ["a wildcard in the topic", { topic: "a/#" }, "topic"],
  ["half a surrogate pair in the topic", { topic: "a\ud800" }, "topic"],
  ["a payload that is no base64", { payload: "!", encoding: "base64" }, "payload"],
  [
    "a payload that is not the text it says it is",
    { payload: "/w==", encoding: "base64", properties: { payloadFormatIndicator: 1 } },
    "payload",
  ],
  ["a response topic with a wildcard", { properties: { responseTopic: "a/+" } }, undefined],
] as const;

async function retained(): Promise<string> {
  const topic = uniqueId("retained/ü");
  await manage("PUT", `/retained/${at(topic)}`, { payload: "21", qos: 2 });
  return topic;
}

const topicOf = ({ path }: Given) => path?.["topic"] ?? "";

async function session(): Promise<string> {
  const id = uniqueId("reached");
  await manage("PUT", `/sessions/${id}`, { subscriptions: [{ filter: id, qos: 2 }] });
  return id;
}

async function queueOf(id: string): Promise<readonly { topic: string; qos: number }[]> {
  return (await manage("GET", `/sessions/${id}/queue`)).items;
}

async function trace(): Promise<string> {
  return (await manage("POST", "/traces", { target: { kind: "client", value: uniqueId() }, seconds: 60 })).id;
}

const ofTrace = async () => ({ path: { id: await trace() } });

const sessionFull = async (): Promise<string> => {
  const id = uniqueId("full");
  await manage("PUT", `/sessions/${id}`, { subscriptions: [{ filter: id }], limits: { queueMessagesMax: 1 } });
  await manage("POST", "/publish", { topic: id, payload: "1" });
  return id;
};

const tail: Row = {
  valid: () => ({ query: { filter: "a/#", retained: "false", seconds: "1", messages: "1" } }),
  refused: [
    { about: "no filter", given: { query: { filter: "a/#/b" } }, ...invalid, at: "query.filter" },
    {
      about: "what is neither true nor false",
      given: { query: { filter: "a", retained: "perhaps" } },
      ...invalid,
      at: "query.retained",
    },
  ],
};

export const messageRows: Rows = {
  "POST /publish": {
    valid: async () => ({
      headers: { "Idempotency-Key": uniqueId() },
      body: { ...message, topic: await session(), retain: false, delaySeconds: 0 },
    }),
    proves: (answer) => expect(answer.retained).toBe(false),
    refused: [
      ...notMessages.map(([about, part, where]) => ({
        about,
        given: { body: { topic: "a", ...part } },
        ...invalid,
        at: where === undefined ? "body" : `body.${where}`,
      })),
      {
        about: "a payload that is too large",
        given: { body: { topic: "a", payload: tooLarge } },
        status: 413,
        name: "message-too-large",
        at: "body.payload",
      },
      {
        about: "a subscriber without room",
        given: async () => ({ body: { topic: await sessionFull(), payload: "2" } }),
        status: 429,
        name: "queue-full",
      },
    ],
  },
  "POST /publish/bulk": {
    valid: async () => {
      const topic = await session();
      return {
        body: [
          { ...message, topic },
          { topic, qos: 1 },
        ],
      };
    },
    proves: async (answer, { body }) => {
      const [{ topic } = { topic: "" }] = body as { topic: string }[];
      const results = [1, 2].map(() => ({ status: "published", reached: 1, retained: false }));
      expect(answer).toEqual({ published: 2, refused: 0, failed: 0, results });
      expect((await queueOf(topic)).map(({ qos }) => qos)).toEqual([2, 1]);
    },
    refused: [
      ...notMessages.map(([about, part, where]) => ({
        about: `${about}, in the second`,
        given: { body: [{ topic: "a" }, { topic: "a", ...part }] },
        ...invalid,
        at: where === undefined ? "body.1" : `body.1.${where}`,
      })),
      {
        about: "a payload that is too large",
        given: { body: [{ topic: "a", payload: tooLarge }] },
        status: 413,
        name: "message-too-large",
        at: "body.0.payload",
      },
    ],
  },
  "GET /retained": {
    valid: async () => ({ query: { filter: await retained(), limit: "10" } }),
    proves: ({ items }, { query }) =>
      expect(items).toMatchObject([{ topic: query?.["filter"], payload: "21", qos: 2 }]),
    refused: [
      { about: "no filter", given: { query: { filter: "a/#/b" } }, ...invalid, at: "query.filter" },
      { about: "no cursor", given: { query: { after: "not ours" } }, ...invalid, at: "query.after" },
    ],
  },
  "DELETE /retained": {
    valid: async () => ({ query: { filter: await retained(), limit: "10" } }),
    proves: async (answer, { query }) => {
      expect(answer).toEqual({ deleted: 1, next: null });
      expect((await api("GET", `/retained/${at(query?.["filter"] ?? "")}`)).status).toBe(404);
    },
    refused: [
      { about: "no filter", given: { query: { filter: "a/#/b" } }, ...invalid, at: "query.filter" },
      { about: "no cursor", given: { query: { filter: "a", after: "not ours" } }, ...invalid, at: "query.after" },
    ],
  },
  "GET /retained/{topic}": {
    valid: async () => ({ path: { topic: await retained() } }),
    proves: (answer, given) => expect(answer).toMatchObject({ topic: topicOf(given), payload: "21", encoding: "text" }),
  },
  "PUT /retained/{topic}": {
    valid: () => ({ path: { topic: uniqueId("retained/ü") }, body: message }),
    proves: async (_, given) => {
      const { properties, ...rest } = message;
      const { messageExpirySeconds: _seconds, ...lasting } = properties;
      const shown = { ...rest, payload: "21", encoding: "text", properties: lasting };
      expect(await manage("GET", `/retained/${at(topicOf(given))}`)).toMatchObject(shown);
    },
    ofNobody: 204,
    refused: [
      { about: "no payload", given: { body: {} }, ...invalid, at: "body.payload" },
      {
        about: "a delay",
        given: { path: { topic: "$delayed/5/a" }, body: { payload: "1" } },
        ...invalid,
        at: "path.topic",
      },
      { about: "no base64", given: { body: { payload: "!", encoding: "base64" } }, ...invalid, at: "body.payload" },
      {
        about: "a payload that is too large",
        given: { body: { payload: tooLarge } },
        status: 413,
        name: "message-too-large",
        at: "body.payload",
      },
    ],
  },
  "DELETE /retained/{topic}": {
    valid: async () => ({ path: { topic: await retained() } }),
    proves: async (_, given) => expect((await api("GET", `/retained/${at(topicOf(given))}`)).status).toBe(404),
  },
  "GET /tail": tail,
  "GET /sys": {
    valid: () => ({ query: { filter: "$SYS/broker/version" } }),
    proves: ({ items }) => expect(items).toMatchObject([{ topic: "$SYS/broker/version" }]),
    refused: [{ about: "no filter", given: { query: { filter: "a/#/b" } }, ...invalid, at: "query.filter" }],
  },
  "GET /traces": {
    valid: async () => {
      await trace();
      return { query: { limit: "1" } };
    },
    proves: ({ items }) => expect(items).toMatchObject([{ kind: "client", createdBy: "ADMIN_KEY" }]),
  },
  "POST /traces": {
    valid: () => ({ body: { target: { kind: "client", value: uniqueId() }, seconds: 60, payload: false } }),
    proves: async (answer) => expect(await manage("GET", `/traces/${answer.id}`)).toMatchObject({ ended: null }),
    refused: [
      {
        about: "no filter",
        given: { body: { target: { kind: "topic", value: "a/#/b" } } },
        ...invalid,
        at: "body.target.value",
      },
      {
        about: "no client id",
        given: { body: { target: { kind: "client", value: "a\u0000" } } },
        ...invalid,
        at: "body.target.value",
      },
    ],
  },
  "GET /traces/{id}": {
    valid: ofTrace,
    proves: (answer, { path }) => expect(answer).toMatchObject({ id: path?.["id"], ended: null, missed: 0 }),
  },
  "GET /traces/{id}/events": { valid: ofTrace, proves: (answer) => expect(answer.ended).toBe(null) },
  "GET /traces/{id}/live": {
    valid: async () => ({ ...(await ofTrace()), headers: { "last-event-id": "0" }, query: { after: "0" } }),
    refused: [
      {
        about: "no number of an event",
        given: { headers: { "last-event-id": "first" } },
        ...invalid,
        at: "headers.last-event-id",
      },
    ],
  },
  "POST /traces/{id}/stop": {
    valid: ofTrace,
    proves: async (_, { path }) => expect((await manage("GET", `/traces/${path?.["id"]}`)).ended).toBe("stopped"),
  },
  "DELETE /traces/{id}": {
    valid: ofTrace,
    proves: async (_, { path }) => expect((await api("GET", `/traces/${path?.["id"]}`)).status).toBe(404),
  },
  "GET /settings": {
    valid: () => ({}),
    proves: ({ items }) => expect(items.find(({ name }: { name: string }) => name === "ADMIN_KEY").value).toBe(null),
  },
  "GET /self": { valid: () => ({}), proves: ({ name }) => expect(name).toBe("ADMIN_KEY") },
  "POST /explain": {
    valid: () => ({
      body: { clientId: "c", action: "publish", topic: "a", qos: 1, retain: false, groups: [], claims: {} },
    }),
    proves: ({ isAllowed }) => expect(isAllowed).toBe(true),
    refused: [
      {
        about: "no topic name",
        given: { body: { clientId: "c", action: "publish", topic: "a/#" } },
        ...invalid,
        at: "body.topic",
      },
      {
        about: "no filter",
        given: { body: { clientId: "c", action: "subscribe", topic: "a/#/b" } },
        ...invalid,
        at: "body.topic",
      },
    ],
  },
  "GET /explain/clients/{clientId}": {
    valid: () => ({ path: { clientId: uniqueId() } }),
    proves: ({ items }) => expect(items).toEqual([]),
    // Nothing was refused.
    ofNobody: 200,
  },
};
