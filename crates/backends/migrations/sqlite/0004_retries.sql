-- What made an attempt, where it was not a person, as JSON; and whether a retry that was to follow it was stopped.
ALTER TABLE attempts ADD COLUMN retry TEXT;
ALTER TABLE attempts ADD COLUMN retry_stopped INTEGER NOT NULL DEFAULT 0;
-- What a refusal said about single inputs, as JSON.
ALTER TABLE attempts ADD COLUMN complaints TEXT;

-- Attempts to come. One that has come, or was stopped, is no longer planned: in the same step, so that a kill between
-- the two neither loses it nor makes it twice.
CREATE TABLE planned_retries (
    queue_id BLOB NOT NULL REFERENCES generations ON DELETE CASCADE,
    number   INTEGER NOT NULL,
    retry_at INTEGER NOT NULL,
    plan     TEXT NOT NULL,
    PRIMARY KEY (queue_id, number)
);
CREATE TRIGGER attempts_are_planned_no_longer AFTER INSERT ON attempts
BEGIN
    DELETE FROM planned_retries WHERE queue_id = NEW.queue_id AND number <= NEW.number;
END;
CREATE TRIGGER attempts_stop_what_was_planned AFTER UPDATE OF retry_stopped ON attempts
WHEN NEW.retry_stopped
BEGIN
    DELETE FROM planned_retries WHERE queue_id = NEW.queue_id AND number > NEW.number;
END;
