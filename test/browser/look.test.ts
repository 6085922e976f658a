// Every page, filled: in light and dark and on a phone, for whoever uses a keyboard or a screen reader; and its picture for the
// documentation, written when PICTURES=true.

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import axe, { type RunOptions } from "axe-core";
import type { Page } from "playwright-core";
import { beforeAll, expect, test } from "vitest";
import { useDashboard } from "./support/browse.ts";
import { fill, someTraffic } from "./support/fill.ts";
import { pages } from "./support/pages.ts";

const dashboard = useDashboard();
const pictures = join(import.meta.dirname, "../../docs/images");
const drawsPictures = process.env["PICTURES"] === "true";

beforeAll(async () => {
  mkdirSync(pictures, { recursive: true });
  await fill(dashboard);
});

async function open(page: Page, name: string): Promise<void> {
  const { address, ready, prepare } = pages[name] ?? { address: name, ready: name };
  await page.goto(`${dashboard.origin()}/#/${address}`);
  await prepare?.(page);
  await page.getByText(ready, { exact: true }).first().waitFor();
}

/** Those of axe's default rules that can judge another theme of the same page otherwise. */
const colorRules = ["color-contrast", "link-in-text-block"];

async function problemsOf(page: Page, rules?: string[]): Promise<string[]> {
  await page.evaluate(axe.source);
  const options: RunOptions = { resultTypes: ["violations"], ...(rules === undefined ? {} : { runOnly: rules }) };
  const { violations } = await page.evaluate(
    (given) => (globalThis as unknown as { axe: typeof axe }).axe.run(document, given),
    options,
  );
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 120)).join(" | ")}`);
}

/** As WebP, which is a third of PNG, and which Playwright itself does not offer. */
async function draw(page: Page, name: string): Promise<void> {
  if (!drawsPictures) return;
  const session = await page.context().newCDPSession(page);
  const { data } = await session.send("Page.captureScreenshot", { format: "webp", quality: 75 });
  writeFileSync(join(pictures, `${name}.webp`), Buffer.from(data, "base64"));
}

const names = Object.keys(pages);

test("light and dark: nothing on any page is hard to read or to reach", async () => {
  const page = await dashboard.visit({ width: 1200, height: 720 });
  for (const name of names) {
    await page.emulateMedia({ colorScheme: "light" });
    await open(page, name);
    if (name === "overview" && drawsPictures) await someTraffic(dashboard.brokerUrl(), page);
    expect([name, await problemsOf(page)]).toEqual([name, []]);
    await draw(page, name);
    await page.emulateMedia({ colorScheme: "dark" });
    expect([name, "dark", await problemsOf(page, colorRules)]).toEqual([name, "dark", []]);
    if (name === "overview") await draw(page, "overview-dark");
  }
});

test("a phone: every page fits its width, and the menu opens and leads on", async () => {
  const page = await dashboard.visit({ width: 375, height: 740 });
  for (const name of names) {
    await open(page, name);
    const [needed, given] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
    expect([name, needed]).toEqual([name, given]);
    expect([name, await problemsOf(page)]).toEqual([name, []]);
    if (name === "users") await draw(page, "users-phone");
  }
  expect(await page.getByRole("link", { name: "Settings" }).isVisible()).toBe(false);
  await page.getByRole("button", { name: "Menu" }).click();
  await page.getByRole("link", { name: "Settings" }).click();
  await page.getByRole("heading", { name: "Settings", level: 1 }).waitFor();
  await page.getByRole("link", { name: "Settings" }).waitFor({ state: "hidden" });
});

test("the theme is the device's, unless another is chosen, and the choice is kept", async () => {
  const page = await dashboard.visit({ dark: true });
  const ground = () => page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
  const dark = await ground();
  await page.getByLabel("Theme").selectOption("light");
  const light = await ground();
  expect(light).not.toBe(dark);
  await page.reload();
  await page.getByRole("heading", { name: "Overview", level: 1 }).waitFor();
  expect(await ground()).toBe(light);
  await page.getByLabel("Theme").selectOption("system");
  expect(await ground()).toBe(dark);
});

test("without a mouse: from the heading to the menu and the actions, into a dialog, out of it, and back where it was opened", async () => {
  const page = await dashboard.visit();
  await open(page, "users");
  const focused = () => page.evaluate(() => document.activeElement?.textContent ?? "");
  expect(await focused()).toBe("Users");
  await page.keyboard.press("Shift+Tab");
  expect(await focused()).toBe("Log out");
  await page.keyboard.press("Tab");
  expect(await focused()).toBe("New user");
  await page.keyboard.press("Enter");
  await page.getByRole("dialog", { name: "New user" }).waitFor();
  expect(await page.evaluate(() => document.activeElement?.closest("dialog") !== null)).toBe(true);
  await page.keyboard.type("from-the-keyboard");
  expect(await page.getByLabel("Name", { exact: true }).inputValue()).toBe("from-the-keyboard");
  await page.keyboard.press("Escape");
  await page.getByRole("dialog").waitFor({ state: "detached" });
  expect(await focused()).toBe("New user");
});

test("a broker that is gone is said, and can be asked again", async () => {
  const page = await dashboard.visit();
  await open(page, "users");
  await page.route("**/api/v1/groups*", (route) => route.fulfill({ status: 503, body: "{}" }), { times: 1 });
  await page.getByRole("link", { name: "Groups" }).click();
  await page.getByText("The broker answered with status 503.").waitFor();
  await page.getByRole("button", { name: "Try again" }).click();
  await page.getByText("sensors", { exact: true }).first().waitFor();
});
