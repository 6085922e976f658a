// What must be true when faults have stopped and everything had its time: queues and outboxes are empty, nothing is under
// way, and nobody waits.

import type { Client } from "../client/client.ts";
import type { ObjectHost } from "../platform/host.ts";
import type { Platform } from "../platform/platform.ts";

/** Tables that hold what is owed to somebody, and how many rows of them are: not those owed to clients that are away. */
const owed = {
  segment: "SELECT COUNT(*) AS rows FROM segment",
  owed: "SELECT COUNT(*) AS rows FROM owed WHERE instr(?, '\"' || target || '\"') = 0",
  subscription: "SELECT COUNT(*) AS rows FROM subscription WHERE removing = 1",
  // Of a group all of whose members are away it is owed to nobody who is there.
  group_row: `SELECT COUNT(*) AS rows FROM group_row WHERE EXISTS (SELECT 1 FROM member
    WHERE member.share = group_row.share AND instr(?, '"' || member.session || '"') = 0)`,
  delayed: "SELECT COUNT(*) AS rows FROM delayed",
  will: "SELECT COUNT(*) AS rows FROM will WHERE id <> 0",
} as const;

/** What an alarm set going may be under way whenever one looks; nothing in peace takes so long. */
const handlerMsMax = 60_000;

export function progress(platform: Platform, clients: readonly Client[], awayNames: readonly string[]): string[] {
  const unfinished: string[] = [];
  for (const client of clients) if (!client.isAtRest) unfinished.push(`${client.name} does not come to rest`);
  for (const host of platform.hosts.values()) {
    if ((host.life?.oldestHandlerMs ?? 0) > handlerMsMax) unfinished.push(`${host.name} is still busy`);
    if (awayNames.includes(host.name)) continue;
    for (const [table, count] of Object.entries(rowsOwed(host, awayNames))) {
      if (count > 0) unfinished.push(`${host.name} has ${count} rows left in ${table}`);
    }
  }
  return unfinished;
}

function rowsOwed(host: ObjectHost, awayNames: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const table of host.storage.tables()) {
    const statement = owed[table as keyof typeof owed];
    if (statement === undefined) continue;
    const bindings = statement.includes("?") ? [JSON.stringify(awayNames)] : [];
    counts[table] = host.storage.execute(statement, bindings)[0]?.["rows"] as number;
  }
  return counts;
}
