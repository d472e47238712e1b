//! The log of durable events. That it holds each once, one end of each attempt and nothing after that, is kept by the
//! schema: triggers and unique indexes.

use super::values::{Id, decoded, integer, unsigned};
use super::{Batch, Failure, Writes, history};
use monitor_core::cost::Run;
use monitor_core::event::Event;
use monitor_core::time::Timestamp;
use sqlx::{Row, SqliteConnection, SqlitePool};
use std::collections::HashSet;
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
    /// Nodes may be measured by it.
    measures: bool,
    event: String,
}

impl EventRow {
    pub(super) fn of(event: &Event) -> Result<EventRow, Failure> {
        let base = &event.base;
        Ok(EventRow {
            event_id: base.event_id,
            queue_id: base.queue_id,
            instance_id: base.instance_id.clone(),
            prompt_id: base.prompt_id.clone(),
            attempt: base.attempt,
            sequence: base.sequence,
            at: base.happened_at(),
            kind: event.detail_type(),
            node_id: event.node_id().map(str::to_owned),
            duration_ms: event.duration_ms(),
            ends: event.is_terminal(),
            durable: event.is_durable(),
            measures: event.is_terminal() || Run::of(event).is_some(),
            event: serde_json::to_string(event)?,
        })
    }
}

static APPEND: LazyLock<Batch> = LazyLock::new(|| {
    Batch::new(
        "INSERT INTO events (event_id, queue_id, instance_id, prompt_id, attempt, sequence, at, kind, node_id,
             duration_ms, ends, event) SELECT * FROM (VALUES ",
        "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        ") WHERE column1 IS NOT NULL ON CONFLICT DO NOTHING RETURNING event_id",
    )
});

/// How often [`apply`] writes.
pub(super) fn writes(rows: &[EventRow]) -> Writes {
    if rows.iter().any(|row| row.measures) { Writes::Often } else { Writes::rows(rows.len()) }
}

/// Appends what is new, in order, and learns what nodes took; for each event, whether it was new.
pub(super) async fn apply(connection: &mut SqliteConnection, mut rows: Vec<EventRow>) -> Result<Vec<bool>, Failure> {
    let order: Vec<Id> = rows.iter().map(|row| Id(row.event_id)).collect();
    let mut new = HashSet::with_capacity(rows.len());
    rows.retain(|row| row.durable);
    let measuring: Vec<Id> = rows.iter().filter(|row| row.measures).map(|row| Id(row.event_id)).collect();
    while !rows.is_empty() {
        let (size, text) = APPEND.next(rows.len());
        let mut statement = sqlx::query(text);
        for row in rows.drain(..size) {
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
            new.insert(row.try_get::<Id, _>(0)?);
        }
    }
    let measuring: Vec<Id> = measuring.into_iter().filter(|event_id| new.contains(event_id)).collect();
    if !measuring.is_empty() {
        history::follow(connection, &measuring).await?;
    }
    Ok(order.iter().map(|event_id| new.remove(event_id)).collect())
}

pub(super) async fn of_generation(readers: &SqlitePool, queue_id: Uuid) -> Result<Vec<Event>, Failure> {
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

pub(super) async fn instance_sequence(readers: &SqlitePool, instance_id: &str) -> Result<u64, Failure> {
    let highest = sqlx::query_scalar::<_, Option<i64>>(
        "SELECT max(sequence) FROM events WHERE queue_id IS NULL AND instance_id = ?",
    )
    .bind(instance_id)
    .fetch_one(readers)
    .await?;
    Ok(highest.map_or(0, unsigned))
}

pub(super) async fn ended_prompts(readers: &SqlitePool, instance_id: &str, limit: u32) -> Result<Vec<String>, Failure> {
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
