// Webhooks, and the letters that their endpoints refused.

import { expect } from "vitest";
import { eventually } from "../../../support/eventually.ts";
import { api, manage } from "../api.ts";
import { uniqueId } from "../client.ts";
import { Endpoint } from "../endpoint.ts";
import { type Given, type Refused, type Row, type Rows, unnamed } from "../route-call.ts";

const invalid = { status: 400, name: "invalid-input" } as const;

async function hook(endpoint = new Endpoint()): Promise<string> {
  const name = uniqueId("hook");
  await manage("POST", "/webhooks", { name, url: endpoint.url, filters: [`${name}/#`], lingerMs: 0 });
  return name;
}

const ofHook = async () => ({ path: { name: await hook() } });
const nameOf = ({ path }: Given) => path?.["name"] ?? "";
const hookOf = (given: Given) => manage("GET", `/webhooks/${nameOf(given)}`);

/** A webhook whose endpoint has refused that many batches. */
export async function refusedHook(letters: number): Promise<string> {
  const endpoint = new Endpoint();
  endpoint.answer(400);
  const name = await hook(endpoint);
  for (let count = 1; count <= letters; count++) {
    await manage("POST", "/publish", { topic: `${name}/a`, payload: `${count}` });
    await eventually(`dead letter ${count}`, async () => (await lettersOf(name)).length === count);
  }
  return name;
}

async function lettersOf(name: string): Promise<readonly { id: string }[]> {
  return (await manage("GET", `/webhooks/${name}/dead-letters`)).items;
}

async function ofLetter(): Promise<Given> {
  const name = await refusedHook(1);
  const [letter] = await lettersOf(name);
  return { path: { name, id: letter?.id ?? "" } };
}

const noWebhooks: readonly Refused[] = (
  [
    ["an address and a queue", { url: "https://a.example/", queue: "EVENTS_QUEUE" }, "url"],
    ["a queue that there is not", { url: undefined, queue: "NO_QUEUE" }, "queue"],
    ["nothing to send", { filters: [], events: [] }, "filters"],
    ["no filter", { filters: ["a/#", "a/#/b"] }, "filters.1"],
    ["a shared subscription", { filters: ["$share/g/a"] }, "filters.0"],
    ["an address that is not public", { url: "https://10.0.0.1/" }, "url"],
  ] as const
).map(([about, part, where]) => ({
  about,
  given: (valid) => ({ body: { ...unnamed(valid), ...part } }),
  ...invalid,
  at: `body.${where}`,
}));

const fields = {
  filters: ["a/#"],
  events: ["client.connected"],
  retained: true,
  timeoutSeconds: 5,
  batchMessagesMax: 10,
  comment: "why",
};

const becomes = (verb: string, isPaused: boolean): Row => ({
  valid: async () => {
    const given = await ofHook();
    if (!isPaused) await manage("POST", `/webhooks/${nameOf(given)}/pause`);
    return given;
  },
  proves: async (answer, given) => {
    expect([verb, answer.isPaused]).toEqual([verb, isPaused]);
    expect(await hookOf(given)).toEqual(answer);
  },
});

export const webhookRows: Rows = {
  "GET /webhooks": {
    valid: async () => {
      await hook();
      return { query: { limit: "1" } };
    },
    proves: ({ items }) => expect(items).toHaveLength(1),
  },
  "POST /webhooks": {
    valid: () => ({ body: { name: uniqueId("hook"), url: new Endpoint().url, ...fields } }),
    proves: async ({ secret, ...rest }) => {
      expect(secret).toMatch(/^whsec_/);
      expect(rest).toMatchObject(fields);
      expect(await manage("GET", `/webhooks/${rest.name}`)).toEqual(rest);
    },
    refused: [
      ...noWebhooks,
      {
        about: "a name that is taken",
        given: async (valid) => ({ body: { ...(valid.body as object), name: await hook() } }),
        status: 409,
        name: "conflict",
      },
    ],
  },
  "GET /webhooks/{name}": {
    valid: ofHook,
    proves: (answer, given) => expect(answer).toMatchObject({ name: nameOf(given), isPaused: false }),
  },
  "PATCH /webhooks/{name}": {
    valid: async () => ({ ...(await ofHook()), body: fields }),
    proves: async (answer, given) => {
      expect(answer).toMatchObject(fields);
      expect(await hookOf(given)).toEqual(answer);
    },
    refused: noWebhooks,
  },
  "DELETE /webhooks/{name}": {
    valid: ofHook,
    proves: async (_, given) => expect((await api("GET", `/webhooks/${nameOf(given)}`)).status).toBe(404),
  },
  "POST /webhooks/{name}/pause": becomes("pause", true),
  "POST /webhooks/{name}/resume": becomes("resume", false),
  "POST /webhooks/{name}/secret": {
    valid: ofHook,
    proves: (answer) => expect(answer.formerSecretUntilMs).toBeGreaterThan(Date.now()),
  },
  "POST /webhooks/{name}/test": { valid: ofHook, proves: ({ isDelivered }) => expect(isDelivered).toBe(true) },
  "GET /webhooks/{name}/status": {
    valid: async () => ({ path: { name: await refusedHook(1) } }),
    proves: (answer) => expect(answer).toMatchObject({ isPaused: false, deadLetters: { batches: 1 } }),
  },
  "GET /webhooks/{name}/dead-letters": {
    valid: async () => ({ path: { name: await refusedHook(1) }, query: { limit: "10", after: "" } }),
    proves: ({ items }) => expect(items).toMatchObject([{ attempts: 1, items: 1, failure: { status: 400 } }]),
  },
  "GET /webhooks/{name}/dead-letters/{id}": {
    valid: ofLetter,
    proves: ({ contents }) => expect(contents).toMatchObject([{ type: "message", data: { payload: "1" } }]),
  },
  "DELETE /webhooks/{name}/dead-letters/{id}": {
    valid: ofLetter,
    proves: async (answer, given) => expect([answer, await lettersOf(nameOf(given))]).toEqual([{ batches: 1 }, []]),
  },
  "POST /webhooks/{name}/dead-letters/{id}/send": {
    valid: ofLetter,
    proves: (answer) => expect(answer).toEqual({ batches: 1 }),
  },
};
