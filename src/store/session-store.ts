// The SQL of a session object: its rows, read when it wakes, and the changes of a step, written in one transaction.

import type { Access } from "../auth/access.ts";
import type { LastCall } from "../hop/fence.ts";
import type { QoS } from "../protocol/packet.ts";
import type { LeaseSnapshot } from "../queue/leases.ts";
import type { QueueBounds, Segment } from "../queue/queue.ts";
import type { WindowSnapshot } from "../queue/window.ts";
import type {
  Change,
  DueWill,
  DurableWindow,
  HandBack,
  SegmentOrigin,
  SessionReads,
  SessionRecord,
  StoredSession,
  StoredSubscription,
} from "../session/changes.ts";
import type { InboundChanges, InboundSnapshot } from "../session/inbound.ts";
import type { Replay } from "../session/replays.ts";
import { LetterRows } from "./letter-rows.ts";
import { migrate, schemaVersion } from "./migrations.ts";
import { RareTable, tablesOf } from "./rare-table.ts";
import { laterColumns, migrations, newest, rareTables, type TableName } from "./session-schema.ts";
import { SourceRows } from "./source-rows.ts";
import type { Sql, SqlRow } from "./sql.ts";
import { ToldDrops } from "./told-drops.ts";

/** Keys of the table `state`. */
const livingWill = 0;
const stateKey = {
  session: 1,
  inbound: 2,
  window: 3,
  connectionWindow: 4,
  leases: 5,
  access: 6,
  sink: 7,
  sinkProgress: 8,
  toldDrops: 9,
} as const;
/** Pages of inbound identifiers have the keys from here on. */
const firstPageKey = 100;

export class SessionStore implements SessionReads {
  readonly #sql: Sql;
  readonly letters: LetterRows;
  readonly told: ToldDrops;
  readonly #sources: SourceRows;
  readonly #tables: Readonly<Record<TableName, RareTable>>;
  #version: number;
  #hasConnectionWindow = false;

