// A caller of the HTTP API inside the runtime.

import { exports } from "cloudflare:workers";
import { testAdminKey } from "../../support/admin-key.ts";

export interface ApiAnswer {
  readonly status: number;
  readonly type: string;
  readonly headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: tests read what they expect to be there.
  readonly body: any;
}

export async function api(
  method: string,
  path: string,
  body?: unknown,
  key: string | undefined = testAdminKey,
): Promise<ApiAnswer> {
  const headers = new Headers();
  if (key !== "") headers.set("Authorization", `Bearer ${key}`);
  if (body !== undefined) headers.set("Content-Type", "application/json");
  return send(new Request(`http://broker/api/v1${path}`, { method, headers, body: JSON.stringify(body) ?? null }));
}

export async function send(request: Request): Promise<ApiAnswer> {
  const response = await exports.default.fetch(request);
  const { status, headers } = response;
  const type = headers.get("Content-Type") ?? "";
  const isJson = /^application\/(problem\+)?json$/.test(type);
  // A stream may have no end.
  if (type === "text/event-stream") await response.body?.cancel();
  const text = response.bodyUsed ? "" : await response.text();
  return { status, type, headers, body: text === "" ? undefined : isJson ? JSON.parse(text) : text };
}

/** Calls and expects success. */
export async function manage(method: string, path: string, body?: unknown): Promise<ApiAnswer["body"]> {
  const answer = await api(method, path, body);
  if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
  return answer.body;
}
