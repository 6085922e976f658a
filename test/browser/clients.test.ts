// Clients as an operator meets them: one appears, is looked at, is kicked; one is refused, and why is there to read; one has yet
// to come, and its messages are kept.

import { expect, test } from "vitest";
import { TestClient } from "../support/client.ts";
import { eventually } from "../support/eventually.ts";
import { useDashboard } from "./support/browse.ts";

const dashboard = useDashboard();

test("a client that connects appears in the list without loading it again, is looked at and kicked", async () => {
  const page = await dashboard.visit();
  await page.getByRole("link", { name: "Clients" }).click();
  await page.getByLabel("Client id begins with").fill("browser/seen");
  await page.getByRole("button", { name: "Search" }).click();
  await page.getByText("No client matches").waitFor();
  const client = await TestClient.connect(dashboard.brokerUrl(), {
    version: 5,
    clientId: "browser/seen",
    persistent: true,
  });
  await client.subscribe("seen/+/state", 1);
  const row = page.getByRole("row", { name: /browser\/seen connected/ });
  await row.getByRole("link").click();
  await page.getByRole("heading", { name: "browser/seen", level: 1 }).waitFor();
  await page.getByRole("cell", { name: "seen/+/state" }).waitFor();
  await page.getByText("5.0", { exact: true }).waitFor();
  await page.getByRole("button", { name: "Kick" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Kick" }).click();
  await page.getByText("The client was disconnected.").waitFor();
  await eventually("it is told", () => client.isClosed);
  expect(client.disconnect?.reasonCode).toBe(0x98);
  await page.getByText("away", { exact: true }).waitFor();
});

test("a client whose name no address can hold is listed, and its page says what can be done about it", async () => {
  await TestClient.connect(dashboard.brokerUrl(), { clientId: "..", persistent: true });
  const page = await dashboard.visit();
  await page.goto(`${dashboard.origin()}/#/clients`);
  await page.getByRole("link", { name: "..", exact: true }).click();
  await page.getByText('No address can hold the name ".."').first().waitFor();
  await page.getByText("can be banned").first().waitFor();
});

test("a session template is made, gives a client what it says, is changed and deleted", async () => {
  const page = await dashboard.visit();
  await page.getByRole("link", { name: "Session templates" }).click();
  await page.getByRole("button", { name: "New template" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Name").fill("meters");
  await dialog.getByLabel("Client ids").fill("browser-meter-*");
  await dialog.getByLabel("Subscriptions", { exact: true }).first().fill("meters/%c/# 2\nmeters/all");
  await dialog.getByText("Limits other than").click();
  await dialog.getByLabel("Queued messages").fill("7");
  await dialog.getByRole("button", { name: "Save" }).click();
  await page.getByRole("cell", { name: "meters/%c/# 2, meters/all 1" }).waitFor();
  await TestClient.connect(dashboard.brokerUrl(), { clientId: "browser-meter-1", persistent: true });
  await page.goto(`${dashboard.origin()}/#/clients/browser-meter-1`);
  await page.getByRole("cell", { name: "meters/browser-meter-1/#" }).waitFor();
  await page.getByRole("link", { name: "Session templates" }).click();
  const row = page.getByRole("row", { name: /^meters / });
  await row.getByRole("button", { name: "Change" }).click();
  await dialog.getByLabel("Client ids").fill("browser-counter-*");
  await dialog.getByRole("button", { name: "Save" }).click();
  await page.getByRole("cell", { name: "browser-counter-*" }).waitFor();
  await page.getByRole("cell", { name: "Queued messages: at most 7" }).waitFor();
  await row.getByRole("button", { name: "Delete" }).click();
  await dialog.getByRole("button", { name: "Delete template" }).click();
  await row.waitFor({ state: "detached" });
});

test("why a client was refused is on its page", async () => {
  const client = await TestClient.connect(dashboard.brokerUrl(), { version: 5, clientId: "browser-refused" });
  await client.mqtt.subscribeAsync("$share/group/").catch(() => {});
  const page = await dashboard.visit();
  await page.goto(`${dashboard.origin()}/#/clients/browser-refused`);
  await page.getByRole("row", { name: /subscription-refused/ }).waitFor();
});

test("a session is provisioned, subscribed on its behalf, keeps messages, shows one, and is emptied and ended", async () => {
  const page = await dashboard.visit();
  await page.getByRole("link", { name: "Clients" }).click();
  await page.getByRole("button", { name: "Provision a session" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Client id").fill("browser-to-come");
  await dialog.getByLabel("Subscriptions").fill("come/a\n\n come/b/# ");
  await dialog.getByRole("button", { name: "Make session" }).click();
  await page.getByRole("heading", { name: "browser-to-come", level: 1 }).waitFor();
  await page.getByText("provisioned", { exact: true }).waitFor();
  for (const filter of ["come/a", "come/b/#"]) await page.getByRole("cell", { name: filter, exact: true }).waitFor();

  await page.getByRole("button", { name: "Add subscription" }).click();
  await page.getByRole("dialog").getByLabel("Topic filter").fill("come/#/wrong");
  await page.getByRole("button", { name: "Subscribe" }).click();
  await page.getByRole("alert").waitFor();
  await page.getByRole("dialog").getByLabel("Topic filter").fill("come/c");
  await page.getByRole("button", { name: "Subscribe" }).click();
  await page.getByRole("cell", { name: "come/c", exact: true }).waitFor();

  const writer = await TestClient.connect(dashboard.brokerUrl(), { version: 5 });
  await writer.publish("come/c", '{"kept":true}', 1);
  await page
    .getByRole("row", { name: /come\/c waiting/ })
    .getByRole("button", { name: "Payload" })
    .click();
  expect(await page.locator("pre").textContent()).toBe('{\n  "kept": true\n}');
  await page.getByRole("button", { name: "Close" }).click();
  await page.getByRole("button", { name: "Empty", exact: true }).click();
  await page.getByRole("button", { name: "Empty the queue" }).click();
  await page.getByText("Messages that are gone: 1; that somebody has in hand: 0.").waitFor();
  await page.getByText("Nothing waits for this client").waitFor();

  await page.getByRole("button", { name: "End session" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "End session" }).click();
  await page.getByRole("heading", { name: "Clients", level: 1 }).waitFor();
  expect((await dashboard.api("GET", "/clients/browser-to-come")).status).toBe(404);
});

test("the overview tells how deep queues have become", async () => {
  const page = await dashboard.visit();
  const tile = page.locator(".tile", { hasText: "Queue depth" });
  await tile.getByText("nothing in the last minute").waitFor();
  const absent = await TestClient.connect(dashboard.brokerUrl(), { clientId: "browser/deep", persistent: true });
  await absent.subscribe("browser/deep", 1);
  absent.cut();
  const publisher = await TestClient.connect(dashboard.brokerUrl());
  for (const payload of ["1", "2", "3"]) await publisher.publish("browser/deep", payload, 1);
  await tile.getByText(/99 in 100; half within [0-9]/).waitFor();
});
