// What a topic retains, seen by somebody who subscribes just now: never older than the last value that was acknowledged
// before, never one that was not sent yet.

import { randomBytes } from "node:crypto";
import { Consumer } from "./consumer.ts";
import type { Publisher } from "./publisher.ts";
import type { ClientOptions } from "./reconnecting.ts";
import { readPayload } from "./streams.ts";
import { until } from "./waiting.ts";

export interface RetainedStream {
  readonly topics: readonly string[];
  /** Sequence numbers take their turns over the topics. */
  readonly clears: (sequence: number) => boolean;
}

export interface RetainedSnapshot {
  /** Numbers below this were acknowledged when the reader subscribed, those below `sent` were sent when it had read. */
  readonly acknowledged: number;
  readonly sent: number;
  /** The number that each topic shows; none for a topic that shows nothing. */
  readonly shown: ReadonlyMap<string, number>;
}

const readTimeoutMs = 15_000;
/** Nobody says "that was all": so long after the last one that must come, another one may show. */
const ghostsMs = 300;

/** The topics whose value is wrong: lost, older than what was acknowledged, or back although it was cleared. */
export function wrongTopics({ topics, clears }: RetainedStream, snapshot: RetainedSnapshot): readonly string[] {
  return topics.filter((topic, index) => {
    const isState = (sequence: number): boolean => {
      const shown = snapshot.shown.get(topic);
      if (sequence < 0 || clears(sequence)) return shown === undefined;
      return shown === sequence;
    };
    return !statesOf(index, topics.length, snapshot).some(isState);
  });
}

/** The numbers that decide what a topic may show: its last acknowledged one (-1 for none) and all after it. */
function statesOf(index: number, count: number, { acknowledged, sent }: RetainedSnapshot): number[] {
  const states: number[] = [];
  let first = index + Math.floor((acknowledged - 1 - index) / count) * count;
  if (first < index) {
    states.push(-1);
    first = index;
  }
  for (let sequence = first; sequence < sent; sequence += count) states.push(sequence);
  return states;
}

export async function readRetained(
  client: Omit<ClientOptions, "clientId" | "keepsSession">,
  filter: string,
  stream: RetainedStream,
  publisher: Publisher,
): Promise<RetainedSnapshot> {
  const shown = new Map<string, number>();
  const acknowledged = publisher.contiguous;
  let changedMs = Date.now();
  const reader = new Consumer({
    ...client,
    clientId: `reader-${randomBytes(4).toString("hex")}`,
    keepsSession: false,
    filters: [filter],
    onMessage: ({ topic, payload, retain }) => {
      changedMs = Date.now();
      const message = readPayload(payload);
      if (retain && message !== undefined) shown.set(topic, message.sequence);
    },
    onSubscribed: () => {
      changedMs = Date.now();
    },
  });
  const snapshot = (): RetainedSnapshot => ({ acknowledged, sent: publisher.sent, shown });
  try {
    reader.start();
    await until(
      () => reader.isSubscribed,
      readTimeoutMs,
      () => `${reader.name}: no SUBACK`,
    );
    const deadlineMs = Date.now() + readTimeoutMs;
    const isRead = (): boolean =>
      Date.now() > deadlineMs || (Date.now() - changedMs > ghostsMs && wrongTopics(stream, snapshot()).length === 0);
    await until(isRead, 2 * readTimeoutMs, () => `${reader.name} still reads`);
    return snapshot();
  } finally {
    reader.leave();
  }
}
