// What an installation in use has, so that every page has something to show.

import { setTimeout as pause } from "node:timers/promises";
import type { Page } from "playwright-core";
import { TestClient } from "../../support/client.ts";
import type { Dashboard } from "./browse.ts";

const hourMs = 3_600_000;

export async function fill({ api, brokerUrl }: Dashboard): Promise<void> {
  const post = async (path: string, body: unknown) => {
    const answer = await api("POST", path, body);
    if (!answer.ok) throw new Error(`POST ${path}: ${answer.status} ${await answer.text()}`);
  };
  await post("/groups", {
    name: "sensors",
    comment: "Everything that only measures",
    limits: { queueMessagesMax: 500 },
  });
  await post("/groups", { name: "operators", comment: "People on duty" });
  await post("/users", { name: "line-7", password: "measures-all-day", groups: ["sensors"], comment: "Press, hall 2" });
  await post("/users", { name: "line-8", password: "measures-all-day", groups: ["sensors"], comment: "Mill, hall 2" });
  await post("/users", { name: "gateway", groups: [], comment: "Shows a token" });
  await post("/users", { name: "night-shift", password: "does-not-measure", groups: ["operators"], disabled: true });
  await post("/users/line-7/keys", { comment: "Spare part 12" });
  const rule = (position: number, rest: object) =>
    post("/rules", { position, effect: "allow", action: "all", ...rest });
  await rule(100, {
    effect: "deny",
    action: "publish",
    subjectKind: "everyone",
    filter: "plant/+/order",
    comment: "Orders come from the office",
  });
  await rule(200, { action: "publish", subjectKind: "group", subject: "sensors", filter: "plant/%u/#", qos: [0, 1] });
  await rule(300, { action: "subscribe", subjectKind: "group", subject: "operators", filter: "plant/#" });
  await rule(400, { action: "publish", subjectKind: "user", subject: "line-7", filter: "hall/2/door", retain: true });
  await post("/bans", {
    kind: "client",
    value: "meter-0042",
    untilMs: Date.now() + 6 * hourMs,
    comment: "Connects in a loop",
  });
  await post("/bans", { kind: "address", value: "203.0.113.9", comment: "Tried passwords" });
  await post("/api-keys", { name: "grafana", scopes: ["read"] });
  await post("/api-keys", { name: "on duty", scopes: ["operate"], expiresAtMs: Date.now() + 24 * hourMs });
  const kept = { subscriptions: [{ filter: "plant/line-7/#", qos: 1 }] };
  const provisioned = await api("PUT", "/sessions/archive", kept);
  if (!provisioned.ok) throw new Error(`PUT /sessions: ${provisioned.status} ${await provisioned.text()}`);
  await post("/webhooks", {
    name: "orders",
    url: "http://127.0.0.1:9/orders",
    filters: ["plant/+/order"],
    events: ["client.connected", "client.disconnected"],
    comment: "To the office",
  });
  const template = {
    position: 100,
    pattern: "meter-*",
    subscriptions: [{ filter: "plant/%c/order", qos: 1 }],
    limits: { queueMessagesMax: 200, queuePolicy: "drop-oldest" },
    comment: "All meters of hall 2",
  };
  const made = await api("PUT", "/templates/hall-2", template);
  if (!made.ok) throw new Error(`PUT /templates: ${made.status} ${await made.text()}`);
  await post("/traces", { target: { kind: "topic", value: "plant/+/order" }, seconds: 3_600 });
  await post("/traces", { target: { kind: "client", value: "line-7" }, seconds: 1_800, payload: true });
  await TestClient.connect(brokerUrl(), { version: 5, clientId: "meter-0042" }).catch(() => {});
  await talk(brokerUrl());
}

/** Clients that stay, and some messages between them. */
async function talk(url: string): Promise<void> {
  const reader = await TestClient.connect(url, { version: 5, clientId: "control-room", persistent: true });
  await reader.subscribe(["plant/#", "$share/archive/hall/#"]);
  const writer = await TestClient.connect(url, { version: 5, clientId: "line-7", persistent: true });
  await TestClient.connect(url, { clientId: "line-8" });
  for (let count = 0; count < 20; count++) {
    await writer.publish("plant/line-7/state", JSON.stringify({ level: count, running: true }));
  }
  await writer.publish("hall/2/press/status", '{"state":"running","since":"06:00","order":4711}', 1, true);
  await writer.publish("hall/2/press/name", "Press", 1, true);
  await writer.publish("hall/2/mill/name", "Mill", 1, true);
  await writer.publish("hall/2/temperature", "21.5", 1, true);
  await writer.publish("hall/1/temperature", "19.0", 1, true);
  await reader.take(20);
}

/** Half a minute of messages, for a picture of the overview: some of them refused. */
export async function someTraffic(url: string, page: Page): Promise<void> {
  const client = await TestClient.connect(url, { version: 5, clientId: "line-9" });
  await client.subscribe("plant/line-9/#");
  const endMs = Date.now() + 30_000;
  for (let round = 0; Date.now() < endMs; round++) {
    const count = Math.round(30 + 20 * Math.sin(round / 9) + 8 * Math.sin(round / 2));
    for (let each = 0; each < count; each++) {
      client.mqtt.publish("plant/line-9/state", `${each}`, { qos: 1 });
    }
    if (round % 20 === 7) client.mqtt.subscribe("$share/group/", () => {});
    await pause(500);
  }
  await page.waitForTimeout(500);
}
