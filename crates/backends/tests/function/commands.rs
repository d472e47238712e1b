//! What is asked where no monitor is in reach, and what a monitor does of it.

use crate::stage::{Stage, stage};
use async_trait::async_trait;
use monitor_core::event::{Body, MonitorInitialized};
use monitor_core::generation::Status;
use monitor_pipeline::api::{Api, ApiError, Source, Submit, Upload};
use monitor_pipeline::clock;
use monitor_pipeline::hub::Topic;
use monitor_pipeline::ports::{Command, CommandError, Ordered, Orders, Sending};
use monitor_pipeline::service::obey;
use monitor_testkit::conformance::sample::{Job, stopped};
use serde_json::json;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

fn submit(instance_id: Option<&str>) -> Submit {
    let workflow = json!({"3": {"class_type": "KSampler", "inputs": {"seed": 1}}});
    let instance_id = instance_id.map(str::to_owned);
    Submit { source: Source::Json(workflow), instance_id, title: Some("Mine".to_owned()), ..Submit::default() }
}

async fn with_instances(names: &[&str]) -> Stage {
    let stage = stage().await;
    for (sequence, name) in (1..).zip(names) {
        let mut event = stopped(name, sequence);
        event.base.timestamp = clock::wall();
        event.body = Body::from(MonitorInitialized {
            comfyui_host: "10.0.0.1:8188".to_owned(),
            version: "1".to_owned(),
            comfyui_version: None,
            devices: Vec::new(),
        });
        stage.function.event(&event).await.unwrap();
    }
    stage
}

#[tokio::test]
async fn a_submission_is_recorded_and_goes_to_the_queue_of_an_instance_with_its_ids() {
    let stage = with_instances(&["gpu-1"]).await;
    let submitted = stage.remote.submit(submit(None)).await.unwrap();
    let generation = submitted.generation;
    assert_eq!((generation.status, generation.title.as_str()), (Status::Pending, "Mine"));
    let sent = stage.world.sent.lock().unwrap().clone();
    let [(instance_id, Command::Submit { queue_id, prompt_id, .. })] = &sent[..] else { panic!("{sent:?}") };
    assert_eq!((instance_id.as_str(), *queue_id, prompt_id), ("gpu-1", generation.queue_id, &generation.prompt_id));
}

#[tokio::test]
async fn the_events_of_a_submitted_job_are_of_the_generation_that_was_recorded() {
    let stage = with_instances(&["gpu-1"]).await;
    let generation = stage.remote.submit(submit(None)).await.unwrap().generation;
    let job = Job {
        queue_id: generation.queue_id,
        prompt_id: generation.prompt_id.clone(),
        instance_id: "gpu-1".to_owned(),
        attempt: 1,
    };
    for event in job.run() {
        stage.function.event(&event).await.unwrap();
    }
    let generation = stage.remote.generation(generation.queue_id).await.unwrap();
    assert_eq!((generation.status, generation.attempts.len()), (Status::Completed, 1));
    assert_eq!(stage.remote.job_workflow(&job.prompt_id).await.unwrap()["3"]["class_type"], "KSampler");
}

#[tokio::test]
async fn of_several_instances_the_one_with_fewer_jobs_gets_the_next() {
    let stage = with_instances(&["gpu-1", "gpu-2"]).await;
    for _ in 0..4 {
        stage.remote.submit(submit(None)).await.unwrap();
    }
    let mut chosen: Vec<String> = stage.world.sent.lock().unwrap().iter().map(|(to, _)| to.clone()).collect();
    chosen.sort();
    assert_eq!(chosen, ["gpu-1", "gpu-1", "gpu-2", "gpu-2"]);
}

#[tokio::test]
async fn without_a_monitor_a_submission_is_refused_and_nothing_is_left_waiting() {
    let stage = stage().await;
    let refused = stage.remote.submit(submit(None)).await;
    assert!(matches!(refused, Err(ApiError::Unavailable(_))), "{refused:?}");
    let page = stage.remote.list(monitor_pipeline::ports::ListQuery { limit: 10, ..Default::default() }).await.unwrap();
    assert!(page.items.is_empty());
}

