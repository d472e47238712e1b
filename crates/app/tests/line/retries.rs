//! Trying again by itself.

mod elsewhere;
mod killed;
mod steered;

use crate::process::Monitor;
use crate::stage::Stage;
use crate::story::{assert_ended, assert_events, assert_frames, assert_outputs};
use crate::workflows::{portrait, submission, tape};
use monitor_testkit::{Builder, Failure, FakeComfy, NodeScript, Script, Times};
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
pub(crate) fn strict(script: Script) -> Builder {
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

pub(crate) fn out_of_memory(times: u32) -> Script {
    let failure = Failure::out_of_memory().at_step(7).times(times);
    Script::new().node("3", NodeScript::new().failing(failure))
}

/// Its decoder needs too much memory; in tiles too, so many times.
pub(crate) fn too_large_to_decode(tiled_fails: u32) -> Script {
    let plain = NodeScript::new().failing(Failure::out_of_memory());
    let tiled = NodeScript::new().failing(Failure::out_of_memory().at_step(2).times(tiled_fails));
    Script::new().class("VAEDecode", plain).class("VAEDecodeTiled", tiled)
}

/// The portrait, four at once.
pub(crate) fn four() -> (String, Value) {
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
async fn the_recorded_error_of_a_card_without_memory_is_answered() {
    let toml = r#"
[[retry.policy]]
name = "out of memory"
match = { error = "OutOfMemoryError" }
do = [{ free_memory = true }, { change = { what = "size", round = 8, floor = 32 } }]
"#;
    let recording = tape("08-oom");
    let graph = recording.jobs[0].body["prompt"].clone();
    let mut stage = Stage::configured(toml, FakeComfy::builder().tape(recording).speed(0.0)).await;
    let queue_id = Uuid::new_v4().to_string();
    stage.live.subscribe(&queue_id).await;
    stage.monitor.submit(&json!({"workflow": graph, "queueId": queue_id})).await;
    let end = stage.live.end_of(&queue_id).await;
    // The recording fails whatever the values are.
    assert_eq!(end["type"], "job_failed", "{end}");
    let generation = assert_retried(&mut stage, &queue_id, 2).await;
    let widths: Vec<_> =
        stage.fake.submitted().iter().map(|sent| sent.body["prompt"]["1"]["inputs"]["width"].clone()).collect();
    assert_eq!(widths, [64, 64, 48]);
    for attempt in attempts(&generation) {
        assert_eq!(attempt["stoppedAt"], json!({"nodeId": "2", "value": 3.0, "max": 10.0}), "{attempt}");
        assert!(attempt["error"]["message"].as_str().unwrap().contains("out of memory"), "{attempt}");
    }
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
async fn a_refusal_that_a_policy_answers_is_no_answer_to_the_caller_yet() {
    let toml = r#"
[[retry.policy]]
name = "refused"
match = { status = "refused" }
do = { wait = "100ms", times = 3 }
"#;
    let mut stage = Stage::configured(toml, strict(Script::new())).await;
    stage.fake.faults(|faults| faults.refuse = Times::Next(2));
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
