// The topic tree: what is retained is there, is shown in full, and goes when it is deleted.

import { expect, test } from "vitest";
import { TestClient } from "../support/client.ts";
import { useDashboard } from "./support/browse.ts";

const dashboard = useDashboard();

test("a retained value is found in the tree, read, and deleted", async () => {
  const client = await TestClient.connect(dashboard.brokerUrl(), { version: 5 });
  await client.publish("tree/one/value", '{"level":1}', 1, true);
  await client.publish("tree/one/other", "kept", 1, true);
  const page = await dashboard.visit();
  await page.getByRole("link", { name: "Topics" }).click();
  await page.getByLabel("Topic filter").fill("tree/#");
  await page.getByRole("button", { name: "Show", exact: true }).click();
  await page.getByRole("button", { name: /^value/ }).click();
  expect(await page.locator("pre").textContent()).toBe('{\n  "level": 1\n}');
  await page.getByRole("button", { name: "Delete", exact: true }).click();
  await page.getByRole("button", { name: "Delete message" }).click();
  await page.getByText("The retained message is gone.").waitFor();
  await page.getByRole("button", { name: /^value/ }).waitFor({ state: "detached" });
  await page.getByRole("button", { name: /^other/ }).waitFor();
  expect((await dashboard.api("GET", "/retained/tree%2Fone%2Fvalue")).status).toBe(404);
});

test("what a filter matches is cleared, and nothing else", async () => {
  const client = await TestClient.connect(dashboard.brokerUrl(), { version: 5 });
  for (const topic of ["clear/a/x", "clear/a/y", "clear/b/x"]) await client.publish(topic, "1", 1, true);
  const page = await dashboard.visit();
  await page.getByRole("link", { name: "Topics" }).click();
  await page.getByLabel("Topic filter").fill("clear/#");
  await page.getByRole("button", { name: "Show", exact: true }).click();
  await page.getByRole("button", { name: /^y/ }).waitFor();
  await page.getByRole("button", { name: "Clear by filter" }).click();
  await page.getByRole("dialog").getByLabel("Topic filter").fill("clear/a/+");
  await page.getByRole("button", { name: "Delete messages" }).click();
  await page.getByText("Retained messages that are gone: 2.").waitFor();
  await page.getByRole("button", { name: /^y/ }).waitFor({ state: "detached" });
  await page.getByRole("button", { name: /^x/ }).waitFor();
});
