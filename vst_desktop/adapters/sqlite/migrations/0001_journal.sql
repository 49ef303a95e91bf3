CREATE TABLE events (
    seq INTEGER PRIMARY KEY,
    time TEXT NOT NULL,
    name TEXT NOT NULL,
    data TEXT NOT NULL,
    previous_hash TEXT NOT NULL,
    hash TEXT NOT NULL UNIQUE
) STRICT;

CREATE TRIGGER events_are_never_changed BEFORE UPDATE ON events
BEGIN SELECT RAISE(ABORT, 'events are append-only'); END;

CREATE TRIGGER events_are_never_deleted BEFORE DELETE ON events
BEGIN SELECT RAISE(ABORT, 'events are append-only'); END;

CREATE TABLE intents (
    intent_id TEXT PRIMARY KEY,
    order_ref TEXT NOT NULL UNIQUE,
    symbol TEXT NOT NULL,
    purpose TEXT NOT NULL,
    state TEXT NOT NULL,
    approved_at TEXT NOT NULL,
    spread TEXT NOT NULL,
    plan TEXT NOT NULL,
    record TEXT NOT NULL
) STRICT;

CREATE INDEX intents_by_state ON intents (state);

CREATE TABLE positions (
    position_id TEXT PRIMARY KEY,
    intent_id TEXT NOT NULL REFERENCES intents (intent_id),
    symbol TEXT NOT NULL,
    opened_at TEXT NOT NULL,
    closed_at TEXT,
    spread TEXT NOT NULL,
    plan TEXT NOT NULL,
    record TEXT NOT NULL
) STRICT;

CREATE TABLE executions (
    exec_id TEXT PRIMARY KEY,
    order_ref TEXT NOT NULL,
    data TEXT NOT NULL
) STRICT;

CREATE INDEX executions_by_order ON executions (order_ref);

CREATE TABLE alerts (
    seq INTEGER PRIMARY KEY,
    time TEXT NOT NULL,
    severity TEXT NOT NULL,
    symbol TEXT,
    message TEXT NOT NULL,
    details TEXT NOT NULL
) STRICT;

CREATE TABLE flags (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT;
