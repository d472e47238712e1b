//! Instances that lose jobs: run elsewhere, or there again, and not too many at once.

use super::{QUICK, assert_retried, attempts, kinds, out_of_memory, strict, submit_four};
use crate::process::{DataDir, Monitor};
use crate::stage::{Stage, start};
use crate::story::{assert_ended, assert_frames};
use crate::workflows::submission;
use monitor_testkit::{NodeScript, Script};
use reqwest::StatusCode;
use serde_json::json;
use std::time::{Duration, Instant};

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

#[tokio::test]
async fn an_instance_that_dies_of_every_job_is_sent_one_a_pause_and_each_pause_is_longer() {
    let toml = format!("[retry]\npause_after = 2\npause = \"400ms\"\n{QUICK}");
    let deadly = NodeScript::new().killing(Duration::from_millis(50));
    let mut stage = Stage::configured(&toml, strict(Script::new().node("3", deadly)).speed(1.0)).await;
    stage.fake.faults(|faults| faults.hold_after = Some(1));
    let mut jobs = Vec::new();
    for _ in 0..6 {
        jobs.push(stage.submit().await);
    }
    stage.fake.faults(|faults| faults.hold_after = None);
    let began = Instant::now();
    stage.fake.release();
    // The third that goes ahead does so after three pauses.
    stage.fake_when("three more", |_| stage.fake.submitted().len() >= 9).await;
    assert!(began.elapsed() >= Duration::from_millis(400 + 800 + 1_600), "{:?}", began.elapsed());
    assert_eq!(stage.sent(), 9);
    for queue_id in &jobs {
        let (status, _) = stage.monitor.post(&format!("/v1/generations/{queue_id}/cancel"), &json!({})).await;
        assert!(status == StatusCode::ACCEPTED || status == StatusCode::CONFLICT, "{status}");
    }
    stage.finish(&["jobs keep failing there"]).await;
}

#[tokio::test]
async fn an_instance_is_sent_only_so_many_retries_a_minute_and_the_others_say_when_they_go() {
    let toml = format!("[retry]\nper_minute = 2\n{QUICK}");
    let mut stage = Stage::configured(&toml, strict(out_of_memory(u32::MAX - 1))).await;
    let first = submit_four(&mut stage).await;
    stage.live.until("two quick ones and one that waits", |frame| frame["retryCount"] == 3).await;
    let delays: Vec<u64> = kinds(&stage.live.of(&first), "job_retry")
        .into_iter()
        .map(|frame| frame["retryDelay"].as_u64().unwrap())
        .collect();
    assert!(delays[0] < 1_000 && delays[1] < 1_000 && (40_000..=60_000).contains(&delays[2]), "{delays:?}");
    assert_eq!(stage.sent(), 3);
    let other = submit_four(&mut stage).await;
    stage.live.until("a retry", |frame| frame["type"] == "job_retry" && frame["queueId"] == other.as_str()).await;
    let delay = kinds(&stage.live.of(&other), "job_retry")[0]["retryDelay"].as_u64().unwrap();
    assert!(delay >= 40_000, "{delay}");
    stage.finish(&[]).await;
}
