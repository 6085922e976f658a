// All subscriptions that a topic shard knows, for who looks at them: routes first, then members of groups, each in the order of their
// keys. A page reads what it shows, and a bounded number of rows that it leaves out.

import type { QoS } from "../protocol/packet.ts";
import { keyTopic, topicKey } from "../topic/key.ts";
import { plainFilter } from "../topic/share.ts";
import type { Sql, SqlRow } from "./sql.ts";

export interface SubscriptionQuery {
  /** `after` of the page before; undefined: from the beginning. */
  readonly after?: string | undefined;
  readonly limit: number;
  /** This filter alone. */
  readonly filter?: string | undefined;
  /** Of the name of the session's object. */
  readonly session?: string | undefined;
}

export interface ListedSubscription {
  /** Of the session's object. */
  readonly session: string;
  /** With `$share` and the group, if it is shared. */
  readonly filter: string;
  readonly qos: QoS;
  readonly noLocal: boolean;
  readonly retainAsPublished: boolean;
  /** 0: none. */
  readonly identifier: number;
}

export interface SubscriptionList {
  /** Each with what stands for `after` behind it. */
  readonly items: readonly { readonly key: string; readonly item: ListedSubscription }[];
  /** Where the next page begins; undefined: this was the last. */
  readonly after: string | undefined;
}

/** Rows that one page looks at. */
export const scannedMax = 2_000;

type Cursor = readonly [table: "route" | "member", key: string, share: string, session: string];
/** Whether a text is `after` of a page. */
export function isCursor(text: string): boolean {
  try {
    const parts: unknown = JSON.parse(text);
    if (!Array.isArray(parts) || parts.length !== 4 || !parts.every((part) => typeof part === "string")) return false;
    return parts[0] === "route" || parts[0] === "member";
  } catch {
    return false;
  }
}

type IsListed = (filter: string) => boolean;

const columns = "key, '' AS share, session, qos, no_local, retain_as_published, identifier";
const memberColumns = "key, share, session, qos, 0 AS no_local, retain_as_published, identifier";

export class SubscriptionRows {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  /** Those whose filters are listed here: one that every shard knows is listed by one of them. */
  list({ after, limit, filter, session }: SubscriptionQuery, isListed: IsListed): SubscriptionList {
    const items: { key: string; item: ListedSubscription }[] = [];
    let cursor: Cursor | undefined = after === undefined ? ["route", "", "", ""] : (JSON.parse(after) as Cursor);
    for (let scanned = 0; cursor !== undefined && scanned < scannedMax && items.length < limit; ) {
      const chunk = Math.min(scannedMax - scanned, Math.max(limit - items.length, 1));
      const rows = this.#rows(cursor, chunk, filter);
      for (const row of rows) {
        cursor = cursorOf(cursor[0], row);
        const item = toListed(row);
        if (isListed(item.filter) && (session === undefined || item.session.startsWith(session))) {
          items.push({ key: JSON.stringify(cursor), item });
        }
      }
      scanned += rows.length;
      if (rows.length < chunk) cursor = cursor[0] === "route" ? ["member", "", "", ""] : undefined;
    }
    return { items, after: cursor === undefined ? undefined : JSON.stringify(cursor) };
  }

  count(isListed: IsListed): number {
    return this.#countIn("route", isListed) + this.#countIn("member", isListed);
  }

  #rows([table, key, share, session]: Cursor, limit: number, filter: string | undefined): SqlRow[] {
    const of = filter === undefined ? undefined : topicKey(plainFilter(filter));
    const isShared = filter !== undefined && plainFilter(filter) !== filter;
    if (of !== undefined && isShared !== (table === "member")) return [];
    if (table === "route") {
      const condition = of === undefined ? "(key, session) > (?, ?)" : "key = ? AND session > ?";
      const statement = `SELECT ${columns} FROM route WHERE ${condition} ORDER BY key, session LIMIT ?`;
      return this.#sql.all(statement, of ?? key, session, limit);
    }
    if (of === undefined) {
      const statement = `SELECT ${memberColumns} FROM member WHERE (key, share, session) > (?, ?, ?)
        ORDER BY key, share, session LIMIT ?`;
      return this.#sql.all(statement, key, share, session, limit);
    }
    const statement = `SELECT ${memberColumns} FROM member WHERE key = ? AND share = ? AND session > ?
      ORDER BY session LIMIT ?`;
    return this.#sql.all(statement, of, filter as string, session, limit);
  }

  #countIn(table: "route" | "member", isListed: IsListed): number {
    let count = 0;
    let key = "";
    for (;;) {
      const rows = this.#sql.all(
        `SELECT key, COUNT(*) AS count FROM ${table} WHERE key > ? GROUP BY key ORDER BY key LIMIT ?`,
        key,
        keysAtOnce,
      );
      for (const row of rows) if (isListed(keyTopic(row["key"] as string))) count += row["count"] as number;
      if (rows.length < keysAtOnce) return count;
      key = rows.at(-1)?.["key"] as string;
    }
  }
}

const keysAtOnce = 2_000;

function cursorOf(table: Cursor[0], row: SqlRow): Cursor {
  return [table, row["key"] as string, row["share"] as string, row["session"] as string];
}

function toListed(row: SqlRow): ListedSubscription {
  const share = row["share"] as string;
  return {
    session: row["session"] as string,
    filter: share === "" ? keyTopic(row["key"] as string) : share,
    qos: row["qos"] as QoS,
    noLocal: row["no_local"] === 1,
    retainAsPublished: row["retain_as_published"] === 1,
    identifier: row["identifier"] as number,
  };
}
