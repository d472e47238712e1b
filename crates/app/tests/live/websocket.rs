use crate::server::{closed_with, hear, say, start, start_with, started, subscribe};
use comfyui_monitor::live::LiveSettings;
use futures::{SinkExt, StreamExt};
use monitor_core::frame::{PreviewHeader, PreviewKind};
use monitor_pipeline::hub::{CloseCode, Encoded, HubSettings};
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;
use tokio_tungstenite::tungstenite::Message;
use uuid::Uuid;

#[tokio::test]
async fn a_subscription_is_confirmed_then_comes_the_snapshot_then_what_happens() {
    let (server, id) = (start().await, Uuid::new_v4());
    server.publish(id, started());
    let mut socket = server.connect().await;
    let request = json!({"action": "subscribe", "data": {"queueId": id}, "requestId": "r1"});
    say(&mut socket, request.to_string()).await;
    let confirmed = hear(&mut socket).await;
    assert_eq!(confirmed["type"], "subscription_confirmed");
    assert_eq!((&confirmed["queueId"], &confirmed["requestId"]), (&json!(id), &json!("r1")));
    assert!(confirmed["timestamp"].as_str().unwrap().ends_with('Z'));
    let snapshot = hear(&mut socket).await;
    assert_eq!((&snapshot["type"], &snapshot["sequence"]), (&json!("snapshot"), &json!(1)));
    assert!(snapshot["generation"].is_null(), "not yet known, and said so");
    server.publish(id, started());
    let frame = hear(&mut socket).await;
    assert_eq!((&frame["type"], &frame["sequence"]), (&json!("job_started"), &json!(2)));
}

