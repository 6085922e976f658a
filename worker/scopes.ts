// What a caller of the HTTP API may do.

export const scopes = ["read", "operate", "publish", "consume", "admin"] as const;
export type Scope = (typeof scopes)[number];
