//! Server-sent events: the frames of one generation for whoever has no WebSocket, such as `curl`.

use super::snapshot::{self, Making};
use super::{LiveState, problem, refuse_seat};
use axum::body::Body;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures::future::OptionFuture;
use futures::stream;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderName, StatusCode};
use monitor_pipeline::hub::{CloseCode, Pull, Pulled, Subscriber, Topic};
use std::convert::Infallible;
use uuid::Uuid;

/// What a proxy and a browser need to hear now and then to keep the connection.
const KEEP_ALIVE: Bytes = Bytes::from_static(b": keep-alive\n\n");

/// Tells nginx not to collect events until a buffer is full.
const ACCEL_BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");

/// `GET /v1/generations/{queueId}/events`: the snapshot, then what happens. Stays open after the end of the
/// generation, for outputs that are still being stored and for retries, until the client goes.
pub async fn events(State(live): State<LiveState>, Path(queue_id): Path<String>) -> Response {
    let Ok(queue_id) = Uuid::try_parse(&queue_id) else {
        return problem(StatusCode::BAD_REQUEST, "queueId is no UUID: take that of a generation");
    };
    let mut subscriber = match live.hub.seat() {
        Ok(seat) => seat.join(Pulled),
        Err(none) => return refuse_seat(none),
    };
    if let Err(error) = subscriber.subscribe(Topic::Generation(queue_id), None, None) {
        return problem(StatusCode::BAD_REQUEST, &error.to_string());
    }
    let events = Events { live, subscriber, making: None, rest: None };
    let headers = [(CONTENT_TYPE, "text/event-stream"), (CACHE_CONTROL, "no-store"), (ACCEL_BUFFERING, "no")];
    let body = Body::from_stream(stream::unfold(events, async |mut events| {
        let chunk = events.next().await?;
        Some((Ok::<Bytes, Infallible>(chunk), events))
    }));
    (headers, body).into_response()
}

struct Events {
    live: LiveState,
    subscriber: Subscriber,
    making: Option<Making>,
    /// The second part of an event.
    rest: Option<Bytes>,
}

impl Events {
    /// Asked for when the connection has room: the hub's bounded backlog is all that is ever kept for it.
    async fn next(&mut self) -> Option<Bytes> {
        if let Some(rest) = self.rest.take() {
            return Some(rest);
        }
        let reader = self.subscriber.reader();
        loop {
            match reader.pull() {
                Pull::Frame(frame) => {
                    let [head, rest] = frame.event();
                    self.rest = Some(rest);
                    return Some(head);
                }
                Pull::End => return None,
                Pull::Nothing => {}
            }
            if self.making.is_none() {
                self.making = reader.next_snapshot().map(|ticket| snapshot::make(&self.live.api, ticket));
            }
            tokio::select! {
                () = reader.woken() => {}
                Some((ticket, made)) = OptionFuture::from(self.making.as_mut()) => {
                    self.making = None;
                    match made {
                        Ok(snapshot) => reader.give_snapshot(ticket, &snapshot),
                        Err(error) => {
                            tracing::warn!(topic = %ticket.topic, %error, "no snapshot for a reader of events");
                            reader.close(CloseCode::ComeBackLater);
                        }
                    }
                }
                () = tokio::time::sleep(self.live.settings.keep_alive) => return Some(KEEP_ALIVE),
            }
        }
    }
}
