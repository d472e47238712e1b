-- The newest runs that tell what a class takes, of all instances and of one, are answered from these indexes alone.
CREATE INDEX node_runs_newest ON node_runs (ended_at, class_type, duration_ms, steps, cached)
    WHERE NOT cached AND class_type IS NOT NULL AND duration_ms IS NOT NULL;
CREATE INDEX node_runs_newest_of_instance ON node_runs
    (instance_id, ended_at, class_type, duration_ms, steps, cached)
    WHERE NOT cached AND class_type IS NOT NULL AND duration_ms IS NOT NULL;
