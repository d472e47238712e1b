//! The live routes as the `OpenAPI` document has them; [`crate::live`] does the work.

use super::problem::ProblemDocument;
use crate::live::{self, LiveState};
use axum::extract::{Path, Request, State};
use axum::response::Response;
use monitor_core::frame::{Frame, Request as Said};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

#[derive(utoipa::OpenApi)]
#[openapi(
    components(schemas(Frame, Said)),
    tags((name = "live", description = "Frames while things happen"))
)]
struct Document;

pub(super) fn routes() -> OpenApiRouter<LiveState> {
    use utoipa::OpenApi as _;
    OpenApiRouter::with_openapi(Document::openapi()).routes(routes!(socket)).routes(routes!(events))
}

/// The WebSocket
///
/// Both sides send JSON: the page a `Request` (`subscribe`, `unsubscribe`, `ping`), the server a `Frame`; previews come
/// as binary messages to those who asked for them. Where a token is set and no header can be: the subprotocol
/// `cm.token.` and the token.
#[utoipa::path(get, path = "/v1/live", tag = "live", operation_id = "openLive",
    responses(
        (status = 101, description = "A WebSocket"),
        (status = 403, body = ProblemDocument, content_type = "application/problem+json",
            description = "A page of another origin"),
        (status = 426, body = ProblemDocument, content_type = "application/problem+json",
            description = "No WebSocket was asked for"),
        (status = 501, body = ProblemDocument, content_type = "application/problem+json",
            description = "This deployment does not offer it; the detail says what does"),
        (status = 503, body = ProblemDocument, content_type = "application/problem+json",
            description = "Too many connections: come back later"),
    ))]
async fn socket(state: State<LiveState>, request: Request) -> Response {
    live::websocket(state, request).await
}

/// Server-sent events
///
/// The frames of a generation: the event is the frame's `type`, the id its sequence; the snapshot comes first.
#[utoipa::path(get, path = "/v1/generations/{queueId}/events", tag = "live", operation_id = "followGeneration",
    params(("queueId" = Uuid, Path)),
    responses(
        (status = 200, body = Frame, content_type = "text/event-stream"),
        (status = 501, body = ProblemDocument, content_type = "application/problem+json",
            description = "This deployment does not offer it; the detail says what does"),
        (status = 503, body = ProblemDocument, content_type = "application/problem+json",
            description = "Too many connections: come back later"),
    ))]
async fn events(state: State<LiveState>, id: Path<String>) -> Response {
    live::events(state, id).await
}
