//! `/v1/instances`: the servers under watch.

use super::jobs::{EventList, Paging};
use super::problem::ProblemDocument;
use super::{Answer, Site, bodies, generations};
use axum::Json;
use axum::extract::{Path, Query, Request, State};
use axum::response::{IntoResponse, Response};
use http::{StatusCode, header};
use monitor_core::generation::Instance;
use monitor_core::time::Timestamp;
use monitor_pipeline::api::{Reading, Upload};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::ToSchema;

#[derive(Serialize, ToSchema)]
pub(super) struct InstanceList {
    items: Vec<Instance>,
}

/// List servers
#[utoipa::path(get, path = "/v1/instances", tag = "instances", operation_id = "listInstances", responses((status = 200, body = InstanceList)))]
pub(super) async fn list(State(site): State<Arc<Site>>) -> Json<InstanceList> {
    Json(InstanceList { items: site.api.instances().await })
}

/// Events of a server
///
/// The durable ones of the monitor's own: connections, starts, stops.
#[utoipa::path(get, path = "/v1/instances/{instanceId}/events", tag = "instances", operation_id = "listInstanceEvents",
    params(
        ("instanceId" = String, Path),
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
    Path(id): Path<String>,
    Query(paging): Query<Paging>,
) -> Answer<Json<EventList>> {
    let (after, limit) = paging.read()?;
    let events = site.api.instance_events(&id, after, limit + 1).await?;
    Ok(Json(EventList::new(events, limit)?))
}

#[derive(Debug, Deserialize)]
pub(super) struct Since {
    since: Option<String>,
}

/// GPU memory of the last 30 minutes
#[utoipa::path(get, path = "/v1/instances/{instanceId}/readings", tag = "instances", operation_id = "listReadings",
    params(("instanceId" = String, Path), ("since" = Option<Timestamp>, Query)),
    responses(
        (status = 200, body = Vec<Reading>),
        (status = 400, body = ProblemDocument, content_type = "application/problem+json"),
        (status = 404, body = ProblemDocument, content_type = "application/problem+json"),
        (status = 501, body = ProblemDocument, content_type = "application/problem+json",
            description = "This deployment does not offer it; the detail says what does"),
    ))]
pub(super) async fn readings(
    State(site): State<Arc<Site>>,
    Path(id): Path<String>,
    Query(Since { since }): Query<Since>,
) -> Answer<Json<Vec<Reading>>> {
    let since = since.map(|text| generations::time("since", &text)).transpose()?;
    Ok(Json(site.api.readings(&id, since).await?))
}

/// The server's node classes
///
/// As the server gave them; about a megabyte.
#[utoipa::path(get, path = "/v1/instances/{instanceId}/object-info", tag = "instances", operation_id = "getObjectInfo",
    params(("instanceId" = String, Path)),
    responses(
        (status = 200, body = Object),
        (status = 404, body = ProblemDocument, content_type = "application/problem+json"),
        (status = 501, body = ProblemDocument, content_type = "application/problem+json",
            description = "This deployment does not offer it; the detail says what does"),
        (status = 502, body = ProblemDocument, content_type = "application/problem+json",
            description = "The server did not answer"),
    ))]
pub(super) async fn object_info(State(site): State<Arc<Site>>, Path(id): Path<String>) -> Answer<Response> {
    let bytes = site.api.object_info(&id).await?;
    Ok(([(header::CONTENT_TYPE, "application/json")], bytes).into_response())
}

#[derive(ToSchema)]
#[expect(dead_code, reason = "documentation of a form")]
pub(super) struct UploadForm {
    #[schema(value_type = String, format = Binary)]
    file: Vec<u8>,
}

#[derive(Serialize, ToSchema)]
pub(super) struct Uploaded {
    /// What to write into the workflow.
    name: String,
}

/// Pass an input image on
#[utoipa::path(post, path = "/v1/instances/{instanceId}/uploads", tag = "instances", operation_id = "uploadInput",
    params(("instanceId" = String, Path)),
    request_body(content = UploadForm, content_type = "multipart/form-data"),
    responses(
        (status = 200, body = Uploaded),
        (status = 404, body = ProblemDocument, content_type = "application/problem+json"),
        (status = 413, body = ProblemDocument, content_type = "application/problem+json"),
        (status = 422, body = ProblemDocument, content_type = "application/problem+json"),
        (status = 501, body = ProblemDocument, content_type = "application/problem+json",
            description = "This deployment does not offer it; the detail says what does"),
        (status = 502, body = ProblemDocument, content_type = "application/problem+json",
            description = "The server did not answer"),
    ))]
pub(super) async fn upload(
    State(site): State<Arc<Site>>,
    Path(id): Path<String>,
    request: Request,
) -> Answer<Json<Uploaded>> {
    let file = bodies::file(&site, request).await?;
    let filename = file.filename.unwrap_or_else(|| "image".to_owned());
    let name = site.api.upload(&id, Upload { filename, bytes: file.bytes }).await?;
    Ok(Json(Uploaded { name }))
}

/// Try to connect now
#[utoipa::path(post, path = "/v1/instances/{instanceId}/reconnect", tag = "instances", operation_id = "reconnectInstance",
    params(("instanceId" = String, Path)),
    responses(
        (status = 202, description = "It tries"),
        (status = 404, body = ProblemDocument, content_type = "application/problem+json"),
        (status = 501, body = ProblemDocument, content_type = "application/problem+json",
            description = "This deployment does not offer it; the detail says what does"),
    ))]
pub(super) async fn reconnect(State(site): State<Arc<Site>>, Path(id): Path<String>) -> Answer<StatusCode> {
    site.api.reconnect(&id).await?;
    Ok(StatusCode::ACCEPTED)
}
