//! Between two attempts: stopped, hurried and changed by a person.

use super::{QUICK, SLOW, assert_retried, attempts, between_attempts, four, kinds, out_of_memory, strict, submit_four};
use crate::stage::Stage;
use crate::story::assert_ended;
use monitor_testkit::{Failure, NodeScript, Script};
use reqwest::StatusCode;
use serde_json::{Value, json};

#[tokio::test]
async fn a_person_stops_trying_again_and_it_has_failed() {
    let mut stage = Stage::configured(SLOW, strict(out_of_memory(1))).await;
    let queue_id = submit_four(&mut stage).await;
    let waiting = between_attempts(&stage.monitor, &queue_id).await;
    assert_eq!(waiting["status"], "pending", "{waiting}");
    for field in ["retryAt", "maxRetries", "error", "change"] {
        assert!(!waiting["retry"][field].is_null(), "no {field}: {waiting}");
    }
    let path = format!("/v1/generations/{queue_id}/cancel");
    let (status, answer) = stage.monitor.post(&path, &json!({})).await;
    assert_eq!((status, &answer["status"]), (StatusCode::ACCEPTED, &json!("failed")), "{answer}");
    let (status, _) = stage.monitor.post(&path, &json!({})).await;
    assert_eq!(status, StatusCode::CONFLICT);
    stage.live.end_of(&queue_id).await;
    let generation = assert_retried(&mut stage, &queue_id, 1).await;
    assert_eq!(kinds(&stage.live.of(&queue_id), "job_failed").len(), 1);
    assert_eq!((&generation["status"], &generation["retry"]), (&json!("failed"), &Value::Null));

    // It stays so, in lists too, and a person may go on.
    let list = stage.monitor.fetch("/v1/generations?status=failed").await;
    assert_eq!(list["items"][0]["queueId"], queue_id.as_str(), "{list}");
    let stage = stage.crash(&[]).await;
    assert_eq!(stage.monitor.generation(&queue_id).await["status"], "failed");
    stage.monitor.connected().await;
    let (status, answer) = stage.monitor.post(&format!("/v1/generations/{queue_id}/retry"), &json!({})).await;
    assert_eq!(status, StatusCode::ACCEPTED, "{answer}");
    let generation = stage.completes_unseen(&queue_id).await;
    assert_eq!((&generation["retryCount"], attempts(&generation).len()), (&json!(1), 2), "by hand is not counted");
    assert_eq!(stage.sent(), 2);
    stage.finish(&[]).await;
}

#[tokio::test]
async fn a_person_does_not_wait_and_what_was_planned_goes_at_once_with_their_changes() {
    let mut stage = Stage::configured(SLOW, strict(out_of_memory(1))).await;
    let queue_id = submit_four(&mut stage).await;
    between_attempts(&stage.monitor, &queue_id).await;
    let path = format!("/v1/generations/{queue_id}/retry");
    let (status, problem) = stage.monitor.post(&path, &json!({"overrides": {"99": {"steps": 1}}})).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{problem}");
    assert!(stage.monitor.generation(&queue_id).await["retry"].is_object(), "a wrong change stopped it");
    let (status, answer) = stage.monitor.post(&path, &json!({"overrides": {"3": {"steps": 12}}})).await;
    assert_eq!(status, StatusCode::ACCEPTED, "{answer}");
    let end = stage.live.end_of(&queue_id).await;
    assert_eq!(end["type"], "completed", "{end}");
    let generation = assert_retried(&mut stage, &queue_id, 1).await;
    let second = &stage.fake.submitted()[1].body["prompt"];
    assert_eq!((&second["5"]["inputs"]["batch_size"], &second["3"]["inputs"]["steps"]), (&json!(2), &json!(12)));
    let change = attempts(&generation)[1]["change"].as_str().unwrap();
    assert!(change.contains("4 to 2") && change.contains("12"), "{change}");
    stage.finish(&[]).await;
}

#[tokio::test]
async fn a_person_who_cancels_while_it_is_failing_is_obeyed() {
    let stage = Stage::configured(
        QUICK,
        strict(
            Script::new()
                .node("3", NodeScript::new().held_at(7).uninterruptible().failing(Failure::out_of_memory().at_step(8))),
        ),
    )
    .await;
    let (queue_id, body) = four();
    stage.monitor.submit(&body).await;
    stage.held().await;
    let (status, answer) = stage.monitor.post(&format!("/v1/generations/{queue_id}/cancel"), &json!({})).await;
    assert_eq!(status, StatusCode::ACCEPTED, "{answer}");
    stage.fake.release();
    let generation = stage.monitor.ended(&queue_id).await;
    assert_eq!(attempts(&generation).len(), 1, "{generation}");
    assert_ended(&stage.monitor, &queue_id).await;
    stage.finish(&[]).await;
}
