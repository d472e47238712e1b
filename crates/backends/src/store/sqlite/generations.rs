//! Generations and their attempts, as they were asked for and sent.

use super::Failure;
use super::values::{Id, from_named, named};
use monitor_core::time::Timestamp;
use monitor_pipeline::ports::{AttemptRecord, Created, GenerationRecord, Known, StoreError};
use serde::Serialize;
use sqlx::sqlite::SqliteRow;
use sqlx::{Row, SqliteConnection, SqlitePool};
use uuid::Uuid;

pub(super) struct GenerationRow {
    queue_id: Uuid,
    created_at: i64,
    idempotency_key: Option<String>,
    instance_id: Option<String>,
    record: String,
}

impl GenerationRow {
    pub(super) fn of(record: &GenerationRecord) -> Result<GenerationRow, Failure> {
        Ok(GenerationRow {
            queue_id: record.queue_id,
            created_at: record.created_at.as_millis(),
            idempotency_key: record.idempotency_key.clone(),
            instance_id: record.instance_id.clone(),
            record: serde_json::to_string(record)?,
        })
    }
}

pub(super) struct AttemptRow {
    queue_id: Uuid,
    number: u32,
    prompt_id: String,
    instance_id: Option<String>,
    sending: String,
    change: Option<String>,
    created_at: i64,
    refusal: Option<String>,
    complaints: Option<String>,
    queue_number: Option<f64>,
    submitter_client_id: Option<String>,
    retry: Option<String>,
    retry_stopped: bool,
    workflow: String,
}

impl AttemptRow {
    pub(super) fn of(attempt: &AttemptRecord) -> Result<AttemptRow, Failure> {
        Ok(AttemptRow { workflow: serde_json::to_string(&attempt.workflow)?, ..AttemptRow::without_workflow(attempt)? })
    }

    /// A workflow may be megabytes and never changes: updates do not write it again.
    pub(super) fn without_workflow(attempt: &AttemptRecord) -> Result<AttemptRow, Failure> {
        Ok(AttemptRow {
            queue_id: attempt.queue_id,
            number: attempt.number,
            prompt_id: attempt.prompt_id.clone(),
            instance_id: attempt.instance_id.clone(),
            sending: named(&attempt.sending)?,
            change: attempt.change.clone(),
            created_at: attempt.created_at.as_millis(),
            refusal: attempt.refusal.as_ref().map(serde_json::to_string).transpose()?,
            complaints: some_json(&attempt.complaints)?,
            queue_number: attempt.queue_number,
            submitter_client_id: attempt.submitter_client_id.clone(),
            retry: attempt.retry.as_ref().map(serde_json::to_string).transpose()?,
            retry_stopped: attempt.retry_stopped,
            workflow: String::new(),
        })
    }

    fn read(row: &SqliteRow) -> Result<AttemptRecord, Failure> {
        Ok(AttemptRecord {
            queue_id: row.try_get::<Id, _>("queue_id")?.0,
            number: row.try_get("number")?,
            prompt_id: row.try_get("prompt_id")?,
            instance_id: row.try_get("instance_id")?,
            sending: from_named(row.try_get("sending")?)?,
            workflow: serde_json::from_str(row.try_get("workflow")?)?,
            change: row.try_get("change")?,
            created_at: Timestamp(row.try_get("created_at")?),
            refusal: row.try_get::<Option<&str>, _>("refusal")?.map(serde_json::from_str).transpose()?,
            complaints: row
                .try_get::<Option<&str>, _>("complaints")?
                .map_or_else(|| Ok(Vec::new()), serde_json::from_str)?,
            queue_number: row.try_get("queue_number")?,
            submitter_client_id: row.try_get("submitter_client_id")?,
            retry: row.try_get::<Option<&str>, _>("retry")?.map(serde_json::from_str).transpose()?,
            retry_stopped: row.try_get("retry_stopped")?,
        })
    }
}

/// NULL for none: most attempts have none.
fn some_json<T: Serialize>(list: &[T]) -> Result<Option<String>, Failure> {
    if list.is_empty() { Ok(None) } else { Ok(Some(serde_json::to_string(list)?)) }
}

pub(super) async fn create(
    connection: &mut SqliteConnection,
    generation: GenerationRow,
    attempt: AttemptRow,
) -> Result<Created, Failure> {
    let queue_id = generation.queue_id;
    if let Some(key) = &generation.idempotency_key {
        let existing = sqlx::query_scalar::<_, Id>("SELECT queue_id FROM generations WHERE idempotency_key = ?")
            .bind(key)
            .fetch_optional(&mut *connection)
            .await?;
        if let Some(Id(existing)) = existing {
            return Ok(Created::Existing(existing));
        }
    }
    let made = sqlx::query(
        "INSERT INTO generations (queue_id, created_at, idempotency_key, instance_id, record) VALUES (?, ?, ?, ?, ?)
         ON CONFLICT (queue_id) DO NOTHING",
    )
    .bind(Id(queue_id))
    .bind(generation.created_at)
    .bind(generation.idempotency_key)
    .bind(generation.instance_id)
    .bind(generation.record)
    .execute(&mut *connection)
    .await?;
    if made.rows_affected() == 0 {
        return Err(StoreError::Exists(queue_id).into());
    }
    add_attempt(connection, attempt).await?;
    Ok(Created::New)
}

