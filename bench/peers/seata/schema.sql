-- What the server's statements ask of PostgreSQL: their tables and columns, with the keys that its own script gives them.
CREATE TABLE global_table (
  xid VARCHAR(128) PRIMARY KEY,
  transaction_id BIGINT,
  status SMALLINT NOT NULL,
  application_id VARCHAR(32),
  transaction_service_group VARCHAR(32),
  transaction_name VARCHAR(128),
  timeout INT,
  begin_time BIGINT,
  application_data VARCHAR(2000),
  gmt_create TIMESTAMP(0),
  gmt_modified TIMESTAMP(0)
);
CREATE INDEX global_status_modified ON global_table (status, gmt_modified);
CREATE INDEX global_transaction ON global_table (transaction_id);

CREATE TABLE branch_table (
  branch_id BIGINT PRIMARY KEY,
  xid VARCHAR(128) NOT NULL,
  transaction_id BIGINT,
  resource_group_id VARCHAR(32),
  resource_id VARCHAR(256),
  branch_type VARCHAR(8),
  status SMALLINT,
  client_id VARCHAR(64),
  application_data VARCHAR(2000),
  gmt_create TIMESTAMP(6),
  gmt_modified TIMESTAMP(6)
);
CREATE INDEX branch_xid ON branch_table (xid);

CREATE TABLE lock_table (
  row_key VARCHAR(128) PRIMARY KEY,
  xid VARCHAR(128),
  transaction_id BIGINT,
  branch_id BIGINT NOT NULL,
  resource_id VARCHAR(256),
  table_name VARCHAR(32),
  pk VARCHAR(36),
  status SMALLINT NOT NULL DEFAULT 0,
  gmt_create TIMESTAMP(0),
  gmt_modified TIMESTAMP(0)
);
CREATE INDEX lock_branch ON lock_table (branch_id);
CREATE INDEX lock_xid ON lock_table (xid);

CREATE TABLE distributed_lock (
  lock_key VARCHAR(20) PRIMARY KEY,
  lock_value VARCHAR(20) NOT NULL,
  expire BIGINT NOT NULL
);
INSERT INTO distributed_lock VALUES ('AsyncCommitting', ' ', 0), ('RetryCommitting', ' ', 0), ('RetryRollbacking', ' ', 0), ('TxTimeoutCheck', ' ', 0);