  constructor(sql: Sql) {
    this.#sql = sql;
    const names = Object.keys(rareTables) as TableName[];
    const tables = names.map((name) => [name, new RareTable(sql, name, rareTables[name], laterColumns[name])] as const);
    this.#tables = Object.fromEntries(tables) as Record<TableName, RareTable>;
    this.#sources = new SourceRows(sql, this.#tables.source);
    this.letters = new LetterRows(this.#tables.dead_letter);
    this.told = new ToldDrops(sql, stateKey.toldDrops);
    this.#version = schemaVersion(sql);
    if (this.exists) this.#findTables(tablesOf(sql));
  }

  #findTables(tables: ReadonlyMap<string, string>): void {
    for (const table of Object.values(this.#tables)) table.found(tables.get(table.name));
  }

  load(): StoredSession {
    if (this.#version === 0) {
      const none = { record: undefined, inbound: undefined, window: undefined, connectionWindow: undefined };
      return { ...none, leases: undefined, will: undefined, dueWills: [], handBacks: [], replays: [] };
    }
    this.#migrate();
    const wills = this.#tables.will.all("SELECT * FROM will ORDER BY id").map(toWill);
    const state = new Map<number, string>();
    for (const { key, json } of this.#sql.all("SELECT key, json FROM state")) state.set(key as number, json as string);
    const parse = (key: number) => JSON.parse(state.get(key) ?? "null") ?? undefined;
    this.#hasConnectionWindow = state.has(stateKey.connectionWindow);
    return {
      record: parse(stateKey.session) as SessionRecord | undefined,
      inbound: withPages(parse(stateKey.inbound), state),
      window: parse(stateKey.window) as DurableWindow | undefined,
      connectionWindow: parse(stateKey.connectionWindow) as WindowSnapshot | undefined,
      leases: parse(stateKey.leases) as LeaseSnapshot | undefined,
      will: wills.find(({ id }) => id === livingWill),
      dueWills: wills.filter(({ id }) => id !== livingWill),
      handBacks: this.#tables.hand_back.all("SELECT * FROM hand_back ORDER BY id").map(toHandBack),
      replays: this.#tables.replay.all("SELECT * FROM replay").map(toReplay),
      ...(state.has(stateKey.sink)
        ? { sink: { settings: parse(stateKey.sink), progress: parse(stateKey.sinkProgress) } }
        : {}),
    };
  }

  /** Whether there is a database at all. */
  get exists(): boolean {
    return this.#version > 0;
  }

  /** The database was deleted. */
  forgotten(): void {
    this.#version = 0;
    this.#hasConnectionWindow = false;
    this.#findTables(new Map());
  }

  /** Whether nothing is left. */
  get isEmpty(): boolean {
    return !this.holdsSession && !this.#holdsAny(this.#tables.will, this.#tables.hand_back);
  }

  /** Whether anything is left of the session itself, apart from what only waits for a shard to take it. */
  get holdsSession(): boolean {
    if (!this.exists) return false;
    if (this.#sql.first("SELECT 1 FROM state WHERE key <> ? LIMIT 1", stateKey.toldDrops) !== undefined) return true;
    return this.#holdsAny(this.#tables.subscription, this.#tables.segment);
  }

  /** One transaction. */
  apply(changes: readonly Change[]): void {
    if (changes.length === 0) return;
    if (this.#version === 0 && changes.every(changesNothingWhenEmpty)) return;
    this.#migrate();
    if (changes.length === 1) this.#change(changes[0] as Change);
    else
      this.#sql.transaction(() => {
        for (const change of changes) this.#change(change);
      });
  }

  /** The window of the living connection, when its socket has no room for it; undefined when it has. */
  keepConnectionWindow(window: WindowSnapshot | undefined): void {
    if (window === undefined && !this.#hasConnectionWindow) return;
    this.#migrate();
    if (window === undefined) this.#sql.run("DELETE FROM state WHERE key = ?", stateKey.connectionWindow);
    else this.#putState(stateKey.connectionWindow, window);
    this.#hasConnectionWindow = window !== undefined;
  }

  /** Messages given up, by reason, since the session's object came to be. */
  addDrops(counts: ReadonlyMap<string, number>): void {
    this.#migrate();
    const statement =
      "INSERT INTO dropped (reason, count) VALUES (?, ?) ON CONFLICT DO UPDATE SET count = count + excluded.count";
    this.#sql.transaction(() => {
      for (const [reason, count] of counts) this.#tables.dropped.put(statement, reason, count);
    });
  }

  drops(): ReadonlyMap<string, number> {
    const rows = this.#tables.dropped.all("SELECT reason, count FROM dropped");
    return new Map(rows.map(({ reason, count }) => [reason as string, count as number]));
  }

  subscription(filter: string): StoredSubscription | undefined {
    const row = this.#tables.subscription.first("SELECT * FROM subscription WHERE filter = ? AND removing = 0", filter);
    return row === undefined ? undefined : toSubscription(row);
  }

  isUnconfirmed(filter: string): boolean {
    // A table that code from before the mark has made has no such column.
    const row = this.#tables.subscription.first("SELECT * FROM subscription WHERE filter = ?", filter);
    return row?.["unconfirmed"] === 1;
  }

  subscriptions(): readonly StoredSubscription[] {
    return this.#tables.subscription.all("SELECT * FROM subscription").map(toSubscription);
  }

  subscriptionsAfter(filter: string, limit: number): readonly StoredSubscription[] {
    const statement = "SELECT * FROM subscription WHERE filter > ? AND removing = 0 ORDER BY filter LIMIT ?";
    return this.#tables.subscription.all(statement, filter, limit).map(toSubscription);
  }

  subscriptionCount(): number {
    return (
      (this.#tables.subscription.first("SELECT COUNT(*) AS count FROM subscription")?.["count"] as
        | number
        | undefined) ?? 0
    );
  }

  storedAccess(): Access | undefined {
    if (this.#version === 0) return undefined;
    const row = this.#sql.first("SELECT json FROM state WHERE key = ?", stateKey.access);
    return row === undefined ? undefined : (JSON.parse(row["json"] as string) as Access);
  }

  sharedFilters(): readonly string[] {
    // All that begin with "$share/": "0" is the character behind "/".
    const statement =
      "SELECT filter FROM subscription WHERE filter >= '$share/' AND filter < '$share0' AND removing = 0";
    return this.#tables.subscription.all(statement).map(({ filter }) => filter as string);
  }

  sysFilters(): readonly string[] {
    // All that begin with "$SYS": "T" is the character behind "S".
    const statement = "SELECT filter FROM subscription WHERE filter >= '$SYS' AND filter < '$SYT' AND removing = 0";
    return this.#tables.subscription.all(statement).map(({ filter }) => filter as string);
  }

  sharedSegments(): readonly (SegmentOrigin & { readonly segment: Segment })[] {
    return this.#tables.segment.all("SELECT * FROM segment WHERE share IS NOT NULL ORDER BY position").map((row) => ({
      share: row["share"] as string,
      shard: row["shard"] as number,
      segment: toSegment(row),
    }));
  }

