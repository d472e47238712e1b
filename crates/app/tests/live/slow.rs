use crate::raw::{FIN, frame};
use crate::server::{Server, hear, start_with, started, subscribe};
use comfyui_monitor::live::LiveSettings;
use futures::StreamExt;
use monitor_core::event::JobError;
use monitor_core::frame::FrameBody;
use monitor_pipeline::hub::{HubSettings, ReaderLimits, Topic};
use std::time::Duration;
use tokio_tungstenite::tungstenite::Message;
use uuid::Uuid;

/// More than the sockets of both sides hold between them.
const FLOOD: usize = 30_000_000;

fn flood(server: &Server, id: Uuid) -> u64 {
    let message = "x".repeat(50_000);
    let mut last = 0;
    for _ in 0..FLOOD / message.len() {
        last = server.publish(id, FrameBody::JobFailed { error: JobError::default(), message: message.clone() });
    }
    last
}

#[tokio::test]
async fn a_reader_that_could_not_keep_up_gets_a_fresh_snapshot_and_is_up_to_date() {
    let server = start_with(HubSettings::default(), LiveSettings::default()).await;
    let id = Uuid::new_v4();
    let mut socket = server.connect().await;
    subscribe(&mut socket, &id.to_string()).await;
    assert_eq!(hear(&mut socket).await["type"], "subscription_confirmed");
    assert_eq!(hear(&mut socket).await["type"], "snapshot");
    let last = flood(&server, id);

    let mut frames = 0;
    let snapshot = loop {
        let frame = hear(&mut socket).await;
        if frame["type"] == "snapshot" {
            break frame;
        }
        frames += 1;
    };
    assert!(frames < last, "all arrived: the flood was too small");
    assert_eq!(snapshot["sequence"], last);
    assert_eq!(server.snapshots(), 2);
    server.publish(id, started());
    assert_eq!(hear(&mut socket).await["sequence"], last + 1);
}

#[tokio::test]
async fn a_reader_that_does_not_even_take_the_snapshot_is_closed_with_4002() {
    let limits = ReaderLimits { patience: Duration::ZERO, ..ReaderLimits::default() };
    let server = start_with(HubSettings { limits, ..HubSettings::default() }, LiveSettings::default()).await;
    let id = Uuid::new_v4();
    let mut socket = server.connect().await;
    subscribe(&mut socket, &id.to_string()).await;
    assert_eq!(hear(&mut socket).await["type"], "subscription_confirmed");
    assert_eq!(hear(&mut socket).await["type"], "snapshot");
    flood(&server, id);
    loop {
        match socket.next().await.unwrap().unwrap() {
            Message::Close(close) => return assert_eq!(u16::from(close.unwrap().code), 4002),
            frame => assert!(!frame.to_text().unwrap().contains("snapshot")),
        }
    }
}

#[tokio::test]
async fn a_reader_that_takes_nothing_at_all_is_dropped_after_a_while() {
    let limits = ReaderLimits { patience: Duration::from_millis(10), ..ReaderLimits::default() };
    let settings = LiveSettings { linger: Duration::from_millis(10), ..LiveSettings::default() };
    let server = start_with(HubSettings { limits, ..HubSettings::default() }, settings).await;
    let id = Uuid::new_v4();
    let mut socket = server.connect().await;
    subscribe(&mut socket, &id.to_string()).await;
    assert_eq!(hear(&mut socket).await["type"], "subscription_confirmed");
    assert_eq!(hear(&mut socket).await["type"], "snapshot");
    flood(&server, id);
    while server.hub.readers() > 0 {
        tokio::task::yield_now().await;
    }
    assert!(!server.hub.is_watched(Topic::Generation(id)));
}

#[tokio::test]
async fn a_reader_that_asks_and_never_listens_is_not_read_any_further() {
    let server = start_with(HubSettings::default(), LiveSettings::default()).await;
    let raw = server.raw().await;
    let request = frame(FIN | 1, br#"{"action":"nonsense"}"#).repeat(1000);
    // Sooner or later the sockets between them are full.
    let mut sent = 0;
    loop {
        let writable = tokio::time::timeout(Duration::from_millis(500), raw.stream.writable()).await;
        if writable.is_err() {
            break;
        }
        sent += raw.stream.try_write(&request).unwrap_or(0);
        assert!(sent < 200_000_000, "the server reads on");
    }
}
