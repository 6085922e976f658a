// Every route of the HTTP API that changes something, once: who did what, and what was before and after, is in the audit log.

import { afterEach, expect, test } from "vitest";
import { routes } from "../../worker/admin/routes.ts";
import { eventually } from "../support/eventually.ts";
import { api, manage } from "./support/api.ts";
import { Client, cutClients, uniqueId } from "./support/client.ts";

afterEach(cutClients);

/** Nothing of the deployment is changed: messages are sent, taken and answered, or something is tried. */
const notAdministrative = [
  "POST /publish",
  "POST /publish/bulk",
  "PUT /retained/{topic}",
  "POST /sessions/{clientId}/pull",
  "POST /sessions/{clientId}/acknowledge",
  "POST /sessions/{clientId}/return",
  "POST /sessions/{clientId}/extend",
  "POST /explain",
  "POST /webhooks/{name}/test",
];

/** By test/workerd/transfer.test.ts, backup.test.ts and webhooks.test.ts. */
const testedElsewhere = [/^POST \/import\//, /^POST \/restore$/, /dead-letters/];

test("each change has an entry: its caller, its subject, before and after", async () => {
  const caller = uniqueId("caller");
  const { key, id: keyId } = await manage("POST", "/api-keys", {
    name: caller,
    scopes: ["admin", "read", "operate", "publish"],
  });
  const called = new Set<string>();

  /** Calls a route, and finds what was written down of it. */
  const does = async (route: string, values: readonly string[], body: unknown, action: string, shown: object) => {
    const [method = "", template = ""] = route.split(" ");
    called.add(route.replace(/\?.*/, ""));
    const rest = [...values];
    const path = template.replaceAll(/\{\w+\}/g, () => encodeURIComponent(rest.shift() ?? ""));
    const answer = await api(method, path, body, key);
    expect(answer.status, `${route}: ${JSON.stringify(answer.body)}`).toBeLessThan(300);
    const { items } = await manage("GET", "/audit?limit=1");
    expect.soft(items[0], route).toMatchObject({ actor: `key:${keyId}:${caller}`, action, ...shown });
    return answer.body;
  };

  const [group = "", user = "", template = "", hook = "", client = ""] = [1, 2, 3, 4, 5].map(() => uniqueId("audit"));
  const [first, second] = [{ comment: "first" }, { comment: "second" }];
  const change = { before: first, after: second };

  await does("POST /groups", [], { name: group, ...first }, "group.create", { subject: group, after: first });
  await does("PATCH /groups/{name}", [group], second, "group.change", { subject: group, ...change });
  await does("POST /users", [], { name: user, ...first }, "user.create", { subject: user, after: first });
  await does("PATCH /users/{name}", [user], second, "user.change", { subject: user, ...change });
  const device = await does("POST /users/{name}/keys", [user], first, "device-key.create", { after: first });
  await does("DELETE /users/{name}/keys/{id}", [user, device.id], undefined, "device-key.delete", { before: first });
  const rule = { effect: "allow", subjectKind: "user", subject: user, filter: "a" };
  const { id } = await does("POST /rules", [], rule, "rule.create", { after: rule });
  const denied = { ...rule, effect: "deny" };
  await does("PUT /rules/{id}", [id], denied, "rule.change", { before: rule, after: denied });
  await does("DELETE /rules/{id}", [id], undefined, "rule.delete", { before: denied });
  const ban = { kind: "user", value: user };
  await does("POST /bans", [], { ...ban, ...first }, "ban.put", { after: first });
  await does("POST /bans", [], { ...ban, ...second }, "ban.put", change);
  await does("DELETE /bans/{kind}/{value}", ["user", user], undefined, "ban.delete", { before: second });
  await does("DELETE /users/{name}", [user], undefined, "user.delete", { subject: user, before: second });
  await does("DELETE /groups/{name}", [group], undefined, "group.delete", { subject: group, before: second });
  const made = { name: "made", scopes: ["read"] };
  const one = await does("POST /api-keys", [], made, "api-key.create", { after: made });
  await does("DELETE /api-keys/{id}", [one.id], undefined, "api-key.delete", { before: made });

  const of = { subject: template };
  const body = { pattern: `${template}-*`, subscriptions: [{ filter: "a" }] };
  await does("PUT /templates/{name}", [template], body, "template.put", {
    ...of,
    after: { pattern: body.pattern },
  });
  await does("DELETE /templates/{name}", [template], undefined, "template.delete", {
    ...of,
    before: { pattern: body.pattern },
  });

  const filters = ["a"];
  const url = "https://example.com/mqtt";
  const hooked = { subject: hook };
  await does("POST /webhooks", [], { name: hook, url, filters }, "webhook.create", { ...hooked, after: { filters } });
  const others = { filters: ["b"] };
  await does("PATCH /webhooks/{name}", [hook], others, "webhook.change", {
    ...hooked,
    before: { filters },
    after: others,
  });
  await does("POST /webhooks/{name}/pause", [hook], undefined, "webhook.pause", { before: { isPaused: false } });
  await does("POST /webhooks/{name}/resume", [hook], undefined, "webhook.resume", { after: { isPaused: false } });
  await does("POST /webhooks/{name}/secret", [hook], undefined, "webhook.renew-secret", hooked);
  await does("DELETE /webhooks/{name}", [hook], undefined, "webhook.delete", { ...hooked, before: others });

  const traced = { kind: "client", value: client };
  const trace = await does("POST /traces", [], { target: traced }, "trace.begin", { after: traced });
  await does("POST /traces/{id}/stop", [trace.id], undefined, "trace.stop", { before: { payload: false } });
  await does("DELETE /traces/{id}", [trace.id], undefined, "trace.delete", { before: traced });

  const its = { subject: client };
  const subscriptions = [{ filter: "a" }];
  const provision = "PUT /sessions/{clientId}";
  await does(provision, [client], { subscriptions }, "session.provision", { ...its, before: null, after: {} });
  const sooner = { subscriptions, expirySeconds: 60 };
  const lasting = { state: "provisioned", expirySeconds: null, subscriptions: 1, queue: { messages: 0 } };
  await does(provision, [client], sooner, "session.provision", { ...its, before: lasting, after: sooner });
  const many = [{ clientId: client, subscriptions }];
  await does("POST /sessions", [], many, "sessions.provision", { after: [client] });
  const subscribe = "POST /sessions/{clientId}/subscriptions";
  const subscribing = (qos: 0 | 2) => ({ subscriptions: [{ filter: "b", qos }] });
  const toB = (qos: 0 | 2) => [{ filter: "b", qos, noLocal: false, retainAsPublished: false, identifier: null }];
  await does(subscribe, [client], subscribing(0), "session.subscribe", {
    ...its,
    before: null,
    after: subscribing(0),
  });
  await does(subscribe, [client], subscribing(2), "session.subscribe", {
    ...its,
    before: toB(0),
    after: subscribing(2),
  });
  const unsubscribe = "DELETE /sessions/{clientId}/subscriptions?filter=b";
  await does(unsubscribe, [client], undefined, "session.unsubscribe", { ...its, before: toB(2), after: ["b"] });
  await manage("POST", "/publish", { topic: "a", payload: "m" });
  const queued = { before: { messages: 1 }, after: { messages: 0 } };
  await does("DELETE /sessions/{clientId}/queue", [client], undefined, "session.purge", { ...its, ...queued });
  const kick = "POST /clients/{clientId}/kick";
  await does(kick, [client], undefined, "client.kick", { ...its, before: null });
  const connect = () => Client.connect({ clientId: client, persistent: true });
  await connect();
  const connection = { state: "connected", protocol: "3.1.1", connectedAtMs: expect.any(Number) };
  await does(kick, [client], undefined, "client.kick", { ...its, before: connection });
  await does("POST /kick", [], { user: "nobody" }, "clients.kick", { before: null });
  await connect();
  const list = `/clients?state=connected&prefix=${client}`;
  await eventually("it is listed", async () => (await manage("GET", list)).items.length === 1);
  const those = { before: { connected: 1, clients: [client] } };
  await does("POST /kick", [], { prefix: client }, "clients.kick", those);
  const away = { state: "away", subscriptions: 1 };
  await does("DELETE /sessions/{clientId}", [client], undefined, "session.end", { ...its, before: away });
  const retain = () => manage("PUT", `/retained/${client}`, { payload: "four", qos: 1 });
  const message = { topic: client, qos: 1, payloadBytes: 4, expiresAtMs: null };
  await retain();
  await does("DELETE /retained/{topic}", [client], undefined, "retained.delete", { ...its, before: message });
  await retain();
  const cleared = { before: { messages: 1, largest: [message] } };
  await does(`DELETE /retained?filter=${client}`, [], undefined, "retained.clear", { ...its, ...cleared });

  const changing = routes.filter(({ method }) => method !== "GET").map(({ method, path }) => `${method} ${path}`);
  const left = changing.filter((route) => !called.has(route) && !testedElsewhere.some((one) => one.test(route)));
  expect(left.sort()).toEqual(notAdministrative.sort());
});
