// A broker that lets nobody in without credentials: the console says why it was refused, and so does the page for who looks after it.

import { inject, test } from "vitest";
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
