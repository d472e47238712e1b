//! What a page says over a connection of the gateway.

use crate::stage::{Stage, stage};
use monitor_pipeline::api::Api;
use monitor_pipeline::hub::Topic;
use monitor_pipeline::ports::MOST_SUBSCRIPTIONS;
use monitor_testkit::conformance::sample::{Job, attempt, record};
use serde_json::json;
use uuid::Uuid;

async fn says(stage: &Stage, text: &str) {
    let snapshot =
        |topic: Topic| async move { stage.remote.snapshot(topic.queue_id()).await.map_err(|error| error.to_string()) };
    stage.function.asked("page", text, snapshot).await.unwrap();
}

#[tokio::test]
async fn a_subscription_is_confirmed_then_comes_the_snapshot_then_what_happens() {
    let stage = stage().await;
    let job = Job::of(&attempt(&record(1), 1));
    stage.function.event(&job.queued(1)).await.unwrap();
    let id = job.queue_id;
    says(&stage, &format!(r#"{{"action": "subscribe", "data": {{"queueId": "{id}"}}, "requestId": "r"}}"#)).await;
    stage.function.event(&job.started(2)).await.unwrap();
    assert_eq!(stage.world.told("page"), ["subscription_confirmed", "snapshot", "job_started"]);
    let first = stage.world.posts.lock().unwrap()[0].1.clone();
    assert_eq!((&first["requestId"], &first["queueId"]), (&json!("r"), &json!(id.to_string())));
}

#[tokio::test]
async fn a_generation_that_does_not_exist_yet_may_be_subscribed_to() {
    let stage = stage().await;
    says(&stage, &format!(r#"{{"action": "subscribe", "data": {{"queueId": "{}"}}}}"#, Uuid::from_u128(1))).await;
    assert_eq!(stage.world.last("page")["generation"], json!(null));
}

#[tokio::test]
async fn a_star_is_all_generations_and_instances() {
    let stage = stage().await;
    let job = Job::of(&attempt(&record(1), 1));
    stage.function.event(&job.queued(1)).await.unwrap();
    says(&stage, r#"{"action": "subscribe", "data": {"queueId": "*"}}"#).await;
    let snapshot = stage.world.last("page");
    assert_eq!(snapshot["generations"][0]["queueId"], json!(job.queue_id));
    assert_eq!(snapshot["instances"], json!([]));
}

#[tokio::test]
async fn a_ping_is_answered_and_what_is_no_request_is_refused_with_the_reason() {
    let stage = stage().await;
    for text in [r#"{"action": "ping"}"#, "{", r#"{"action": "dance"}"#, r#"{"action": "subscribe", "data": {}}"#] {
        says(&stage, text).await;
    }
    assert_eq!(stage.world.told("page"), ["pong", "error", "error", "error"]);
    assert_eq!(stage.world.posts.lock().unwrap()[2].1["code"], "unknown_action");
}

#[tokio::test]
async fn after_unsubscribing_nothing_comes_any_more() {
    let stage = stage().await;
    let job = Job::of(&attempt(&record(1), 1));
    for action in ["subscribe", "unsubscribe"] {
        says(&stage, &format!(r#"{{"action": "{action}", "data": {{"queueId": "{}"}}}}"#, job.queue_id)).await;
    }
    stage.function.event(&job.queued(1)).await.unwrap();
    assert_eq!(stage.world.told("page").last().unwrap(), "unsubscription_confirmed");
}

#[tokio::test]
async fn beyond_so_many_subscriptions_another_one_is_refused() {
    let stage = stage().await;
    for number in 0..=MOST_SUBSCRIPTIONS as u128 {
        let id = Uuid::from_u128(number + 1);
        says(&stage, &format!(r#"{{"action": "subscribe", "data": {{"queueId": "{id}"}}}}"#)).await;
    }
    assert_eq!(stage.world.last("page")["code"], "too_many_subscriptions");
}
