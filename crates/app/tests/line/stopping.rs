//! The monitor is told to stop.

use crate::process::Monitor;
use crate::stage::{Stage, scripted};
use crate::workflows::held;
use std::time::{Duration, Instant};

async fn stops_on(signal: &str) {
    let mut stage = scripted(held()).await;
    let queue_id = stage.submit().await;
    stage.held().await;
    let Stage { fake, folder, mut monitor, mut live } = stage;
    let began = Instant::now();
    monitor.signal(signal);
    let status = monitor.exit().await;
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
    assert_eq!(status.code(), Some(0), "{:?}", monitor.log());
    crate::process::assert_quiet(&monitor.log(), &[]);
    // The reader is told, not dropped.
    while live.next().await.is_some() {}
    drop(monitor);

    let monitor = Monitor::start(&folder, &[fake.base_url()]).await;
    let instance = monitor.connected().await;
    let events = monitor.instance_events(instance["instanceId"].as_str().unwrap()).await;
    let kinds: Vec<_> = events.iter().map(|event| event["detailType"].as_str().unwrap()).collect();
    assert!(kinds.contains(&"Monitor Stopped"), "{kinds:?}");
    let sequences: Vec<_> = events.iter().map(|event| event["detail"]["sequence"].as_u64().unwrap()).collect();
    assert!(sequences.is_sorted_by(|before, after| before < after), "{sequences:?}");
    fake.release();
    let live = monitor.live().await;
    let stage = Stage { fake, folder, monitor, live };
    stage.completes_unseen(&queue_id).await;
    assert_eq!(stage.sent(), 1);
    stage.finish(&[]).await;
}

#[tokio::test]
async fn sigterm_ends_it_in_order_and_a_running_job_is_taken_up_by_the_next_start() {
    stops_on("TERM").await;
}

#[tokio::test]
async fn ctrl_c_ends_it_in_order_and_a_running_job_is_taken_up_by_the_next_start() {
    stops_on("INT").await;
}

#[tokio::test]
async fn a_server_that_does_not_answer_does_not_keep_the_monitor_from_ending() {
    let mut stage = scripted(held()).await;
    stage.submit().await;
    stage.held().await;
    stage.fake.stall();
    stage.monitor.signal("TERM");
    let began = Instant::now();
    let status = stage.monitor.exit().await;
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
    assert_eq!(status.code(), Some(0));
}
