//! Rows of outputs; their bytes are elsewhere.

use super::values::{Id, decoded, named};
use super::{Batch, Failure};
use monitor_pipeline::ports::{MediaRecord, StoreError};
use sqlx::{SqliteConnection, SqlitePool};
use std::sync::LazyLock;
use uuid::Uuid;

pub(super) struct MediaRow {
    media_id: Uuid,
    queue_id: Uuid,
    position: u32,
    status: String,
    key: Option<String>,
    thumbnail_key: Option<String>,
    record: String,
}

impl MediaRow {
    pub(super) fn of(record: &MediaRecord) -> Result<MediaRow, Failure> {
        Ok(MediaRow {
            media_id: record.media_id,
            queue_id: record.queue_id,
            position: record.position,
            status: named(&record.status)?,
            key: record.key.clone(),
            thumbnail_key: record.thumbnail_key.clone(),
            record: serde_json::to_string(record)?,
        })
    }
}

static ADD: LazyLock<Batch> = LazyLock::new(|| {
    Batch::new(
        "INSERT INTO media (media_id, queue_id, position, status, key, thumbnail_key, record) SELECT * FROM (VALUES ",
        "(?, ?, ?, ?, ?, ?, ?)",
        ") WHERE column1 IS NOT NULL ON CONFLICT (media_id) DO NOTHING",
    )
});

pub(super) async fn add(connection: &mut SqliteConnection, mut rows: Vec<MediaRow>) -> Result<(), Failure> {
    while !rows.is_empty() {
        let (size, text) = ADD.next(rows.len());
        let mut statement = sqlx::query(text);
        for row in rows.drain(..size) {
            statement = statement
                .bind(Id(row.media_id))
                .bind(Id(row.queue_id))
                .bind(row.position)
                .bind(row.status)
                .bind(row.key)
                .bind(row.thumbnail_key)
                .bind(row.record);
        }
        statement.execute(&mut *connection).await?;
    }
    Ok(())
}

pub(super) async fn update(connection: &mut SqliteConnection, row: MediaRow) -> Result<(), Failure> {
    let updated = sqlx::query(
        "UPDATE media SET queue_id = ?2, position = ?3, status = ?4, key = ?5, thumbnail_key = ?6, record = ?7
         WHERE media_id = ?1",
    )
    .bind(Id(row.media_id))
    .bind(Id(row.queue_id))
    .bind(row.position)
    .bind(row.status)
    .bind(row.key)
    .bind(row.thumbnail_key)
    .bind(row.record)
    .execute(connection)
    .await?;
    // A row goes only with its generation.
    if updated.rows_affected() == 0 { Err(StoreError::NotFound(row.queue_id).into()) } else { Ok(()) }
}

pub(super) async fn of_generation(readers: &SqlitePool, queue_id: Uuid) -> Result<Vec<MediaRecord>, Failure> {
    let rows = sqlx::query("SELECT record FROM media WHERE queue_id = ? ORDER BY position, rowid")
        .bind(Id(queue_id))
        .fetch_all(readers)
        .await?;
    decoded(&rows)
}

pub(super) async fn by_id(readers: &SqlitePool, media_id: Uuid) -> Result<Option<MediaRecord>, Failure> {
    let record = sqlx::query_scalar::<_, String>("SELECT record FROM media WHERE media_id = ?")
        .bind(Id(media_id))
        .fetch_optional(readers)
        .await?;
    Ok(record.as_deref().map(serde_json::from_str).transpose()?)
}

pub(super) async fn pending(readers: &SqlitePool) -> Result<Vec<MediaRecord>, Failure> {
    let rows =
        sqlx::query("SELECT record FROM media WHERE status = 'pending' ORDER BY rowid").fetch_all(readers).await?;
    decoded(&rows)
}