  originOf(position: number): SegmentOrigin | undefined {
    const row = this.#tables.segment.first("SELECT share, shard FROM segment WHERE position = ?", position);
    const share = (row?.["share"] as string | null | undefined) ?? undefined;
    return share === undefined ? undefined : { share, shard: row?.["shard"] as number };
  }

  filtersBeingRemoved(): readonly string[] {
    return this.#tables.subscription
      .all("SELECT filter FROM subscription WHERE removing = 1")
      .map((row) => row["filter"] as string);
  }

  aliasTopic(alias: number): string | undefined {
    return this.#tables.alias.first("SELECT topic FROM alias WHERE alias = ?", alias)?.["topic"] as string | undefined;
  }

  hasAliases(): boolean {
    return this.#tables.alias.first("SELECT 1 FROM alias LIMIT 1") !== undefined;
  }

  sourceSequence(publisher: string, publisherGeneration: number, shard: number): number {
    return this.#sources.sequence(publisher, publisherGeneration, shard);
  }

  lastCall(source: string): LastCall | undefined {
    return this.#sources.lastCall(source);
  }

  segmentFrom(position: number): Segment | undefined {
    // Two look-ups by key: a condition on the end of a segment would read all before it.
    const before = this.#tables.segment.first(
      "SELECT * FROM segment WHERE position <= ? ORDER BY position DESC LIMIT 1",
      position,
    );
    if (before !== undefined && (before["position"] as number) + (before["count"] as number) > position) {
      return toSegment(before);
    }
    const behind = this.#tables.segment.first(
      "SELECT * FROM segment WHERE position > ? ORDER BY position LIMIT 1",
      position,
    );
    return behind === undefined ? undefined : toSegment(behind);
  }

  queueBounds(): QueueBounds | undefined {
    const row = this.#tables.segment.first(
      "SELECT MIN(position) AS first, MAX(position + count) AS end, SUM(bytes) AS bytes FROM segment",
    );
    if (row === undefined || row["first"] === null) return undefined;
    return { first: row["first"] as number, end: row["end"] as number, bytes: row["bytes"] as number };
  }

  bytesWithin(from: number, to: number): number {
    const statement =
      "SELECT SUM(bytes) AS bytes FROM segment WHERE position BETWEEN ? AND ? AND position + count <= ?";
    return (this.#tables.segment.first(statement, from, to, to)?.["bytes"] as number | null) ?? 0;
  }

  offeredEnd(from: number, to: number): number {
    const statement =
      "SELECT MAX(position + count) AS end FROM segment WHERE position >= ? AND position < ? AND offered = 1";
    return (this.#tables.segment.first(statement, from, to)?.["end"] as number | null) ?? 0;
  }

  #holdsAny(...tables: readonly RareTable[]): boolean {
    return tables.some((table) => table.first(`SELECT 1 FROM ${table.name} LIMIT 1`) !== undefined);
  }

  #migrate(): void {
    if (this.#version >= migrations.length) return;
    migrate(this.#sql, migrations, this.#version, newest);
    this.#version = migrations.length;
    this.#findTables(tablesOf(this.#sql));
  }

  #change(change: Change): void {
    const tables = this.#tables;
    switch (change.kind) {
      case "put-session":
        return this.#putState(stateKey.session, change.record);
      case "put-access":
        return this.#putState(stateKey.access, change.access);
      case "put-inbound":
        return this.#putInbound(change.changes);
      case "put-window":
        return this.#putState(stateKey.window, change.window);
      case "put-leases":
        return this.#putState(stateKey.leases, change.leases);
      case "put-sink":
        return this.#putState(stateKey.sink, change.settings);
      case "put-sink-progress":
        return this.#putState(stateKey.sinkProgress, change.progress);
      case "put-dead-letter":
      case "keep-dead-letter":
      case "send-dead-letters":
      case "delete-dead-letters":
        return this.letters.change(change);
      case "put-will":
        return this.#putWill({ ...change.will, id: livingWill, dueAtMs: 0, sequence: 0 });
      case "delete-will":
        return tables.will.change("DELETE FROM will WHERE id = ?", livingWill);
      case "put-due-will":
        return this.#putWill(change.will);
      case "delete-due-will":
        return tables.will.change("DELETE FROM will WHERE id = ?", change.id);
      case "put-subscription": {
        const { filter, qos, noLocal, retainAsPublished, identifier } = change.subscription;
        const statement = `INSERT INTO subscription (filter, qos, no_local, retain_as_published, identifier,
          removing, unconfirmed) VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET qos = excluded.qos,
          no_local = excluded.no_local, retain_as_published = excluded.retain_as_published,
          identifier = excluded.identifier, removing = excluded.removing,
          unconfirmed = excluded.unconfirmed`;
        return tables.subscription.put(
          statement,
          filter,
          qos,
          +noLocal,
          +retainAsPublished,
          identifier,
          +change.removing,
          +(change.unconfirmed ?? false),
        );
      }
      case "confirm-subscription": {
        const statement = "UPDATE subscription SET unconfirmed = 0 WHERE filter = ? AND unconfirmed = 1";
        return tables.subscription.change(statement, change.filter);
      }
      case "delete-subscription":
        return tables.subscription.change("DELETE FROM subscription WHERE filter = ? AND removing = 1", change.filter);
      case "put-segment": {
        const { position, count, offered, atMs, body } = change.segment;
        const { share = null, shard = null } = change.origin ?? {};
        const statement = `INSERT INTO segment (position, count, bytes, offered, at_ms, body, share, shard)
          VALUES (?, ?, ?, ?, ?, ?, ?, ?)`;
        return tables.segment.put(statement, position, count, body.length, +offered, atMs, body, share, shard);
      }
      case "delete-segments-within": {
        const { from, to } = change;
        return tables.segment.change(
          "DELETE FROM segment WHERE position BETWEEN ? AND ? AND position + count <= ?",
          from,
          to,
          to,
        );
      }
      case "delete-segments":
        return tables.segment.change(
          "DELETE FROM segment WHERE position < ? AND position + count <= ?",
          change.below,
          change.below,
        );
      case "put-source":
        return this.#sources.advance(change.cursor);
      case "end-earlier-calls":
        return this.#sources.endEarlierCalls(change.key, change.atMs);
      case "put-hand-back": {
        const { id, shard, share, body } = change.handBack;
        return tables.hand_back.put(
          "INSERT INTO hand_back (id, shard, share, body) VALUES (?, ?, ?, ?)",
          id,
          shard,
          share,
          body,
        );
      }
      case "delete-hand-back":
        return tables.hand_back.change("DELETE FROM hand_back WHERE id = ?", change.id);
      case "put-replay": {
        const { filter, shard, after } = change.replay;
        const statement =
          "INSERT INTO replay (filter, shard, after) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET after = excluded.after";
        return tables.replay.put(statement, filter, shard, after);
      }
      case "delete-replay":
        return tables.replay.change("DELETE FROM replay WHERE filter = ? AND shard = ?", change.filter, change.shard);
      case "put-alias": {
        const statement =
          "INSERT INTO alias (alias, topic) VALUES (?, ?) ON CONFLICT DO UPDATE SET topic = excluded.topic";
        return tables.alias.put(statement, change.alias, change.topic);
      }
      case "clear-aliases":
        return tables.alias.change("DELETE FROM alias");
      case "end-session":
        tables.will.change("DELETE FROM will WHERE id = ?", livingWill);
        // What was told of drops stays as long as their counts do.
        this.#sql.run("DELETE FROM state WHERE key <> ?", stateKey.toldDrops);
        for (const name of ["subscription", "segment", "source", "alias", "replay"] as const) {
          tables[name].change(`DELETE FROM ${name}`);
        }
        this.letters.end();
        this.#hasConnectionWindow = false;
        return;
      default:
        change satisfies never;
    }
  }

  #putWill(will: DueWill): void {
    const { id, shard, generation, delayMs, expiryMs, dueAtMs, sequence, body } = will;
    const statement = `INSERT INTO will (id, shard, generation, delay_ms, expiry_ms, due_at_ms, sequence, body)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET shard = excluded.shard,
      generation = excluded.generation, delay_ms = excluded.delay_ms, expiry_ms = excluded.expiry_ms,
      due_at_ms = excluded.due_at_ms, sequence = excluded.sequence, body = excluded.body`;
    this.#tables.will.put(statement, id, shard, generation, delayMs, expiryMs, dueAtMs, sequence, body);
  }

  #putInbound({ inbound, pages, dropsPages }: InboundChanges): void {
    this.#putState(stateKey.inbound, inbound);
    for (const { page, runs } of pages) this.#putState(firstPageKey + page, { runs });
    if (dropsPages) this.#sql.run("DELETE FROM state WHERE key >= ?", firstPageKey);
  }

  #putState(key: number, value: object): void {
    const statement = "INSERT INTO state (key, json) VALUES (?, ?) ON CONFLICT DO UPDATE SET json = excluded.json";
    this.#sql.run(statement, key, JSON.stringify(value));
  }
}

