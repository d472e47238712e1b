//! Trying again by itself, with other parameters and elsewhere; stopped, hurried and changed by a person.

use crate::process::{DataDir, Monitor};
use crate::stage::{Stage, start};
use crate::story::{assert_ended, assert_events, assert_frames, assert_outputs};
use crate::workflows::{portrait, submission};
use monitor_backends::store::sqlite::Sqlite;
use monitor_core::retry::Tried;
use monitor_core::time::Timestamp;
use monitor_pipeline::ports::{PlannedRetry, Store};
use monitor_testkit::{Builder, Failure, FakeComfy, NodeScript, Script};
use reqwest::StatusCode;
use serde_json::{Map, Value, json};
use uuid::Uuid;

/// Policies that lose no time.
const QUICK: &str = r#"
[[retry.policy]]
name = "out of memory"
match = { error = "OutOfMemoryError" }
do = [
  { free_memory = true },
  { change = "tiled_vae" },
  { change = "batch", times = 2 },
  { change = "size", times = 2 },
]

[[retry.policy]]
name = "lost instance"
match = { status = "instance_lost" }
do = { another_instance = "prefer", times = 3 }
"#;

/// What fails waits for an hour, unless somebody does not want to wait.
const SLOW: &str = r#"
[retry.limits]
within = "3h"
[[retry.policy]]
name = "out of memory"
match = { error = "OutOfMemoryError" }
do = { change = "batch", wait = { first = "1h", max = "1h" } }
"#;

/// A server that has the classes of the portrait, and those that do the same in tiles, and judges by them.
fn strict(script: Script) -> Builder {
    let text = std::fs::read(monitor_testkit::tapes_dir().join("../object_info-0.33.0.json")).unwrap();
    let all: Map<String, Value> = serde_json::from_slice(&text).unwrap();
    let mut classes: Map<String, Value> = ["VAEDecodeTiled", "VAEEncodeTiled", "VAEEncode"]
        .into_iter()
        .map(|class| (class.to_owned(), all[class].clone()))
        .collect();
    let mut loader = all["CheckpointLoaderSimple"].clone();
    loader["input"]["required"]["ckpt_name"] = json!([["random-sd15.safetensors"], {}]);
    classes.insert("CheckpointLoaderSimple".to_owned(), loader);
    FakeComfy::builder().script(script).object_info(classes).validation(true).speed(0.0)
}

fn out_of_memory(times: u32) -> Script {
    let failure = Failure::out_of_memory().at_step(7).times(times);
    Script::new().node("3", NodeScript::new().failing(failure))
}

/// Its decoder needs too much memory; in tiles too, so many times.
fn too_large_to_decode(tiled_fails: u32) -> Script {
    let plain = NodeScript::new().failing(Failure::out_of_memory());
    let tiled = NodeScript::new().failing(Failure::out_of_memory().at_step(2).times(tiled_fails));
    Script::new().class("VAEDecode", plain).class("VAEDecodeTiled", tiled)
}

/// The portrait, four at once.
fn four() -> (String, Value) {
    let (queue_id, mut body) = submission();
    body["overrides"] = json!({"5": {"batch_size": 4}});
    (queue_id, body)
}

async fn submit_four(stage: &mut Stage) -> String {
    let (queue_id, body) = four();
    stage.live.subscribe(&queue_id).await;
    stage.monitor.submit(&body).await;
    queue_id
}

fn kinds<'a>(frames: &'a [Value], kind: &str) -> Vec<&'a Value> {
    frames.iter().filter(|frame| frame["type"] == kind).collect()
}

fn attempts(generation: &Value) -> &Vec<Value> {
    generation["attempts"].as_array().unwrap()
}

fn told<'a>(events: &'a [Value], kind: &str) -> Vec<&'a Value> {
    events.iter().filter(|event| event["detailType"] == kind).map(|event| &event["detail"]).collect()
}

async fn between_attempts(monitor: &Monitor, queue_id: &str) -> Value {
    monitor.generation_when(queue_id, |generation| generation["retry"].is_object()).await
}

