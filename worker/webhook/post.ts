// One request to an endpoint, signed as Standard Webhooks says, and what its answer means for the batch.

import { Webhook } from "standardwebhooks";
import type { ParcelOutcome } from "../../src/session/parcel.ts";
import type { SinkTarget } from "../../src/session/sink.ts";
import { retryAfterMs } from "./retry-after.ts";

export type HttpTarget = Extract<SinkTarget, { readonly kind: "http" }>;

export interface Letter {
  readonly id: string;
  readonly body: string;
}

/** Answers that speak of who asks or of the place, not of the batch: somebody mends that, and the batch is right. */
const ofTheEndpoint = new Set([401, 403, 404, 405, 407, 408, 410, 421, 423, 425, 429]);
const answerBytesMax = 1024;
const detailCharactersMax = 300;

export async function post(target: HttpTarget, { id, body }: Letter, nowMs: number): Promise<ParcelOutcome> {
  const timestamp = new Date(nowMs);
  const ending = new AbortController();
  // Cleared as soon as there is an answer: until it rings a timer keeps the object awake.
  const timer = setTimeout(() => ending.abort(), target.timeoutMs);
  try {
    const response = await fetch(target.url, {
      method: "POST",
      headers: {
        "Content-Type": "application/json",
        "User-Agent": "DurableMQ",
        "webhook-id": id,
        "webhook-timestamp": `${Math.floor(nowMs / 1000)}`,
        "webhook-signature": secretsOf(target, nowMs)
          .map((secret) => new Webhook(secret).sign(id, timestamp, body))
          .join(" "),
      },
      body,
      // Where it leads is not where the operator said.
      redirect: "manual",
      signal: ending.signal,
    });
    return await outcomeOf(response, nowMs);
  } catch (error) {
    const isLate = ending.signal.aborted;
    const detail = isLate ? `no answer within ${target.timeoutMs} ms` : `${(error as Error).message}`;
    return failed({ reason: isLate ? "timeout" : "unreachable", detail });
  } finally {
    clearTimeout(timer);
  }
}

function secretsOf({ secret, formerSecret, formerUntilMs = 0 }: HttpTarget, nowMs: number): string[] {
  return formerSecret === undefined || formerUntilMs <= nowMs ? [secret] : [secret, formerSecret];
}

async function outcomeOf(response: Response, nowMs: number): Promise<ParcelOutcome> {
  const { status } = response;
  if (status >= 200 && status < 300) {
    await response.body?.cancel();
    return { isDelivered: true };
  }
  const detail = `${status} ${response.statusText} ${await beginningOf(response)}`.trim().slice(0, detailCharactersMax);
  if (status < 400) return failed({ reason: "redirected", detail, status });
  const isFinal = status < 500 && !ofTheEndpoint.has(status);
  const asked = retryAfterMs(response.headers.get("Retry-After"), nowMs);
  return failed({ reason: isFinal ? "refused" : "status", detail, status, isFinal, retryAfterMs: asked });
}

function failed(what: Partial<Extract<ParcelOutcome, { isDelivered: false }>>): ParcelOutcome {
  return { isFinal: false, reason: "unreachable", detail: "", status: 0, retryAfterMs: 0, ...what, isDelivered: false };
}

/** What it says, for who looks for the reason; however much it sends, no more than this is read. */
async function beginningOf({ body }: Response): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  let bytes = 0;
  // Leaving the loop cancels the rest.
  for await (const chunk of body ?? []) {
    const taken = chunk.subarray(0, answerBytesMax - bytes);
    text += decoder.decode(taken, { stream: true });
    bytes += taken.length;
    if (bytes >= answerBytesMax) break;
  }
  return text.replaceAll(/[\p{C}\s]+/gu, " ");
}
