//! Cancel and retry by hand.

use crate::stage::scripted;
use crate::story::{assert_ended, assert_events, assert_frames};
use crate::workflows::{held, submission};
use monitor_testkit::{Failure, NodeScript, Script};
use reqwest::StatusCode;
use serde_json::json;

#[tokio::test]
async fn a_waiting_job_that_is_cancelled_leaves_the_queue_and_the_running_one_goes_on() {
    let mut stage = scripted(held()).await;
    let (running, waiting) = (stage.submit().await, stage.submit().await);
    stage.held().await;
    let (status, answer) = stage.monitor.post(&format!("/v1/generations/{waiting}/cancel"), &json!({})).await;
    assert_eq!(status, StatusCode::ACCEPTED, "{answer}");
    let end = stage.live.end_of(&waiting).await;
    assert_eq!((&end["type"], &end["reason"]), (&json!("job_interrupted"), &json!("cancelled")), "{end}");
    let seen = stage.fake_when("an empty queue", |state| state.pending.is_empty()).await;
    assert!(seen.held, "the running one was hit: {seen:?}");
    stage.fake.release();
    stage.completes(&running).await;
    assert_frames(&stage.live.of(&waiting));
    assert_ended(&stage.monitor, &waiting).await;
    let (status, problem) = stage.monitor.post(&format!("/v1/generations/{waiting}/cancel"), &json!({})).await;
    assert_eq!(status, StatusCode::CONFLICT, "{problem}");
    stage.finish(&[]).await;
}

#[tokio::test]
async fn a_running_job_that_is_cancelled_is_interrupted_alone() {
    let mut stage = scripted(held()).await;
    let (first, second) = (stage.submit().await, stage.submit().await);
    stage.held().await;
    let (status, answer) = stage.monitor.post(&format!("/v1/generations/{first}/cancel"), &json!({})).await;
    assert_eq!(status, StatusCode::ACCEPTED, "{answer}");
    let end = stage.live.end_of(&first).await;
    assert_eq!((&end["type"], &end["reason"]), (&json!("job_interrupted"), &json!("cancelled")), "{end}");
    let second_runs = stage.fake.submitted()[1].prompt_id.clone();
    stage.fake_when("the second to stand still", |state| state.held && state.running == second_runs).await;
    stage.fake.release();
    stage.completes(&second).await;
    assert_frames(&stage.live.of(&first));
    let generation = assert_ended(&stage.monitor, &first).await;
    let sampler = generation["nodes"].as_array().unwrap().iter().find(|node| node["nodeId"] == "3").unwrap();
    assert_eq!(sampler["state"], "interrupted", "{sampler}");
    stage.finish(&[]).await;
}

#[tokio::test]
async fn a_job_that_is_cancelled_before_it_was_sent_is_never_sent() {
    let mut stage = scripted(Script::new()).await;
    stage.fake.kill().await;
    stage.monitor.instance_when(|instance| instance["state"] != "connected").await;
    let (queue_id, body) = submission();
    stage.live.subscribe(&queue_id).await;
    stage.monitor.submit(&body).await;
    let (status, answer) = stage.monitor.post(&format!("/v1/generations/{queue_id}/cancel"), &json!({})).await;
    assert_eq!(status, StatusCode::ACCEPTED, "{answer}");
    let end = stage.live.end_of(&queue_id).await;
    assert_eq!((&end["type"], &end["reason"]), (&json!("job_interrupted"), &json!("cancelled")), "{end}");
    stage.fake.restart().await.unwrap();
    stage.monitor.connected().await;
    stage.next_job_is_fine().await;
    assert_eq!(stage.sent(), 1);
    stage.live.catch_up().await;
    assert_frames(&stage.live.of(&queue_id));
    assert_ended(&stage.monitor, &queue_id).await;
    stage.finish(&[]).await;
}

#[tokio::test]
async fn a_failed_job_is_tried_again_by_hand_under_the_same_queue_id() {
    let failure = Failure::out_of_memory().at_step(7).times(1);
    let mut stage = scripted(Script::new().node("3", NodeScript::new().failing(failure))).await;
    let queue_id = stage.submit().await;
    let end = stage.live.end_of(&queue_id).await;
    assert_eq!((&end["type"], &end["error"]["nodeId"]), (&json!("job_failed"), &json!("3")), "{end}");
    assert_eq!(end["error"]["type"], "torch.OutOfMemoryError", "{end}");
    let failed = assert_ended(&stage.monitor, &queue_id).await;
    let first = failed["promptId"].as_str().unwrap().to_owned();

    let overrides = json!({"overrides": {"3": {"steps": 12}}});
    let (status, answer) = stage.monitor.post(&format!("/v1/generations/{queue_id}/retry"), &overrides).await;
    assert_eq!(status, StatusCode::ACCEPTED, "{answer}");
    stage.live.until("the second end", |frame| frame["type"] == "completed").await;
    let generation = stage.completes_unseen(&queue_id).await;
    stage.live.catch_up().await;
    assert_frames(&stage.live.of(&queue_id));
    assert_ne!(generation["promptId"], first.as_str());
    let attempts = generation["attempts"].as_array().unwrap();
    assert_eq!(attempts.iter().map(|attempt| &attempt["status"]).collect::<Vec<_>>(), ["failed", "completed"]);
    assert_eq!(generation["retryCount"], 0, "retries by hand are not counted");
    assert_eq!(stage.fake.submitted()[1].body["prompt"]["3"]["inputs"]["steps"], 12);
    // The first attempt is still told as it was.
    assert_events(&stage.monitor.events(&first).await);
    assert_eq!(stage.monitor.fetch(&format!("/v1/jobs/{first}")).await["status"], "failed");
    stage.finish(&[]).await;
}