/// The frames of a reader that was there from the beginning and the durable events agree on how often it was retried.
async fn assert_retried(stage: &mut Stage, queue_id: &str, times: usize) -> Value {
    stage.live.catch_up().await;
    let frames = stage.live.of(queue_id);
    assert_frames(&frames);
    assert_eq!(kinds(&frames, "job_retry").len(), times);
    let generation = assert_ended(&stage.monitor, queue_id).await;
    assert_eq!(generation["retryCount"], times);
    let (mut sequence, mut failures, mut retries) = (0, 0, 0);
    for attempt in attempts(&generation) {
        let events = stage.monitor.events(attempt["promptId"].as_str().unwrap()).await;
        assert_events(&events);
        let first = events[0]["detail"]["sequence"].as_u64().unwrap();
        assert!(first > sequence, "{first} of the next attempt after {sequence}");
        sequence = events.last().unwrap()["detail"]["sequence"].as_u64().unwrap();
        failures += told(&events, "Job Failed").iter().filter(|failed| failed["willRetry"] == true).count();
        retries += told(&events, "Job Retrying").len();
    }
    assert_eq!((failures, retries), (times, times));
    generation
}

#[tokio::test]
async fn what_runs_out_of_memory_is_tried_with_less_and_less_until_it_fits() {
    let mut stage = Stage::configured(QUICK, strict(too_large_to_decode(1))).await;
    let queue_id = submit_four(&mut stage).await;
    let end = stage.live.end_of(&queue_id).await;
    assert_eq!(end["type"], "completed", "{end}");
    let generation = assert_retried(&mut stage, &queue_id, 3).await;
    assert_outputs(&stage.monitor, &stage.fake, &generation).await;

    let sent: Vec<Value> = stage.fake.submitted().into_iter().map(|sent| sent.body["prompt"].clone()).collect();
    let batches: Vec<_> = sent.iter().map(|graph| graph["5"]["inputs"]["batch_size"].clone()).collect();
    assert_eq!(batches, [4, 4, 4, 2]);
    let decoders: Vec<_> = sent.iter().map(|graph| graph["8"]["class_type"].clone()).collect();
    assert_eq!(decoders, ["VAEDecode", "VAEDecode", "VAEDecodeTiled", "VAEDecodeTiled"]);
    let free = stage.fake.requests().into_iter().filter(|request| request.path.starts_with("/free")).count();
    assert_eq!(free, 1);

    let frames = stage.live.of(&queue_id);
    for (frame, count) in kinds(&frames, "job_retry").into_iter().zip(1..) {
        assert_eq!((&frame["retryCount"], &frame["status"]), (&json!(count), &json!("pending")), "{frame}");
        assert_eq!(frame["attempt"], count, "it is about the attempt that failed: {frame}");
        assert_eq!((&frame["error"]["nodeId"], &frame["maxRetries"]), (&json!("8"), &json!(5)), "{frame}");
        assert!(frame["next"].is_string() && frame["message"].is_string(), "{frame}");
    }
    for (attempt, number) in attempts(&generation).iter().zip(1..) {
        assert_eq!(attempt["number"], number, "{attempt}");
        assert_eq!(attempt["change"].is_string(), number > 1, "{attempt}");
        let failed = number < 4;
        assert_eq!(attempt["status"], if failed { "failed" } else { "completed" }, "{attempt}");
        assert_eq!(attempt["error"]["type"] == "torch.OutOfMemoryError", failed, "{attempt}");
        assert_eq!(attempt["stoppedAt"]["nodeId"] == "8", failed, "{attempt}");
        assert!(attempt["durationMs"].is_u64(), "{attempt}");
    }
    assert!(attempts(&generation)[3]["change"].as_str().unwrap().contains("4 to 2"), "{generation}");
    stage.finish(&[]).await;
}

