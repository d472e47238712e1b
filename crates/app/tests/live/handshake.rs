use crate::raw::{FIN, Raw, frame, request};
use crate::server::{start, start_with};
use comfyui_monitor::live::LiveSettings;
use monitor_pipeline::hub::HubSettings;

async fn answer(lines: &[(&str, &str)]) -> String {
    let settings = LiveSettings { origins: vec!["https://studio.example".to_owned()], ..LiveSettings::default() };
    let server = start_with(HubSettings::default(), settings).await;
    let mut raw = Raw::connect(server.address).await;
    raw.send(&request(lines)).await;
    raw.answer().await
}

#[tokio::test]
async fn a_page_of_another_origin_is_refused() {
    let refused = answer(&[("Origin", "https://evil.example")]).await;
    assert!(refused.starts_with("HTTP/1.1 403 "), "{refused}");
    assert!(refused.contains("application/problem+json"));
    assert!(answer(&[("Origin", "https://studio.example")]).await.starts_with("HTTP/1.1 101 "));
    assert!(answer(&[("Origin", "http://127.0.0.1")]).await.starts_with("HTTP/1.1 101 "));
}

#[tokio::test]
async fn what_is_no_websocket_handshake_is_told_so() {
    for (lines, status) in [
        (("Upgrade", ""), "426"),
        (("Connection", "close"), "426"),
        (("Sec-WebSocket-Version", "8"), "426"),
        (("Sec-WebSocket-Key", "short"), "400"),
        (("Sec-WebSocket-Key", ""), "400"),
    ] {
        let refused = answer(&[lines]).await;
        assert!(refused.starts_with(&format!("HTTP/1.1 {status} ")), "{lines:?}: {refused}");
        if status == "426" {
            assert!(refused.contains("sec-websocket-version: 13"), "{refused}");
        }
    }
}

#[tokio::test]
async fn the_subprotocol_of_the_token_is_chosen() {
    let accepted = answer(&[("Sec-WebSocket-Protocol", "cm.token.secret")]).await;
    assert!(accepted.contains("sec-websocket-protocol: cm.token.secret\r\n"), "{accepted}");
}

#[tokio::test]
async fn what_comes_right_behind_the_handshake_is_not_lost() {
    let server = start().await;
    let mut raw = Raw::connect(server.address).await;
    let ping = frame(FIN | 1, br#"{"action":"ping","requestId":"early"}"#);
    raw.send(&[request(&[]), ping].concat()).await;
    assert!(raw.answer().await.starts_with("HTTP/1.1 101 "));
    let (_, payload) = raw.next_frame().await.unwrap();
    let answer: serde_json::Value = serde_json::from_slice(&payload).unwrap();
    assert_eq!((&answer["type"], &answer["requestId"]), (&"pong".into(), &"early".into()));
}

#[tokio::test]
async fn beyond_the_limit_of_connections_the_answer_is_503_and_when_to_come_back() {
    let server = start_with(HubSettings { readers: 1, ..HubSettings::default() }, LiveSettings::default()).await;
    let first = server.raw().await;
    let mut second = Raw::connect(server.address).await;
    second.send(&request(&[])).await;
    let refused = second.answer().await;
    assert!(refused.starts_with("HTTP/1.1 503 ") && refused.contains("retry-after: "), "{refused}");
    drop(first);
    while server.hub.readers() > 0 {
        tokio::task::yield_now().await;
    }
    server.raw().await;
}