#[tokio::test]
async fn the_same_idempotency_key_sends_what_was_cut_off_before_and_nothing_twice() {
    let stage = with_instances(&["gpu-1"]).await;
    let again = || Submit { idempotency_key: Some("key".to_owned()), ..submit(None) };
    stage.world.cut.store(true, Ordering::Relaxed);
    assert!(matches!(stage.remote.submit(again()).await, Err(ApiError::Unavailable(_))));
    stage.world.cut.store(false, Ordering::Relaxed);
    assert!(!stage.remote.submit(again()).await.unwrap().created);
    assert!(!stage.remote.submit(again()).await.unwrap().created);
    assert_eq!(stage.world.sent.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn an_id_that_was_recorded_and_not_sent_is_sent_when_it_is_given_again_and_refused_after_that() {
    let stage = with_instances(&["gpu-1"]).await;
    let again = || Submit { queue_id: Some(Uuid::from_u128(7)), ..submit(None) };
    stage.world.cut.store(true, Ordering::Relaxed);
    assert!(matches!(stage.remote.submit(again()).await, Err(ApiError::Unavailable(_))));
    stage.world.cut.store(false, Ordering::Relaxed);
    assert!(!stage.remote.submit(again()).await.unwrap().created);
    assert!(matches!(stage.remote.submit(again()).await, Err(ApiError::Conflict(_))));
    assert_eq!(stage.world.sent.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn what_was_never_sent_is_cancelled_without_its_monitor() {
    let stage = with_instances(&["gpu-1"]).await;
    stage.world.cut.store(true, Ordering::Relaxed);
    let id = Uuid::from_u128(7);
    assert!(stage.remote.submit(Submit { queue_id: Some(id), ..submit(None) }).await.is_err());
    let generation = stage.remote.cancel(id).await.unwrap();
    assert_eq!((generation.status, generation.reason.as_deref()), (Status::Interrupted, Some("cancelled")));
    let query = monitor_pipeline::ports::ListQuery { limit: 10, ..Default::default() };
    assert_eq!(stage.remote.list(query).await.unwrap().items[0].status, Status::Interrupted);
}

#[tokio::test]
async fn nothing_is_recorded_for_an_instance_that_takes_no_commands() {
    let stage = with_instances(&["gpu-1"]).await;
    stage.world.deaf.lock().unwrap().push("gpu-1".to_owned());
    assert!(matches!(stage.remote.submit(submit(None)).await, Err(ApiError::Unavailable(_))));
    let query = monitor_pipeline::ports::ListQuery { limit: 10, ..Default::default() };
    assert!(stage.remote.list(query).await.unwrap().items.is_empty());
}

#[tokio::test]
async fn cancel_and_retry_go_to_the_instance_of_the_generation_when_its_status_allows() {
    let stage = with_instances(&["gpu-1", "gpu-2"]).await;
    let generation = stage.remote.submit(submit(Some("gpu-2"))).await.unwrap().generation;
    let id = generation.queue_id;
    assert!(matches!(stage.remote.retry(id, serde_json::Map::new(), None).await, Err(ApiError::Conflict(_))));
    stage.remote.cancel(id).await.unwrap();
    let job = Job { queue_id: id, prompt_id: generation.prompt_id, instance_id: "gpu-2".to_owned(), attempt: 1 };
    stage.function.event(&job.completed(3, 10)).await.unwrap();
    assert!(matches!(stage.remote.cancel(id).await, Err(ApiError::Conflict(_))));
    stage.remote.retry(id, serde_json::Map::new(), None).await.unwrap();
    let elsewhere = stage.remote.retry(id, serde_json::Map::new(), Some("gpu-1".to_owned())).await;
    assert!(matches!(elsewhere, Err(ApiError::Invalid { .. })), "{elsewhere:?}");
    let sent: Vec<Command> = stage.world.sent.lock().unwrap().iter().skip(1).map(|(_, sent)| sent.clone()).collect();
    let [Command::Cancel { known: Some(open), .. }, Command::Retry { known: Some(ended), .. }] = &sent[..] else {
        panic!("{sent:?}")
    };
    assert_eq!((open.attempt.sending, &open.attempt.workflow, &open.end), (Sending::None, &json!(null), &None));
    assert_eq!(ended.attempt.workflow["3"]["class_type"], "KSampler");
    assert_eq!(ended.end.as_ref().unwrap().detail_type(), "Job Completed");
}

#[tokio::test]
async fn what_only_a_monitor_beside_the_server_can_is_not_offered_and_it_says_what_does() {
    let stage = with_instances(&["gpu-1"]).await;
    let upload = Upload { filename: "cat.png".to_owned(), bytes: "cat".into() };
    for refused in [
        stage.remote.readings("gpu-1", None).await.err(),
        stage.remote.object_info("gpu-1").await.err(),
        stage.remote.upload("gpu-1", upload).await.err(),
        stage.remote.reconnect("gpu-1").await.err(),
    ] {
        let Some(ApiError::NotOffered(detail)) = refused else { panic!("{refused:?}") };
        assert!(detail.contains("comfyui-monitor serve"), "{detail}");
    }
    let unknown = stage.remote.readings("gpu-2", None).await;
    assert!(matches!(unknown, Err(ApiError::NotFound(_))), "{unknown:?}");
}

#[tokio::test]
async fn what_is_cancelled_at_an_instance_that_is_away_has_ended_and_its_monitor_hears_of_it_if_it_comes_back() {
    let stage = with_instances(&["gpu-1"]).await;
    let id = stage.remote.submit(submit(None)).await.unwrap().generation.queue_id;
    stage.world.listens("page", Topic::Generation(id));
    let mut gone = stopped("gpu-1", 7);
    gone.base.timestamp = clock::wall();
    stage.function.event(&gone).await.unwrap();
    assert_eq!(stage.remote.cancel(id).await.unwrap().status, Status::Interrupted);
    assert_eq!(stage.world.told("page"), ["job_interrupted"]);
    assert!(matches!(stage.world.sent.lock().unwrap().last(), Some((_, Command::Cancel { .. }))));

    // Nor does one keep it open that has no queue any more.
    let id = stage.remote.submit(submit(None)).await.unwrap().generation.queue_id;
    stage.world.deaf.lock().unwrap().push("gpu-1".to_owned());
    assert_eq!(stage.remote.cancel(id).await.unwrap().status, Status::Interrupted);
}

/// Gives what it has once, then ends the reading.
struct Once {
    orders: Mutex<Vec<Ordered>>,
    done: Mutex<Vec<String>>,
    stop: CancellationToken,
}

#[async_trait]
impl Orders for Once {
    async fn receive(&self) -> Result<Vec<Ordered>, CommandError> {
        let orders = std::mem::take(&mut *self.orders.lock().unwrap());
        if orders.is_empty() {
            self.stop.cancel();
            std::future::pending::<()>().await;
        }
        Ok(orders)
    }

    async fn done(&self, receipt: &str) -> Result<(), CommandError> {
        self.done.lock().unwrap().push(receipt.to_owned());
        Ok(())
    }
}

#[tokio::test]
async fn a_monitor_does_what_it_is_ordered_and_leaves_on_the_queue_what_it_cannot_do_now() {
    let stage = with_instances(&["gpu-1"]).await;
    let generation = stage.remote.submit(submit(None)).await.unwrap().generation;
    let (id, unknown) = (generation.queue_id, Uuid::from_u128(404));
    let order = |receipt: &str, command| Ordered { command, receipt: receipt.to_owned() };
    stage.world.cut.store(true, Ordering::Relaxed);
    let again = Command::Submit {
        queue_id: id,
        prompt_id: generation.prompt_id,
        title: "Mine".to_owned(),
        workflow: json!({"3": {"class_type": "KSampler", "inputs": {}}}),
        metadata: None,
    };
    let orders = Once {
        orders: Mutex::new(vec![
            order("twice", again),
            order("unknown", Command::Cancel { queue_id: unknown, known: None }),
            order("unavailable", Command::Cancel { queue_id: id, known: None }),
        ]),
        done: Mutex::default(),
        stop: CancellationToken::new(),
    };
    let (orders, api): (Arc<Once>, Arc<dyn Api>) = (Arc::new(orders), Arc::new(stage.remote));
    obey(api, orders.clone(), orders.stop.clone()).await;
    assert_eq!(*orders.done.lock().unwrap(), ["twice", "unknown"]);
}

#[test]
fn a_command_is_written_as_the_contract_of_the_queue_has_it() {
    let command = Command::Retry { queue_id: Uuid::from_u128(1), overrides: serde_json::Map::new(), known: None };
    let text = serde_json::to_string(&command).unwrap();
    assert_eq!(text, r#"{"action":"retry","queueId":"00000000-0000-0000-0000-000000000001"}"#);
    assert_eq!(serde_json::from_str::<Command>(&text).unwrap(), command);
}