#[tokio::test]
async fn what_no_step_helps_fails_in_the_end_and_says_where_each_attempt_stopped_also_after_a_restart() {
    let mut stage = Stage::configured(QUICK, strict(out_of_memory(u32::MAX - 1))).await;
    let queue_id = submit_four(&mut stage).await;
    let end = stage.live.end_of(&queue_id).await;
    assert_eq!((&end["type"], &end["error"]["type"]), (&json!("job_failed"), &json!("torch.OutOfMemoryError")));
    let sent = stage.sent();
    assert!((2..=6).contains(&sent), "{sent} submissions");
    let generation = assert_retried(&mut stage, &queue_id, sent - 1).await;
    for attempt in attempts(&generation) {
        assert_eq!(attempt["stoppedAt"], json!({"nodeId": "3", "value": 7.0, "max": 24.0}), "{attempt}");
    }
    let stage = stage.crash(&[]).await;
    let again = stage.monitor.generation(&queue_id).await;
    assert_eq!(again["attempts"], generation["attempts"]);
    assert_eq!(stage.sent(), sent);
    stage.finish(&[]).await;
}

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

    // It stays so, and a person may go on.
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

#[tokio::test]
async fn a_refusal_that_a_policy_answers_is_no_answer_to_the_caller_yet() {
    let toml = r#"
[[retry.policy]]
name = "refused"
match = { status = "refused" }
do = { wait = "100ms", times = 3 }
"#;
    let mut stage = Stage::configured(toml, strict(Script::new())).await;
    stage.fake.faults(|faults| faults.refuse = monitor_testkit::Times::Next(2));
    let (queue_id, body) = submission();
    stage.live.subscribe(&queue_id).await;
    let (status, generation) = stage.monitor.post("/v1/generations", &body).await;
    assert_eq!(status, StatusCode::CREATED, "{generation}");
    let end = stage.live.end_of(&queue_id).await;
    assert_eq!(end["type"], "completed", "{end}");
    let generation = assert_retried(&mut stage, &queue_id, 2).await;
    assert_eq!(attempts(&generation)[0]["error"]["type"], "submission_refused");
    stage.finish(&[]).await;
}

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
async fn a_job_that_runs_too_long_is_interrupted_first_and_tried_again_then() {
    let toml = r#"
timeout = "1s"
[[retry.policy]]
name = "too long"
match = { status = "timeout" }
do = { change = "batch" }
"#;
    let failing = NodeScript::new().held_at(10);
    let mut stage = Stage::configured(toml, strict(Script::new().node("3", failing))).await;
    let queue_id = submit_four(&mut stage).await;
    let first = stage.monitor.generation(&queue_id).await["promptId"].as_str().unwrap().to_owned();
    stage.live.until("another try", |frame| frame["type"] == "job_retry").await;
    let stopped =
        stage.fake.requests().iter().any(|request| request.path.contains("/cancel") || request.path == "/interrupt");
    assert!(stopped, "it was not interrupted at the server first");
    stage
        .fake_when("the second one to stand still", |state| state.held && state.running.as_deref() != Some(&*first))
        .await;
    stage.fake.release();
    let end = stage.live.end_of(&queue_id).await;
    assert_eq!(end["type"], "completed", "{end}");
    let generation = assert_retried(&mut stage, &queue_id, 1).await;
    let failed = &attempts(&generation)[0];
    assert_eq!((&failed["status"], &failed["error"]["type"]), (&json!("failed"), &json!("timeout")), "{failed}");
    assert_eq!(failed["stoppedAt"]["nodeId"], "3", "{failed}");
    stage.finish(&[]).await;
}

#[tokio::test]
async fn the_graph_of_an_observed_job_is_not_sent_again_by_us() {
    let stage = Stage::configured(QUICK, strict(out_of_memory(1))).await;
    let body = json!({"prompt": portrait(), "client_id": Uuid::new_v4()});
    stage.fake.submit(body.as_object().unwrap()).unwrap();
    let list = stage.monitor.when("/v1/generations", |list| list["items"][0]["status"] == "failed").await;
    assert_eq!((&list["items"][0]["retryCount"], stage.sent()), (&json!(0), 0), "{list}");
    stage.finish(&[]).await;
}
