//! `kill -9` around a retry: nothing is lost and nothing is done twice.

use super::{QUICK, attempts, between_attempts, out_of_memory, strict, submit_four, told, too_large_to_decode};
use crate::process::Monitor;
use crate::stage::Stage;
use crate::story::assert_events;
use monitor_backends::store::sqlite::Sqlite;
use monitor_core::retry::Tried;
use monitor_core::time::Timestamp;
use monitor_pipeline::ports::{PlannedRetry, Store};
use monitor_testkit::{Failure, NodeScript, Script};
use serde_json::json;

#[tokio::test]
async fn a_kill_between_failure_and_retry_loses_nothing_and_doubles_nothing() {
    let slow = QUICK.replace("{ free_memory = true }", "{ free_memory = true, wait = \"1500ms\" }");
    let mut stage = Stage::configured(&slow, strict(out_of_memory(1))).await;
    let queue_id = submit_four(&mut stage).await;
    let before = between_attempts(&stage.monitor, &queue_id).await;
    let stage = stage.crash(&[]).await;
    let after = stage.monitor.generation(&queue_id).await;
    if after["retry"].is_object() {
        assert_eq!(after["retry"], before["retry"]);
    }
    let generation = stage.completes_unseen(&queue_id).await;
    assert_eq!((&generation["retryCount"], attempts(&generation).len()), (&json!(1), 2));
    let events = stage.monitor.events(attempts(&generation)[0]["promptId"].as_str().unwrap()).await;
    assert_events(&events);
    assert_eq!((told(&events, "Job Failed").len(), told(&events, "Job Retrying").len()), (1, 1));
    assert_eq!(stage.sent(), 2);
    stage.finish(&[]).await;
}

#[tokio::test]
async fn what_was_planned_before_a_kill_and_not_yet_told_is_told_as_it_was_planned() {
    let failing = NodeScript::new().held_at(10).failing(Failure::out_of_memory().at_step(12).times(1));
    let mut stage = Stage::configured(QUICK, strict(Script::new().node("3", failing))).await;
    let queue_id = submit_four(&mut stage).await;
    stage.held().await;
    let Stage { fake, folder, monitor, live } = stage;
    drop(live);
    monitor.kill();
    let store = Sqlite::open(&folder.data()).await.unwrap();
    let first = store.known(queue_id.parse().unwrap()).await.unwrap().unwrap().attempts.remove(0);
    let mut workflow = first.workflow;
    workflow["3"]["inputs"]["cfg"] = json!(5.5);
    let plan = PlannedRetry {
        queue_id: first.queue_id,
        number: 2,
        // Overdue, and yet it must not go before the failure has been told.
        retry_at: Timestamp(0),
        tried: Tried { policy: "out of memory".to_owned(), step: 0, at: first.created_at },
        retry_count: 1,
        max_retries: 5,
        failed_at: first.instance_id.unwrap(),
        other_instance: false,
        free_memory: false,
        workflow,
        change: Some("planned before".to_owned()),
        next: None,
    };
    store.plan_retry(&plan).await.unwrap();
    store.close().await;
    let monitor = Monitor::start(&folder, &[fake.base_url()]).await;
    let live = monitor.live().await;
    let stage = Stage { fake, folder, monitor, live };
    stage.monitor.connected().await;
    stage.fake.release();
    // The second attempt, which does not fail.
    stage.fake_when("the second job", |state| state.held && state.running.as_deref() != Some(&*first.prompt_id)).await;
    stage.fake.release();
    let generation = stage.completes_unseen(&queue_id).await;
    assert_eq!((&generation["retryCount"], attempts(&generation).len()), (&json!(1), 2));
    assert_eq!(attempts(&generation)[1]["change"], "planned before");
    let events = stage.monitor.events(&first.prompt_id).await;
    assert_events(&events);
    assert_eq!(told(&events, "Job Retrying")[0]["change"], "planned before");
    assert_eq!(stage.sent(), 2);
    stage.finish(&[]).await;
}

#[tokio::test]
async fn a_kill_at_any_moment_of_a_failing_job_ends_with_each_attempt_sent_once() {
    let mut stage = Stage::configured(QUICK, strict(too_large_to_decode(0))).await;
    for frames in [8_usize, 30, 42, 46, 50, 60, 90, 96] {
        let before = stage.sent();
        let queue_id = submit_four(&mut stage).await;
        while stage.live.of(&queue_id).len() < frames && !stage.live.frames.last().is_some_and(crate::live::is_end) {
            stage.live.next().await.unwrap();
        }
        stage = stage.crash(&[]).await;
        let generation = stage.completes_unseen(&queue_id).await;
        assert_eq!(stage.sent() - before, attempts(&generation).len(), "{generation}");
        for attempt in attempts(&generation) {
            assert_events(&stage.monitor.events(attempt["promptId"].as_str().unwrap()).await);
        }
        stage.monitor.connected().await;
    }
    stage.finish(&[]).await;
}
