//! `kill -9` of the monitor, wherever it hurts: after a start on the same folder every job ends right, once.

use crate::stage::{Stage, scripted};
use crate::workflows::{held, submission};
use monitor_testkit::{FakeComfy, Script};
use serde_json::json;

#[tokio::test]
async fn a_job_that_runs_while_the_monitor_is_killed_is_followed_to_its_end_afterwards() {
    let mut stage = scripted(held()).await;
    let queue_id = stage.submit().await;
    let steps = |frame: &serde_json::Value| frame["nodes"][0]["value"].as_f64().is_some_and(|value| value >= 10.0);
    stage.live.until("the tenth step", steps).await;
    stage.held().await;
    let mut stage = stage.crash(&[]).await;
    let snapshot = stage.live.subscribe(&queue_id).await;
    assert_eq!(snapshot["generation"]["status"], "processing", "{snapshot}");
    stage.monitor.connected().await;
    stage.fake.release();
    let generation = stage.completes(&queue_id).await;
    assert_eq!(generation["attempts"].as_array().unwrap().len(), 1);
    assert_eq!(stage.sent(), 1);
    stage.finish(&[]).await;
}

#[tokio::test]
async fn a_submission_whose_answer_the_monitor_did_not_live_to_see_is_not_sent_twice() {
    let stage = scripted(held()).await;
    stage.fake.faults(|faults| faults.answer_after = Some(100_000));
    let (queue_id, body) = submission();
    let asking = tokio::spawn(stage.monitor.request(reqwest::Method::POST, "/v1/generations").json(&body).send());
    stage.held().await;
    let stage = stage.crash(&[]).await;
    assert!(asking.await.unwrap().is_err(), "an answer from the dead");
    stage.monitor.connected().await;
    stage.fake.release();
    stage.completes_unseen(&queue_id).await;
    assert_eq!(stage.sent(), 1);
    stage.finish(&[]).await;
}

#[tokio::test]
async fn a_job_that_was_seen_before_both_died_is_lost_and_not_sent_again() {
    let stage = scripted(held()).await;
    stage.fake.faults(|faults| faults.answer_after = Some(100_000));
    let (queue_id, body) = submission();
    let asking = tokio::spawn(stage.monitor.request(reqwest::Method::POST, "/v1/generations").json(&body).send());
    stage.held().await;
    let started = |generation: &serde_json::Value| generation["status"] == "processing";
    let prompt_id = stage.monitor.generation_when(&queue_id, started).await["promptId"].clone();
    stage
        .monitor
        .when(&format!("/v1/jobs/{}/events", prompt_id.as_str().unwrap()), |page| page["items"][0].is_object())
        .await;
    let Stage { fake, folder, monitor, .. } = stage;
    monitor.kill();
    assert!(asking.await.unwrap().is_err(), "an answer from the dead");
    fake.restart().await.unwrap();
    let monitor = crate::process::Monitor::start(&folder, &[fake.base_url()]).await;
    let generation = monitor.ended(&queue_id).await;
    assert_eq!(generation["error"]["type"], "instance_lost", "{generation}");
    crate::story::assert_ended(&monitor, &queue_id).await;
    // What is sent afterwards comes after whatever would have been sent again.
    fake.faults(|faults| faults.answer_after = None);
    monitor.submit(&submission().1).await;
    assert_eq!(fake.submitted().len(), 2);
    monitor.finish(&[]).await;
}

#[tokio::test]
async fn what_was_recorded_but_not_yet_sent_is_sent_once_after_the_next_start() {
    let stage = scripted(Script::new()).await;
    stage.fake.kill().await;
    stage.monitor.instance_when(|instance| instance["state"] != "connected").await;
    let (queue_id, body) = submission();
    let generation = stage.monitor.submit(&body).await;
    assert_eq!(generation["status"], "pending");
    let stage = stage.crash(&[]).await;
    stage.fake.restart().await.unwrap();
    stage.completes_unseen(&queue_id).await;
    assert_eq!(stage.sent(), 1);
    stage.finish(&[]).await;
}

#[tokio::test]
async fn a_job_that_ends_while_the_monitor_is_dead_is_told_from_history() {
    let mut stage = scripted(held()).await;
    let queue_id = stage.submit().await;
    stage.held().await;
    let Stage { fake, folder, monitor, live } = stage;
    drop(live);
    monitor.kill();
    fake.release();
    fake.wait_idle().await;
    let monitor = crate::process::Monitor::start(&folder, &[fake.base_url()]).await;
    let live = monitor.live().await;
    let stage = Stage { fake, folder, monitor, live };
    stage.completes_unseen(&queue_id).await;
    assert_eq!(stage.sent(), 1);
    stage.finish(&[]).await;
}

#[tokio::test]
async fn a_server_that_was_restarted_while_the_monitor_was_dead_has_lost_its_jobs() {
    let mut stage = scripted(held()).await;
    let (running, waiting) = (stage.submit().await, stage.submit().await);
    stage.held().await;
    let Stage { fake, folder, monitor, .. } = stage;
    monitor.kill();
    fake.restart().await.unwrap();
    let monitor = crate::process::Monitor::start(&folder, &[fake.base_url()]).await;
    for queue_id in [running, waiting] {
        let generation = monitor.ended(&queue_id).await;
        assert_eq!((&generation["status"], &generation["error"]["type"]), (&json!("failed"), &json!("instance_lost")));
        crate::story::assert_ended(&monitor, &queue_id).await;
    }
    assert_eq!(fake.submitted().len(), 2);
    monitor.finish(&[]).await;
}

#[tokio::test]
async fn a_kill_at_any_moment_loses_nothing_and_doubles_nothing() {
    let mut stage = Stage::with(FakeComfy::builder().speed(20.0)).await;
    for (jobs, frames) in [1_usize, 3, 6, 12, 24, 48].into_iter().enumerate() {
        let queue_id = stage.submit().await;
        while stage.live.of(&queue_id).len() < frames + 2 && !stage.live.frames.last().is_some_and(crate::live::is_end)
        {
            stage.live.next().await.unwrap();
        }
        stage = stage.crash(&[]).await;
        stage.completes_unseen(&queue_id).await;
        assert_eq!(stage.sent(), jobs + 1);
        stage.monitor.connected().await;
    }
    stage.finish(&[]).await;
}

#[tokio::test]
async fn a_kill_right_after_the_end_keeps_the_end_and_the_files() {
    let mut stage = scripted(Script::new()).await;
    // As soon as the server is done, whatever we know of it by then.
    let first = stage.submit().await;
    stage.fake.wait_idle().await;
    let mut stage = stage.crash(&[]).await;
    stage.completes_unseen(&first).await;
    stage.monitor.connected().await;
    // As soon as a reader knows.
    let second = stage.submit().await;
    stage.live.end_of(&second).await;
    let stage = stage.crash(&[]).await;
    stage.completes_unseen(&second).await;
    stage.completes_unseen(&first).await;
    assert_eq!(stage.sent(), 2);
    stage.finish(&[]).await;
}
