//! The token, and where the monitor listens.

use crate::live::Live;
use crate::process::{DataDir, Monitor, client, output};
use crate::workflows::submission;
use monitor_testkit::FakeComfy;
use reqwest::StatusCode;
use serde_json::json;
use tokio_tungstenite::tungstenite::Error;

const TOKEN: &str = "correct-horse-battery-staple-0123456789abcdef";

#[tokio::test]
async fn without_the_token_nothing_is_told_and_with_it_everything() {
    let fake = FakeComfy::builder().speed(0.0).start().await.unwrap();
    let folder = DataDir::new();
    let monitor = Monitor::start_with(&folder, &[fake.base_url()], &[], Some(TOKEN)).await;
    let stranger = client();
    for path in ["/v1/generations", "/v1/instances", "/v1/live", "/v1/generations/7/events"] {
        let answer = stranger.get(monitor.url(path)).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::UNAUTHORIZED, "{path}");
        let wrong = stranger.get(monitor.url(path)).bearer_auth("wrong").send().await.unwrap();
        assert_eq!(wrong.status(), StatusCode::UNAUTHORIZED, "{path}");
    }
    let posted = stranger.post(monitor.url("/v1/generations")).json(&submission().1).send().await.unwrap();
    assert_eq!(posted.status(), StatusCode::UNAUTHORIZED);
    for token in [None, Some("wrong")] {
        match Live::try_connect(&monitor.address, token).await {
            Err(Error::Http(response)) => assert_eq!(response.status(), 401),
            Err(error) => panic!("{error}"),
            Ok(_) => panic!("a stranger listens with {token:?}"),
        }
    }
    let (mut live, response) = Live::try_connect(&monitor.address, Some(TOKEN)).await.unwrap();
    assert_eq!(response.headers()["sec-websocket-protocol"], format!("cm.token.{TOKEN}").as_str());
    monitor.connected().await;
    let (queue_id, body) = submission();
    live.subscribe(&queue_id).await;
    monitor.submit(&body).await;
    let end = live.end_of(&queue_id).await;
    assert_eq!(end["type"], json!("completed"));
    assert!(!monitor.log().iter().any(|line| line.contains(TOKEN)), "the token is in the log");
    drop(live);
    monitor.finish(&[]).await;
}

#[tokio::test]
async fn an_address_for_everybody_needs_a_token() {
    let folder = DataDir::new();
    let output = output(folder.outside(), &["serve", "--listen", "0.0.0.0:0", "--demo"]).await;
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("token"), "{said}");
}
