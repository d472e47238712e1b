-- What nodes took, as aggregates: no larger for a million runs than for a thousand, and kept when the generations that
-- they were learnt from are gone.

-- Runs that are alike in all that drives their cost. Which of them are kept, and which of their runs, is decided in
-- `core/cost/history.rs`.
CREATE TABLE cost_buckets (
    instance_id TEXT NOT NULL,
    class_type  TEXT NOT NULL,
    -- What is alike, as JSON.
    drivers     TEXT NOT NULL,
    newest      INTEGER NOT NULL,
    bucket      TEXT NOT NULL,
    PRIMARY KEY (instance_id, class_type, drivers)
) WITHOUT ROWID;

-- How long the runs of a class took: counts by time. `bin` is `Distribution::bin` of `core/performance`, a `half_year`
-- is 182 days since the Unix epoch.
CREATE TABLE class_times (
    instance_id TEXT NOT NULL,
    class_type  TEXT NOT NULL,
    bin         INTEGER NOT NULL,
    half_year   INTEGER NOT NULL,
    runs        INTEGER NOT NULL,
    total_ms    INTEGER NOT NULL,
    PRIMARY KEY (instance_id, class_type, bin, half_year)
) WITHOUT ROWID;

-- Former runs tell how long their class took; what drove their cost was not recorded.
WITH RECURSIVE octaves (octave, least) AS (
    SELECT 0, 0 UNION ALL SELECT octave + 1, 64 << (octave + 1) FROM octaves WHERE octave < 25
),
runs AS (
    SELECT instance_id, class_type, ended_at / 15724800000 AS half_year, min(duration_ms, 2592000000) AS duration_ms
    FROM node_runs
    WHERE NOT cached AND class_type IS NOT NULL AND length(CAST(class_type AS BLOB)) <= 256 AND duration_ms >= 0
)
INSERT INTO class_times (instance_id, class_type, bin, half_year, runs, total_ms)
SELECT instance_id, class_type, octave * 64 + (duration_ms >> octave), half_year, count(*), sum(duration_ms)
FROM runs JOIN octaves ON octave = (SELECT max(octave) FROM octaves WHERE least <= duration_ms)
GROUP BY 1, 2, 3, 4;

DROP TRIGGER events_measure_nodes;
DROP TABLE node_runs;
