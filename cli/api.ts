// The HTTP API as the commands call it. Its errors say what to do about them, and so do we.

import { EventSourceParserStream } from "eventsource-parser/stream";
import { Failure } from "./failure.ts";
import { addressOf, apiKeyFor, apiKeyFrom, apiKeyMissing } from "./options.ts";

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
  /** Sent as JSON. */
  readonly body?: unknown;
  /** Sent as it is, as `headers` say. */
  readonly text?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export class Api {
  readonly #base: string;
  readonly #key: string | undefined;

  constructor({ api, keyFile }: ApiFlags) {
    this.#base = `${new URL(api).origin}/api/v1`;
    this.#key = apiKeyFrom(keyFile);
    // No header can hold it, and what says so would show it.
    if (this.#key !== undefined && !/^[!-~]*$/.test(this.#key))
      throw new Failure(`What is given is no API key. ${apiKeyFor}`);
  }

  /** The answer's JSON; undefined if it has none. `path` begins with a slash and is encoded. */
  async call<Answer>(method: string, path: string, call: Call = {}): Promise<Answer> {
    const text = await (await this.#fetch(method, path, call)).text();
    return (text === "" ? undefined : JSON.parse(text)) as Answer;
  }

  /** The answer as it comes. */
  async stream(method: string, path: string, call: Call = {}): Promise<ReadableStream<Uint8Array>> {
    const { body } = await this.#fetch(method, path, call);
    if (body === null) throw new Failure("The broker answered nothing.");
    return ReadableStream.from(untilBroken(body));
  }

  /** What came of the answer: less than the whole if the broker died meanwhile. */
  async textOf(method: string, path: string, call: Call = {}): Promise<string> {
    const body = await this.stream(method, path, call);
    const decoder = new TextDecoder();
    let text = "";
    try {
      for await (const chunk of body) text += decoder.decode(chunk, { stream: true });
    } catch {
      // Whoever reads it sees where it ends.
    }
    return text;
  }

  async #fetch(method: string, path: string, { query = {}, body, text, headers = {} }: Call): Promise<Response> {
    if (this.#key === undefined) throw new Failure(apiKeyMissing);
    const url = new URL(this.#base + path);
    // Two names are taken out of an address, however they are written, and the request would be one about something else.
    if (url.pathname !== `/api/v1${path}`) {
      throw new Failure(
        'No address can hold the names "." and "..": go by what lists show of them. A client with such an id can be banned, or kicked with --prefix.',
      );
    }
    for (const [name, value] of Object.entries(query)) if (value !== undefined) url.searchParams.set(name, `${value}`);
    const response = await fetch(url, {
      method,
      headers: { "Content-Type": "application/json", ...headers, Authorization: `Bearer ${this.#key}` },
      body: text ?? (body === undefined ? null : JSON.stringify(body)),
    }).catch((error: Error) => {
      throw new Failure(
        `The broker at ${url.origin} cannot be reached: ${reasonOf(error)}. ${addressOf("--api", "DURABLEMQ_API_URL")}`,
      );
    });
    if (response.ok) return response;
    if (response.status === 401) throw new Failure(`${url.origin} does not know this API key. ${apiKeyFor}`);
    throw new Failure(problemText(response.status, await response.text()));
  }

  /** Server-sent events, as they come. */
  async *events(path: string, query: Query = {}): AsyncGenerator<{ readonly event: string; readonly data: unknown }> {
    const response = await this.#fetch("GET", path, { query });
    const stream = (response.body ?? new ReadableStream<Uint8Array>())
      .pipeThrough(new TextDecoderStream())
      .pipeThrough(new EventSourceParserStream());
    for await (const { event = "message", data } of untilBroken(stream)) yield { event, data: JSON.parse(data) };
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

async function* untilBroken<Part>(stream: ReadableStream<Part>): AsyncGenerator<Part> {
  try {
    for await (const part of stream) yield part;
  } catch (error) {
    throw new Failure(`The connection to the broker broke: ${reasonOf(error as Error)}.`);
  }
}

function reasonOf(error: Error): string {
  return ((error.cause as { code?: string; message?: string } | undefined)?.code ?? error.message).toString();
}

function problemText(status: number, text: string): string {
  try {
    const { title = "", remedy = "", errors = [] } = JSON.parse(text) as Problem;
    const details = errors.map(({ path, message }) => `\n  ${path}: ${message}`).join("");
    // What is wrong with each field says what to do.
    return status === 400 && details !== "" ? `${title}${details}` : `${title} ${remedy}${details}`;
  } catch {
    return `The broker answered ${status}.`;
  }
}
