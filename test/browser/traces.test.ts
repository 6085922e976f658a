// Traces as an operator follows them: messages with their payloads, from the first that was recorded to the last.

import { expect, test } from "vitest";
import { TestClient } from "../support/client.ts";
import { useDashboard } from "./support/browse.ts";

const dashboard = useDashboard();

test("what a filter matches is followed, from the beginning, with payloads; a trace can be begun at a client", async () => {
  const writer = await TestClient.connect(dashboard.brokerUrl(), { version: 5, clientId: "traced/writer" });
  const page = await dashboard.visit();
  await page.goto(`${dashboard.origin()}/#/traces`);
  await page.getByRole("button", { name: "New trace" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("What to follow").selectOption("topic filter");
  await dialog.getByLabel("Which").fill("traced/#/wrong");
  await dialog.getByRole("button", { name: "Begin trace" }).click();
  await dialog.getByRole("alert").waitFor();
  await dialog.getByLabel("Which").fill("traced/+");
  await dialog.getByLabel("With payloads").check();
  await dialog.getByRole("button", { name: "Begin trace" }).click();
  await page.getByText("Nothing has happened yet").waitFor();
  await writer.publish("traced/one", "seen on the page", 1);
  await page.getByRole("row", { name: /shard .*traced\/one .*to 0 sessions .*"seen on the page"/ }).waitFor();

  await page.goto(`${dashboard.origin()}/#/clients/${encodeURIComponent("traced/writer")}`);
  await page.getByRole("button", { name: "Trace", exact: true }).click();
  await dialog.getByRole("button", { name: "Begin trace" }).click();
  await page.getByRole("heading", { name: "Trace of traced/writer", level: 1 }).waitFor();
  await writer.publish("traced/two", "not on this page", 1);
  await page.getByRole("row", { name: /session traced\/writer → PUBLISH .*traced\/two/ }).waitFor();
  await page.getByRole("row", { name: /session traced\/writer ← PUBACK/ }).waitFor();
  expect(await page.getByText("not on this page").count()).toBe(0);
  await page.getByRole("cell", { name: "traced/writer" }).first().getByRole("link").click();
  await page.getByRole("heading", { name: "traced/writer", level: 1 }).waitFor();
});

test("a trace with payloads is not shown to a key that may not see them, and says so; one that is gone is not there", async () => {
  const target = { kind: "client", value: "traced-secretly" };
  const begun = await dashboard.api("POST", "/traces", { target, payload: true });
  const { id } = (await begun.json()) as { id: string };
  const made = await dashboard.api("POST", "/api-keys", { name: "reads traces", scopes: ["read"] });
  const { key } = (await made.json()) as { key: string };
  const page = await dashboard.visit({ key });
  await page.goto(`${dashboard.origin()}/#/traces/${id}`);
  await page.getByRole("alert").getByText('A trace with payloads needs the scope "operate".').waitFor();
  expect(await page.getByRole("button", { name: "Delete" }).count()).toBe(0);
  await dashboard.api("DELETE", `/traces/${id}`);
  await page.reload();
  await page.getByRole("alert").first().getByText(/trace/).waitFor();
});
