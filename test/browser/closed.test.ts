// A broker that lets nobody in without credentials: the console says why it was refused, and so does the page for who looks after it.

import { readFileSync } from "node:fs";
import { expect, inject, test } from "vitest";
import { TestClient } from "../support/client.ts";
import { useDashboard } from "./support/browse.ts";

const dashboard = useDashboard(() => inject("closedBrokerUrl"));

test("a connection without credentials is refused, and the reason is there to read", async () => {
  const page = await dashboard.visit();
  await page.getByRole("link", { name: "Console" }).click();
  await page.getByRole("button", { name: "New connection" }).click();
  const clientId = await page.getByLabel("Client id").inputValue();
  await page.getByRole("button", { name: "Connect", exact: true }).click();
  await page.getByText("The broker refused the connection: Not authorized (0x87)").first().waitFor();
  await page.getByRole("link", { name: "Overview" }).click();
  await page.getByRole("cell", { name: /not.authorized/i }).waitFor();
  await page.getByRole("link", { name: "Refused" }).click();
  await page.getByLabel("Client id").fill(clientId);
  await page.getByRole("button", { name: "Ask why" }).click();
  await page.getByRole("row", { name: /not.authorized/i }).waitFor();
});

test("a client is traced: its refusal with the reason appears as it happens, is downloaded, stopped, read again and deleted", async () => {
  const page = await dashboard.visit();
  await page.getByRole("link", { name: "Traces" }).click();
  await page.getByRole("button", { name: "New trace" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Which").fill("browser-stranger");
  await dialog.getByRole("button", { name: "Begin trace" }).click();
  await page.getByRole("heading", { name: "Trace of browser-stranger", level: 1 }).waitFor();
  await page.getByText("Nothing has happened yet").waitFor();
  const connecting = TestClient.connect(dashboard.brokerUrl(), { version: 5, clientId: "browser-stranger" });
  await expect(connecting).rejects.toThrow();
  await page.getByRole("row", { name: /^\d\d:\d\d:\d\d\.\d{3} edge browser-stranger connect .*MQTT 5\.0/ }).waitFor();
  await page.getByRole("row", { name: /edge browser-stranger refused .*not.authorized/i }).waitFor();
  await page.getByLabel("Only with these words").fill("REFUSED");
  await page.getByRole("row", { name: / connect / }).waitFor({ state: "detached" });
  await page.getByLabel("Only with these words").fill("teapot");
  await page.getByText("No event has these words").waitFor();

  const [file] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("button", { name: "Download" }).click(),
  ]);
  const lines = readFileSync(await file.path(), "utf8")
    .trimEnd()
    .split("\n");
  const events = lines.map((line): { what: string; clientId: string } => JSON.parse(line));
  expect(events).toContainEqual(expect.objectContaining({ what: "refused", clientId: "browser-stranger" }));
  expect(file.suggestedFilename()).toMatch(/^trace-\w+\.ndjson$/);

  await page.getByRole("button", { name: "Stop" }).click();
  await page.getByText("it was stopped").waitFor();
  await page.getByText(`${events.length} events in all`).waitFor();
  await page.reload();
  await page.getByRole("row", { name: /refused/ }).waitFor();
  await page.getByText(`${events.length} events in all`).waitFor();
  await page.getByRole("link", { name: "← Traces" }).click();
  await page.getByRole("row", { name: /browser-stranger client id over/ }).waitFor();
  await page.getByRole("button", { name: "Delete" }).click();
  await dialog.getByRole("button", { name: "Delete trace" }).click();
  await page.getByText("No traces", { exact: true }).waitFor();
});
