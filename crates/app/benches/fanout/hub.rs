//! The hub behind its real routes.

#[path = "../../tests/support/snapshots.rs"]
mod snapshots;

use crate::shape::{QUEUE_ID, nothing_yet, step};
use async_trait::async_trait;
use comfyui_monitor::live::{LiveSettings, LiveState, routes};
use monitor_core::frame::FrameBody;
use monitor_pipeline::api::ApiError;
use monitor_pipeline::hub::{Hub, HubSettings};
use snapshots::{OnlySnapshots, Snapshots};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;
use uuid::Uuid;

struct NothingYet;

#[async_trait]
impl Snapshots for NothingYet {
    async fn snapshot(&self, _: Option<Uuid>) -> Result<FrameBody, ApiError> {
        Ok(nothing_yet())
    }
}

#[tokio::main]
pub(crate) async fn serve() {
    let hub = Hub::new(HubSettings::default());
    let live = LiveState::new(Arc::clone(&hub), Arc::new(OnlySnapshots(NothingYet)), LiveSettings::default());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move { axum::serve(listener, routes(live)).await });
    println!("port {port}");

    let (frames, pace) = tokio::task::spawn_blocking(order).await.unwrap();
    let mut next = Instant::now();
    let mut bytes = 0;
    for number in 0..frames {
        tokio::time::sleep_until(next).await;
        next += pace;
        // Encoding is part of what the hub costs; the bare loop is handed its frame.
        let frame = step(number);
        bytes += frame.websocket().len();
        hub.publish(QUEUE_ID, &frame);
    }
    println!("published {bytes}");
    std::future::pending::<()>().await;
}

/// "publish FRAMES PACE", the pace in microseconds.
pub(crate) fn order() -> (usize, Duration) {
    let mut line = String::new();
    std::io::stdin().read_line(&mut line).unwrap();
    let words: Vec<&str> = line.split_whitespace().collect();
    let ["publish", frames, pace] = words[..] else { panic!("no order: {line:?}") };
    (frames.parse().unwrap(), Duration::from_micros(pace.parse().unwrap()))
}
