// Users, keys, rules and bans, made and taken back by hand: what the page shows is what the API then has.

import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { useDashboard } from "./support/browse.ts";

const dashboard = useDashboard();

async function read(path: string) {
  const answer = await dashboard.api("GET", path);
  // biome-ignore lint/suspicious/noExplicitAny: tests read what they expect to be there.
  return { status: answer.status, body: (await answer.json()) as any };
}

async function open(page: Page, title: string): Promise<void> {
  await page.getByRole("link", { name: title, exact: true }).click();
  await page.getByRole("heading", { name: title, level: 1 }).waitFor();
}

test("a user: what is wrong is said at its field; then made, given a key that is shown once, disabled, deleted", async () => {
  const page = await dashboard.visit();
  await open(page, "Users");
  await page.getByRole("button", { name: "New user" }).click();
  await page.getByLabel("Name", { exact: true }).fill("browser-user");
  await page.getByLabel("Password").fill("short");
  await page.getByRole("button", { name: "Create user" }).click();
  await page.getByRole("alert").waitFor();
  expect(await page.getByLabel("Password").getAttribute("aria-invalid")).toBe("true");
  await page.getByLabel("Password").fill(" long enough ");
  await page.getByRole("button", { name: "Create user" }).click();
  await page.getByRole("heading", { name: "browser-user", level: 1 }).waitFor();

  await page.getByRole("button", { name: "New device key" }).click();
  await page.getByLabel("Comment").fill("on the desk");
  await page.getByRole("button", { name: "Create key" }).click();
  const secret = await page.getByRole("dialog").locator("output").textContent();
  expect(secret?.length).toBeGreaterThan(40);
  await page.getByRole("button", { name: "I have kept it" }).click();
  await page.getByRole("cell", { name: "on the desk" }).waitFor();
  expect(await page.content()).not.toContain(secret);

  await page.getByRole("button", { name: "Change", exact: true }).click();
  await page.getByLabel("Disabled").check();
  await page.getByText("Limits other than").click();
  await page.getByLabel("Queued messages").fill("12");
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByText("disabled", { exact: true }).waitFor();
  await page.getByText("at most 12").waitFor();
  expect((await read("/users/browser-user")).body).toMatchObject({ disabled: true, limits: { queueMessagesMax: 12 } });

  await page.getByRole("button", { name: "Delete", exact: true }).first().click();
  await page.getByRole("button", { name: "Delete user" }).click();
  await page.getByRole("heading", { name: "Users", level: 1 }).waitFor();
  expect((await read("/users/browser-user")).status).toBe(404);
});

test("rules stand in the order in which they are tried, and what they decide can be asked", async () => {
  const page = await dashboard.visit();
  await open(page, "Rules");
  const make = async (position: string, filter: string, effect: string) => {
    await page.getByRole("button", { name: "New rule" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel("Effect").selectOption(effect);
    await dialog.getByLabel("Position").fill(position);
    await dialog.getByLabel("Who").selectOption("everyone");
    await dialog.getByLabel("Topic filter").fill(filter);
    await dialog.getByRole("button", { name: "Create rule" }).click();
    await dialog.waitFor({ state: "detached" });
    await page.getByRole("cell", { name: filter }).waitFor();
  };
  await make("9002", "order/second", "allow");
  await make("9001", "order/first", "deny");
  const cells = await page.getByRole("cell", { name: /^order\// }).allTextContents();
  expect(cells).toEqual(["order/first", "order/second"]);
  const ask = async (topic: string) => {
    await page.getByLabel("Client id").fill("somebody");
    await page.getByLabel("Topic", { exact: true }).fill(topic);
    await page.getByRole("button", { name: "Ask" }).click();
  };
  await ask("order/first");
  await page.getByText("denied", { exact: true }).waitFor();
  await page.getByText("Decided by the rule to deny everything on order/first").waitFor();
  await page.getByText(/POST \/api\/v1\/rules/).waitFor();
  await ask("order/second");
  await page.getByText("allowed", { exact: true }).waitFor();
  await ask("order/+");
  await page.getByRole("alert").waitFor();
  await page
    .getByRole("row", { name: /order\/first/ })
    .getByRole("button", { name: "Delete" })
    .click();
  await page.getByRole("button", { name: "Delete rule" }).click();
  await page.getByRole("cell", { name: "order/first" }).waitFor({ state: "detached" });
  const { body } = await read("/rules?subjectKind=everyone");
  const filters = body.items.map(({ filter }: { filter: string }) => filter);
  expect(filters.filter((filter: string) => filter.startsWith("order/"))).toEqual(["order/second"]);
});

test("a ban is made and lifted; the audit log tells both", async () => {
  const page = await dashboard.visit();
  await open(page, "Bans");
  await page.getByRole("button", { name: "New ban" }).click();
  await page.getByLabel("Who").fill("browser/banned id");
  await page.getByRole("button", { name: "Ban", exact: true }).click();
  const row = page.getByRole("row", { name: /browser\/banned id/ });
  await row.getByRole("button", { name: "Lift" }).click();
  await page.getByRole("button", { name: "Lift ban" }).click();
  await row.waitFor({ state: "detached" });
  await open(page, "Audit log");
  for (const action of ["ban.put", "ban.delete"]) {
    await page.getByRole("row", { name: new RegExp(`${action}.*browser/banned id`) }).waitFor();
  }
});
