-- Traces: what operators follow for a while. Events are in an object of their own.
CREATE TABLE trace (
  id TEXT PRIMARY KEY,
  kind TEXT NOT NULL,
  value TEXT NOT NULL,
  payload INTEGER NOT NULL,
  created_at_ms INTEGER NOT NULL,
  until_ms INTEGER NOT NULL,
  kept_until_ms INTEGER NOT NULL,
  created_by TEXT NOT NULL
) WITHOUT ROWID;
