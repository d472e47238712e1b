//! The log of durable events: what is appended, what is refused, what follows.
//!
//! Which events of an attempt are kept does not depend on the order they come in: what lies after the end of the
//! attempt by sequence is refused when it comes later, and removed when it came before.

use super::values::{Id, decoded, integer, unsigned};
use super::{Batch, Failure};
use monitor_core::event::{Body, Event};
use monitor_core::time::Timestamp;
use sqlx::{Row, SqliteConnection, SqlitePool};
use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;
use uuid::Uuid;

pub(super) struct EventRow {
    event_id: Uuid,
    queue_id: Option<Uuid>,
    instance_id: String,
    prompt_id: String,
    attempt: u32,
    sequence: u64,
    at: Timestamp,
    kind: &'static str,
    node_id: Option<String>,
    duration_ms: Option<u64>,
    ends: bool,
    durable: bool,
    event: String,
}

impl EventRow {
    pub(super) fn of(event: &Event) -> Result<EventRow, Failure> {
        let base = &event.base;
        let duration_ms = match &event.body {
            Body::NodeExecuted(body) => body.duration_ms,
            Body::JobCompleted(body) => Some(body.duration_ms),
            Body::JobFailed(body) => body.duration_ms,
            Body::JobInterrupted(body) => body.duration_ms,
            _ => None,
        };
        Ok(EventRow {
            event_id: base.event_id,
            queue_id: base.queue_id,
            instance_id: base.instance_id.clone(),
            prompt_id: base.prompt_id.clone(),
            attempt: base.attempt,
            sequence: base.sequence,
            at: base.timestamp,
            kind: event.detail_type(),
            node_id: event.node_id().map(str::to_owned),
            duration_ms,
            ends: event.is_terminal(),
            durable: event.is_durable(),
            event: serde_json::to_string(event)?,
        })
    }

    fn attempt(&self) -> Option<(Uuid, u32)> {
        self.queue_id.map(|queue_id| (queue_id, self.attempt))
    }
}

static APPEND: LazyLock<Batch> = LazyLock::new(|| {
    Batch::new(
        "WITH new (event_id, queue_id, instance_id, prompt_id, attempt, sequence, at, kind, node_id, duration_ms, ends,
             event) AS (VALUES ",
        "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        "), placed AS (
             SELECT new.*, (SELECT sequence FROM events AS known
                 WHERE known.ends AND known.queue_id = new.queue_id AND known.attempt = new.attempt) AS end_sequence
             FROM new)
         INSERT INTO events (event_id, queue_id, instance_id, prompt_id, attempt, sequence, at, kind, node_id,
             duration_ms, ends, event, late)
         SELECT event_id, queue_id, instance_id, prompt_id, attempt, sequence, at, kind, node_id, duration_ms, ends,
             event, end_sequence IS NOT NULL
         FROM placed WHERE end_sequence IS NULL OR sequence <= end_sequence OR kind = 'Job Retrying'
         ON CONFLICT DO NOTHING RETURNING event_id, late",
    )
});

/// Appends what is new, in order; for each event, whether it was.
pub(super) async fn apply(
    connection: &mut SqliteConnection,
    rows: Vec<EventRow>,
) -> Result<Vec<bool>, Failure> {
    let order: Vec<Uuid> = rows.iter().map(|row| row.event_id).collect();
    let mut new = HashSet::new();
    let mut to_measure = HashSet::new();
    let mut rows: Vec<EventRow> = rows.into_iter().filter(|row| row.durable).collect();
    while !rows.is_empty() {
        // Up to the first end: the statement sees the table as it was before, so an end guards only what comes in a
        // later one.
        let run = rows
            .iter()
            .position(|row| row.ends)
            .map_or(rows.len(), |end| end + 1);
        let (size, text) = APPEND.next(run);
        let mut statement = sqlx::query(text);
        let mut attempts = HashMap::with_capacity(size);
        let mut end = None;
        for row in rows.drain(..size) {
            attempts.insert(row.event_id, row.attempt());
            if row.ends {
                end = Some((row.event_id, row.queue_id, row.attempt, row.sequence));
            }
            statement = statement
                .bind(Id(row.event_id))
                .bind(row.queue_id.map(Id))
                .bind(row.instance_id)
                .bind(row.prompt_id)
                .bind(row.attempt)
                .bind(integer(row.sequence))
                .bind(row.at.as_millis())
                .bind(row.kind)
                .bind(row.node_id)
                .bind(row.duration_ms.map(integer))
                .bind(row.ends)
                .bind(row.event);
        }
        for row in statement.fetch_all(&mut *connection).await? {
            let Id(event_id) = row.try_get(0)?;
            new.insert(event_id);
            if row.try_get(1)? {
                to_measure.extend(attempts.get(&event_id).copied().flatten());
            }
        }
        if let Some((event_id, Some(queue_id), attempt, sequence)) = end
            && new.contains(&event_id)
        {
            to_measure.insert((queue_id, attempt));
            remove_after_end(connection, queue_id, attempt, sequence).await?;
        }
    }
    for (queue_id, attempt) in to_measure {
        measure_nodes(connection, queue_id, attempt).await?;
    }
    Ok(order.iter().map(|event_id| new.remove(event_id)).collect())
}

async fn remove_after_end(
    connection: &mut SqliteConnection,
    queue_id: Uuid,
    attempt: u32,
    sequence: u64,
) -> Result<(), Failure> {
    sqlx::query("DELETE FROM events WHERE queue_id = ? AND sequence > ? AND attempt = ? AND kind <> 'Job Retrying'")
        .bind(Id(queue_id))
        .bind(integer(sequence))
        .bind(attempt)
        .execute(connection)
        .await?;
    Ok(())
}

