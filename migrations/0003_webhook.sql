-- Webhooks: sessions whose messages go to an HTTP endpoint (`url`) or a queue of the platform (`queue`), one of which is NULL. The
-- secrets sign; what cannot be read cannot sign, so they are here as they are. `settings` is JSON.
CREATE TABLE webhook (
  name TEXT PRIMARY KEY,
  url TEXT,
  queue TEXT,
  filters TEXT NOT NULL,
  events TEXT NOT NULL,
  settings TEXT NOT NULL,
  paused INTEGER NOT NULL DEFAULT 0,
  secret TEXT NOT NULL,
  former_secret TEXT,
  former_until_ms INTEGER,
  comment TEXT NOT NULL DEFAULT '',
  created_at_ms INTEGER NOT NULL,
  changed_at_ms INTEGER NOT NULL
) WITHOUT ROWID;
