// What a topic shard takes in from a backup. Each kind is known again in its own way when the same lines come once more: a retained
// message by its topic, a cursor by its publisher, everything else by the line that it came in, for as long as requests are remembered.

import { expiryIn, RecordReader } from "../../src/queue/record.ts";
import type { RetainedQuota } from "../../src/retain/quota.ts";
import type { ShardChange, ShardReads } from "../../src/shard/changes.ts";
import type { DelayedMessages } from "../../src/shard/delayed.ts";
import type { RequestReads } from "../../src/shard/requests.ts";
import type { SourceCursors } from "../../src/shard/source-cursors.ts";
import type { ShardPage } from "../../src/store/shard-pages.ts";
import { topicKey } from "../../src/topic/key.ts";
import type { Groups } from "./groups.ts";

export interface RestoreCall extends Pick<ShardPage, "retained" | "delayed" | "cursors" | "groups"> {
  /** Of the backup and the line in it. */
  readonly id: string;
  /** Retained messages of topics that have one are replaced. */
  readonly replaces: boolean;
}

export interface RestoreOutcome {
  readonly taken: number;
  /** They were there. */
  readonly kept: number;
  /** There is no room for them. */
  readonly refused: number;
}

export interface RestoreParts {
  readonly reads: ShardReads;
  readonly requests: RequestReads;
  readonly quota: RetainedQuota;
  readonly delayed: DelayedMessages;
  readonly cursors: SourceCursors;
  readonly groups: Groups;
  persist(changes: readonly ShardChange[]): void;
  wakeAt(atMs: number): void;
}

export function restoreShard(call: RestoreCall, parts: RestoreParts, nowMs: number): RestoreOutcome {
  const { reads, requests, quota, delayed, cursors, groups } = parts;
  const outcome = { taken: 0, kept: 0, refused: 0 };
  const changes: ShardChange[] = call.cursors.flatMap(({ source, ...cursor }) => {
    const moved = cursors.restore(source, cursor);
    if (moved === undefined) outcome.kept++;
    else outcome.taken++;
    return moved === undefined ? [] : [moved];
  });
  const retained = new Map(call.retained.map(({ body }) => [topicKey(topicIn(body)), body]));
  const intake = quota.intake(retained);
  const puts: ShardChange[] = [];
  for (const [key, body] of retained) {
    if (reads.retained(key) !== undefined && !call.replaces) outcome.kept++;
    else if (!intake.take(key, body.length, expiryIn(body))) outcome.refused++;
    else {
      puts.push({ kind: "put-retained", key, body });
      outcome.taken++;
    }
  }
  changes.push(...intake.expired.map((key): ShardChange => ({ kind: "delete-retained", key })), ...puts);
  const numbered = call.delayed.length + call.groups.length;
  if (numbered > 0 && requests.request(call.id) !== undefined) {
    parts.persist(changes);
    return { ...outcome, kept: outcome.kept + numbered };
  }
  if (numbered > 0) {
    changes.push({ kind: "put-request", id: call.id, request: { nextSequence: 1, outcomes: [] }, atMs: nowMs });
  }
  const rows = delayed.restore(call.delayed);
  changes.push(...rows.changes);
  outcome.taken += rows.taken;
  outcome.refused += rows.refused;
  parts.persist(changes);
  if (rows.nextAtMs !== undefined) parts.wakeAt(rows.nextAtMs);
  // In the same turn of the object: both are durable or neither is.
  for (const { share, body } of call.groups) groups.handBack(share, body);
  outcome.taken += call.groups.length;
  return outcome;
}

function topicIn(record: Uint8Array): string {
  const reader = new RecordReader(record);
  reader.next();
  return reader.topic;
}