/// What each node of an attempt took, from its events. `Node Executed` tells neither class nor start: those are in
/// `Node Executing` (which a cached node has not) and `Workflow Nodes`. Done once an attempt has ended, and again for
/// what comes in late: then all of them are there, in whatever order they came.
async fn measure_nodes(
    connection: &mut SqliteConnection,
    queue_id: Uuid,
    attempt: u32,
) -> Result<(), Failure> {
    sqlx::query(
        "WITH mine AS MATERIALIZED (
             SELECT kind, node_id, instance_id, at, duration_ms, event FROM events
             WHERE queue_id = ?1 AND attempt = ?2 AND kind IN ('Workflow Nodes', 'Node Executing', 'Node Executed')),
         graph AS MATERIALIZED (
             SELECT node.value ->> 'nodeId' AS node_id, node.value ->> 'classType' AS class_type
             FROM mine, json_each(mine.event, '$.detail.workflowNodes') AS node WHERE kind = 'Workflow Nodes'),
         started AS MATERIALIZED (
             SELECT node_id, min(at) AS at, event ->> '$.detail.classType' AS class_type
             FROM mine WHERE kind = 'Node Executing' GROUP BY node_id)
         INSERT OR REPLACE INTO node_runs (queue_id, attempt, node_id, instance_id, class_type, started_at, ended_at,
             duration_ms, cached, steps)
         SELECT ?1, ?2, done.node_id, done.instance_id, coalesce(started.class_type, graph.class_type),
             coalesce(started.at, done.at - done.duration_ms), done.at, done.duration_ms,
             coalesce(done.event ->> '$.detail.cached', 0), done.event ->> '$.detail.steps'
         FROM mine AS done LEFT JOIN started USING (node_id) LEFT JOIN graph USING (node_id)
         WHERE done.kind = 'Node Executed' AND done.event ->> '$.detail.blocked' IS NULL",
    )
    .bind(Id(queue_id))
    .bind(attempt)
    .execute(connection)
    .await?;
    Ok(())
}

pub(super) async fn of_generation(
    readers: &SqlitePool,
    queue_id: Uuid,
) -> Result<Vec<Event>, Failure> {
    let rows = sqlx::query("SELECT event FROM events WHERE queue_id = ? ORDER BY sequence, rowid")
        .bind(Id(queue_id))
        .fetch_all(readers)
        .await?;
    decoded(&rows)
}

/// A prompt id may have been used twice: the newest generation's, as with `find_prompt`.
pub(super) async fn of_prompt(
    readers: &SqlitePool,
    prompt_id: &str,
    after: u64,
    limit: u32,
) -> Result<Vec<Event>, Failure> {
    let rows = sqlx::query(
        "SELECT event FROM events WHERE queue_id = (
             SELECT attempts.queue_id FROM attempts JOIN generations USING (queue_id) WHERE attempts.prompt_id = ?1
             ORDER BY generations.created_at DESC, generations.rowid DESC LIMIT 1)
         AND prompt_id = ?1 AND sequence > ?2 ORDER BY sequence LIMIT ?3",
    )
    .bind(prompt_id)
    .bind(integer(after))
    .bind(limit)
    .fetch_all(readers)
    .await?;
    decoded(&rows)
}

pub(super) async fn of_instance(
    readers: &SqlitePool,
    instance_id: &str,
    after: u64,
    limit: u32,
) -> Result<Vec<Event>, Failure> {
    let rows = sqlx::query(
        "SELECT event FROM events WHERE queue_id IS NULL AND instance_id = ? AND sequence > ?
         ORDER BY sequence LIMIT ?",
    )
    .bind(instance_id)
    .bind(integer(after))
    .bind(limit)
    .fetch_all(readers)
    .await?;
    decoded(&rows)
}

pub(super) async fn instance_sequence(
    readers: &SqlitePool,
    instance_id: &str,
) -> Result<u64, Failure> {
    let highest = sqlx::query_scalar::<_, Option<i64>>(
        "SELECT max(sequence) FROM events WHERE queue_id IS NULL AND instance_id = ?",
    )
    .bind(instance_id)
    .fetch_one(readers)
    .await?;
    Ok(highest.map_or(0, unsigned))
}

pub(super) async fn ended_prompts(
    readers: &SqlitePool,
    instance_id: &str,
    limit: u32,
) -> Result<Vec<String>, Failure> {
    let newest_first = sqlx::query_scalar::<_, String>(
        "SELECT prompt_id FROM events WHERE ends AND instance_id = ? ORDER BY at DESC, rowid DESC LIMIT ?",
    )
    .bind(instance_id)
    .bind(limit)
    .fetch_all(readers)
    .await?;
    Ok(newest_first.into_iter().rev().collect())
}

/// Counts attempts, not generations: a job that failed here and went on elsewhere did fail here. What a person stopped
/// is neither good nor bad, but kept the server busy.
pub(super) async fn instance_today(
    readers: &SqlitePool,
    instance_id: &str,
    since: Timestamp,
) -> Result<(u32, u32, u64), Failure> {
    let (well, badly, busy) = sqlx::query_as::<_, (u32, u32, i64)>(
        "SELECT count(*) FILTER (WHERE kind = 'Job Completed'), count(*) FILTER (WHERE kind = 'Job Failed'),
             coalesce(sum(min(duration_ms, at - ?2)), 0)
         FROM events WHERE ends AND instance_id = ?1 AND at >= ?2",
    )
    .bind(instance_id)
    .bind(since.as_millis())
    .fetch_one(readers)
    .await?;
    Ok((well, badly, unsigned(busy)))
}
