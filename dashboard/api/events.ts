// Server-sent events of the HTTP API. Not by the browser's EventSource, which cannot show a key.

import { createParser } from "eventsource-parser";
import { ask } from "./call.ts";

export interface ServerEvent {
  /** "message" if it has no name of its own. */
  readonly name: string;
  readonly data: unknown;
}

/** What has come since, in its order, until the answer is over. */
export async function* readEvents(
  address: string,
  signal: AbortSignal,
): AsyncGenerator<readonly ServerEvent[], void, undefined> {
  const { body } = await ask("GET", address, undefined, { signal });
  if (body === null) return;
  let events: ServerEvent[] = [];
  const parser = createParser({
    onEvent: ({ event = "message", data }) => {
      events.push({ name: event, data: JSON.parse(data) });
    },
  });
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    parser.feed(value);
    if (events.length > 0) yield events;
    events = [];
  }
}
