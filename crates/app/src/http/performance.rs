//! `/v1/performance`: where the time goes.

use super::problem::ProblemDocument;
use super::{Answer, Site};
use axum::Json;
use axum::extract::{Query, State};
use monitor_core::performance::ClassPerformance;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::ToSchema;

#[derive(Serialize, ToSchema)]
pub(super) struct PerformanceList {
    items: Vec<ClassPerformance>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Whose {
    instance_id: Option<String>,
}

/// What nodes take
///
/// By class, the one that took most time first; from all node runs of the last year, in attempts that have ended,
/// however they ended. What was cached did not run.
#[utoipa::path(get, path = "/v1/performance", tag = "instances", operation_id = "listPerformance",
    params(("instanceId" = Option<String>, Query, description = "Without it: of all servers together")),
    responses(
        (status = 200, body = PerformanceList),
        (status = 400, body = ProblemDocument, content_type = "application/problem+json"),
        (status = 404, body = ProblemDocument, content_type = "application/problem+json",
            description = "There is no such server"),
    ))]
pub(super) async fn list(
    State(site): State<Arc<Site>>,
    Query(Whose { instance_id }): Query<Whose>,
) -> Answer<Json<PerformanceList>> {
    Ok(Json(PerformanceList { items: site.api.performance(instance_id.as_deref()).await? }))
}
