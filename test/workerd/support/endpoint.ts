// The endpoints of webhooks, in place of the network that a test's runtime has none of: what each was sent, and how it answers.

import { createHmac } from "node:crypto";
import { vi } from "vitest";
import { eventually } from "../../support/eventually.ts";
import { uniqueId } from "./client.ts";

export interface Sent {
  readonly id: string;
  readonly headers: Headers;
  readonly text: string;
  readonly redirect: string;
  // biome-ignore lint/suspicious/noExplicitAny: tests read what they expect to be there.
  readonly items: readonly any[];
}

type Answer = () => Response | "hang" | "unreachable";

/** Promises must not be resolved across objects, so each looks for itself. */
const pollMs = 5;

const endpoints = new Map<string, Endpoint>();

export class Endpoint {
  readonly url = `https://${uniqueId("host")}.example/hook`;
  readonly sent: Sent[] = [];
  #isReleased = false;
  /** The first answers, and then the last of them for good. */
  answers: Answer[] = [() => new Response("thanks")];

  constructor() {
    endpoints.set(this.url, this);
    vi.stubGlobal("fetch", dispatch);
  }

  /** A response belongs to the request that made it. */
  answer(...answers: readonly (number | "hang" | "unreachable" | (() => Response))[]): void {
    this.answers = answers.map((one) => {
      if (typeof one === "function") return one;
      return () => (typeof one === "number" ? new Response("why", { status: one }) : one);
    });
  }

  /** Whoever hangs is answered. */
  release(): void {
    this.#isReleased = true;
  }

  /** Payloads of the messages, batch by batch. */
  get payloads(): string[][] {
    return this.sent.map(({ items }) => items.map(({ data }) => data.payload));
  }

  async until(count: number): Promise<readonly Sent[]> {
    await eventually(`${count} requests`, () => this.sent.length >= count);
    return this.sent;
  }

  async take(request: Request): Promise<Response> {
    const text = await request.text();
    const { headers, redirect } = request;
    this.sent.push({ id: headers.get("webhook-id") ?? "", headers, text, redirect, items: JSON.parse(text).items });
    const answer = this.answers.length > 1 ? this.answers.shift()?.() : this.answers[0]?.();
    if (answer === "unreachable" || answer === undefined) throw new TypeError("connection refused");
    if (answer !== "hang") return answer;
    // Only the limit on its time ends it, or `release`.
    while (!this.#isReleased) {
      if (request.signal.aborted) throw request.signal.reason;
      await scheduler.wait(pollMs);
    }
    return new Response("thanks");
  }
}

async function dispatch(input: RequestInfo, init?: RequestInit): Promise<Response> {
  const request = new Request(input, init);
  const endpoint = endpoints.get(request.url);
  if (endpoint === undefined) throw new TypeError(`nobody is at ${request.url}`);
  return endpoint.take(request);
}

/** To be called after each test. */
export function closeEndpoints(): void {
  endpoints.clear();
  vi.unstubAllGlobals();
}

/** As Standard Webhooks describes it, and not with the library that signs. */
export function isSignedWith(secret: string, { id, headers, text }: Sent): boolean {
  const key = Buffer.from(secret.replace("whsec_", ""), "base64");
  const expected = createHmac("sha256", key)
    .update(`${id}.${headers.get("webhook-timestamp")}.${text}`)
    .digest("base64");
  return (headers.get("webhook-signature") ?? "").split(" ").includes(`v1,${expected}`);
}
