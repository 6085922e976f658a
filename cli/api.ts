// The HTTP API as the commands call it. Its errors say what to do about them, and so do we.

import { Failure } from "./failure.ts";
import { apiKeyFrom, apiKeyMissing } from "./options.ts";

export interface ApiFlags {
  readonly api: string;
  readonly keyFile?: string;
}

interface Problem {
  readonly title?: string;
  readonly remedy?: string;
  readonly errors?: readonly { readonly path: string; readonly message: string }[];
}

export interface Page<Item> {
  readonly items: readonly Item[];
  readonly next: string | null;
}

type Query = Readonly<Record<string, string | number | undefined>>;

export interface Call {
  readonly query?: Query;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

export class Api {
  readonly #base: string;
  readonly #key: string | undefined;

  constructor({ api, keyFile }: ApiFlags) {
    this.#base = `${new URL(api).origin}/api/v1`;
    this.#key = apiKeyFrom(keyFile);
  }

  /** The answer's JSON; undefined if it has none. `path` begins with a slash and is encoded. */
  async call<Answer>(method: string, path: string, { query = {}, body, headers = {} }: Call = {}): Promise<Answer> {
    if (this.#key === undefined) throw new Failure(apiKeyMissing);
    const url = new URL(this.#base + path);
    for (const [name, value] of Object.entries(query)) if (value !== undefined) url.searchParams.set(name, `${value}`);
    const isLines = headers["Content-Type"] === "application/x-ndjson";
    const response = await fetch(url, {
      method,
      headers: { "Content-Type": "application/json", ...headers, Authorization: `Bearer ${this.#key}` },
      ...(body === undefined ? {} : { body: isLines ? (body as string) : JSON.stringify(body) }),
    }).catch((error: Error) => {
      throw new Failure(`The broker at ${url.origin} cannot be reached: ${reasonOf(error)}.`);
    });
    const text = await response.text();
    if (response.ok) return (text === "" ? undefined : JSON.parse(text)) as Answer;
    throw new Failure(problemText(response.status, text));
  }

  /** Items of all pages, as they come. */
  async *list<Item>(path: string, query: Query = {}): AsyncGenerator<Item> {
    for (let after: string | undefined; ; ) {
      const page: Page<Item> = await this.call("GET", path, { query: { ...query, after } });
      yield* page.items;
      if (page.next === null) return;
      after = page.next;
    }
  }
}

function reasonOf(error: Error): string {
  return ((error.cause as { code?: string; message?: string } | undefined)?.code ?? error.message).toString();
}

function problemText(status: number, text: string): string {
  try {
    const { title = "", remedy = "", errors = [] } = JSON.parse(text) as Problem;
    const details = errors.map(({ path, message }) => `\n  ${path}: ${message}`).join("");
    return `${title} ${remedy}${details}`;
  } catch {
    return `The broker answered ${status}.`;
  }
}
