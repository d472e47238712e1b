//! `ComfyUI` dies, its socket breaks, goes deaf or hangs: jobs end right, within the contract's times.

use crate::stage::{Stage, scripted};
use crate::story::{assert_ended, assert_frames};
use crate::workflows::held;
use monitor_testkit::{FakeComfy, Faults, Script, Times};
use serde_json::json;
use std::time::{Duration, Instant};

/// The contract's "within 10 s", and as much again for a machine that does other things.
const SOON: Duration = Duration::from_secs(20);

#[tokio::test]
async fn jobs_of_a_server_that_dies_fail_as_lost_and_the_next_one_is_fine() {
    let mut stage = scripted(held()).await;
    let jobs = [stage.submit().await, stage.submit().await];
    stage.held().await;
    stage.fake.kill().await;
    stage.monitor.instance_when(|instance| instance["state"] != "connected" && instance["reason"].is_string()).await;
    stage.fake.restart().await.unwrap();
    for queue_id in &jobs {
        let end = stage.live.end_of(queue_id).await;
        assert_eq!((&end["type"], &end["error"]["type"]), (&json!("job_failed"), &json!("instance_lost")), "{end}");
        let words = end["error"]["message"].as_str().unwrap();
        assert!(words.contains("ComfyUI") || words.contains("restart"), "{words}");
        stage.live.catch_up().await;
        assert_frames(&stage.live.of(queue_id));
        assert_ended(&stage.monitor, queue_id).await;
    }
    let third = stage.submit().await;
    stage.held().await;
    stage.fake.release();
    stage.completes(&third).await;
    assert_eq!(stage.sent(), 3);
    stage.finish(&[]).await;
}

#[tokio::test]
async fn the_end_of_a_job_that_was_missed_while_nothing_could_be_heard_is_told_from_history() {
    let mut stage = scripted(held()).await;
    let queue_id = stage.submit().await;
    stage.held().await;
    // Nothing gets through until the job is done.
    stage.fake.faults(|faults| faults.require_header = Some(("x-nobody".into(), "knows".into())));
    stage.fake.cut_sockets();
    stage.monitor.instance_when(|instance| instance["state"] == "disconnected").await;
    stage.fake.release();
    stage.fake.wait_idle().await;
    stage.fake.faults(|faults| faults.require_header = None);
    let began = Instant::now();
    stage.completes(&queue_id).await;
    assert!(began.elapsed() < SOON, "{:?}", began.elapsed());
    stage.finish(&[]).await;
}

#[tokio::test]
async fn a_socket_that_breaks_in_the_middle_of_a_job_is_replaced_and_the_job_goes_on() {
    let mut stage = scripted(held()).await;
    let queue_id = stage.submit().await;
    stage.held().await;
    stage.fake.cut_sockets();
    stage.fake_when("the broken socket to be gone", |state| state.open_sockets == 0).await;
    stage.fake_when("another socket", |state| state.open_sockets == 1).await;
    stage.fake.release();
    stage.completes(&queue_id).await;
    stage.finish(&[]).await;
}

#[tokio::test]
async fn a_deaf_socket_is_noticed_and_replaced() {
    let mut stage = scripted(held()).await;
    let client = stage.monitor.connected().await["clientId"].as_str().unwrap().to_owned();
    let queue_id = stage.submit().await;
    stage.held().await;
    stage.fake.forget(&client);
    let began = Instant::now();
    stage.fake.release();
    stage.completes(&queue_id).await;
    assert!(began.elapsed() < SOON, "{:?}", began.elapsed());
    stage.monitor.connected().await;
    stage.next_job_is_released_and_fine().await;
    stage.finish(&[]).await;
}

#[tokio::test]
async fn a_server_whose_send_loop_hangs_is_polled_until_it_speaks_again() {
    let mut stage = scripted(held()).await;
    let queue_id = stage.submit().await;
    stage.held().await;
    stage.fake.stall();
    let began = Instant::now();
    stage.fake.release();
    stage.completes(&queue_id).await;
    assert!(began.elapsed() < SOON, "{:?}", began.elapsed());
    // What comes and goes unheard shows that the new socket is deaf as well.
    let second = stage.submit().await;
    stage.held().await;
    let instance = stage.monitor.instance_when(|instance| instance["state"] == "polling").await;
    assert!(instance["reason"].as_str().unwrap().contains("sends nothing"), "{instance}");
    stage.fake.release();
    stage.completes(&second).await;
    stage.fake.resume();
    stage.monitor.connected().await;
    stage.next_job_is_released_and_fine().await;
    stage.finish(&["ComfyUI sends nothing"]).await;
}

#[tokio::test]
async fn messages_that_are_lost_doubled_and_swapped_change_nothing_about_the_end() {
    let faults = Faults { seed: 7, drop: 0.2, duplicate: 0.2, reorder: 0.2, ..Faults::default() };
    let mut stage = Stage::with(FakeComfy::builder().faults(faults).speed(0.0)).await;
    for _ in 0..5 {
        stage.next_job_is_fine().await;
    }
    assert_eq!(stage.sent(), 5);
    stage.finish(&[]).await;
}

#[tokio::test]
async fn questions_that_fail_are_asked_again() {
    let mut stage = scripted(Script::new()).await;
    stage.fake.faults(|faults| {
        faults.history_fails = Times::Next(3);
        faults.queue_fails = Times::Next(3);
        faults.view_fails = Times::Next(2);
        faults.view_cut = Times::Next(1);
    });
    stage.next_job_is_fine().await;
    stage.finish(&[]).await;
}

impl Stage {
    async fn next_job_is_released_and_fine(&mut self) {
        let queue_id = self.submit().await;
        self.held().await;
        self.fake.release();
        self.completes(&queue_id).await;
    }
}
