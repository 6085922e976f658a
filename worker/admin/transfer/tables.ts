// All tables that are exported, in the order in which they can be imported: what others name comes before them.

import { auditTable } from "./audit.ts";
import { bansTable } from "./bans.ts";
import { groupsTable } from "./groups.ts";
import { apiKeysTable, deviceKeysTable } from "./keys.ts";
import { rulesTable } from "./rules.ts";
import type { Table } from "./table.ts";
import { templatesTable } from "./templates.ts";
import { usersTable } from "./users.ts";

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