pub(super) async fn add_attempt(connection: &mut SqliteConnection, attempt: AttemptRow) -> Result<(), Failure> {
    let queue_id = attempt.queue_id;
    let added = sqlx::query(
        "INSERT INTO attempts (queue_id, number, prompt_id, instance_id, sending, change, created_at, refusal,
             queue_number, submitter_client_id, retry, retry_stopped, complaints, workflow)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (queue_id, number) DO NOTHING",
    )
    .bind(Id(queue_id))
    .bind(attempt.number)
    .bind(attempt.prompt_id)
    .bind(attempt.instance_id)
    .bind(attempt.sending)
    .bind(attempt.change)
    .bind(attempt.created_at)
    .bind(attempt.refusal)
    .bind(attempt.queue_number)
    .bind(attempt.submitter_client_id)
    .bind(attempt.retry)
    .bind(attempt.retry_stopped)
    .bind(attempt.complaints)
    .bind(attempt.workflow)
    .execute(connection)
    .await;
    match added {
        Ok(_) => Ok(()),
        Err(sqlx::Error::Database(error)) if error.is_foreign_key_violation() => {
            Err(StoreError::NotFound(queue_id).into())
        }
        Err(error) => Err(error.into()),
    }
}

pub(super) async fn update_attempt(connection: &mut SqliteConnection, attempt: AttemptRow) -> Result<(), Failure> {
    let updated = sqlx::query(
        "UPDATE attempts SET prompt_id = ?, instance_id = ?, sending = ?, refusal = ?, complaints = ?, queue_number = ?
         WHERE queue_id = ? AND number = ?",
    )
    .bind(attempt.prompt_id)
    .bind(attempt.instance_id)
    .bind(attempt.sending)
    .bind(attempt.refusal)
    .bind(attempt.complaints)
    .bind(attempt.queue_number)
    .bind(Id(attempt.queue_id))
    .bind(attempt.number)
    .execute(connection)
    .await?;
    if updated.rows_affected() == 0 { Err(StoreError::NotFound(attempt.queue_id).into()) } else { Ok(()) }
}

pub(super) async fn set_warnings(
    connection: &mut SqliteConnection,
    queue_id: Uuid,
    warnings: String,
) -> Result<(), Failure> {
    let updated =
        sqlx::query("UPDATE generations SET record = json_set(record, '$.warnings', json(?)) WHERE queue_id = ?")
            .bind(warnings)
            .bind(Id(queue_id))
            .execute(connection)
            .await?;
    if updated.rows_affected() == 0 { Err(StoreError::NotFound(queue_id).into()) } else { Ok(()) }
}

pub(super) async fn unsent(readers: &SqlitePool) -> Result<Vec<AttemptRecord>, Failure> {
    let rows = sqlx::query("SELECT * FROM attempts WHERE sending IN ('waiting', 'sent') ORDER BY created_at, rowid")
        .fetch_all(readers)
        .await?;
    rows.iter().map(AttemptRow::read).collect()
}

pub(super) async fn known(readers: &SqlitePool, queue_id: Uuid) -> Result<Option<Known>, Failure> {
    let mut snapshot = readers.begin().await?;
    let row =
        sqlx::query_as::<_, (String, Option<String>)>("SELECT record, summary FROM generations WHERE queue_id = ?")
            .bind(Id(queue_id))
            .fetch_optional(&mut *snapshot)
            .await?;
    let Some((record, summary)) = row else {
        return Ok(None);
    };
    // Made from the events and made again at the next one: one of another version is no reason to know nothing.
    let unreadable = |error: &serde_json::Error| tracing::warn!(%error, %queue_id, "a saved summary cannot be read");
    let saved = summary.and_then(|summary| serde_json::from_str(&summary).inspect_err(unreadable).ok());
    let rows = sqlx::query("SELECT * FROM attempts WHERE queue_id = ? ORDER BY number")
        .bind(Id(queue_id))
        .fetch_all(&mut *snapshot)
        .await?;
    let attempts = rows.iter().map(AttemptRow::read).collect::<Result<_, _>>()?;
    Ok(Some(Known { record: serde_json::from_str(&record)?, attempts, saved }))
}

pub(super) async fn find_prompt(readers: &SqlitePool, prompt_id: &str) -> Result<Option<(Uuid, u32)>, Failure> {
    let found = sqlx::query_as::<_, (Id, u32)>(
        "SELECT attempts.queue_id, attempts.number FROM attempts JOIN generations USING (queue_id)
         WHERE attempts.prompt_id = ?
         ORDER BY generations.created_at DESC, generations.rowid DESC, attempts.number DESC LIMIT 1",
    )
    .bind(prompt_id)
    .fetch_optional(readers)
    .await?;
    Ok(found.map(|(Id(queue_id), number)| (queue_id, number)))
}
