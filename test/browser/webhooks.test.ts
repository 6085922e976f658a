// A webhook from its making to its end: what it delivers, what it does not, and what can be done about that.

import { afterAll, beforeAll, expect, test } from "vitest";
import { TestClient } from "../support/client.ts";
import { eventually } from "../support/eventually.ts";
import { WebhookEndpoint } from "../support/webhook-endpoint.ts";
import { useDashboard } from "./support/browse.ts";

const dashboard = useDashboard();
const endpoint = new WebhookEndpoint();

beforeAll(() => endpoint.start());
afterAll(() => endpoint.stop());

test("it is made, delivers, is refused and keeps a dead letter, sends that again, is paused and deleted", async () => {
  const page = await dashboard.visit();
  await page.getByRole("link", { name: "Webhooks" }).click();
  await page.getByRole("button", { name: "New webhook" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Name").fill("browser-orders");
  await dialog.getByLabel("Address").fill("ftp://example.com");
  await dialog.getByLabel("Topic filters").fill("browser/orders/#");
  await dialog.getByRole("button", { name: "Create webhook" }).click();
  await dialog.getByRole("alert").waitFor();
  await dialog.getByLabel("Address").fill(endpoint.url);
  await dialog.getByLabel("client.connected").check();
  await dialog.getByRole("button", { name: "Create webhook" }).click();
  endpoint.secret = (await page.locator("output.secret").textContent()) ?? "";
  await page.getByRole("button", { name: "I have kept it" }).click();
  await page.getByRole("row", { name: /browser-orders http:\/\/127\.0\.0\.1.* active/ }).waitFor();
  await page.getByRole("link", { name: "browser-orders" }).click();

  const client = await TestClient.connect(dashboard.brokerUrl(), { version: 5, clientId: "browser-orderer" });
  await client.publish("browser/orders/1", "taken", 1);
  await eventually("both are delivered", () => {
    const of = (type: string, name: string, value: string) =>
      endpoint.items.some((item) => item.type === type && item.data[name] === value);
    return of("message", "topic", "browser/orders/1") && of("client.connected", "clientId", "browser-orderer");
  });
  expect(endpoint.received.every(({ isSigned }) => isSigned)).toBe(true);
  await page.getByText(/^\d+ in \d+ batch/).waitFor();
  await page.getByText("No dead letters").waitFor();

  endpoint.mood = () => "refusing";
  await client.publish("browser/orders/2", "not taken", 1);
  await eventually("its dead letter is kept", async () => {
    const answer = await dashboard.api("GET", "/webhooks/browser-orders/dead-letters");
    const { items } = (await answer.json()) as { items: unknown[] };
    return items.length > 0;
  });
  // The list is read when somebody asks for it.
  await page.reload();
  // What a webhook gets may come twice.
  const letter = page.getByRole("row", { name: /Send again/ }).first();
  await letter.getByRole("button", { name: "Look" }).click();
  await dialog.getByText("browser/orders/2").waitFor();
  await dialog.getByRole("button", { name: "Close" }).click();
  endpoint.mood = () => "good";
  await letter.getByRole("button", { name: "Send again" }).click();
  await page.getByText("1 batch to be sent again.").waitFor();
  await eventually("it is delivered after all", () =>
    endpoint.items.some(({ data }) => data.topic === "browser/orders/2"),
  );

  await page.getByRole("button", { name: "Send a test" }).click();
  await page.getByText("The test was taken.").waitFor();
  await page.getByRole("button", { name: "Pause" }).click();
  await page.getByText("paused", { exact: true }).waitFor();
  await page.getByRole("button", { name: "Delete", exact: true }).click();
  await dialog.getByRole("button", { name: "Delete webhook" }).click();
  await page.getByText("The webhook is gone.").waitFor();
  await page.getByRole("link", { name: "browser-orders" }).waitFor({ state: "detached" });
  expect((await dashboard.api("GET", "/webhooks/browser-orders")).status).toBe(404);
});
