-- The control database: who may connect, what they may do, and who changed that. Read at CONNECT through a cache and by the
-- HTTP API, never on a message's path. Migrations are only ever added: old and new code run side by side during a deploy.

-- Rises with every change, so that whoever holds a copy can tell whether it is still good.
CREATE TABLE revision (id INTEGER PRIMARY KEY CHECK (id = 1), number INTEGER NOT NULL);
INSERT INTO revision (id, number) VALUES (1, 1);

-- `password` is a scrypt hash, `scram` a SCRAM-SHA-256 verifier; both are absent for a user with keys alone.
CREATE TABLE user (
  name TEXT PRIMARY KEY,
  password TEXT,
  scram TEXT,
  disabled INTEGER NOT NULL DEFAULT 0,
  limits TEXT NOT NULL DEFAULT '{}',
  comment TEXT NOT NULL DEFAULT '',
  created_at_ms INTEGER NOT NULL,
  changed_at_ms INTEGER NOT NULL
) WITHOUT ROWID;

-- Of a key only its SHA-256 is kept.
CREATE TABLE device_key (
  id TEXT PRIMARY KEY,
  user TEXT NOT NULL,
  hash TEXT NOT NULL,
  comment TEXT NOT NULL DEFAULT '',
  expires_at_ms INTEGER,
  created_at_ms INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX device_key_by_user ON device_key (user);

-- Named so because GROUP is a word of SQL.
CREATE TABLE user_group (
  name TEXT PRIMARY KEY,
  limits TEXT NOT NULL DEFAULT '{}',
  comment TEXT NOT NULL DEFAULT '',
  created_at_ms INTEGER NOT NULL,
  changed_at_ms INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE membership (
  user TEXT NOT NULL,
  user_group TEXT NOT NULL,
  PRIMARY KEY (user, user_group)
) WITHOUT ROWID;
CREATE INDEX membership_by_group ON membership (user_group);

-- Tried by rising position, then id, which rises with time. `subject` is empty for everyone; `qos` holds digits, NULL for any; `retain` 0, 1 or NULL.
CREATE TABLE rule (
  id TEXT PRIMARY KEY,
  position INTEGER NOT NULL,
  effect TEXT NOT NULL,
  action TEXT NOT NULL,
  subject_kind TEXT NOT NULL,
  subject TEXT NOT NULL,
  filter TEXT NOT NULL,
  qos TEXT,
  retain INTEGER,
  comment TEXT NOT NULL DEFAULT '',
  created_at_ms INTEGER NOT NULL,
  changed_at_ms INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX rule_by_subject ON rule (subject_kind, subject);

CREATE TABLE ban (
  kind TEXT NOT NULL,
  value TEXT NOT NULL,
  until_ms INTEGER,
  comment TEXT NOT NULL DEFAULT '',
  created_at_ms INTEGER NOT NULL,
  PRIMARY KEY (kind, value)
) WITHOUT ROWID;

CREATE TABLE api_key (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  hash TEXT NOT NULL,
  scopes TEXT NOT NULL,
  expires_at_ms INTEGER,
  created_at_ms INTEGER NOT NULL
) WITHOUT ROWID;

-- `before` and `after` are JSON without anything secret.
CREATE TABLE audit (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  at_ms INTEGER NOT NULL,
  actor TEXT NOT NULL,
  action TEXT NOT NULL,
  subject TEXT NOT NULL,
  before TEXT,
  after TEXT
);
