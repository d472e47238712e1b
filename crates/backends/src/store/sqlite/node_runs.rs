//! What nodes took; the rows are made by a trigger when an attempt has ended.

use super::Failure;
use super::values::unsigned;
use monitor_core::performance::NodeRun;
use sqlx::SqlitePool;

pub(super) const OF_ALL: &str = "SELECT class_type, duration_ms, steps FROM node_runs
     WHERE NOT cached AND class_type IS NOT NULL AND duration_ms IS NOT NULL
     ORDER BY ended_at DESC LIMIT ?";
pub(super) const OF_INSTANCE: &str = "SELECT class_type, duration_ms, steps FROM node_runs
     WHERE NOT cached AND class_type IS NOT NULL AND duration_ms IS NOT NULL AND instance_id = ?
     ORDER BY ended_at DESC LIMIT ?";

pub(super) async fn newest(
    readers: &SqlitePool,
    instance_id: Option<&str>,
    limit: u32,
) -> Result<Vec<NodeRun>, Failure> {
    let statement = match instance_id {
        Some(instance_id) => sqlx::query_as(OF_INSTANCE).bind(instance_id),
        None => sqlx::query_as(OF_ALL),
    };
    let rows: Vec<(String, i64, Option<f64>)> = statement.bind(limit).fetch_all(readers).await?;
    Ok(rows
        .into_iter()
        .map(|(class_type, duration, steps)| NodeRun { class_type, duration_ms: unsigned(duration), steps })
        .collect())
}