function changesNothingWhenEmpty(change: Change): boolean {
  return change.kind === "end-session" || change.kind === "clear-aliases" || change.kind.startsWith("delete-");
}

function withPages(
  inbound: InboundSnapshot | undefined,
  state: ReadonlyMap<number, string>,
): InboundSnapshot | undefined {
  if (inbound?.paged !== true) return inbound;
  const pages = [...state]
    .filter(([key]) => key >= firstPageKey)
    .map(([, json]) => JSON.parse(json) as InboundSnapshot);
  return { ...inbound, runs: pages.flatMap(({ runs }) => runs) };
}

function toWill(row: SqlRow): DueWill {
  return {
    id: row["id"] as number,
    shard: row["shard"] as number,
    generation: row["generation"] as number,
    delayMs: row["delay_ms"] as number,
    expiryMs: row["expiry_ms"] as number,
    dueAtMs: row["due_at_ms"] as number,
    sequence: row["sequence"] as number,
    body: row["body"] as Uint8Array,
  };
}

function toHandBack(row: SqlRow): HandBack {
  return {
    id: row["id"] as number,
    shard: row["shard"] as number,
    share: row["share"] as string,
    body: row["body"] as Uint8Array,
  };
}

function toReplay(row: SqlRow): Replay {
  return { filter: row["filter"] as string, shard: row["shard"] as number, after: row["after"] as string };
}

function toSegment(row: SqlRow): Segment {
  return {
    position: row["position"] as number,
    count: row["count"] as number,
    offered: row["offered"] === 1,
    atMs: row["at_ms"] as number,
    body: row["body"] as Uint8Array,
  };
}

function toSubscription(row: SqlRow): StoredSubscription {
  return {
    filter: row["filter"] as string,
    qos: row["qos"] as QoS,
    noLocal: row["no_local"] === 1,
    retainAsPublished: row["retain_as_published"] === 1,
    identifier: row["identifier"] as number,
  };
}
