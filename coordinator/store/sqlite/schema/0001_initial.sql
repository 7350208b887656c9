-- docs/log-format.md says what each table and column is for; a test compares the two.
-- Checks compare one by one: for IN with more than two words SQLite makes a table each time, which cost more than the rest of the insert.

CREATE TABLE schema_version (
  version INTEGER PRIMARY KEY,
  applied_at_ms INTEGER NOT NULL
) STRICT;

CREATE TABLE meta (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  store_id TEXT NOT NULL CHECK (length(store_id) = 36),
  created_at_ms INTEGER NOT NULL,
  run INTEGER NOT NULL CHECK (run >= 0),
  latest_ms INTEGER NOT NULL,
  last_seq INTEGER NOT NULL CHECK (last_seq >= 0),
  removed_seq INTEGER NOT NULL CHECK (removed_seq >= 0),
  probes INTEGER NOT NULL
) STRICT;

CREATE TABLE transactions (
  id INTEGER PRIMARY KEY,
  gid TEXT NOT NULL UNIQUE CHECK (length(gid) BETWEEN 1 AND 128),
  revision INTEGER NOT NULL CHECK (revision >= 1),
  run INTEGER NOT NULL CHECK (run >= 1),
  status TEXT NOT NULL CHECK (status = 'active' OR status = 'committed' OR status = 'committing' OR status = 'aborting' OR status = 'aborted'),
  mode TEXT NOT NULL CHECK (mode = 'saga' OR mode = 'tcc' OR mode = 'message' OR mode = 'mixed'),
  name TEXT,
  attention INTEGER NOT NULL CHECK (attention BETWEEN 0 AND 1),
  started_at_ms INTEGER NOT NULL,
  updated_at_ms INTEGER NOT NULL,
  finished_at_ms INTEGER,
  due_at_ms INTEGER,
  checksum INTEGER NOT NULL,
  state TEXT NOT NULL,
  CHECK ((finished_at_ms IS NULL) = (status = 'active' OR status = 'committing' OR status = 'aborting')),
  CHECK (finished_at_ms IS NULL OR due_at_ms IS NULL)
) STRICT;

-- Each index ends with the row's id: lists are in the order of (started_at_ms, id), the schedule in that of (due_at_ms, id).
CREATE INDEX transactions_due ON transactions (due_at_ms) WHERE due_at_ms IS NOT NULL;
CREATE INDEX transactions_status ON transactions (status, started_at_ms);
CREATE INDEX transactions_name ON transactions (name, started_at_ms) WHERE name IS NOT NULL;
CREATE INDEX transactions_attention ON transactions (started_at_ms) WHERE attention = 1;
CREATE INDEX transactions_finished ON transactions (finished_at_ms) WHERE finished_at_ms IS NOT NULL;

CREATE TABLE requests (
  transaction_id INTEGER PRIMARY KEY REFERENCES transactions (id),
  checksum INTEGER NOT NULL,
  request TEXT NOT NULL
) STRICT;

CREATE TABLE branches (
  transaction_id INTEGER NOT NULL REFERENCES transactions (id),
  branch INTEGER NOT NULL CHECK (branch >= 0),
  checksum INTEGER NOT NULL,
  request TEXT NOT NULL,
  payload BLOB,
  PRIMARY KEY (transaction_id, branch)
) STRICT, WITHOUT ROWID;

CREATE TABLE outputs (
  transaction_id INTEGER NOT NULL REFERENCES transactions (id),
  branch INTEGER NOT NULL CHECK (branch >= 0),
  role TEXT NOT NULL CHECK (role = 'forward' OR role = 'confirm' OR role = 'undo' OR role = 'check'),
  revision INTEGER NOT NULL CHECK (revision >= 1),
  checksum INTEGER NOT NULL,
  output BLOB NOT NULL,
  PRIMARY KEY (transaction_id, branch, role, revision)
) STRICT, WITHOUT ROWID;

CREATE TABLE attributes (
  transaction_id INTEGER NOT NULL REFERENCES transactions (id),
  name TEXT NOT NULL,
  value TEXT NOT NULL,
  started_at_ms INTEGER NOT NULL,
  PRIMARY KEY (transaction_id, name)
) STRICT, WITHOUT ROWID;
CREATE INDEX attributes_value ON attributes (name, value, started_at_ms, transaction_id);

CREATE TABLE events (
  seq INTEGER PRIMARY KEY CHECK (seq >= 1),
  transaction_id INTEGER NOT NULL REFERENCES transactions (id),
  at_ms INTEGER NOT NULL,
  type TEXT NOT NULL,
  branch TEXT,
  operation TEXT,
  attempt INTEGER,
  detail TEXT,
  actor TEXT
) STRICT;
CREATE INDEX events_transaction ON events (transaction_id);

CREATE TABLE tombstones (
  gid TEXT PRIMARY KEY,
  until_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX tombstones_until ON tombstones (until_ms);
