//! Live frames: the WebSocket `/v1/live` and the server-sent events of one generation, both readers of the hub.
//!
//! The WebSocket is spoken here and not by a library: the hub writes each frame, encoded once for all, straight to
//! the TCP socket, which a library's own buffers and tasks would stand in the way of.

mod connection;
mod events;
mod handshake;
mod origin;
mod requests;
mod snapshot;
mod wire;

pub use events::events;
pub use handshake::{HandshakeError, token_from_protocols};
pub use origin::origin_is_allowed;

use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use http::StatusCode;
use http::header::{CONTENT_TYPE, RETRY_AFTER, SEC_WEBSOCKET_VERSION, UPGRADE};
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use hyper_util::server::conn::auto::upgrade;
use monitor_core::time::Timestamp;
use monitor_pipeline::api::Api;
use monitor_pipeline::hub::{Encoded, Hub, NoSeat};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::net::TcpStream;

#[derive(Clone, Debug)]
pub struct LiveSettings {
    /// Origins besides our own whose pages may connect (`https://studio.example`).
    pub origins: Vec<String>,
    /// Between two pings.
    pub ping: Duration,
    /// After so many pings in a row without a sign of life the connection is dropped.
    pub missed_pings: u8,
    /// For the goodbye on both sides.
    pub linger: Duration,
    /// Between two comments in a stream of events where nothing happens.
    pub keep_alive: Duration,
}

impl Default for LiveSettings {
    fn default() -> Self {
        LiveSettings {
            origins: Vec::new(),
            ping: Duration::from_secs(30),
            missed_pings: 2,
            linger: Duration::from_secs(5),
            keep_alive: Duration::from_secs(15),
        }
    }
}

#[derive(Clone)]
pub struct LiveState {
    pub hub: Arc<Hub>,
    pub api: Arc<dyn Api>,
    settings: Arc<LiveSettings>,
    ping: Encoded,
}

impl LiveState {
    pub fn new(hub: Arc<Hub>, api: Arc<dyn Api>, settings: LiveSettings) -> LiveState {
        LiveState { hub, api, settings: Arc::new(settings), ping: Encoded::ping() }
    }
}

/// To be merged into the application's router. Has to be served over plain TCP (`axum::serve` with a
/// `tokio::net::TcpListener`): the WebSocket takes the socket back from hyper.
pub fn routes(live: LiveState) -> Router {
    Router::new()
        .route("/v1/live", get(websocket))
        .route("/v1/generations/{queueId}/events", get(events))
        .with_state(live)
}

/// `GET /v1/live`.
pub async fn websocket(State(live): State<LiveState>, mut request: Request) -> Response {
    if !origin_is_allowed(request.headers(), &live.settings.origins) {
        return problem(
            StatusCode::FORBIDDEN,
            "pages of this origin may not connect: open the page at the server's own address, or allow its origin in \
             the configuration",
        );
    }
    let accepted = match handshake::accept(request.headers()) {
        Ok(accepted) => accepted,
        Err(error) => return refuse_handshake(error),
    };
    if request.extensions().get::<OnUpgrade>().is_none() {
        return refuse_handshake(HandshakeError::NoUpgrade);
    }
    let seat = match live.hub.seat() {
        Ok(seat) => seat,
        Err(none) => return refuse_seat(none),
    };
    let upgrade = hyper::upgrade::on(&mut request);
    tokio::spawn(async move {
        // Only done once the answer is written.
        let upgraded = match upgrade.await {
            Ok(upgraded) => upgraded,
            Err(error) => return tracing::debug!(%error, "a WebSocket ended in its handshake"),
        };
        let Ok(parts) = upgrade::downcast::<TokioIo<TcpStream>>(upgraded) else {
            return tracing::error!(
                "the live connection is no plain TCP socket: serve the application over tokio's TcpListener, with TLS \
                 in front of it"
            );
        };
        connection::serve(parts.io.into_inner(), parts.read_buf, seat, live).await;
    });
    accepted
}

fn refuse_handshake(error: HandshakeError) -> Response {
    let refusal = problem(error.status(), &error.to_string());
    if error.status() == StatusCode::UPGRADE_REQUIRED {
        ([(UPGRADE, "websocket"), (SEC_WEBSOCKET_VERSION, "13")], refusal).into_response()
    } else {
        refusal
    }
}

fn refuse_seat(none: NoSeat) -> Response {
    ([(RETRY_AFTER, "5")], problem(StatusCode::SERVICE_UNAVAILABLE, &none.to_string())).into_response()
}

/// RFC 9457.
fn problem(status: StatusCode, detail: &str) -> Response {
    let title = status.canonical_reason().unwrap_or_default();
    let body = serde_json::json!({"type": "about:blank", "title": title, "status": status.as_u16(), "detail": detail});
    (status, [(CONTENT_TYPE, "application/problem+json")], Json(body)).into_response()
}

fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}
