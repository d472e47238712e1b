//! Errors as RFC 9457 problem documents: one shape for all of them, also for those that axum itself answers with.

use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use monitor_core::event::JobError;
use monitor_core::generation::NodeError;
use monitor_pipeline::api::ApiError;
use monitor_pipeline::ports::{MediaError, StoreError};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

pub const CONTENT_TYPE: &str = "application/problem+json";

/// What went wrong, for programs and people.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ProblemDocument {
    /// `urn:comfyui-monitor:` and the kind of problem.
    pub r#type: String,
    /// The kind in words.
    pub title: String,
    pub status: u16,
    /// What it is this time, and what helps.
    pub detail: String,
    /// The generation it is about.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub queue_id: Option<Uuid>,
    /// The node it is about.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub node_id: Option<String>,
    /// What `ComfyUI` refused the workflow with.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub error: Option<JobError>,
    /// Its complaints node by node.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub node_errors: Vec<NodeError>,
}

/// An error on its way out. Boxed: it travels in every `Result` of the routes.
#[derive(Debug)]
pub struct Problem(Box<ProblemDocument>);

impl Problem {
    pub fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        let title = status.canonical_reason().unwrap_or("Error").to_owned();
        let kind = title.to_lowercase().replace([' ', '\''], "-");
        Problem(Box::new(ProblemDocument {
            r#type: format!("urn:comfyui-monitor:{kind}"),
            title,
            status: status.as_u16(),
            detail: detail.into(),
            queue_id: None,
            node_id: None,
            error: None,
            node_errors: Vec::new(),
        }))
    }

    pub fn bad_request(detail: impl Into<String>) -> Self {
        Problem::new(StatusCode::BAD_REQUEST, detail)
    }

    pub fn unprocessable(detail: impl Into<String>) -> Self {
        Problem::new(StatusCode::UNPROCESSABLE_ENTITY, detail)
    }

    pub fn not_found(detail: impl Into<String>) -> Self {
        Problem::new(StatusCode::NOT_FOUND, detail)
    }

    /// The cause goes to the log, never out: it may hold paths and addresses.
    fn internal(what: &str, cause: &dyn std::fmt::Display) -> Self {
        tracing::error!(%cause, "{what}");
        Problem::new(StatusCode::INTERNAL_SERVER_ERROR, format!("{what}; the log of the monitor says why"))
    }

    fn of_status(status: StatusCode, said: String) -> Self {
        let detail = match status {
            _ if status.is_server_error() => "something failed inside; the log of the monitor says what".to_owned(),
            _ if !said.is_empty() => said,
            StatusCode::NOT_FOUND => {
                "there is nothing at this address: /v1/openapi.json lists what there is".to_owned()
            }
            StatusCode::METHOD_NOT_ALLOWED => "this address knows other methods: see the header Allow".to_owned(),
            _ => status.canonical_reason().unwrap_or("refused").to_owned(),
        };
        Problem::new(status, detail)
    }
}

impl From<ApiError> for Problem {
    fn from(error: ApiError) -> Self {
        match error {
            ApiError::NotFound(detail) => Problem::not_found(detail),
            ApiError::Conflict(detail) => Problem::new(StatusCode::CONFLICT, detail),
            ApiError::Invalid { message, node_id } => {
                let mut problem = Problem::unprocessable(message);
                problem.0.node_id = node_id;
                problem
            }
            ApiError::Refused { queue_id, error, node_errors } => {
                let mut problem = Problem::unprocessable(format!("ComfyUI refused the workflow: {}", error.message));
                "urn:comfyui-monitor:submission-refused".clone_into(&mut problem.0.r#type);
                "Submission refused".clone_into(&mut problem.0.title);
                problem.0.queue_id = Some(queue_id);
                problem.0.error = Some(error);
                problem.0.node_errors = node_errors;
                problem
            }
            ApiError::Unavailable(detail) => Problem::new(StatusCode::BAD_GATEWAY, detail),
            ApiError::NotOffered(detail) => Problem::new(StatusCode::NOT_IMPLEMENTED, detail),
            ApiError::Store(error @ StoreError::Exists(_)) => Problem::new(StatusCode::CONFLICT, error.to_string()),
            ApiError::Store(error @ StoreError::NotFound(_)) => Problem::not_found(error.to_string()),
            ApiError::Store(error @ StoreError::BadCursor(_)) => Problem::bad_request(error.to_string()),
            ApiError::Store(error @ (StoreError::Failed { .. } | StoreError::Unusable { .. })) => {
                Problem::internal("the store failed", &error)
            }
            ApiError::Media(MediaError::NotFound(_)) => Problem::not_found("there is no such output"),
            ApiError::Media(error) => Problem::internal("the output could not be read", &error),
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.0.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = (status, axum::Json(&*self.0)).into_response();
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(CONTENT_TYPE));
        response
    }
}

/// Turns the errors that axum answers with (404, 405, what an extractor refused) into problem documents.
pub async fn layer(request: Request, next: Next) -> Response {
    /// The words of axum's extractors are a line.
    const LINE: usize = 1_000;
    let response = next.run(request).await;
    let status = response.status();
    let is_problem = response.headers().get(header::CONTENT_TYPE).is_some_and(|value| value == CONTENT_TYPE);
    if is_problem || !(status.is_client_error() || status.is_server_error()) {
        return response;
    }
    let (mut parts, body): (_, Body) = response.into_parts();
    let said = to_bytes(body, LINE).await.unwrap_or_default();
    let problem = Problem::of_status(status, String::from_utf8_lossy(&said).into_owned());
    parts.headers.remove(header::CONTENT_LENGTH);
    parts.headers.remove(header::CONTENT_TYPE);
    // `Allow` and the like stay.
    (parts.headers, problem).into_response()
}
