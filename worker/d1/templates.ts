// The table `session_template`.

import type { SessionOverrides } from "../../src/session/changes.ts";
import type { SubscriptionRequest } from "../../src/session/subscribe.ts";
import type { NamedTemplate } from "../../src/session/template.ts";
import type { Control, Row } from "./control.ts";
import type { Shape } from "./shape.ts";

export interface StoredTemplate extends NamedTemplate {
  readonly name: string;
  readonly position: number;
  readonly comment: string;
  readonly createdAtMs: number;
  readonly changedAtMs: number;
}

export function toTemplate(row: Row): StoredTemplate {
  return {
    name: row["name"] as string,
    position: row["position"] as number,
    pattern: row["pattern"] as string,
    subscriptions: JSON.parse(row["subscriptions"] as string) as SubscriptionRequest[],
    limits: JSON.parse(row["limits"] as string) as SessionOverrides,
    comment: row["comment"] as string,
    createdAtMs: row["created_at_ms"] as number,
    changedAtMs: row["changed_at_ms"] as number,
  };
}

/** In the order in which they are tried. */
export function allTemplatesQuery(control: Control, limit: number): D1PreparedStatement {
  return control.statement("SELECT * FROM session_template ORDER BY position, name LIMIT ?", limit);
}

export async function templatesInOrder(control: Control, limit: number): Promise<StoredTemplate[]> {
  const [rows = []] = await control.read([allTemplatesQuery(control, limit)]);
  return rows.map(toTemplate);
}

export async function templatesAfter(control: Control, after: string, limit: number): Promise<StoredTemplate[]> {
  const rows = await control.all("SELECT * FROM session_template WHERE name > ? ORDER BY name LIMIT ?", after, limit);
  return rows.map(toTemplate);
}

export async function countTemplates(control: Control): Promise<number> {
  const row = await control.first("SELECT COUNT(*) AS count FROM session_template");
  return row?.["count"] as number;
}

export const templateShape: Shape<StoredTemplate> = {
  table: "session_template",
  key: ["name"],
  toItem: toTemplate,
  columns: {
    name: ({ name }) => name,
    position: ({ position }) => position,
    pattern: ({ pattern }) => pattern,
    subscriptions: ({ subscriptions }) => JSON.stringify(subscriptions),
    limits: ({ limits }) => JSON.stringify(limits),
    comment: ({ comment }) => comment,
    created_at_ms: ({ createdAtMs }) => createdAtMs,
    changed_at_ms: ({ changedAtMs }) => changedAtMs,
  },
};

export function deleteTemplate(control: Control, name: string): D1PreparedStatement {
  return control.statement("DELETE FROM session_template WHERE name = ?", name);
}
