//! `/v1/generations` and `/v1/workflows`.

use super::problem::{Problem, ProblemDocument};
use super::{Answer, Site, bodies};
use axum::Json;
use axum::extract::{Path, Query, Request, State};
use axum::response::{IntoResponse, Response};
use http::{StatusCode, header};
use monitor_core::generation::{Generation, Status, Summary};
use monitor_core::time::Timestamp;
use monitor_pipeline::api::{Overrides, ReadWorkflow};
use monitor_pipeline::ports::{ListQuery, Page};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;
use utoipa::ToSchema;
use uuid::Uuid;

const DAY_MS: i64 = 86_400_000;
const LIMIT: u32 = 50;
const MOST: u32 = 200;

pub(crate) fn queue_id(text: &str) -> Answer<Uuid> {
    text.parse().map_err(|_| Problem::not_found(format!("there is no generation {text:?}")))
}

/// Submit a workflow
///
/// Kept first, then sent. While `ComfyUI` is away it stays `pending` and is sent when it is back.
#[utoipa::path(post, path = "/v1/generations", tag = "generations", operation_id = "submitGeneration",
    request_body(content(
        (bodies::SubmitBody = "application/json"),
        (bodies::SubmitForm = "multipart/form-data"),
    )),
    responses(
        (status = 201, body = Generation, headers(("Location" = String, description = "Of the generation, relative"))),
        (status = 200, body = Generation, description = "The idempotency key was known: this is its generation"),
        (status = 400, body = ProblemDocument, content_type = "application/problem+json", description = "No JSON"),
        (status = 409, body = ProblemDocument, content_type = "application/problem+json",
            description = "The `queueId` exists"),
        (status = 413, body = ProblemDocument, content_type = "application/problem+json", description = "Too large"),
        (status = 415, body = ProblemDocument, content_type = "application/problem+json",
            description = "Neither JSON nor a form"),
        (status = 422, body = ProblemDocument, content_type = "application/problem+json",
            description = "No workflow, or ComfyUI refused it"),
    ))]
pub(super) async fn submit(State(site): State<Arc<Site>>, request: Request) -> Answer<Response> {
    let submit = bodies::submit(&site, request).await?;
    let submitted = site.api.submit(submit).await?;
    let status = if submitted.created { StatusCode::CREATED } else { StatusCode::OK };
    let location = format!("/v1/generations/{}", submitted.generation.queue_id);
    Ok((status, [(header::LOCATION, location)], Json(submitted.generation)).into_response())
}

/// Read a workflow
///
/// What a form needs before submitting. Takes a file, a workflow as JSON, or `{workflow, instanceId?}`. Whole numbers
/// above 2^53 are texts in `inputs` (JavaScript would round them); `overrides` takes them back as such.
#[utoipa::path(post, path = "/v1/workflows", tag = "generations", operation_id = "readWorkflow",
    request_body(content(
        (Object = "application/json"),
        (bodies::SubmitForm = "multipart/form-data"),
    )),
    responses(
        (status = 200, body = ReadWorkflow),
        (status = 400, body = ProblemDocument, content_type = "application/problem+json"),
        (status = 422, body = ProblemDocument, content_type = "application/problem+json", description = "No workflow"),
    ))]
pub(super) async fn read_workflow(State(site): State<Arc<Site>>, request: Request) -> Answer<Json<ReadWorkflow>> {
    let (source, filename, instance_id) = bodies::workflow(&site, request).await?;
    Ok(Json(site.api.read_workflow(source, filename, instance_id).await?))
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct GenerationList {
    items: Vec<Summary>,
    /// For the next page.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
    /// By status, of all that match but for the status.
    counts: BTreeMap<&'static str, u64>,
    today: TodayDocument,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct TodayDocument {
    jobs: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    median_wait_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    success_percentage: Option<f64>,
}

impl From<Page> for GenerationList {
    fn from(page: Page) -> Self {
        let mut counts: BTreeMap<_, _> = Status::ALL.into_iter().map(|status| (status.as_str(), 0)).collect();
        counts.extend(page.counts.into_iter().map(|(status, count)| (status.as_str(), count)));
        let today = TodayDocument {
            jobs: page.today.jobs,
            median_wait_ms: page.today.median_wait_ms,
            success_percentage: page.today.success_percentage,
        };
        GenerationList { items: page.items, next_cursor: page.next_cursor, counts, today }
    }
}

/// List generations
///
/// Summaries, newest first.
#[utoipa::path(get, path = "/v1/generations", tag = "generations", operation_id = "listGenerations",
    params(
        ("status" = Option<Vec<Status>>, Query, description = "Several, as a list with commas or repeated"),
        ("instanceId" = Option<String>, Query),
        ("q" = Option<String>, Query, description = "Words in the title, or the beginning of an id"),
        ("since" = Option<Timestamp>, Query),
        ("until" = Option<Timestamp>, Query),
        ("cursor" = Option<String>, Query, description = "`nextCursor` of the page before"),
        ("limit" = Option<u32>, Query, description = "50 unless told, at most 200"),
        ("today" = Option<Timestamp>, Query,
            description = "When the caller's day began, for `today`; the day in UTC unless told"),
    ),
    responses(
        (status = 200, body = GenerationList),
        (status = 400, body = ProblemDocument, content_type = "application/problem+json"),
    ))]
