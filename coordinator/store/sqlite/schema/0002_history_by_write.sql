-- One row for the events of one write: a row for each of them, with its place in an index, cost more than the transaction itself.

CREATE TABLE history (
  seq INTEGER PRIMARY KEY CHECK (seq >= 1),
  transaction_id INTEGER NOT NULL REFERENCES transactions (id),
  events TEXT NOT NULL
) STRICT;

INSERT INTO history (seq, transaction_id, events)
  SELECT seq, transaction_id,
         json_array(json_patch('{}', json_object('at_ms', at_ms, 'type', type, 'branch', branch, 'operation', operation, 'attempt', attempt,
                                                 'detail', detail, 'actor', actor)))
  FROM events;

DROP TABLE events;
CREATE INDEX history_transaction ON history (transaction_id);
