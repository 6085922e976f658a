// What becomes of the lines of a backup. Each can come again, and changes nothing then.

import { createHash } from "node:crypto";
import { RecordReader } from "../../../src/queue/record.ts";
import type { RestoreStatus } from "../../../src/session/restore.ts";
import type { ShardPage } from "../../../src/store/shard-pages.ts";
import { shardOf, shardsOf } from "../../../src/topic/shards.ts";
import { plainFilter } from "../../../src/topic/share.ts";
import { configOf } from "../../config.ts";
import type { Control } from "../../d1/control.ts";
import { findOne } from "../../d1/seen.ts";
import { type StoredWebhook, webhookShape } from "../../d1/webhooks.ts";
import { webhookPrefix } from "../../names.ts";
import { withRetries } from "../../retry.ts";
import { shardStub } from "../../stubs.ts";
import { conflict, invalidInput } from "../problem.ts";
import type { Call } from "../route.ts";
import { callSession, orUnavailable } from "../session-call.ts";
import { savedTables } from "../transfer/tables.ts";
import { takeIn } from "../transfer/take-in.ts";
import { sinkOf } from "../webhook-session.ts";
import {
  bytesOf,
  type Line,
  letterIn,
  type RowsLine,
  type SessionLine,
  type ShardLine,
  segmentIn,
  stateIn,
} from "./lines.ts";

export interface Restoring {
  readonly call: Pick<Call<unknown, unknown, unknown>, "env" | "control" | "caller" | "nowMs">;
  readonly backup: string;
  readonly replaces: boolean;
}

export interface Restored {
  readonly taken: number;
  /** They were there. */
  readonly kept: number;
  /** There is no room for them, or their time is over. */
  readonly left: number;
}

export function restoreLine(restoring: Restoring, line: Line): Promise<Restored> {
  switch (line.kind) {
    case "rows":
      return restoreRows(restoring, line);
    case "shard":
      return restoreShard(restoring, line);
    case "session":
      return restoreSession(restoring, line);
  }
}

async function restoreRows({ call, replaces }: Restoring, { table, rows }: RowsLine): Promise<Restored> {
  const intake = savedTables.find(({ name }) => name === table)?.intake;
  if (intake === undefined) throw new Error(`the table ${table} is not imported`);
  const placeOf = (index: number, field: string) => `rows.${index}.${field}`;
  const given = rows.map((row, index) => {
    const result = intake.row.safeParse(row);
    if (result.success) return result.data;
    throw invalidInput(
      result.error.issues.map(({ path, message }) => ({ path: placeOf(index, path.join(".")), message })),
    );
  });
  const existing = replaces ? "replace" : "keep";
  const result = await takeIn(call, { name: table, intake, rows: given, existing, dryRun: false, placeOf });
  return { taken: result.created + result.replaced, kept: result.kept, left: 0 };
}

type Parts = {
  [Kind in keyof Pick<ShardPage, "retained" | "delayed" | "cursors" | "groups">]: ShardPage[Kind][number][];
};

/** Topics may live in other shards here. Cursors belong to the shard, and with other shards they mean nothing. */
async function restoreShard({ call, backup, replaces }: Restoring, line: ShardLine): Promise<Restored> {
  const { topicShards, topicShardDepth } = configOf(call.env);
  const targets = new Map<number, Parts>();
  const partsOf = (shard: number): Parts => {
    const known = targets.get(shard) ?? { retained: [], delayed: [], cursors: [], groups: [] };
    targets.set(shard, known);
    return known;
  };
  const shardOfFirst = (body: Uint8Array) => {
    const reader = new RecordReader(body);
    reader.next();
    return shardOf(reader.topic, topicShardDepth, topicShards);
  };
  for (const body of line.retained.map(bytesOf)) partsOf(shardOfFirst(body)).retained.push({ body });
  for (const { body: text, ...rest } of line.delayed) {
    const whole = bytesOf(text);
    for (const reader = new RecordReader(whole); reader.next(); ) {
      const body = whole.slice(reader.start, reader.end);
      partsOf(shardOfFirst(body)).delayed.push({ ...rest, count: 1, body });
    }
  }
  for (const { share, body: text } of line.groups) {
    const body = bytesOf(text);
    const [only, ...others] = shardsOf(plainFilter(share), topicShardDepth, topicShards);
    const shard = only !== undefined && others.length === 0 ? only : shardOfFirst(body);
    partsOf(shard).groups.push({ share, body });
  }
  const isSame = line.topicShards === topicShards && line.topicShardDepth === topicShardDepth;
  if (isSame && line.shard < topicShards) partsOf(line.shard).cursors.push(...line.cursors);
  // With its page: groups keep messages that say the same, and so do whole pages of them.
  const content = createHash("sha256").update(JSON.stringify(line)).digest("base64url");
  let [taken, kept, left] = [0, 0, isSame ? 0 : line.cursors.length];
  for (const [shard, parts] of targets) {
    const request = { ...parts, id: `backup:${backup}:${content}`, replaces };
    const ask = withRetries(async () => shardStub(call.env, shard).restore(request));
    const outcome = await orUnavailable("shard", `${shard}`, ask);
    taken += outcome.taken;
    kept += outcome.kept;
    left += outcome.refused;
  }
  return { taken, kept, left };
}

async function restoreSession({ call, backup, replaces }: Restoring, line: SessionLine): Promise<Restored> {
  const { clientId, state, subscriptions, segments, letters, dupBelow, isLast } = line;
  const webhook = clientId.startsWith(webhookPrefix) ? await webhookOf(call.control, clientId) : undefined;
  const ask = async (request: Parameters<typeof callSession>[0]["request"]): Promise<RestoreStatus> => {
    const { status } = await callSession({ env: call.env, clientId, request, hopes: "restored" });
    return status;
  };
  const status = await ask({
    kind: "restore",
    clientId,
    backup,
    replaces,
    ...(state === undefined ? {} : { state: stateIn(state) }),
    subscriptions,
    segments: segments.map(segmentIn),
    letters: letters.map(letterIn),
    ...(webhook === undefined ? {} : { sink: sinkOf(webhook, beforeAllRevisions) }),
    dupBelow,
  });
  switch (status) {
    case "known":
      return { taken: 0, kept: 1, left: 0 };
    case "over":
      return { taken: 0, kept: 0, left: 1 };
    case "exists":
      throw conflict(
        `There is a session of the client ${JSON.stringify(clientId)}, and it is not of this backup.`,
        "End it first, or ask for those that are there to be replaced.",
      );
    case "unbegun":
      throw conflict(
        `The session of the client ${JSON.stringify(clientId)} is not being restored from this backup.`,
        "Send its lines from its first on.",
      );
    case "taken":
      break;
  }
  if (isLast) {
    await ask({ kind: "restore-end", backup, step: "route" });
    await ask({ kind: "restore-end", backup, step: "finish" });
  }
  return { taken: 1, kept: 0, left: 0 };
}

/** Whatever an operator says of it from now on counts. Events come from then on as well: that sessions are restored is none. */
const beforeAllRevisions = 0;

/** Its line comes before. */
async function webhookOf(control: Control, clientId: string): Promise<StoredWebhook> {
  const name = clientId.slice(webhookPrefix.length);
  const { item: webhook } = await findOne(control, webhookShape, name);
  if (webhook !== undefined) return webhook;
  throw conflict(`There is no webhook ${JSON.stringify(name)}.`, "Send the lines of the backup in their order.");
}
