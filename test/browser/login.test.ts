// Logging in and out, and what a key may do.

import { expect, test } from "vitest";
import { useDashboard } from "./support/browse.ts";

const dashboard = useDashboard();

test("a wrong key is refused with words about what to do, and the right one opens the page", async () => {
  const page = await dashboard.visit({ key: "" });
  await page.getByLabel("API key").fill("nothing that anybody was given");
  await page.getByRole("button", { name: "Log in" }).click();
  await page.getByRole("alert").getByText("An API key is needed.").waitFor();
  await page.getByRole("alert").getByText("Send a valid key").waitFor();
});

test("the key stays in the tab: not in the address, not in lasting storage; logging out forgets it", async () => {
  const page = await dashboard.visit();
  const kept = () => page.evaluate(() => [sessionStorage.length, JSON.stringify(localStorage), document.cookie]);
  expect(await kept()).toEqual([1, "{}", ""]);
  await page.reload();
  await page.getByRole("heading", { name: "Overview", level: 1 }).waitFor();
  await page.getByRole("button", { name: "Log out" }).click();
  await page.getByLabel("API key").waitFor();
  expect(await kept()).toEqual([0, "{}", ""]);
});

test("a key that is deleted meanwhile leads back to the login, with the reason", async () => {
  const made = await dashboard.api("POST", "/api-keys", { name: "short", scopes: ["read"] });
  const { key, id } = (await made.json()) as { key: string; id: string };
  const page = await dashboard.visit({ key });
  expect(await page.getByRole("link", { name: "API keys" }).count()).toBe(0);
  await page.getByRole("link", { name: "Users" }).click();
  await page.getByRole("heading", { name: "Users", level: 1 }).waitFor();
  expect(await page.getByRole("button", { name: "New user" }).count()).toBe(0);
  await dashboard.api("DELETE", `/api-keys/${id}`);
  await page.getByRole("link", { name: "Bans" }).click();
  await page.getByText("The key is not known any more").waitFor();
  await page.getByLabel("API key").waitFor();
});
