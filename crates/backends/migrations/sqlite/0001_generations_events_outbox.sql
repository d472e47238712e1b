-- Ids of ours are 16 bytes, moments are milliseconds since the Unix epoch, documents are JSON.

-- What a person asked for, and what lists show of it. `status` is the place in pending, processing, completed, failed,
-- interrupted, which is also its rank; NULL until a summary was saved. `ended_at` is NULL while it goes on.
CREATE TABLE generations (
    queue_id        BLOB PRIMARY KEY NOT NULL,
    created_at      INTEGER NOT NULL,
    idempotency_key TEXT UNIQUE,
    instance_id     TEXT,
    status          INTEGER,
    sequence        INTEGER,
    started_at      INTEGER,
    ended_at        INTEGER,
    -- The title in lower case: SQLite folds the case of ASCII alone.
    searched        TEXT,
    record          TEXT NOT NULL,
    summary         TEXT
);
-- Pages, counts and today's numbers are answered from this index alone.
CREATE INDEX generations_listed ON generations (created_at, queue_id, status, instance_id, started_at, searched)
    WHERE status IS NOT NULL;
CREATE INDEX generations_open ON generations (created_at, queue_id, instance_id) WHERE ended_at IS NULL;
CREATE INDEX generations_ended ON generations (ended_at, queue_id) WHERE ended_at IS NOT NULL;

CREATE TABLE attempts (
    queue_id            BLOB NOT NULL REFERENCES generations ON DELETE CASCADE,
    number              INTEGER NOT NULL,
    prompt_id           TEXT NOT NULL,
    instance_id         TEXT,
    sending             TEXT NOT NULL,
    change              TEXT,
    created_at          INTEGER NOT NULL,
    refusal             TEXT,
    queue_number        REAL,
    submitter_client_id TEXT,
    -- Last: it may be large, and a row is read from its beginning.
    workflow            TEXT NOT NULL,
    PRIMARY KEY (queue_id, number)
);
CREATE INDEX attempts_by_prompt ON attempts (prompt_id);
CREATE INDEX attempts_unsent ON attempts (created_at) WHERE sending IN ('waiting', 'sent');

-- No reference to generations here and below: handlers run side by side, so an event may be here before its
-- generation is.
CREATE TABLE events (
    event_id    BLOB NOT NULL UNIQUE,
    -- NULL: monitor-level.
    queue_id    BLOB,
    instance_id TEXT NOT NULL,
    prompt_id   TEXT NOT NULL,
    attempt     INTEGER NOT NULL,
    sequence    INTEGER NOT NULL,
    at          INTEGER NOT NULL,
    kind        TEXT NOT NULL,
    node_id     TEXT,
    duration_ms INTEGER,
    -- The end of its attempt.
    ends        INTEGER NOT NULL,
    -- It came when the end of its attempt was here already.
    late        INTEGER NOT NULL,
    event       TEXT NOT NULL
);
CREATE INDEX events_of_generation ON events (queue_id, sequence) WHERE queue_id IS NOT NULL;
CREATE INDEX events_of_instance ON events (instance_id, sequence) WHERE queue_id IS NULL;
CREATE UNIQUE INDEX events_one_end ON events (queue_id, attempt) WHERE ends;
CREATE INDEX events_ends_of_instance ON events (instance_id, at) WHERE ends;

-- What each node of an ended attempt took; made from its events.
CREATE TABLE node_runs (
    queue_id    BLOB NOT NULL,
    attempt     INTEGER NOT NULL,
    node_id     TEXT NOT NULL,
    instance_id TEXT NOT NULL,
    -- NULL for a child of an expanded node.
    class_type  TEXT,
    started_at  INTEGER,
    ended_at    INTEGER NOT NULL,
    duration_ms INTEGER,
    cached      INTEGER NOT NULL,
    steps       REAL,
    PRIMARY KEY (queue_id, attempt, node_id)
) WITHOUT ROWID;

CREATE TABLE media (
    media_id      BLOB PRIMARY KEY NOT NULL,
    queue_id      BLOB NOT NULL,
    position      INTEGER NOT NULL,
    status        TEXT NOT NULL,
    key           TEXT,
    thumbnail_key TEXT,
    record        TEXT NOT NULL
);
CREATE INDEX media_of_generation ON media (queue_id, position);
CREATE INDEX media_pending ON media (status) WHERE status = 'pending';
CREATE INDEX media_by_key ON media (key) WHERE key IS NOT NULL;
CREATE INDEX media_by_thumbnail_key ON media (thumbnail_key) WHERE thumbnail_key IS NOT NULL;

CREATE TABLE outbox (
    position INTEGER PRIMARY KEY,
    event_id BLOB NOT NULL UNIQUE,
    event    TEXT NOT NULL
);

CREATE TABLE facts (
    name  TEXT PRIMARY KEY NOT NULL,
    value TEXT NOT NULL
) WITHOUT ROWID;
