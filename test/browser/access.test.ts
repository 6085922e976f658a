// Whoever Cloudflare Access lets through needs no key: the page opens at once, offers what the deployment grants to this address, and the
// audit log names it. Access itself is a stand-in on this machine: see support/access-proxy.ts for what it does of what the real one does.

import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { testAdminKey } from "../support/admin-key.ts";
import { startBroker, type TestBroker } from "../support/broker.ts";
import { AccessProxy, audience } from "./support/access-proxy.ts";
import { useDashboard } from "./support/browse.ts";

let access: AccessProxy;
let broker: TestBroker;

beforeAll(async () => {
  access = await AccessProxy.start();
  broker = await startBroker({
    env: {
      ADMIN_KEY: testAdminKey,
      CF_ACCESS_TEAM: access.origin,
      CF_ACCESS_AUDIENCE: audience,
      CF_ACCESS_SCOPES: "anna@example.com=admin, @example.com=read",
    },
  });
  access.target = broker.url.replace(/^ws/, "http");
});
afterAll(async () => {
  await broker?.stop();
  await access?.stop();
});

const dashboard = useDashboard(() => access.origin.replace(/^http/, "ws"));

async function visitAs(email: string): Promise<Page> {
  access.email = email;
  return dashboard.visit({ key: "" });
}

test("who may administer is in without a key, changes something, and stands in the audit log by address", async () => {
  const page = await visitAs("anna@example.com");
  await page.getByRole("heading", { name: "Overview", level: 1 }).waitFor();
  await page.getByText("access:anna@example.com").waitFor();
  expect(await page.evaluate(() => [sessionStorage.length, localStorage.length, document.cookie])).toEqual([0, 0, ""]);
  await page.getByRole("link", { name: "Groups" }).click();
  await page.getByRole("button", { name: "New group" }).click();
  await page.getByRole("dialog").getByLabel("Name").fill("by-access");
  await page.getByRole("button", { name: "Create group" }).click();
  await page.getByText("The group is made.").waitFor();
  await page.getByRole("link", { name: "Audit log" }).click();
  await page.getByRole("row", { name: /access:anna@example\.com .*group\.create/ }).waitFor();
  await page.reload();
  await page.getByRole("heading", { name: "Audit log", level: 1 }).waitFor();
});

test("who may look is offered nothing else", async () => {
  const page = await visitAs("ben@example.com");
  await page.getByText("access:ben@example.com").waitFor();
  expect(await page.getByRole("link", { name: "API keys" }).count()).toBe(0);
  await page.getByRole("link", { name: "Groups" }).click();
  await page.getByRole("heading", { name: "Groups", level: 1 }).waitFor();
  expect(await page.getByRole("button", { name: "New group" }).count()).toBe(0);
});

test("who is granted nothing gets no further than the login, reads why, and can show a key", async () => {
  const page = await visitAs("eve@elsewhere.example");
  await page.getByText("Cloudflare Access knows you, but this deployment grants you nothing").waitFor();
  await page.getByLabel("API key").fill(testAdminKey);
  await page.getByRole("button", { name: "Log in" }).click();
  await page.getByRole("heading", { name: "Overview", level: 1 }).waitFor();
  await page.getByText("ADMIN_KEY").waitFor();
});

test("whose session at Access is over is told to load the page again, and is in when that is done", async () => {
  const page = await visitAs("anna@example.com");
  await page.getByRole("heading", { name: "Overview", level: 1 }).waitFor();
  // The page asks again by itself.
  await page.context().clearCookies();
  await page.getByText("Your session at Cloudflare Access is over. Load this page again").waitFor();
  await page.reload();
  await page.getByRole("heading", { name: "Overview", level: 1 }).waitFor();
});
