// Calls of the HTTP API. What it answers in place of success is thrown as a Problem, with its own words about what to do.

import type { Api } from "./schema.ts";
import { keptKey } from "./session.ts";

export interface FieldError {
  readonly path: string;
  readonly message: string;
}

export class Problem extends Error {
  readonly status: number;
  readonly remedy: string;
  readonly fields: readonly FieldError[];

  constructor(status: number, title: string, remedy: string, fields: readonly FieldError[] = []) {
    super(title);
    this.status = status;
    this.remedy = remedy;
    this.fields = fields;
  }
}

export type Route = keyof Api;
export type Answer<Of extends Route> = Api[Of]["answer"];

interface Common {
  /** Of who is not logged in yet. */
  readonly key?: string;
  readonly signal?: AbortSignal;
}

type Part<Name extends string, Value> = Value extends undefined
  ? unknown
  : Value extends Readonly<Record<string, never>>
    ? unknown
    : Partial<Value> extends Value
      ? { readonly [Key in Name]?: Value }
      : { readonly [Key in Name]: Value };

/** What a route takes: names in its path, a query, a body. */
export type Input<Of extends Route> = Common &
  Part<"path", Api[Of]["path"]> &
  Part<"query", Api[Of]["query"]> &
  Part<"body", Api[Of]["body"]>;

interface AnyInput extends Common {
  readonly path?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, unknown>>;
  readonly body?: unknown;
}

/** Told when the API does not know the key any more. */
let onUnknownKey = (): void => {};

export function whenKeyIsUnknown(callback: () => void): void {
  onUnknownKey = callback;
}

export async function call<Of extends Route>(route: Of, input: Input<Of>): Promise<Answer<Of>> {
  const { path = {}, query = {}, body, ...rest } = input as AnyInput;
  const [method = "GET", pattern = ""] = route.split(" ");
  const address = pattern.replaceAll(/\{(\w+)\}/g, (_, name: string) => segmentOf(path[name] ?? ""));
  const answer = await ask(method, `api/v1${address}${queryString(query)}`, body, rest);
  return (answer.status === 204 ? undefined : await answer.json()) as Answer<Of>;
}

/** Browsers take two names out of an address, however they are written, and the request would be one about something else. */
function segmentOf(name: string): string {
  if (name !== "." && name !== "..") return encodeURIComponent(name);
  const remedy = "Go by what lists show of it; a client with this id can be banned, or kicked by a prefix.";
  throw new Problem(0, `No address can hold the name "${name}".`, remedy);
}

/** Resolves with an answer that is a success, whatever it holds. A body is sent as JSON, or as it is if it is a Blob. */
export async function ask(method: string, address: string, body: unknown, { key, signal }: Common): Promise<Response> {
  const shown = key ?? keptKey() ?? "";
  // Without a key Cloudflare Access may answer for who calls.
  const headers = new Headers(shown === "" ? {} : { Authorization: `Bearer ${shown}` });
  // By it Access says 401 when its session is over, instead of leading a call off to its login, at another origin.
  headers.set("X-Requested-With", "XMLHttpRequest");
  if (body !== undefined) headers.set("Content-Type", body instanceof Blob ? body.type : "application/json");
  const answer = await fetch(address, {
    method,
    headers,
    body: body instanceof Blob ? body : body === undefined ? null : JSON.stringify(body),
    cache: "no-store",
    ...(signal === undefined ? {} : { signal }),
  }).catch((error: Error) => {
    if (error.name === "AbortError") throw error;
    throw new Problem(0, "The broker does not answer.", "See whether it runs and whether this device is online.");
  });
  if (answer.ok) return answer;
  // Who only tries a key is not logged out by it.
  if (answer.status === 401 && key === undefined) onUnknownKey();
  throw await problemOf(answer);
}

function queryString(query: Readonly<Record<string, unknown>>): string {
  const given = Object.entries(query).filter(([, value]) => value !== undefined && value !== "");
  return given.length === 0 ? "" : `?${new URLSearchParams(given.map(([name, value]) => [name, String(value)]))}`;
}

async function problemOf(answer: Response): Promise<Problem> {
  const body = (await answer.json().catch(() => ({}))) as {
    readonly title?: string;
    readonly remedy?: string;
    readonly errors?: readonly FieldError[];
  };
  const title = body.title ?? `The broker answered with status ${answer.status}.`;
  return new Problem(answer.status, title, body.remedy ?? "Try again in a moment.", body.errors);
}
