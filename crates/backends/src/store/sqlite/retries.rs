//! Attempts to come. That a plan goes with the attempt it becomes, or with its stop, is kept by the schema.

use super::Failure;
use super::values::{Id, decoded};
use monitor_pipeline::ports::{PlannedRetry, StoreError};
use sqlx::{SqliteConnection, SqlitePool};
use uuid::Uuid;

pub(super) struct PlanRow {
    queue_id: Uuid,
    number: u32,
    retry_at: i64,
    plan: String,
}

impl PlanRow {
    pub(super) fn of(plan: &PlannedRetry) -> Result<PlanRow, Failure> {
        Ok(PlanRow {
            queue_id: plan.queue_id,
            number: plan.number,
            retry_at: plan.retry_at.as_millis(),
            plan: serde_json::to_string(plan)?,
        })
    }
}

/// Keeps the first plan of a number, and none beside the attempt itself.
pub(super) async fn plan(connection: &mut SqliteConnection, row: PlanRow) -> Result<Option<PlannedRetry>, Failure> {
    let planned = sqlx::query(
        "INSERT INTO planned_retries (queue_id, number, retry_at, plan) SELECT ?1, ?2, ?3, ?4
         WHERE NOT EXISTS (SELECT 1 FROM attempts WHERE queue_id = ?1 AND number >= ?2)
         ON CONFLICT (queue_id, number) DO NOTHING",
    )
    .bind(Id(row.queue_id))
    .bind(row.number)
    .bind(row.retry_at)
    .bind(row.plan)
    .execute(&mut *connection)
    .await;
    match planned {
        Ok(_) => {}
        Err(sqlx::Error::Database(error)) if error.is_foreign_key_violation() => {
            return Err(StoreError::NotFound(row.queue_id).into());
        }
        Err(error) => return Err(error.into()),
    }
    let standing = sqlx::query("SELECT plan FROM planned_retries WHERE queue_id = ? AND number = ?")
        .bind(Id(row.queue_id))
        .bind(row.number)
        .fetch_all(connection)
        .await?;
    Ok(decoded(&standing)?.pop())
}

pub(super) async fn of_generation(readers: &SqlitePool, queue_id: Uuid) -> Result<Option<PlannedRetry>, Failure> {
    let rows = sqlx::query("SELECT plan FROM planned_retries WHERE queue_id = ? ORDER BY number")
        .bind(Id(queue_id))
        .fetch_all(readers)
        .await?;
    Ok(decoded(&rows)?.pop())
}

pub(super) async fn all(readers: &SqlitePool) -> Result<Vec<PlannedRetry>, Failure> {
    let rows =
        sqlx::query("SELECT plan FROM planned_retries ORDER BY retry_at, queue_id, number").fetch_all(readers).await?;
    decoded(&rows)
}

pub(super) async fn stop(connection: &mut SqliteConnection, queue_id: Uuid, number: u32) -> Result<(), Failure> {
    let stopped = sqlx::query("UPDATE attempts SET retry_stopped = 1 WHERE queue_id = ? AND number = ?")
        .bind(Id(queue_id))
        .bind(number)
        .execute(connection)
        .await?;
    if stopped.rows_affected() == 0 { Err(StoreError::NotFound(queue_id).into()) } else { Ok(()) }
}
