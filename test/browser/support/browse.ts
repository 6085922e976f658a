// A browser at the dashboard of a broker. Whatever a page does that it must not do fails the test that saw it: an error in
// the browser's console, a request to another origin, a breach of the page's own policy.

import { type Browser, type BrowserContext, chromium, type Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, expect, inject } from "vitest";
import { testAdminKey } from "../../support/admin-key.ts";
import { cutClients } from "../../support/client.ts";

export interface Visit {
  readonly width?: number;
  readonly height?: number;
  readonly dark?: boolean;
  /** The key to log in with; none: stay at the login. */
  readonly key?: string | undefined;
}

export interface Dashboard {
  /** For MQTT over WebSocket. */
  readonly brokerUrl: () => string;
  /** Without a slash at its end. */
  readonly origin: () => string;
  readonly visit: (visit?: Visit) => Promise<Page>;
  /** Calls the HTTP API. */
  readonly api: (method: string, path: string, body?: unknown) => Promise<Response>;
}

/** What the browser says when an answer is 4xx or 503; the page shows it to the operator itself. */
const ofAnswers = /^Failed to load resource: the server responded with a status of (4\d\d|503)/;

/** Of the broker that the tests share, unless told of another. */
export function useDashboard(brokerUrl = () => inject("brokerUrl")): Dashboard {
  const origin = () => new URL(brokerUrl().replace(/^ws/, "http")).origin;
  let browser: Browser;
  let contexts: BrowserContext[] = [];
  let offences: string[] = [];

  beforeAll(async () => {
    browser = await chromium.launch({ executablePath: process.env["CHROMIUM"] ?? "", args: ["--no-sandbox"] });
  });
  afterEach(async () => {
    const seen = offences;
    offences = [];
    cutClients();
    for (const context of contexts.splice(0)) await context.close();
    expect(seen).toEqual([]);
  });
  afterAll(() => browser?.close());

  const visit = async ({ width = 1280, height = 800, dark = false, key = testAdminKey }: Visit = {}) => {
    const context = await browser.newContext({
      viewport: { width, height },
      colorScheme: dark ? "dark" : "light",
      reducedMotion: "reduce",
    });
    contexts = [...contexts, context];
    const page = await context.newPage();
    page.setDefaultTimeout(30_000);
    page.on("pageerror", (error) => offences.push(`uncaught: ${error.message}`));
    page.on("console", (message) => {
      if (message.type() === "error" && !ofAnswers.test(message.text())) offences.push(message.text());
    });
    page.on("request", (request) => {
      if (!request.url().startsWith(`${origin()}/`)) offences.push(`asked ${request.url()}`);
      if (request.url().includes(testAdminKey)) offences.push("the key stands in an address");
    });
    page.on("websocket", (socket) => {
      if (new URL(socket.url()).host !== new URL(origin()).host) offences.push(`connected to ${socket.url()}`);
    });
    await page.goto(`${origin()}/`);
    if (key !== "") {
      await page.getByLabel("API key").fill(key);
      await page.keyboard.press("Enter");
      await page.getByRole("heading", { name: "Overview", level: 1 }).waitFor();
    }
    return page;
  };

  const api = (method: string, path: string, body?: unknown) =>
    fetch(`${origin()}/api/v1${path}`, {
      method,
      headers: { Authorization: `Bearer ${testAdminKey}`, "Content-Type": "application/json" },
      body: body === undefined ? null : JSON.stringify(body),
    });

  return { brokerUrl, origin, visit, api };
}
