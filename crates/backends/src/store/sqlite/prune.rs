//! Forgetting: what has ended and is too old or too much, a few hundred rows at a time so that writes of others never
//! wait long.

use super::values::{Id, integer};
use super::{Failure, history};
use crate::store::periods::orphaned_before;
use monitor_core::time::Timestamp;
use monitor_pipeline::ports::{Pruned, Retention};
use sqlx::{AssertSqlSafe, SqliteConnection};

/// Generations a call.
const CHUNK: i64 = 100;
/// Monitor-level events a call.
const EVENT_CHUNK: i64 = 5_000;
pub(super) async fn prune(
    connection: &mut SqliteConnection,
    retention: Retention,
    now: Timestamp,
) -> Result<Pruned, Failure> {
    let cutoff = retention.max_age_ms.map(|age| now.as_millis().saturating_sub(integer(age)));
    if let Some(cutoff) = cutoff {
        prune_monitor_events(connection, cutoff).await?;
    }
    let mut gone = outside_retention(connection, retention, cutoff).await?;
    let generations = gone.len() as u64;
    if gone.is_empty() {
        // Only when all else is done: it walks over every generation that has events.
        gone = orphans(connection, now).await?;
    }
    if gone.is_empty() {
        history::forget(connection, now).await?;
        return Ok(Pruned::default());
    }
    let gone = serde_json::to_string(&gone.iter().map(|Id(id)| id.simple().to_string()).collect::<Vec<_>>())?;
    let keys = sqlx::query_scalar(
        "WITH gone AS MATERIALIZED (SELECT media.rowid AS row, key, thumbnail_key FROM media
             WHERE queue_id IN (SELECT unhex(value) FROM json_each(?1))),
         keys AS (SELECT key FROM gone WHERE key IS NOT NULL
             UNION SELECT thumbnail_key FROM gone WHERE thumbnail_key IS NOT NULL)
         SELECT key FROM keys
         WHERE NOT EXISTS (SELECT 1 FROM media WHERE media.key = keys.key AND rowid NOT IN (SELECT row FROM gone))
             AND NOT EXISTS (SELECT 1 FROM media WHERE media.thumbnail_key = keys.key
                 AND rowid NOT IN (SELECT row FROM gone))
         ORDER BY key",
    )
    .bind(&gone)
    .fetch_all(&mut *connection)
    .await?;
    for table in ["media", "events", "generations"] {
        let text = format!("DELETE FROM {table} WHERE queue_id IN (SELECT unhex(value) FROM json_each(?1))");
        sqlx::query(AssertSqlSafe(text)).bind(&gone).execute(&mut *connection).await?;
    }
    Ok(Pruned { generations, keys })
}

async fn outside_retention(
    connection: &mut SqliteConnection,
    retention: Retention,
    cutoff: Option<i64>,
) -> Result<Vec<Id>, Failure> {
    let excess = match retention.max_count {
        None => 0,
        Some(most) => {
            let ended: i64 = sqlx::query_scalar("SELECT count(*) FROM generations WHERE ended_at IS NOT NULL")
                .fetch_one(&mut *connection)
                .await?;
            ended.saturating_sub(integer(most)).clamp(0, CHUNK)
        }
    };
    let ids = sqlx::query_scalar(
        "SELECT queue_id FROM (SELECT queue_id, ended_at, row_number() OVER (ORDER BY ended_at, queue_id) AS place
             FROM generations WHERE ended_at IS NOT NULL ORDER BY ended_at, queue_id LIMIT ?1)
         WHERE place <= ?2 OR ended_at < ?3",
    )
    .bind(CHUNK)
    .bind(excess)
    .bind(cutoff)
    .fetch_all(connection)
    .await?;
    Ok(ids)
}

/// The newest of each instance stays: sequences go on from it.
async fn prune_monitor_events(connection: &mut SqliteConnection, cutoff: i64) -> Result<(), Failure> {
    sqlx::query(
        "DELETE FROM events WHERE rowid IN (
             SELECT old.rowid FROM events AS old WHERE old.queue_id IS NULL AND old.at < ?1
                 AND old.sequence < (SELECT max(sequence) FROM events AS newest
                     WHERE newest.queue_id IS NULL AND newest.instance_id = old.instance_id)
             LIMIT ?2)",
    )
    .bind(cutoff)
    .bind(EVENT_CHUNK)
    .execute(connection)
    .await?;
    Ok(())
}

/// Queue ids that have old events and no generation. From one queue id to the next, each found by the index.
async fn orphans(connection: &mut SqliteConnection, now: Timestamp) -> Result<Vec<Id>, Failure> {
    let ids = sqlx::query_scalar(
        "WITH RECURSIVE known (queue_id) AS (
             SELECT min(queue_id) FROM events WHERE queue_id IS NOT NULL
             UNION ALL
             SELECT (SELECT min(events.queue_id) FROM events WHERE events.queue_id > known.queue_id)
             FROM known WHERE known.queue_id IS NOT NULL)
         SELECT queue_id FROM known
         WHERE queue_id IS NOT NULL
             AND NOT EXISTS (SELECT 1 FROM generations WHERE generations.queue_id = known.queue_id)
             AND (SELECT max(at) FROM events WHERE events.queue_id = known.queue_id) < ?1
         LIMIT ?2",
    )
    .bind(orphaned_before(now))
    .bind(CHUNK)
    .fetch_all(connection)
    .await?;
    Ok(ids)
}
