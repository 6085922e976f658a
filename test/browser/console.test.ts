// The MQTT console: what one connection publishes, another receives; what the broker refuses is said.

import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { TestClient } from "../support/client.ts";
import { useDashboard } from "./support/browse.ts";

const dashboard = useDashboard();

async function openConsole(page: Page): Promise<void> {
  await page.getByRole("link", { name: "Console" }).click();
  await page.getByRole("button", { name: "New connection" }).first().waitFor();
}

async function connect(page: Page, clientId: string): Promise<void> {
  await page.getByRole("button", { name: "New connection" }).first().click();
  await page.getByLabel("Client id").fill(clientId);
  await page.getByRole("button", { name: "Connect", exact: true }).click();
}

test("two connections: what one publishes, with its properties, the other receives and shows in each form", async () => {
  const page = await dashboard.visit();
  await openConsole(page);
  await connect(page, "console-reader");
  await page.getByText("Connected, with a new session.").first().waitFor();
  await page.getByLabel("Topic filter").fill("plant/+/state");
  await page.getByRole("button", { name: "Subscribe", exact: true }).click();
  await page.getByText("Subscribed to plant/+/state.").waitFor();

  await connect(page, "console-writer");
  await page.getByText("Connected, with a new session.").first().waitFor();
  await page.getByLabel("Topic", { exact: true }).fill("plant/7/state");
  await page.getByLabel("Payload", { exact: true }).fill('{"level":3,"note":"ä"}');
  await page.getByText("Properties", { exact: true }).click();
  await page.getByLabel("Content type").fill("application/json");
  await page.getByLabel("Response topic").fill("plant/7/answers");
  await page.getByLabel("User properties").fill("origin: test\norigin: browser");
  await page.getByRole("button", { name: "Publish", exact: true }).click();
  await page.getByText("Acknowledged: it is durable.").waitFor();

  await page.getByRole("button", { name: "console-reader" }).click();
  await page.getByRole("button", { name: /plant\/7\/state/ }).click();
  const body = page.locator("pre");
  expect(await body.textContent()).toBe('{\n  "level": 3,\n  "note": "ä"\n}');
  for (const text of ["application/json", "plant/7/answers", "test", "browser"]) {
    expect(await page.getByText(text, { exact: true }).count()).toBeGreaterThan(0);
  }
  await page.getByLabel("Show as").selectOption("text");
  expect(await body.textContent()).toBe('{"level":3,"note":"ä"}');
  await page.getByLabel("Show as").selectOption("hex");
  expect(await body.textContent()).toMatch(
    /^00000000 {2}7b 22 6c 65 76 65 6c .* {2}\{"level":3,"note\n00000010 {2}22 3a 22 c3 a4 22 7d /,
  );
});

test("bytes that are no text are published from hexadecimal and shown as such; connections outlive other pages", async () => {
  const other = await TestClient.connect(dashboard.brokerUrl(), { version: 5 });
  await other.subscribe("raw");
  const page = await dashboard.visit();
  await openConsole(page);
  await connect(page, "console-raw");
  await page.getByText("Connected, with a new session.").first().waitFor();
  await page.getByLabel("Topic filter").fill("raw");
  await page.getByRole("button", { name: "Subscribe", exact: true }).click();
  await page.getByText("Subscribed to raw.").waitFor();
  await page.getByRole("link", { name: "Settings" }).click();
  await page.getByRole("heading", { name: "Settings", level: 1 }).waitFor();
  await openConsole(page);
  await page.getByLabel("Topic", { exact: true }).fill("raw");
  await page.getByLabel("Payload is", { exact: true }).selectOption("hexadecimal");
  await page.getByLabel("Payload", { exact: true }).fill("00 ff 0g");
  await page.getByRole("button", { name: "Publish", exact: true }).click();
  await page.getByText("Hexadecimal is pairs of the digits").waitFor();
  await page.getByLabel("Payload", { exact: true }).fill("00 ff 80");
  await page.getByRole("button", { name: "Publish", exact: true }).click();
  await page.getByText("Acknowledged: it is durable.").waitFor();
  await page.getByRole("button", { name: /^raw/ }).click();
  expect(await page.locator("pre").textContent()).toMatch(/^00000000 {2}00 ff 80 /);
  await other.take(1);
});

test("what the broker refuses is said with its reason: a filter, and a connection that another took over", async () => {
  const page = await dashboard.visit();
  await openConsole(page);
  await connect(page, "console-refused");
  await page.getByText("Connected, with a new session.").first().waitFor();
  await page.getByLabel("Topic filter").fill("$share/group/");
  await page.getByRole("button", { name: "Subscribe", exact: true }).click();
  await page.getByText("Subscribing to $share/group/ was refused: Topic filter invalid (0x8F).").waitFor();
  await TestClient.connect(dashboard.brokerUrl(), { version: 5, clientId: "console-refused" });
  await page.getByText("The broker ended the connection: Session taken over (0x8E)").first().waitFor();
  await page.getByRole("button", { name: "Connect again" }).waitFor();
});
