//! Instances that lose jobs: run elsewhere, or there again, and not too many at once.

use super::{QUICK, assert_retried, attempts, strict};
use crate::process::{DataDir, Monitor};
use crate::stage::{Stage, start};
use crate::story::{assert_ended, assert_frames};
use crate::workflows::submission;
use monitor_testkit::{NodeScript, Script};
use serde_json::json;

#[tokio::test]
async fn a_job_that_its_instance_lost_is_run_elsewhere() {
    let script = || Script::new().node("3", NodeScript::new().held_at(10));
    let (one, other) = (start(strict(script())).await, start(strict(script())).await);
    let folder = DataDir::new();
    folder.configure(QUICK);
    let monitor = Monitor::start(&folder, &[one.base_url(), other.base_url()]).await;
    monitor.when("/v1/instances", |list| (0..2).all(|at| list["items"][at]["state"] == "connected")).await;
    let mut live = monitor.live().await;
    let (queue_id, body) = submission();
    live.subscribe(&queue_id).await;
    monitor.submit(&body).await;
    let (lost, saves) = if one.submitted().is_empty() { (&other, &one) } else { (&one, &other) };
    lost.wait_until(|state| state.held).await;
    lost.kill().await;
    lost.restart().await.unwrap();
    saves.wait_until(|state| state.held).await;
    saves.release();
    let end = live.end_of(&queue_id).await;
    assert_eq!(end["type"], "completed", "{end}");
    assert_eq!((lost.submitted().len(), saves.submitted().len()), (1, 1));
    live.catch_up().await;
    assert_frames(&live.of(&queue_id));
    let generation = assert_ended(&monitor, &queue_id).await;
    let instances: Vec<_> = attempts(&generation).iter().map(|attempt| attempt["instanceId"].clone()).collect();
    assert_ne!(instances[0], instances[1]);
    assert_eq!(attempts(&generation)[0]["error"]["type"], "instance_lost");
    drop(live);
    monitor.finish(&[]).await;
}

#[tokio::test]
async fn a_job_that_its_only_instance_lost_waits_until_it_is_back() {
    let mut stage = Stage::configured(QUICK, strict(Script::new().node("3", NodeScript::new().held_at(10)))).await;
    let queue_id = stage.submit().await;
    stage.held().await;
    stage.fake.kill().await;
    stage.fake.restart().await.unwrap();
    stage.held().await;
    stage.fake.release();
    stage.live.until("the end", |frame| frame["type"] == "completed").await;
    assert_retried(&mut stage, &queue_id, 1).await;
    assert_eq!(stage.sent(), 2);
    stage.finish(&[]).await;
}

#[tokio::test]
async fn an_instance_that_loses_everything_is_not_flooded() {
    let toml = format!("[retry]\npause_after = 2\npause = \"1s\"\n{QUICK}");
    let mut stage = Stage::configured(&toml, strict(Script::new().node("3", NodeScript::new().held_at(10)))).await;
    let mut jobs = Vec::new();
    for _ in 0..12 {
        jobs.push(stage.submit().await);
    }
    stage.held().await;
    stage.fake.kill().await;
    stage.fake.restart().await.unwrap();
    for queue_id in &jobs {
        stage.monitor.generation_when(queue_id, |generation| generation["retryCount"] == 1).await;
    }
    // One goes ahead, and as long as it has not run nobody follows.
    stage.held().await;
    assert_eq!(stage.sent(), 13);
    for _ in &jobs {
        stage.held().await;
        stage.fake.release();
        stage.fake_when("the next one", |state| state.running.is_none() || state.held).await;
    }
    for queue_id in &jobs {
        stage.fake.release();
        let generation = stage.monitor.ended(queue_id).await;
        assert_eq!(
            (&generation["status"], &generation["retryCount"]),
            (&json!("completed"), &json!(1)),
            "{generation}"
        );
    }
    assert_eq!(stage.sent(), 24);
    stage.finish(&[]).await;
}
