// The pages there are, and by which text one sees that a page shows what it is for.

import type { Page } from "playwright-core";

interface PageToSee {
  /** Behind `#/`. */
  readonly address: string;
  readonly ready: string;
  /** What to do there first. */
  readonly prepare?: (page: Page) => Promise<void>;
}

async function chooseTopic(page: Page): Promise<void> {
  await page.getByRole("button", { name: /^status/ }).click();
}

async function openTrace(page: Page): Promise<void> {
  await page.getByRole("link", { name: "line-7" }).click();
  await page
    .getByRole("row", { name: /PUBACK/ })
    .first()
    .waitFor();
}

async function openConnection(page: Page): Promise<void> {
  await page.getByRole("button", { name: "New connection" }).first().click();
  await page.getByLabel("Client id").fill("console-1");
  await page.getByRole("button", { name: "Connect", exact: true }).click();
  await page.getByText("Connected, with a new session.").first().waitFor();
  await page.getByLabel("Topic filter").fill("plant/#");
  await page.getByRole("button", { name: "Subscribe", exact: true }).click();
  await page.getByText("Subscribed to plant/#.").waitFor();
  await page.getByLabel("Topic", { exact: true }).fill("plant/line-7/state");
  await page.getByLabel("Payload", { exact: true }).fill('{ "level": 21, "running": true }');
  await page.getByRole("button", { name: "Publish", exact: true }).click();
  await page.getByRole("button", { name: /^plant\/line-7\/state/ }).click();
}

export const pages: Readonly<Record<string, PageToSee>> = {
  overview: { address: "overview", ready: "Messages a second" },
  clients: { address: "clients", ready: "control-room" },
  client: { address: "clients/control-room", ready: "plant/#" },
  templates: { address: "templates", ready: "All meters of hall 2" },
  subscriptions: { address: "subscriptions", ready: "archive" },
  topics: { address: "topics", ready: "hall/2/press/status", prepare: chooseTopic },
  webhooks: { address: "webhooks", ready: "To the office" },
  webhook: { address: "webhooks/orders", ready: "No dead letters" },
  traces: { address: "traces", ready: "plant/+/order" },
  trace: { address: "traces", ready: "Trace of line-7", prepare: openTrace },
  console: { address: "console", ready: "Acknowledged: it is durable.", prepare: openConnection },
  users: { address: "users", ready: "night-shift" },
  user: { address: "users/line-7", ready: "Spare part 12" },
  groups: { address: "groups", ready: "Everything that only measures" },
  rules: { address: "rules", ready: "Orders come from the office" },
  refused: { address: "refused/meter-0042", ready: "Why it was refused" },
  bans: { address: "bans", ready: "meter-0042" },
  "api-keys": { address: "api-keys", ready: "grafana" },
  settings: { address: "settings", ready: "QUEUE_POLICY" },
  transfer: { address: "transfer", ready: "Download a backup" },
  audit: { address: "audit", ready: "ban.put" },
};
