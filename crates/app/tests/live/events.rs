use crate::raw::Raw;
use crate::server::{Server, start, start_with, started};
use comfyui_monitor::live::LiveSettings;
use monitor_pipeline::hub::{CloseCode, HubSettings};
use std::time::Duration;
use tokio::io::AsyncReadExt;
use uuid::Uuid;

struct Events {
    raw: Raw,
    text: String,
}

impl Events {
    async fn open(server: &Server, id: &str) -> Events {
        let mut raw = Raw::connect(server.address).await;
        raw.send(format!("GET /v1/generations/{id}/events HTTP/1.1\r\nHost: a\r\n\r\n").as_bytes()).await;
        Events { raw, text: String::new() }
    }

    /// Everything up to and including `end`.
    async fn until(&mut self, end: &str) -> String {
        loop {
            if let Some(at) = self.text.find(end) {
                return self.text.drain(..at + end.len()).collect();
            }
            let mut buffer = [0; 4096];
            let read = self.raw.stream.read(&mut buffer).await.unwrap();
            assert!(read > 0, "ended before {end:?}: {}", self.text);
            self.text.push_str(std::str::from_utf8(&buffer[..read]).unwrap());
        }
    }
}

#[tokio::test]
async fn events_are_the_snapshot_and_then_what_happens_with_type_and_sequence() {
    let (server, id) = (start().await, Uuid::new_v4());
    server.publish(id, started());
    let mut events = Events::open(&server, &id.to_string()).await;
    let head = events.until("\r\n\r\n").await;
    assert!(head.starts_with("HTTP/1.1 200 ") && head.contains("content-type: text/event-stream"), "{head}");
    let snapshot = events.until("\n\n").await;
    assert!(snapshot.contains("event: snapshot\nid: 1\ndata: "), "{snapshot}");
    server.publish(id, started());
    let frame = events.until("\n\n").await;
    assert!(frame.contains("event: job_started\nid: 2\ndata: ") && frame.contains(r#"{"timestamp":"#), "{frame}");
}

#[tokio::test]
async fn a_quiet_stream_stays_open_with_comments() {
    let settings = LiveSettings { keep_alive: Duration::from_millis(10), ..LiveSettings::default() };
    let server = start_with(HubSettings::default(), settings).await;
    let mut events = Events::open(&server, &Uuid::new_v4().to_string()).await;
    events.until("event: snapshot").await;
    for _ in 0..3 {
        events.until(": keep-alive\n\n").await;
    }
}

#[tokio::test]
async fn a_stream_ends_when_the_server_goes_and_its_seat_is_free_when_the_client_goes() {
    let (server, id) = (start().await, Uuid::new_v4().to_string());
    let mut gone = Events::open(&server, &id).await;
    gone.until("event: snapshot").await;
    let mut events = Events::open(&server, &id).await;
    events.until("event: snapshot").await;
    assert_eq!(server.hub.readers(), 2);
    drop(gone);
    while server.hub.readers() > 1 {
        tokio::task::yield_now().await;
    }
    let (left, _) = tokio::join!(
        server.hub.close_all(CloseCode::GoingAway, Duration::from_secs(30)),
        // The end of a chunked body.
        events.until("\r\n0\r\n\r\n")
    );
    assert_eq!(left, 0);
}

#[tokio::test]
async fn an_id_that_is_none_is_told_so() {
    let server = start().await;
    let mut events = Events::open(&server, "nonsense").await;
    assert!(events.until("\r\n\r\n").await.starts_with("HTTP/1.1 400 "));
}
