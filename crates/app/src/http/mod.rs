//! The HTTP API of `CONTRACT.md` over a [`monitor_pipeline::api::Api`]. Routes only take the transport off and put it
//! on again; every route is declared together with its documentation, so the `OpenAPI` document cannot differ from them.

mod bodies;
mod generations;
mod guard;
mod instances;
mod jobs;
mod live;
mod media;
pub mod metrics;
mod page;
mod performance;
pub mod problem;
mod range;
pub mod system;

pub use guard::{Access, TOKEN_PROTOCOL};
pub use metrics::{Metric, Metrics};
pub use page::is_built as has_page;
pub use problem::{Problem, ProblemDocument};

use crate::config::Config;
use crate::live::LiveState;
use axum::extract::{DefaultBodyLimit, MatchedPath, Request, State};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::Response;
use axum::{Extension, Router};
use http::StatusCode;
use monitor_pipeline::api::Api;
use std::sync::Arc;
use std::time::Instant;
use utoipa::OpenApi as _;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// What the routes share.
pub struct Site {
    pub api: Arc<dyn Api>,
    pub metrics: Arc<Metrics>,
    pub access: Arc<Access>,
    /// The largest body of a request.
    pub request_bytes: usize,
}

impl Site {
    pub fn new(config: &Config, api: Arc<dyn Api>, metrics: Arc<Metrics>) -> Arc<Self> {
        let access = Arc::new(Access::new(config));
        let request_bytes = usize::try_from(config.limits.request_bytes).unwrap_or(usize::MAX);
        Arc::new(Site { api, metrics, access, request_bytes })
    }
}

pub(crate) type Answer<T> = Result<T, Problem>;

#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "ComfyUI Monitor",
        description = "Watches ComfyUI servers and shows, live, which node runs, how far it is, how long it takes and \
                       what went wrong. Errors are RFC 9457 problem documents. Where a token is set, send it as \
                       `Authorization: Bearer ...`."
    ),
    components(schemas(ProblemDocument)),
    tags(
        (name = "generations", description = "What people asked for, and what became of it"),
        (name = "jobs", description = "One attempt of a generation, by ComfyUI's prompt id"),
        (name = "media", description = "Outputs"),
        (name = "instances", description = "ComfyUI servers"),
        (name = "system", description = "The monitor itself"),
    ),
)]
struct Document;

fn routes() -> OpenApiRouter<Arc<Site>> {
    OpenApiRouter::with_openapi(Document::openapi())
        .routes(routes!(generations::submit, generations::list))
        .routes(routes!(generations::read_workflow))
        .routes(routes!(generations::one))
        .routes(routes!(generations::cancel))
        .routes(routes!(generations::retry))
        .routes(routes!(jobs::one))
        .routes(routes!(jobs::workflow))
        .routes(routes!(jobs::events))
        .routes(routes!(media::original))
        .routes(routes!(media::thumbnail))
        .routes(routes!(instances::list))
        .routes(routes!(instances::events))
        .routes(routes!(instances::readings))
        .routes(routes!(instances::object_info))
        .routes(routes!(instances::upload))
        .routes(routes!(instances::reconnect))
        .routes(routes!(performance::list))
        .routes(routes!(system::healthz))
        .routes(routes!(system::readyz))
        .routes(routes!(system::metrics))
        .routes(routes!(system::openapi))
}

/// The document alone.
pub fn openapi() -> utoipa::openapi::OpenApi {
    let (_, document) = routes().split_for_parts();
    let (_, live) = live::routes().split_for_parts();
    document.merge_from(live)
}

/// The whole site. To be served over plain TCP: see [`crate::live::routes`].
pub fn router(site: &Arc<Site>, live: LiveState) -> Router {
    let (api, document) = routes().with_state(site.clone()).merge(live::routes().with_state(live)).split_for_parts();
    api.layer(Extension(Arc::new(document)))
        .merge(page::routes())
        .layer(DefaultBodyLimit::max(site.request_bytes))
        .layer(from_fn_with_state(site.clone(), refuse_large))
        .layer(from_fn_with_state(site.access.clone(), guard::access))
        .layer(from_fn_with_state(site.metrics.clone(), measure))
        .layer(from_fn(problem::layer))
        .layer(from_fn(guard::security_headers))
}

/// Before the first byte of a body that says itself that it is too large.
async fn refuse_large(State(site): State<Arc<Site>>, request: Request, next: Next) -> Result<Response, Problem> {
    let length = request.headers().get(http::header::CONTENT_LENGTH);
    let length = length.and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    if length.is_some_and(|length| length > site.request_bytes as u64) {
        return Err(bodies::too_large(site.request_bytes));
    }
    Ok(next.run(request).await)
}

const REQUESTS: Metric = Metric::counter("comfyui_monitor_http_requests_total", "HTTP requests answered.");
const SECONDS: Metric =
    Metric::counter("comfyui_monitor_http_request_seconds_total", "Time until the head of the answer, in all.");

async fn measure(State(metrics): State<Arc<Metrics>>, request: Request, next: Next) -> Response {
    let started = Instant::now();
    let path = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned());
    let path = path.unwrap_or_else(|| "other".to_owned());
    let method = match request.method().as_str() {
        known @ ("GET" | "HEAD" | "POST") => known.to_owned(),
        _ => "other".to_owned(),
    };
    let response = next.run(request).await;
    let status = response.status();
    metrics.add(&REQUESTS, &[("method", &method), ("path", &path), ("status", status.as_str())], 1.0);
    if status != StatusCode::SWITCHING_PROTOCOLS {
        metrics.add(&SECONDS, &[("path", &path)], started.elapsed().as_secs_f64());
    }
    response
}
