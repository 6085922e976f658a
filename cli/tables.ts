// The tables that the HTTP API exports and imports, in the order in which they can be imported.

export const tableNames = ["groups", "users", "device-keys", "rules", "bans", "templates", "api-keys"] as const;
export type TableName = (typeof tableNames)[number];