#[tokio::test]
async fn after_unsubscribing_nothing_more_comes() {
    let (server, id) = (start().await, Uuid::new_v4());
    let mut socket = server.connect().await;
    subscribe(&mut socket, &id.to_string()).await;
    assert_eq!(hear(&mut socket).await["type"], "subscription_confirmed");
    assert_eq!(hear(&mut socket).await["type"], "snapshot");
    say(&mut socket, json!({"action": "unsubscribe", "data": {"queueId": id}}).to_string()).await;
    assert_eq!(hear(&mut socket).await["type"], "unsubscription_confirmed");
    server.publish(id, started());
    say(&mut socket, r#"{"action":"ping"}"#).await;
    assert_eq!(hear(&mut socket).await["type"], "pong");
}

#[tokio::test]
async fn a_bad_request_gets_an_error_that_says_why_and_the_connection_stays() {
    let server = start().await;
    let mut socket = server.connect().await;
    let long = "x".repeat(300);
    for (request, code) in [
        ("not json".to_owned(), "bad_request"),
        ("[]".to_owned(), "bad_request"),
        ("{}".to_owned(), "bad_request"),
        (format!("{}1{}", "[".repeat(20_000), "]".repeat(20_000)), "bad_request"),
        (json!({"action": "subscribe"}).to_string(), "bad_request"),
        (json!({"action": "subscribe", "data": {"queueId": "../x"}}).to_string(), "bad_request"),
        (json!({"action": "ping", "requestId": long}).to_string(), "bad_request"),
        (json!({"action": "delete", "requestId": "r"}).to_string(), "unknown_action"),
    ] {
        say(&mut socket, request.clone()).await;
        let error = hear(&mut socket).await;
        assert_eq!((&error["type"], &error["code"]), (&json!("error"), &json!(code)), "{request:.80}");
        assert!(!error["message"].as_str().unwrap().is_empty());
        if code == "unknown_action" {
            assert_eq!(error["requestId"], "r");
        }
    }
    say(&mut socket, r#"{"action":"ping","requestId":"still there"}"#).await;
    assert_eq!(hear(&mut socket).await["requestId"], "still there");
}

#[tokio::test]
async fn the_65th_subscription_is_refused() {
    let server = start().await;
    let mut socket = server.connect().await;
    for _ in 0..65 {
        subscribe(&mut socket, &Uuid::new_v4().to_string()).await;
    }
    let mut counts = std::collections::HashMap::<String, u32>::new();
    while !counts.contains_key("error") || counts.get("snapshot") != Some(&64) {
        let frame = hear(&mut socket).await;
        if frame["type"] == "error" {
            assert_eq!(frame["code"], "too_many_subscriptions");
        }
        *counts.entry(frame["type"].as_str().unwrap().to_owned()).or_default() += 1;
    }
    assert_eq!(counts["subscription_confirmed"], 64);
}

#[tokio::test]
async fn a_preview_comes_as_a_binary_frame_to_who_asked_for_it() {
    let (server, id) = (start().await, Uuid::new_v4());
    let mut socket = server.connect().await;
    let request = json!({"action": "subscribe", "data": {"queueId": id, "previews": true}});
    say(&mut socket, request.to_string()).await;
    assert_eq!(hear(&mut socket).await["type"], "subscription_confirmed");
    assert_eq!(hear(&mut socket).await["type"], "snapshot");
    let header = PreviewHeader {
        kind: PreviewKind::Preview,
        queue_id: id,
        prompt_id: "p".to_owned(),
        node_id: "3".to_owned(),
        content_type: "image/jpeg".to_owned(),
        sequence: 1,
        value: None,
        max: None,
    };
    let image = vec![7; 100_000];
    server.hub.preview(id, &Encoded::preview(&header, &image).unwrap());
    let Message::Binary(bytes) = socket.next().await.unwrap().unwrap() else { panic!("not binary") };
    assert!(bytes.ends_with(&image));
}

#[tokio::test]
async fn a_ping_of_the_client_is_answered_with_its_bytes() {
    let server = start().await;
    let mut socket = server.connect().await;
    socket.send(Message::Ping("are you there".into())).await.unwrap();
    assert_eq!(socket.next().await.unwrap().unwrap(), Message::Pong("are you there".into()));
}

#[tokio::test]
async fn a_close_of_the_client_is_answered_and_its_seat_is_free_again() {
    let server = start().await;
    let mut socket = server.connect().await;
    subscribe(&mut socket, "*").await;
    assert_eq!(hear(&mut socket).await["queueId"], "*");
    assert_eq!(hear(&mut socket).await["instances"], json!([]));
    socket.close(None).await.unwrap();
    assert_eq!(closed_with(&mut socket).await, 1000);
    assert!(socket.next().await.is_none());
    while server.hub.readers() > 0 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_server_that_goes_away_closes_with_1001_and_waits_for_its_readers() {
    let server = start().await;
    let mut socket = server.connect().await;
    say(&mut socket, r#"{"action":"ping"}"#).await;
    assert_eq!(hear(&mut socket).await["type"], "pong");
    let reading = async {
        let code = closed_with(&mut socket).await;
        assert!(socket.next().await.is_none());
        code
    };
    let (left, code) = tokio::join!(server.hub.close_all(CloseCode::GoingAway, Duration::from_secs(30)), reading);
    assert_eq!((left, code), (0, 1001));
}

#[tokio::test]
async fn a_reader_for_whom_no_snapshot_can_be_made_is_asked_to_come_back_later() {
    let server = start().await;
    let mut socket = server.connect().await;
    subscribe(&mut socket, &Uuid::nil().to_string()).await;
    assert_eq!(hear(&mut socket).await["type"], "subscription_confirmed");
    assert_eq!(closed_with(&mut socket).await, 4001);
}

fn eager_pings() -> LiveSettings {
    LiveSettings { ping: Duration::from_millis(20), ..LiveSettings::default() }
}

#[tokio::test]
async fn a_client_that_answers_pings_stays() {
    let server = start_with(HubSettings::default(), eager_pings()).await;
    let mut socket = server.connect().await;
    for _ in 0..10 {
        assert!(matches!(socket.next().await.unwrap().unwrap(), Message::Ping(_)));
    }
    assert_eq!(server.hub.readers(), 1);
}

#[tokio::test]
async fn a_client_that_answers_no_ping_is_dropped_after_two() {
    let server = start_with(HubSettings::default(), eager_pings()).await;
    let mut raw = server.raw().await;
    let mut pings = 0;
    while let Some((opcode, _)) = raw.next_frame().await {
        assert_eq!(opcode, 9);
        pings += 1;
    }
    assert_eq!(pings, 2);
    assert_eq!(server.hub.readers(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn readers_that_come_while_frames_are_published_miss_none() {
    const LAST: u64 = 3_000;
    let (server, id) = (Arc::new(start().await), Uuid::new_v4());
    let readers: Vec<_> = (0..20)
        .map(|_| {
            let server = Arc::clone(&server);
            tokio::spawn(async move {
                let mut socket = server.connect().await;
                subscribe(&mut socket, &id.to_string()).await;
                assert_eq!(hear(&mut socket).await["type"], "subscription_confirmed");
                let mut newest = None;
                while newest != Some(LAST) {
                    let frame = hear(&mut socket).await;
                    let sequence = frame["sequence"].as_u64().unwrap();
                    match (newest, frame["type"].as_str().unwrap()) {
                        (_, "snapshot") => assert!(newest.is_none_or(|newest| newest <= sequence)),
                        // The event that the snapshot ends with may come once more.
                        (Some(newest), "job_started") => assert!(sequence == newest + 1 || sequence == newest),
                        (newest, kind) => panic!("{kind} {sequence} after {newest:?}"),
                    }
                    newest = Some(sequence);
                }
            })
        })
        .collect();
    let publishing = tokio::spawn(async move {
        for _ in 0..LAST {
            server.publish(id, started());
            tokio::task::yield_now().await;
        }
    });
    publishing.await.unwrap();
    for reader in readers {
        reader.await.unwrap();
    }
}