pub(super) async fn list(
    State(site): State<Arc<Site>>,
    Query(pairs): Query<Vec<(String, String)>>,
) -> Answer<Json<GenerationList>> {
    let query = list_query(pairs, crate::clock::now())?;
    Ok(Json(site.api.list(query).await?.into()))
}

fn list_query(pairs: Vec<(String, String)>, now: Timestamp) -> Answer<ListQuery> {
    let today = Timestamp(now.as_millis() - now.as_millis().rem_euclid(DAY_MS));
    let mut query = ListQuery { limit: LIMIT, today, ..ListQuery::default() };
    for (name, value) in pairs.into_iter().filter(|(_, value)| !value.is_empty()) {
        match name.as_str() {
            "status" => {
                for status in value.split(',').map(str::trim) {
                    query.statuses.push(status.parse().map_err(Problem::bad_request)?);
                }
            }
            "instanceId" => query.instance_id = Some(value),
            "q" => query.q = Some(value),
            "since" => query.since = Some(time(&name, &value)?),
            "until" => query.until = Some(time(&name, &value)?),
            "today" => query.today = time(&name, &value)?,
            "cursor" => query.cursor = Some(value),
            "limit" => query.limit = limit(&value, MOST)?,
            // A newer page may ask an older server.
            _ => {}
        }
    }
    Ok(query)
}

pub(super) fn time(name: &str, value: &str) -> Answer<Timestamp> {
    let example = "2026-11-24T16:39:04.974Z";
    value.parse().map_err(|_| Problem::bad_request(format!("`{name}` is no time: write it as {example}")))
}

/// From 1 to `most`; more is cut.
pub(super) fn limit(value: &str, most: u32) -> Answer<u32> {
    match value.parse::<u32>() {
        Ok(number) if number > 0 => Ok(number.min(most)),
        _ => Err(Problem::bad_request(format!("`limit` is a whole number from 1 to {most}"))),
    }
}

/// One generation
#[utoipa::path(get, path = "/v1/generations/{queueId}", tag = "generations", operation_id = "getGeneration",
    params(("queueId" = Uuid, Path)),
    responses(
        (status = 200, body = Generation),
        (status = 404, body = ProblemDocument, content_type = "application/problem+json"),
    ))]
pub(super) async fn one(State(site): State<Arc<Site>>, Path(id): Path<String>) -> Answer<Json<Generation>> {
    Ok(Json(site.api.generation(queue_id(&id)?).await?))
}

/// Cancel
///
/// Waiting: it leaves the queue. Running: this prompt alone is interrupted. Between attempts: no more attempts.
#[utoipa::path(post, path = "/v1/generations/{queueId}/cancel", tag = "generations", operation_id = "cancelGeneration",
    params(("queueId" = Uuid, Path)),
    responses(
        (status = 202, body = Generation),
        (status = 404, body = ProblemDocument, content_type = "application/problem+json"),
        (status = 409, body = ProblemDocument, content_type = "application/problem+json", description = "It has ended"),
    ))]
pub(super) async fn cancel(State(site): State<Arc<Site>>, Path(id): Path<String>) -> Answer<Response> {
    let generation = site.api.cancel(queue_id(&id)?).await?;
    Ok((StatusCode::ACCEPTED, Json(generation)).into_response())
}

#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(super) struct RetryBody {
    /// `{nodeId: {input: value}}`
    #[schema(value_type = Option<Object>)]
    overrides: Option<Overrides>,
    /// Elsewhere than last time.
    instance_id: Option<String>,
}

/// Try again
///
/// A new attempt of an ended generation; between attempts: now.
#[utoipa::path(post, path = "/v1/generations/{queueId}/retry", tag = "generations", operation_id = "retryGeneration",
    params(("queueId" = Uuid, Path)),
    request_body(content = Option<RetryBody>),
    responses(
        (status = 202, body = Generation),
        (status = 404, body = ProblemDocument, content_type = "application/problem+json"),
        (status = 409, body = ProblemDocument, content_type = "application/problem+json", description = "It runs"),
        (status = 422, body = ProblemDocument, content_type = "application/problem+json"),
    ))]
pub(super) async fn retry(State(site): State<Arc<Site>>, Path(id): Path<String>, request: Request) -> Answer<Response> {
    let queue_id = queue_id(&id)?;
    let body: RetryBody = bodies::optional_json(&site, request).await?;
    bodies::check_overrides(body.overrides.as_ref())?;
    let generation = site.api.retry(queue_id, body.overrides.unwrap_or_default(), body.instance_id).await?;
    Ok((StatusCode::ACCEPTED, Json(generation)).into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn today_begins_at_midnight_utc_unless_the_caller_says_when() {
        let now = Timestamp(1_795_538_344_974);
        let query = list_query(Vec::new(), now).unwrap();
        assert_eq!(query.today.to_string(), "2026-11-24T00:00:00.000Z");
        let pair = ("today".to_owned(), "2026-11-23T23:00:00.000Z".to_owned());
        assert_eq!(list_query(vec![pair], now).unwrap().today.to_string(), "2026-11-23T23:00:00.000Z");
    }
}
