//! What the API tells straight from the store, whether or not a monitor is in reach.

use crate::api::{ApiError, MediaBytes};
use crate::clock;
use crate::ports::{Media, Store, StoreError};
use crate::read_model::rebuild;
use monitor_core::event::Event;
use monitor_core::generation::{Generation, InstanceToday, OutputStatus};
use monitor_core::time::{Timestamp, percentage};
use serde_json::Value;
use std::ops::Range;
use uuid::Uuid;

const DAY_MS: i64 = 24 * 60 * 60 * 1_000;

/// Midnight in UTC.
pub(crate) fn midnight(now: Timestamp) -> Timestamp {
    Timestamp(now.0 - now.0.rem_euclid(DAY_MS))
}

/// The attempt that a prompt id is of.
pub(crate) async fn attempt_of(store: &dyn Store, prompt_id: &str) -> Result<(Uuid, u32), ApiError> {
    let found = store.find_prompt(prompt_id).await?;
    found.ok_or_else(|| ApiError::NotFound(format!("there is no job with the prompt id {prompt_id:?}")))
}

/// The generation as it was with this attempt, before any later one.
pub(crate) async fn as_of(store: &dyn Store, queue_id: Uuid, number: u32) -> Result<Option<Generation>, StoreError> {
    let Some(mut known) = store.known(queue_id).await? else { return Ok(None) };
    known.attempts.retain(|attempt| attempt.number <= number);
    let mut events = store.events(queue_id).await?;
    events.retain(|event| event.base.attempt <= number);
    let mut media = store.media(queue_id).await?;
    media.retain(|row| row.attempt <= number);
    Ok(Some(rebuild(known, &events, &media).generation(clock::wall(), true)))
}

/// The graph as sent.
pub(crate) async fn workflow_of(store: &dyn Store, prompt_id: &str) -> Result<Value, ApiError> {
    let (queue_id, number) = attempt_of(store, prompt_id).await?;
    let known = store.known(queue_id).await?;
    let attempt = known.and_then(|known| known.attempts.into_iter().find(|attempt| attempt.number == number));
    attempt
        .map(|attempt| attempt.workflow)
        .filter(|workflow| !workflow.is_null())
        .ok_or_else(|| ApiError::NotFound(format!("the workflow of job {prompt_id} was never seen")))
}

pub(crate) async fn events_of(
    store: &dyn Store,
    prompt_id: &str,
    after: u64,
    limit: u32,
) -> Result<Vec<Event>, ApiError> {
    let events = store.prompt_events(prompt_id, after, limit).await?;
    if events.is_empty() {
        attempt_of(store, prompt_id).await?;
    }
    Ok(events)
}

/// What an instance has done since midnight.
pub(crate) async fn today_of(
    store: &dyn Store,
    instance_id: &str,
    now: Timestamp,
) -> Result<InstanceToday, StoreError> {
    let since = midnight(now);
    let (done, failed, busy_ms) = store.instance_today(instance_id, since).await?;
    let day = now.since(since).max(1);
    Ok(InstanceToday { done, failed, busy_percentage: percentage(busy_ms as f64 / day as f64 * 100.0) })
}

/// The bytes of an output, or why there are none.
pub(crate) async fn media_bytes(
    store: &dyn Store,
    media: &dyn Media,
    media_id: Uuid,
    thumbnail: bool,
    range: Option<Range<u64>>,
) -> Result<MediaBytes, ApiError> {
    let missing = || ApiError::NotFound(format!("there is no output {media_id}"));
    let record = store.media_by_id(media_id).await?.ok_or_else(missing)?;
    let key = if thumbnail { record.thumbnail_key.clone() } else { record.key.clone() };
    let Some(key) = key.filter(|_| record.status == OutputStatus::Stored) else {
        let why = match record.status {
            OutputStatus::Pending => "it is still being fetched".to_owned(),
            OutputStatus::Failed => record.reason.clone().unwrap_or_else(|| "it could not be fetched".to_owned()),
            OutputStatus::Stored if thumbnail => "it has no thumbnail".to_owned(),
            OutputStatus::Stored => "it is a text without a file".to_owned(),
        };
        return Err(ApiError::NotFound(format!("output {media_id} has no bytes: {why}")));
    };
    let (total, stream) = media.open(&key, range).await?;
    let content_type = match (thumbnail, &record.content_type) {
        (true, _) => "image/webp".to_owned(),
        (false, Some(content_type)) => content_type.clone(),
        (false, None) => "application/octet-stream".to_owned(),
    };
    Ok(MediaBytes { record, content_type, total, stream })
}
