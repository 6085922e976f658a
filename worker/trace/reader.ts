// A trace as it grows, as server-sent events. What is recorded lies in rows, so the reader reads pages at its own pace; a socket to the
// trace's object, which sleeps meanwhile, says when there is more.

import { closeQuietly } from "../close-quietly.ts";
import { counters } from "../counters.ts";
import type { Env } from "../env.ts";
import { traceStub } from "../stubs.ts";
import type { TracePage } from "./calls.ts";

const pageEvents = 200;
/** So often something is written, so that nobody between here and there thinks the connection dead. */
const breathMs = 15_000;
const encoder = new TextEncoder();

export async function openTrace(env: Env, id: string, after: number): Promise<ReadableStream<Uint8Array>> {
  counters.add("object_calls");
  const response = await traceStub(env, id).fetch("https://trace/", { headers: { Upgrade: "websocket" } });
  const socket = response.webSocket;
  if (socket === null) throw new Error(`the trace's object answered ${response.status}`);
  const reader = new TraceReader(env, id, after, socket);
  socket.accept();
  return new ReadableStream<Uint8Array>(reader, { highWaterMark: 1 });
}

class TraceReader implements UnderlyingSource<Uint8Array> {
  readonly #env: Env;
  readonly #id: string;
  readonly #socket: WebSocket;
  #last: number;
  /** There may be more than was read. */
  #hasNews = true;
  #isGone = false;
  #told = Promise.withResolvers<void>();

  constructor(env: Env, id: string, after: number, socket: WebSocket) {
    this.#env = env;
    this.#id = id;
    this.#last = after;
    this.#socket = socket;
    socket.addEventListener("message", () => this.#hear());
    for (const event of ["close", "error"] as const) {
      socket.addEventListener(event, () => {
        this.#isGone = true;
        this.#hear();
      });
    }
  }

  /** Called when the reader has room. */
  async pull(controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> {
    for (;;) {
      if (!this.#hasNews && !(await this.#waited())) return controller.enqueue(encoder.encode(":\n\n"));
      this.#hasNews = false;
      const page = await this.#read();
      if (page === undefined) return this.#end(controller, "unreachable");
      const { events, state } = page;
      // Of a trace that is over nobody will say anything more.
      if (events.length === pageEvents || state?.ended !== undefined) this.#hasNews = true;
      this.#last = events.at(-1)?.number ?? this.#last;
      const text = events.map((event) => `id: ${event.number}\ndata: ${JSON.stringify(event)}\n\n`).join("");
      if (text !== "") return controller.enqueue(encoder.encode(text));
      if (state === undefined) return this.#end(controller, "deleted");
      if (state.ended !== undefined) return this.#end(controller, state.ended);
      if (this.#isGone) return this.#end(controller, "unreachable");
    }
  }

  cancel(): void {
    closeQuietly(this.#socket);
  }

  /** False if nothing was said for a while. */
  async #waited(): Promise<boolean> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const quiet = new Promise<false>((resolve) => {
      timer = setTimeout(() => resolve(false), breathMs);
    });
    const isTold = await Promise.race([this.#told.promise.then(() => true), quiet]);
    clearTimeout(timer);
    return isTold;
  }

  #hear(): void {
    this.#hasNews = true;
    this.#told.resolve();
    this.#told = Promise.withResolvers<void>();
  }

  async #read(): Promise<TracePage | undefined> {
    try {
      counters.add("object_calls");
      return (await traceStub(this.#env, this.#id).page(this.#last, pageEvents)) as TracePage;
    } catch (error) {
      console.warn(JSON.stringify({ event: "trace-unreachable", trace: this.#id, error: `${error}` }));
      return undefined;
    }
  }

  #end(controller: ReadableStreamDefaultController<Uint8Array>, why: string): void {
    controller.enqueue(encoder.encode(`event: end\ndata: ${JSON.stringify({ why })}\n\n`));
    controller.close();
    closeQuietly(this.#socket);
  }
}
