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

-- How long the runs of a class took: counts by time, a `Distribution` of `core/performance`. A `half_year` is 182 days
-- since the Unix epoch.
CREATE TABLE class_times (
    instance_id TEXT NOT NULL,
    class_type  TEXT NOT NULL,
    half_year   INTEGER NOT NULL,
    newest      INTEGER NOT NULL,
    times       TEXT NOT NULL,
    PRIMARY KEY (instance_id, class_type, half_year)
) WITHOUT ROWID;

-- Former runs tell how long their class took; what drove their cost was not recorded.
WITH RECURSIVE octaves (octave, least) AS (
    SELECT 0, 0 UNION ALL SELECT octave + 1, 64 << (octave + 1) FROM octaves WHERE octave < 25
),
runs AS (
    SELECT instance_id, class_type, ended_at, ended_at / 15724800000 AS half_year,
        min(duration_ms, 2592000000) AS duration_ms
    FROM node_runs
    WHERE NOT cached AND class_type IS NOT NULL AND length(CAST(class_type AS BLOB)) <= 256 AND duration_ms >= 0
),
bins AS (
    SELECT instance_id, class_type, half_year, octave * 64 + (duration_ms >> octave) AS bin, count(*) AS runs,
        sum(duration_ms) AS total_ms, max(ended_at) AS newest
    FROM runs JOIN octaves ON octave = (SELECT max(octave) FROM octaves WHERE least <= duration_ms)
    GROUP BY 1, 2, 3, 4
)
INSERT INTO class_times (instance_id, class_type, half_year, newest, times)
SELECT instance_id, class_type, half_year, max(newest), json_group_array(json_array(bin, runs, total_ms)) FROM bins
GROUP BY 1, 2, 3;

DROP TRIGGER events_measure_nodes;
DROP TABLE node_runs;
