//! `/v1/jobs`: an attempt by the prompt id that `ComfyUI` knows it under.

use super::generations::limit;
use super::problem::{Problem, ProblemDocument};
use super::{Answer, Site};
use axum::Json;
use axum::extract::{Path, Query, State};
use monitor_core::event::Event;
use monitor_core::generation::Generation;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::sync::Arc;
use utoipa::ToSchema;

const LIMIT: u32 = 100;
const MOST: u32 = 1_000;

/// The generation of a prompt
///
/// As of that attempt; of a prompt id that was used twice, the newest.
#[utoipa::path(get, path = "/v1/jobs/{promptId}", tag = "jobs", operation_id = "getJob",
    params(("promptId" = String, Path)),
    responses(
        (status = 200, body = Generation),
        (status = 404, body = ProblemDocument, content_type = "application/problem+json"),
    ))]
pub(super) async fn one(State(site): State<Arc<Site>>, Path(prompt_id): Path<String>) -> Answer<Json<Generation>> {
    Ok(Json(site.api.job(&prompt_id).await?))
}

/// The graph as sent
#[utoipa::path(get, path = "/v1/jobs/{promptId}/workflow", tag = "jobs", operation_id = "getJobWorkflow",
    params(("promptId" = String, Path)),
    responses(
        (status = 200, body = Object),
        (status = 404, body = ProblemDocument, content_type = "application/problem+json"),
    ))]
pub(super) async fn workflow(State(site): State<Arc<Site>>, Path(prompt_id): Path<String>) -> Answer<Json<Value>> {
    Ok(Json(site.api.job_workflow(&prompt_id).await?))
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct EventList {
    items: Vec<EventDocument>,
    /// `after` of the next page.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_after: Option<u64>,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct EventDocument {
    detail_type: &'static str,
    #[schema(value_type = Object)]
    detail: Value,
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct Paging {
    after: Option<String>,
    limit: Option<String>,
}

impl Paging {
    /// `after` (exclusive) and how many.
    pub(super) fn read(&self) -> Answer<(u64, u32)> {
        let wrong = |_| Problem::bad_request("`after` is a sequence: a whole number from 0");
        let after = self.after.as_deref().map(str::parse).transpose().map_err(wrong)?;
        let limit = self.limit.as_deref().map(|text| limit(text, MOST)).transpose()?;
        Ok((after.unwrap_or(0), limit.unwrap_or(LIMIT)))
    }
}

impl EventList {
    /// `events` has one more than `limit` where there is another page.
    pub(super) fn new(mut events: Vec<Event>, limit: u32) -> Answer<Self> {
        let more = events.len() > limit as usize;
        events.truncate(limit as usize);
        let next_after = events.last().filter(|_| more).map(|event| event.base.sequence);
        let document = |event: &Event| {
            Ok(EventDocument {
                detail_type: event.detail_type(),
                detail: event.detail().map_err(|cause| unwritable(&cause))?,
            })
        };
        Ok(EventList { items: events.iter().map(document).collect::<Answer<_>>()?, next_after })
    }
}

fn unwritable(cause: &serde_json::Error) -> Problem {
    tracing::error!(%cause, "an event cannot be written as JSON");
    Problem::new(http::StatusCode::INTERNAL_SERVER_ERROR, "an event cannot be written as JSON")
}

/// The durable events of a prompt
///
/// In order of sequence.
#[utoipa::path(get, path = "/v1/jobs/{promptId}/events", tag = "jobs", operation_id = "listJobEvents",
    params(
        ("promptId" = String, Path),
        ("after" = Option<u64>, Query, description = "A sequence, exclusive"),
        ("limit" = Option<u32>, Query, description = "100 unless told, at most 1000"),
    ),
    responses(
        (status = 200, body = EventList),
        (status = 400, body = ProblemDocument, content_type = "application/problem+json"),
        (status = 404, body = ProblemDocument, content_type = "application/problem+json"),
    ))]
pub(super) async fn events(
    State(site): State<Arc<Site>>,
    Path(prompt_id): Path<String>,
    Query(paging): Query<Paging>,
) -> Answer<Json<EventList>> {
    let (after, limit) = paging.read()?;
    let events = site.api.job_events(&prompt_id, after, limit + 1).await?;
    Ok(Json(EventList::new(events, limit)?))
}
