//! Probes, metrics and the `OpenAPI` document.

use super::{Metric, Site};
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use http::{HeaderMap, StatusCode, header};
use monitor_core::generation::InstanceState;
use monitor_pipeline::ports::ListQuery;
use serde::Serialize;
use std::sync::Arc;
use utoipa::ToSchema;

/// What `GET /healthz` calls itself, so that clients know whom they found at a port.
pub const SERVICE: &str = "comfyui-monitor";

#[derive(Serialize, ToSchema)]
pub(super) struct Health {
    status: &'static str,
    service: &'static str,
    version: &'static str,
}

/// Alive
#[utoipa::path(get, path = "/healthz", tag = "system", operation_id = "getHealth", responses((status = 200, body = Health)))]
pub(super) async fn healthz() -> Json<Health> {
    Json(Health { status: "ok", service: SERVICE, version: env!("CARGO_PKG_VERSION") })
}

#[derive(Serialize, ToSchema)]
pub(super) struct Readiness {
    status: &'static str,
    /// Only to those who have the token.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    instances: Vec<InstanceReadiness>,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct InstanceReadiness {
    instance_id: String,
    state: InstanceState,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

/// Ready: the store is open
///
/// That `ComfyUI` is away is told in the body, not by the code.
#[utoipa::path(get, path = "/readyz", tag = "system", operation_id = "getReadiness",
    responses((status = 200, body = Readiness), (status = 503, body = Readiness)))]
pub(super) async fn readyz(State(site): State<Arc<Site>>, headers: HeaderMap) -> Response {
    let store = site.api.list(ListQuery { limit: 1, ..ListQuery::default() }).await;
    let instances = if site.access.is_authorized(&headers) { site.api.instances().await } else { Vec::new() };
    let of = |instance: monitor_core::generation::Instance| InstanceReadiness {
        instance_id: instance.instance_id,
        state: instance.state,
        reason: instance.reason,
    };
    let instances = instances.into_iter().map(of).collect();
    let (code, status) = match store {
        Ok(_) => (StatusCode::OK, "ready"),
        Err(cause) => {
            tracing::warn!(%cause, "not ready");
            (StatusCode::SERVICE_UNAVAILABLE, "the store does not answer")
        }
    };
    (code, Json(Readiness { status, instances })).into_response()
}

const UP: Metric = Metric::gauge("comfyui_monitor_instance_up", "1 while the server is connected or polled.");
const QUEUE: Metric = Metric::gauge("comfyui_monitor_instance_queue", "Jobs waiting or running at the server.");
const GENERATIONS: Metric = Metric::gauge("comfyui_monitor_generations", "Generations kept, by status.");

/// For Prometheus
#[utoipa::path(get, path = "/metrics", tag = "system", operation_id = "getMetrics",
    responses((status = 200, body = String, content_type = "text/plain; version=0.0.4")))]
pub(super) async fn metrics(State(site): State<Arc<Site>>) -> Response {
    for instance in site.api.instances().await {
        let labels = [("instance", instance.instance_id.as_str())];
        let up = matches!(instance.state, InstanceState::Connected | InstanceState::Polling);
        site.metrics.set(&UP, &labels, f64::from(u8::from(up)));
        site.metrics.set(&QUEUE, &labels, instance.queue_remaining.unwrap_or(0) as f64);
    }
    if let Ok(page) = site.api.list(ListQuery { limit: 1, ..ListQuery::default() }).await {
        for (status, count) in page.counts {
            site.metrics.set(&GENERATIONS, &[("status", status.as_str())], count as f64);
        }
    }
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], site.metrics.render()).into_response()
}

/// This document
#[utoipa::path(get, path = "/v1/openapi.json", tag = "system", operation_id = "getOpenapi", responses((status = 200, body = Object)))]
pub(super) async fn openapi(Extension(document): Extension<Arc<utoipa::openapi::OpenApi>>) -> Response {
    Json(&*document).into_response()
}
