// Who is subscribed to what, across sessions: found by filter and by client, in pages, added and removed on a client's behalf.

import { expect, test } from "vitest";
import { TestClient } from "../support/client.ts";
import { eventually } from "../support/eventually.ts";
import { useDashboard } from "./support/browse.ts";

const dashboard = useDashboard();

test("a subscription is found by its filter and its client, with its share group; one is added and removed on a client's behalf", async () => {
  const client = await TestClient.connect(dashboard.brokerUrl(), {
    version: 5,
    clientId: "listed/one",
    persistent: true,
  });
  await client.subscribe(["listed/+/state", "$share/workers/listed/jobs"], 1);
  const other = await TestClient.connect(dashboard.brokerUrl(), { version: 5, clientId: "listed/two" });
  await other.subscribe("listed/+/state", 0);
  const page = await dashboard.visit();
  await page.getByRole("link", { name: "Subscriptions" }).click();
  const search = async (filter: string, prefix: string) => {
    await page.getByLabel("This topic filter").fill(filter);
    await page.getByLabel("Client id begins with").fill(prefix);
    await page.getByRole("button", { name: "Search" }).click();
  };
  await search("listed/+/state", "");
  await page.getByRole("row", { name: /listed\/one listed\/\+\/state none 1/ }).waitFor();
  await page.getByRole("row", { name: /listed\/two listed\/\+\/state none 0/ }).waitFor();
  await search("", "listed/one");
  await page.getByRole("row", { name: /listed\/one listed\/jobs workers 1/ }).waitFor();
  await page.getByRole("row", { name: /listed\/two/ }).waitFor({ state: "detached" });
  await search("listed/nobody", "");
  await page.getByText("No subscription matches").waitFor();

  await search("", "listed/one");
  await page.getByRole("button", { name: "Add subscription" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Client id").fill("listed/one");
  await dialog.getByLabel("Topic filter").fill("listed/added");
  await dialog.getByRole("button", { name: "Subscribe" }).click();
  const added = page.getByRole("row", { name: /listed\/one listed\/added none 1/ });
  await added.waitFor();
  await other.publish("listed/added", "for one", 1);
  expect((await client.take(1))[0]).toMatchObject({ topic: "listed/added", payload: "for one" });
  await added.getByRole("button", { name: "Remove" }).click();
  await dialog.getByRole("button", { name: "Remove" }).click();
  await page.getByText("The subscription is gone.").waitFor();
  await added.waitFor({ state: "detached" });
  await page
    .getByRole("row", { name: /workers/ })
    .getByRole("link")
    .click();
  await page.getByRole("heading", { name: "listed/one", level: 1 }).waitFor();
  await page.getByRole("row", { name: /listed\/jobs workers 1/ }).waitFor();
});

test("more than a page of them comes page by page", async () => {
  const client = await TestClient.connect(dashboard.brokerUrl(), { version: 5, clientId: "many-subscriptions" });
  const filters = Array.from({ length: 130 }, (_, index) => `many/${index}/x`);
  for (let from = 0; from < filters.length; from += 65) await client.subscribe(filters.slice(from, from + 65), 0);
  const page = await dashboard.visit();
  await page.goto(`${dashboard.origin()}/#/subscriptions`);
  await page.getByLabel("Client id begins with").fill("many-subscriptions");
  await page.getByRole("button", { name: "Search" }).click();
  const rows = page.getByRole("row", { name: /^many-subscriptions/ });
  const more = page.getByRole("button", { name: "Show more" });
  await rows.first().waitFor();
  for (let round = 0; round < 50 && (await more.count()) > 0; round++) {
    const before = await rows.count();
    expect(before).toBeLessThan(filters.length);
    await more.click();
    await eventually("there are more", async () => (await rows.count()) > before || (await more.count()) === 0);
  }
  expect(await rows.count()).toBe(filters.length);
});
