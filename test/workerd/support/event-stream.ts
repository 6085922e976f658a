// A reader of server-sent events of the HTTP API.

import { exports } from "cloudflare:workers";
import { expect } from "vitest";
import { testAdminKey } from "../../support/admin-key.ts";

export interface Told {
  readonly event: string;
  readonly id: string | undefined;
  // biome-ignore lint/suspicious/noExplicitAny: tests read what they expect to be there.
  readonly data: any;
}

const streams: EventStream[] = [];

/** To be called after each test. */
export async function leaveStreams(): Promise<void> {
  for (const stream of streams.splice(0)) await stream.leave();
}

export class EventStream {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly #decoder = new TextDecoder();
  #text = "";

  private constructor(body: ReadableStream<Uint8Array>) {
    this.#reader = body.getReader();
    streams.push(this);
  }

  static async open(path: string, more: Readonly<Record<string, string>> = {}): Promise<EventStream> {
    const headers = { Authorization: `Bearer ${testAdminKey}`, ...more };
    const response = await exports.default.fetch(new Request(`http://broker/api/v1${path}`, { headers }));
    expect([response.status, response.headers.get("Content-Type")]).toEqual([200, "text/event-stream"]);
    if (response.body === null) throw new Error("no body");
    return new EventStream(response.body as ReadableStream<Uint8Array>);
  }

  /** The next event; undefined at the end. */
  async next(): Promise<Told | undefined> {
    for (;;) {
      const end = this.#text.indexOf("\n\n");
      if (end !== -1) {
        const lines = this.#text.slice(0, end).split("\n");
        this.#text = this.#text.slice(end + 2);
        const fieldOf = (name: string) => lines.find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2);
        const data = fieldOf("data");
        if (data === undefined) continue;
        return { event: fieldOf("event") ?? "message", id: fieldOf("id"), data: JSON.parse(data) };
      }
      const { value, done } = await this.#reader.read();
      if (done) return undefined;
      this.#text += this.#decoder.decode(value, { stream: true });
    }
  }

  async leave(): Promise<void> {
    await this.#reader.cancel().catch(() => {});
  }
}
