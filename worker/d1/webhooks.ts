// The table `webhook`.

import type { EventType } from "../../src/directory/event-types.ts";
import type { Control, Row } from "./control.ts";
import type { Shape } from "./shape.ts";

export interface WebhookSettings {
  readonly retained: boolean;
  readonly timeoutSeconds: number;
  readonly batchMessagesMax: number;
  readonly batchBytesMax: number;
  readonly lingerMs: number;
  readonly attemptsMax: number;
  readonly queueMessagesMax: number;
  readonly queueBytesMax: number;
}

export interface StoredWebhook {
  readonly name: string;
  /** One of the two. */
  readonly url: string | null;
  readonly queue: string | null;
  readonly filters: readonly string[];
  readonly events: readonly EventType[];
  readonly settings: WebhookSettings;
  readonly isPaused: boolean;
  readonly secret: string;
  readonly formerSecret: string | undefined;
  readonly formerUntilMs: number | undefined;
  readonly comment: string;
  readonly createdAtMs: number;
  readonly changedAtMs: number;
}

function toWebhook(row: Row): StoredWebhook {
  return {
    name: row["name"] as string,
    url: row["url"] as string | null,
    queue: row["queue"] as string | null,
    filters: JSON.parse(row["filters"] as string) as string[],
    events: JSON.parse(row["events"] as string) as EventType[],
    settings: JSON.parse(row["settings"] as string) as WebhookSettings,
    isPaused: row["paused"] === 1,
    secret: row["secret"] as string,
    formerSecret: (row["former_secret"] as string | null) ?? undefined,
    formerUntilMs: (row["former_until_ms"] as number | null) ?? undefined,
    comment: row["comment"] as string,
    createdAtMs: row["created_at_ms"] as number,
    changedAtMs: row["changed_at_ms"] as number,
  };
}

export async function webhooksAfter(control: Control, after: string, limit: number): Promise<StoredWebhook[]> {
  const rows = await control.all("SELECT * FROM webhook WHERE name > ? ORDER BY name LIMIT ?", after, limit);
  return rows.map(toWebhook);
}

export function wantedEventsQuery(control: Control): D1PreparedStatement {
  return control.statement("SELECT DISTINCT events FROM webhook");
}

export const webhookShape: Shape<StoredWebhook> = {
  table: "webhook",
  key: ["name"],
  toItem: toWebhook,
  columns: {
    name: ({ name }) => name,
    url: ({ url }) => url,
    queue: ({ queue }) => queue,
    filters: ({ filters }) => JSON.stringify(filters),
    events: ({ events }) => JSON.stringify(events),
    settings: ({ settings }) => JSON.stringify(settings),
    paused: ({ isPaused }) => +isPaused,
    secret: ({ secret }) => secret,
    former_secret: ({ formerSecret = null }) => formerSecret,
    former_until_ms: ({ formerUntilMs = null }) => formerUntilMs,
    comment: ({ comment }) => comment,
    created_at_ms: ({ createdAtMs }) => createdAtMs,
    changed_at_ms: ({ changedAtMs }) => changedAtMs,
  },
};

export function deleteWebhook(control: Control, name: string): D1PreparedStatement {
  return control.statement("DELETE FROM webhook WHERE name = ?", name);
}
