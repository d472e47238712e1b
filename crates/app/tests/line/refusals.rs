//! What `ComfyUI` refuses, and what we refuse ourselves.

use crate::process::{DataDir, Monitor};
use crate::stage::scripted;
use crate::story::{assert_ended, assert_frames};
use crate::workflows::tape;
use monitor_testkit::{FakeComfy, Script};
use reqwest::{Method, StatusCode};
use serde_json::json;
use uuid::Uuid;

#[tokio::test]
async fn every_recorded_refusal_is_told_in_words_and_kept_as_a_failed_generation() {
    let tape = tape("06-validation-errors");
    let fake = FakeComfy::builder().tape(tape.clone()).speed(0.0).start().await.unwrap();
    let folder = DataDir::new();
    let monitor = Monitor::start(&folder, &[fake.base_url()]).await;
    monitor.connected().await;
    let mut live = monitor.live().await;
    let mut told = 0;
    for refusal in &tape.refusals {
        let graph = &refusal.request["prompt"];
        let ours = refusal.request["prompt_id"].is_null() && refusal.request["partial_execution_targets"].is_null();
        if !ours || graph.as_object().is_none_or(serde_json::Map::is_empty) {
            continue;
        }
        let queue_id = Uuid::new_v4().to_string();
        live.subscribe(&queue_id).await;
        let (status, problem) = monitor.post("/v1/generations", &json!({"workflow": graph, "queueId": queue_id})).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{problem}");
        assert!(problem["detail"].as_str().is_some_and(|detail| detail.len() > 10), "{problem}");
        if problem["queueId"].is_null() {
            // What we can see ourselves is never recorded and never sent.
            assert_eq!(monitor.get(&format!("/v1/generations/{queue_id}")).await.0, StatusCode::NOT_FOUND);
            continue;
        }
        let errors = problem["nodeErrors"].as_array().unwrap();
        assert!(!errors.is_empty() && errors.iter().all(|error| error["message"].as_str().unwrap().len() > 10));
        let end = live.end_of(&queue_id).await;
        assert_eq!((&end["type"], &end["error"]["type"]), (&json!("job_failed"), &json!("submission_refused")));
        live.catch_up().await;
        assert_frames(&live.of(&queue_id));
        let generation = assert_ended(&monitor, &queue_id).await;
        assert_eq!((&generation["status"], &generation["error"]["type"]), (&json!("failed"), &end["error"]["type"]));
        told += 1;
    }
    assert!(told >= 8, "only {told} refusals were told");
    drop(live);
    monitor.finish(&[]).await;
}

#[tokio::test]
async fn what_is_no_workflow_is_refused_by_its_kind_and_never_sent() {
    let stage = scripted(Script::new()).await;
    let send = |body: Vec<u8>| {
        let request = stage.monitor.request(Method::POST, "/v1/generations");
        request.header("content-type", "application/json").body(body).send()
    };
    assert_eq!(send(b"{nope".to_vec()).await.unwrap().status(), StatusCode::BAD_REQUEST);
    for body in [json!({"workflow": {}}), json!({"workflow": {"1": {"inputs": {}}}}), json!({"workflow": [1]})] {
        let status = send(body.to_string().into_bytes()).await.unwrap().status();
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{body}");
    }
    let huge = json!({"workflow": {"1": {"class_type": "A", "inputs": {"a": "x".repeat(17 << 20)}}}});
    let answer = send(huge.to_string().into_bytes()).await;
    // The server may hang up while we still send.
    assert!(answer.is_err() || answer.unwrap().status() == StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(stage.sent(), 0);
    stage.finish(&[]).await;
}
