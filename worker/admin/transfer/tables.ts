// All tables that are exported, in the order in which they can be imported: what others name comes before them.

import { auditTable } from "./audit.ts";
import { bansTable } from "./bans.ts";
import { groupsTable } from "./groups.ts";
import { apiKeysTable, deviceKeysTable } from "./keys.ts";
import { rulesTable } from "./rules.ts";
import type { SavedTable, Table } from "./table.ts";
import { templatesTable } from "./templates.ts";
import { usersTable } from "./users.ts";
import { webhooksTable } from "./webhooks.ts";

export const tables: readonly Table[] = [
  groupsTable,
  usersTable,
  deviceKeysTable,
  rulesTable,
  bansTable,
  templatesTable,
  apiKeysTable,
  auditTable,
];

/** Those that a backup has. A webhook is a session besides, so it comes with a backup alone. */
export const savedTables: readonly SavedTable[] = [
  ...tables.flatMap(({ intake, ...rest }) => (intake === undefined ? [] : [{ ...rest, intake }])),
  webhooksTable,
];
