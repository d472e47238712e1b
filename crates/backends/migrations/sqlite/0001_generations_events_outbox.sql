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
    -- When it happened: by the server's clock for what was learnt later, else by ours.
    at          INTEGER NOT NULL,
    kind        TEXT NOT NULL,
    node_id     TEXT,
    duration_ms INTEGER,
    -- The end of its attempt.
    ends        INTEGER NOT NULL,
    event       TEXT NOT NULL
);
CREATE INDEX events_of_generation ON events (queue_id, sequence) WHERE queue_id IS NOT NULL;
CREATE INDEX events_of_instance ON events (instance_id, sequence) WHERE queue_id IS NULL;
CREATE UNIQUE INDEX events_one_end ON events (queue_id, attempt) WHERE ends;
CREATE INDEX events_ends_of_instance ON events (instance_id, at) WHERE ends;

-- Which events of an attempt are kept does not depend on the order they come in: what lies after its end is ignored
-- when it comes later, and removed when it came before. One end is enough: the index above.
CREATE TRIGGER events_nothing_after_an_end BEFORE INSERT ON events
WHEN NEW.kind <> 'Job Retrying' AND EXISTS (
    SELECT 1 FROM events WHERE ends AND queue_id = NEW.queue_id AND attempt = NEW.attempt AND sequence < NEW.sequence)
BEGIN
    SELECT RAISE(IGNORE);
END;
CREATE TRIGGER events_end_what_came_before AFTER INSERT ON events
WHEN NEW.ends
BEGIN
    DELETE FROM events
    WHERE queue_id = NEW.queue_id AND sequence > NEW.sequence AND attempt = NEW.attempt AND kind <> 'Job Retrying';
END;

-- What each node of an ended attempt took.
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
-- `Node Executed` tells neither class nor start: those are in `Node Executing` (which a cached node has not) and in
-- `Workflow Nodes`. So nodes are measured when their attempt has ended, once for all, and again for what comes late:
-- then all of them are there, whatever order they came in. A node whose branch was blocked did not run.
CREATE TRIGGER events_measure_nodes AFTER INSERT ON events
WHEN (NEW.ends OR NEW.kind IN ('Workflow Nodes', 'Node Executing', 'Node Executed'))
    AND EXISTS (SELECT 1 FROM events WHERE ends AND queue_id = NEW.queue_id AND attempt = NEW.attempt)
BEGIN
    INSERT OR REPLACE INTO node_runs
        (queue_id, attempt, node_id, instance_id, class_type, started_at, ended_at, duration_ms, cached, steps)
    SELECT NEW.queue_id, NEW.attempt, done.node_id, done.instance_id, coalesce(started.class_type, graph.class_type),
        coalesce(started.at, done.at - done.duration_ms), done.at, done.duration_ms,
        coalesce(done.event ->> '$.detail.cached', 0), done.event ->> '$.detail.steps'
    FROM events AS done
    LEFT JOIN (
        SELECT node_id, min(at) AS at, event ->> '$.detail.classType' AS class_type FROM events
        WHERE queue_id = NEW.queue_id AND attempt = NEW.attempt AND kind = 'Node Executing' GROUP BY node_id
    ) AS started ON started.node_id = done.node_id
    LEFT JOIN (
        SELECT node.value ->> 'nodeId' AS node_id, node.value ->> 'classType' AS class_type
        FROM events, json_each(event, '$.detail.workflowNodes') AS node
        WHERE queue_id = NEW.queue_id AND attempt = NEW.attempt AND kind = 'Workflow Nodes'
        GROUP BY 1
    ) AS graph ON graph.node_id = done.node_id
    WHERE done.queue_id = NEW.queue_id AND done.attempt = NEW.attempt AND done.kind = 'Node Executed'
        AND done.event ->> '$.detail.blocked' IS NULL;
END;

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
