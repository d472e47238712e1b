//! What lists show of a generation, and whether it has ended.

use super::Failure;
use super::values::{Id, integer};
use crate::store::listing::{ended_at, folded, rank};
use monitor_core::generation::Summary;
use monitor_core::time::Timestamp;
use monitor_pipeline::ports::StoreError;
use sqlx::{SqliteConnection, SqlitePool};
use uuid::Uuid;

pub(super) struct SummaryRow {
    queue_id: Uuid,
    instance_id: String,
    status: i64,
    sequence: i64,
    started_at: Option<i64>,
    ended_at: Option<i64>,
    searched: String,
    summary: String,
}

impl SummaryRow {
    pub(super) fn of(summary: &Summary) -> Result<SummaryRow, Failure> {
        Ok(SummaryRow {
            queue_id: summary.queue_id,
            instance_id: summary.instance_id.clone(),
            status: rank(summary.status),
            sequence: integer(summary.sequence),
            started_at: summary.started_at.map(Timestamp::as_millis),
            ended_at: ended_at(summary).map(Timestamp::as_millis),
            searched: folded(&summary.title),
            summary: serde_json::to_string(summary)?,
        })
    }
}

pub(super) async fn save(connection: &mut SqliteConnection, row: SummaryRow) -> Result<(), Failure> {
    let saved = sqlx::query(
        "UPDATE generations SET instance_id = ?3, status = ?4, sequence = ?5, started_at = ?6, ended_at = ?7,
             searched = ?8, summary = ?2
         WHERE queue_id = ?1 AND (sequence IS NULL OR (sequence, status) <= (?5, ?4))",
    )
    .bind(Id(row.queue_id))
    .bind(row.summary)
    .bind(row.instance_id)
    .bind(row.status)
    .bind(row.sequence)
    .bind(row.started_at)
    .bind(row.ended_at)
    .bind(row.searched)
    .execute(&mut *connection)
    .await?;
    if saved.rows_affected() > 0 {
        return Ok(());
    }
    let newer = sqlx::query("SELECT 1 FROM generations WHERE queue_id = ?")
        .bind(Id(row.queue_id))
        .fetch_optional(connection)
        .await?;
    if newer.is_some() { Ok(()) } else { Err(StoreError::NotFound(row.queue_id).into()) }
}

pub(super) async fn open(readers: &SqlitePool, instance_id: Option<&str>) -> Result<Vec<Uuid>, Failure> {
    let ids = sqlx::query_scalar::<_, Id>(
        "SELECT queue_id FROM generations WHERE ended_at IS NULL AND (?1 IS NULL OR instance_id = ?1)
         ORDER BY created_at, queue_id",
    )
    .bind(instance_id)
    .fetch_all(readers)
    .await?;
    Ok(ids.into_iter().map(|Id(id)| id).collect())
}
