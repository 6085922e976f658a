-- What sessions have that are made for a client id which fits the pattern. Tried by rising position, then name. `subscriptions` and
-- `limits` are JSON.
CREATE TABLE session_template (
  name TEXT PRIMARY KEY,
  position INTEGER NOT NULL,
  pattern TEXT NOT NULL,
  subscriptions TEXT NOT NULL,
  limits TEXT NOT NULL,
  comment TEXT NOT NULL DEFAULT '',
  created_at_ms INTEGER NOT NULL,
  changed_at_ms INTEGER NOT NULL
) WITHOUT ROWID;
