// The broker is killed several times under a provisioned session that workers consume over HTTP. Every acknowledged publish is
// handled, one of QoS 2 was taken into the queue once, and nothing comes again once its acknowledgement was answered. Some
// workers die with what they have pulled, some return it. The seed can be chosen with KILL_SEED, to repeat a run that failed.

import { randomBytes } from "node:crypto";
import { expect, test } from "vitest";
import { seededRandom } from "../../bench/kill/random.ts";
import { testAdminKey } from "../support/admin-key.ts";
import { isOurs } from "../support/broker.ts";
import { TestClient } from "../support/client.ts";
import { eventually } from "../support/eventually.ts";
import { queueDepth } from "../support/queue-depth.ts";
import { StreamsUnderKills } from "../support/streams-under-kills.ts";
import { useBroker } from "../support/use-broker.ts";

const broker = useBroker({ env: { ADMIN_KEY: testAdminKey } });
const seed = Number(process.env["KILL_SEED"] ?? Math.floor(Math.random() * 1e9));
const kills = Number(process.env["KILLS"] ?? 3);
const messages = 300;
const waitMs = 30_000;
const visibilitySeconds = 2;
const name = `consume-kill/${randomBytes(4).toString("hex")}`;
const session = encodeURIComponent(name);

interface Message {
  readonly handle: string;
  readonly payload: string;
  readonly qos: number;
}

async function call<Answer>(method: string, path: string, body: unknown): Promise<Answer> {
  const response = await fetch(new URL(`/api/v1${path}`, broker().url.replace(/^ws/, "http")), {
    method,
    headers: { Authorization: `Bearer ${testAdminKey}`, "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
  return JSON.parse(text) as Answer;
}

/** Which message it is: at QoS 2 its payload says so, at QoS 1 a publisher may have had to send it twice. */
function identityOf({ handle, payload, qos }: Message): string {
  const [generation, , position] = handle.split("-");
  return qos === 2 ? payload : `${generation}-${position}`;
}

class Crew {
  /** Whose acknowledgement was answered. */
  readonly acknowledged = new Set<string>();
  /** Whose acknowledgement was asked for: its answer may have died with the broker. */
  readonly asked = new Set<string>();
  /** Pulled again after that. */
  readonly cameAgain: string[] = [];
  failures = 0;
  #stopped = false;
  readonly #finished = new Set<string>();
  readonly #random: () => number;
  readonly #done: Promise<unknown>;

  constructor(workers: number, random: () => number) {
    this.#random = random;
    this.#done = Promise.all(Array.from({ length: workers }, () => this.#work()));
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#done;
  }

  async #work(): Promise<void> {
    while (!this.#stopped) {
      try {
        await this.#batch();
      } catch {
        // The broker is down: what was pulled is lost to this worker, and comes again.
        this.failures++;
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    }
  }

  async #batch(): Promise<void> {
    const messagesMax = 1 + Math.floor(this.#random() * 20);
    const pull = { messagesMax, visibilitySeconds, waitSeconds: 1 };
    const before = new Set(this.#finished);
    const batch = await call<{ messages: Message[] }>("POST", `/sessions/${session}/pull`, pull);
    for (const message of batch.messages) if (before.has(identityOf(message))) this.cameAgain.push(message.payload);
    if (batch.messages.length === 0) return;
    const mood = this.#random();
    // This one dies with its batch.
    if (mood < 0.1) return;
    const handles = batch.messages.map(({ handle }) => handle);
    const verb = mood < 0.2 ? "return" : "acknowledge";
    if (verb === "acknowledge") for (const { payload } of batch.messages) this.asked.add(payload);
    const { results } = await call<{ results: { status: string }[] }>("POST", `/sessions/${session}/${verb}`, {
      handles,
    });
    if (verb === "return") return;
    for (const [index, { status }] of results.entries()) {
      const message = batch.messages[index] as Message;
      if (status !== "done") continue;
      this.acknowledged.add(message.payload);
      this.#finished.add(identityOf(message));
    }
  }
}

test.runIf(isOurs)(
  `${kills} kills with seed ${seed}: everything is handled, and nothing comes again once it is acknowledged`,
  { timeout: 180_000 },
  async () => {
    const random = seededRandom(seed);
    await call("PUT", `/sessions/${session}`, { subscriptions: [{ filter: `${name}/#`, qos: 2 }] });
    const streams = new StreamsUnderKills(broker(), {
      name,
      messages,
      random,
      waitMs,
      streamOf: (quality) => `q${quality}`,
    });
    const crew = new Crew(3, random);
    try {
      await streams.publish(kills);
      await eventually("all is handled", async () => (await queueDepth(broker().url, session)) === 0, waitMs);
      expect(new Set([...crew.acknowledged, ...crew.asked]).size).toBe(2 * messages);
      // Nearly all were heard to be acknowledged: otherwise little was tested.
      expect(crew.acknowledged.size).toBeGreaterThan(1.6 * messages);
    } finally {
      streams.stop();
      await crew.stop();
    }
    expect(crew.cameAgain).toEqual([]);
    expect(crew.failures).toBeGreaterThan(0);
    const client = await TestClient.connect(broker().url, { version: 5, clientId: name, persistent: true });
    expect(client.sessionPresent).toBe(true);
  },
);
