//! The REST side (comfyui-protocol, section 4), each route also under `/api`.

mod info;
mod jobs;
mod prompt;
mod queue;
mod view;

pub(super) use prompt::play;

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::{DefaultBodyLimit, Query, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use serde_json::Value;

use super::life::Life;
use super::shared::{Requested, keep};
use super::sockets;

/// Larger bodies are refused (413), as with the default `--max-upload-size`.
const MAX_BODY_BYTES: usize = 100 * 1024 * 1024;

/// A larger message of a client ends the connection.
const MAX_MESSAGE_BYTES: usize = 4 * 1024 * 1024;

type Params = Query<std::collections::HashMap<String, String>>;
type Server = State<Arc<Life>>;

pub(super) fn router(life: Arc<Life>) -> Router {
    let everywhere = Router::new()
        .route("/ws", get(socket))
        .route("/prompt", get(queue::remaining).post(prompt::submit))
        .route("/queue", get(queue::list).post(queue::change))
        .route("/interrupt", post(queue::interrupt))
        .route("/free", post(queue::free))
        .route("/history", get(jobs::history).post(jobs::change_history))
        .route("/history/{id}", get(jobs::history_of))
        .route("/object_info", get(info::object_info))
        .route("/object_info/{class}", get(info::object_info_of))
        .route("/system_stats", get(info::system_stats))
        .route("/features", get(info::features))
        .route("/embeddings", get(info::embeddings))
        .route("/view", get(view::view))
        .route("/upload/image", post(view::upload))
        .route("/upload/mask", post(view::upload));
    let only_there = Router::new()
        .route("/jobs", get(jobs::list))
        .route("/jobs/{id}", get(jobs::one))
        .route("/jobs/{id}/cancel", post(jobs::cancel))
        .route("/jobs/cancel", post(jobs::cancel_many));
    let app = everywhere.clone().nest("/api", everywhere.merge(only_there));
    let app = match &life.shared.config.prefix {
        Some(prefix) => Router::new().nest(prefix, app),
        None => app,
    };
    app.layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
        .layer(middleware::from_fn_with_state(Arc::clone(&life), guard))
        .with_state(life)
}

/// Writes every request down, and lets in who may come in.
async fn guard(State(life): Server, request: Request, next: Next) -> Response {
    let path = request.uri().path_and_query().map_or("/", |path| path.as_str()).to_owned();
    keep(&mut life.shared.records().requests, Requested { method: request.method().to_string(), path });
    life.shared.changed();
    let missing = life.shared.with_faults(|faults| faults.missing_routes.clone());
    if missing.iter().any(|route| request.uri().path().starts_with(route)) {
        return StatusCode::NOT_FOUND.into_response();
    }
    let required = life.shared.with_faults(|faults| faults.require_header.clone());
    if required.is_some_and(|(name, value)| text_of(request.headers(), &name) != Some(value.as_str())) {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    if is_foreign(request.headers()) {
        return StatusCode::FORBIDDEN.into_response();
    }
    next.run(request).await
}

fn text_of<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// `ComfyUI`'s check against foreign pages: `Sec-Fetch-Site`, and an `Origin` that names another host than a loopback
/// `Host`.
fn is_foreign(headers: &HeaderMap) -> bool {
    if text_of(headers, "sec-fetch-site") == Some("cross-site") {
        return true;
    }
    let (Some(host), Some(origin)) = (text_of(headers, "host"), text_of(headers, "origin")) else {
        return false;
    };
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    let loopback = ["127.0.0.1", "localhost", "[::1]"].contains(&name);
    loopback && origin.split_once("://").map(|(_, origin)| origin) != Some(host)
}

async fn socket(State(life): Server, Query(params): Params, upgrade: WebSocketUpgrade) -> Response {
    let given = params.get("clientId").filter(|id| !id.is_empty());
    let client = given.cloned().unwrap_or_else(|| life.shared.new_id().replace('-', ""));
    let upgrade = upgrade.max_message_size(MAX_MESSAGE_BYTES).max_frame_size(MAX_MESSAGE_BYTES);
    upgrade.on_upgrade(move |socket| async move { sockets::serve(life, client, socket).await })
}

fn json(status: StatusCode, body: &Value) -> Response {
    (status, [(header::CONTENT_TYPE, "application/json; charset=utf-8")], body.to_string()).into_response()
}

fn ok(body: &Value) -> Response {
    json(StatusCode::OK, body)
}

/// 200 without a body.
fn done() -> Response {
    Response::new(Body::empty())
}

/// What `ComfyUI` says to all that it did not expect.
fn trouble() -> Response {
    (StatusCode::INTERNAL_SERVER_ERROR, "500 Internal Server Error\n\nServer got itself in trouble").into_response()
}
