// The broker is killed several times under a webhook whose endpoint is as endpoints are: slow, failing, hanging, redirecting. Every
// acknowledged message arrives, in order, signed; a batch that comes again is the same, so that who remembers ids has each message
// once. The seed can be chosen with KILL_SEED, to repeat a run that failed.

import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import { seededRandom } from "../../bench/kill/random.ts";
import { testAdminKey } from "../support/admin-key.ts";
import { isOurs } from "../support/broker.ts";
import { eventually } from "../support/eventually.ts";
import { StreamsUnderKills } from "../support/streams-under-kills.ts";
import { useBroker } from "../support/use-broker.ts";
import { type Mood, WebhookEndpoint } from "../support/webhook-endpoint.ts";

const broker = useBroker({ env: { ADMIN_KEY: testAdminKey } });
const endpoint = new WebhookEndpoint();
const seed = Number(process.env["KILL_SEED"] ?? Math.floor(Math.random() * 1e9));
const kills = Number(process.env["KILLS"] ?? 4);
const messages = 400;
const waitMs = 60_000;
const name = `webhook-kill/${randomBytes(4).toString("hex")}`;
const hook = `kill-${randomBytes(4).toString("hex")}`;

beforeAll(() => endpoint.start());
afterAll(() => endpoint.stop());

// biome-ignore lint/suspicious/noExplicitAny: tests read what they expect to be there.
async function call(method: string, path: string, body?: unknown): Promise<any> {
  const response = await fetch(new URL(`/api/v1${path}`, broker().url.replace(/^ws/, "http")), {
    method,
    headers: { Authorization: `Bearer ${testAdminKey}`, "Content-Type": "application/json" },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
  return text === "" ? undefined : JSON.parse(text);
}

/** Mostly good: each failure costs a pause. */
function moodOf(random: number): Mood {
  if (random < 0.85) return "good";
  const others: Mood[] = ["slow", "failing", "hanging", "breaking", "redirecting"];
  return others[Math.floor(((random - 0.85) / 0.15) * others.length)] as Mood;
}

test.runIf(isOurs)(
  `${kills} kills with seed ${seed}: everything acknowledged arrives at the webhook, in order, and each id has one content`,
  { timeout: 240_000 },
  async () => {
    const random = seededRandom(seed);
    endpoint.mood = () => moodOf(random());
    const fields = { lingerMs: 20, batchMessagesMax: 20, timeoutSeconds: 1, attemptsMax: 100 };
    const made = await call("POST", "/webhooks", { name: hook, url: endpoint.url, filters: [`${name}/#`], ...fields });
    endpoint.secret = made.secret;
    const streams = new StreamsUnderKills(broker(), {
      name,
      messages,
      random,
      waitMs,
      streamOf: (quality) => `q${quality}`,
    });
    try {
      await streams.publish(kills);
      endpoint.mood = () => "good";
      const status = () => call("GET", `/webhooks/${hook}/status`);
      await eventually("all is sent", async () => (await status()).queueMessages === 0, waitMs);
      expect(await status()).toMatchObject({ drops: {}, deadLetters: { batches: 0 } });
    } finally {
      streams.stop();
    }
    const { received, items } = endpoint;
    expect(received.every(({ isSigned }) => isSigned)).toBe(true);
    expect(endpoint.followed).toBe(0);
    const contents = new Map<string, string>();
    for (const { id, text } of received) {
      expect(contents.get(id) ?? text).toBe(text);
      contents.set(id, text);
    }
    // Some came again: otherwise little was tested.
    expect(received.length).toBeGreaterThan(contents.size);

    const payloads = (quality: 1 | 2): string[] =>
      items.filter(({ data }) => data.topic === `${name}/${quality}`).map(({ data }) => data.payload as string);
    // Each acknowledged message, of QoS 2 once. Of QoS 1 a publisher may have had to send it twice.
    expect(new Set(payloads(1)).size).toBe(messages);
    expect(payloads(2)).toHaveLength(messages);
    expect(new Set(payloads(2)).size).toBe(messages);
    const firsts = [...new Set(payloads(1))];
    for (const stream of [firsts, payloads(2)]) {
      const numbers = stream.map((payload) => Number(/(\d+)$/.exec(payload)?.[1]));
      expect(numbers).toEqual(numbers.toSorted((left, right) => left - right));
    }
  },
);

test.runIf(isOurs)(
  "an endpoint that refuses what it gets finds it among the dead letters, after a kill too",
  async () => {
    endpoint.mood = () => "refusing";
    const before = endpoint.received.length;
    await call("POST", "/publish", { topic: `${name}/refused`, payload: "no" });
    await eventually(
      "it is refused",
      async () => (await call("GET", `/webhooks/${hook}/status`)).deadLetters.batches === 1,
    );
    await broker().kill9();
    await broker().restart();
    endpoint.mood = () => "good";
    await call("POST", `/webhooks/${hook}/dead-letters/all/send`);
    await eventually("it is sent again", () => endpoint.received.length >= before + 2, waitMs);
    const [first, second] = endpoint.received.slice(before);
    expect([second?.id, second?.text]).toEqual([first?.id, first?.text]);
  },
);
