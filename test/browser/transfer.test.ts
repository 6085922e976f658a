// Tables as files: out of the page and into it; and a backup.

import { readFileSync } from "node:fs";
import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { useDashboard } from "./support/browse.ts";

const dashboard = useDashboard();

async function downloaded(page: Page, button: string): Promise<{ readonly name: string; readonly text: string }> {
  const [file] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("button", { name: button, exact: true }).click(),
  ]);
  return { name: file.suggestedFilename(), text: readFileSync(await file.path(), "utf8") };
}

test("groups go out as CSV, are tried, refused, and come back in as they were", async () => {
  await dashboard.api("POST", "/groups", { name: "moved", comment: "=goes along", limits: { queueMessagesMax: 7 } });
  const page = await dashboard.visit();
  await page.getByRole("link", { name: "Export and import" }).click();
  await page.getByLabel("What").selectOption("groups");
  const { name, text } = await downloaded(page, "Export");
  expect(name).toBe("groups.csv");
  expect(text).toMatch(/^name,/);
  expect(text).toContain("moved,");

  await page.getByLabel("Into").selectOption("groups");
  const give = (content: string, file = "groups.csv") =>
    page.getByLabel("File:").setInputFiles({ name: file, mimeType: "", buffer: Buffer.from(content) });
  const bring = () => page.getByRole("button", { name: "Import", exact: true }).click();
  await give(text);
  await bring();
  await page.getByRole("alert").waitFor();
  await dashboard.api("DELETE", "/groups/moved");
  const only = text.split("\r\n").filter((line) => line.startsWith("name,") || line.startsWith("moved,"));
  await give(`${only.join("\r\n")}\r\n`);
  await page.getByLabel("Only try").check();
  await bring();
  await page.getByText("It would be: 1 new, 0 replaced, 0 left as they were. Nothing was changed.").waitFor();
  expect((await dashboard.api("GET", "/groups/moved")).status).toBe(404);
  await page.getByLabel("Only try").uncheck();
  await bring();
  await page.getByText("Imported: 1 new, 0 replaced, 0 left as they were.").waitFor();
  const moved = await (await dashboard.api("GET", "/groups/moved")).json();
  expect(moved).toMatchObject({ comment: "=goes along", limits: { queueMessagesMax: 7 } });

  await give('[{"name":"moved","limits":{"queueMessagesMax":"many"}}]', "groups.json");
  await bring();
  await page.getByRole("alert").getByText("queueMessagesMax").waitFor();
});

test("a backup is downloaded whole: its head first, the last page at its end", async () => {
  await dashboard.api("PUT", "/sessions/in-the-backup", { subscriptions: [{ filter: "kept/#", qos: 1 }] });
  const page = await dashboard.visit();
  await page.goto(`${dashboard.origin()}/#/transfer`);
  const { name, text } = await downloaded(page, "Download a backup");
  expect(name).toMatch(/^durablemq-.*\.backup$/);
  const lines = text
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
  expect(lines[0]).toMatchObject({ kind: "backup", version: expect.any(Number) });
  expect(lines.at(-1)).toMatchObject({ kind: "page", next: null });
  expect(lines).toContainEqual(expect.objectContaining({ kind: "session", clientId: "in-the-backup" }));
  await page.getByText(`${name}: `).waitFor();
});
