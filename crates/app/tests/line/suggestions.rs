//! What is proposed for a job that has failed can really be done, and comes to its end.

use crate::process::{DataDir, Monitor};
use crate::retries::{four, out_of_memory, strict, too_large_to_decode};
use crate::stage::{Stage, start};
use crate::workflows::submission;
use monitor_testkit::{FakeComfy, Script};
use reqwest::StatusCode;
use serde_json::{Value, json};

const OFF: &str = "[retry]\nenabled = false\n";

async fn failed(monitor: &Monitor, body: &Value) -> Value {
    let (_, answer) = monitor.post("/v1/generations", body).await;
    let generation = monitor.ended(answer["queueId"].as_str().unwrap()).await;
    assert_eq!(generation["status"], "failed", "{generation}");
    generation
}

fn suggestions(generation: &Value) -> Vec<Value> {
    generation["suggestions"].as_array().cloned().unwrap_or_default()
}

/// By hand, as it is proposed.
async fn take(monitor: &Monitor, generation: &Value, suggestion: &Value) -> Value {
    for field in ["title", "detail"] {
        assert!(suggestion[field].as_str().is_some_and(|text| !text.is_empty()), "no {field}: {suggestion}");
    }
    let queue_id = generation["queueId"].as_str().unwrap();
    let mut body = json!({});
    for field in ["overrides", "instanceId"] {
        if !suggestion[field].is_null() {
            body[field] = suggestion[field].clone();
        }
    }
    let (status, answer) = monitor.post(&format!("/v1/generations/{queue_id}/retry"), &body).await;
    assert_eq!(status, StatusCode::ACCEPTED, "{suggestion}: {answer}");
    let ended = monitor.ended(queue_id).await;
    assert_eq!(ended["status"], "completed", "{suggestion}: {ended}");
    assert!(suggestions(&ended).is_empty(), "{ended}");
    ended
}

#[tokio::test]
async fn every_smaller_workflow_that_is_proposed_is_taken_by_the_server_and_runs() {
    let mut taken = 0;
    loop {
        let stage = Stage::configured(OFF, strict(out_of_memory(1))).await;
        let (_, mut body) = four();
        body["overrides"]["5"] = json!({"batch_size": 4, "width": 1024, "height": 1536});
        let generation = failed(&stage.monitor, &body).await;
        let all = suggestions(&generation);
        assert!(all.len() >= 2, "{generation}");
        let Some(suggestion) = all.get(taken) else { break };
        assert_eq!(suggestion["kind"], "overrides", "{suggestion}");
        take(&stage.monitor, &generation, suggestion).await;
        let sent = &stage.fake.submitted()[1].body["prompt"];
        for (node_id, inputs) in suggestion["overrides"].as_object().unwrap() {
            for (input, value) in inputs.as_object().unwrap() {
                assert_eq!(sent[node_id]["inputs"][input], *value, "{suggestion}");
            }
        }
        let (status, _) = stage.monitor.post("/v1/generations", &submission().1).await;
        assert_eq!(status, StatusCode::CREATED);
        stage.finish(&[]).await;
        taken += 1;
    }
    assert!(taken >= 2);
}

#[tokio::test]
async fn what_has_to_be_edited_by_hand_runs_when_it_is() {
    let stage = Stage::configured(OFF, strict(too_large_to_decode(0))).await;
    let (_, mut body) = four();
    let generation = failed(&stage.monitor, &body).await;
    let edit = suggestions(&generation).into_iter().find(|suggestion| suggestion["kind"] == "edit").unwrap();
    let words = edit["detail"].as_str().unwrap();
    assert!(words.contains("VAEDecodeTiled") && words.contains('8'), "{edit}");
    let decoder = &mut body["workflow"]["8"];
    decoder["class_type"] = json!("VAEDecodeTiled");
    for (input, value) in [("tile_size", 512), ("overlap", 64), ("temporal_size", 64), ("temporal_overlap", 8)] {
        decoder["inputs"][input] = json!(value);
    }
    body["queueId"] = json!(uuid::Uuid::new_v4());
    let answer = stage.monitor.submit(&body).await;
    stage.completes_unseen(answer["queueId"].as_str().unwrap()).await;
    stage.finish(&[]).await;
}

#[tokio::test]
async fn another_instance_that_has_run_as_much_is_proposed_and_runs_it() {
    let (small, large) = (start(strict(out_of_memory(u32::MAX - 1))).await, start(strict(Script::new())).await);
    let folder = DataDir::new();
    folder.configure(OFF);
    let monitor = Monitor::start(&folder, &[small.base_url(), large.base_url()]).await;
    let list = monitor.when("/v1/instances", |list| (0..2).all(|at| list["items"][at]["state"] == "connected")).await;
    let id = |at: usize| list["items"][at]["instanceId"].clone();
    let on = |instance: &Value| {
        let (_, mut body) = four();
        body["instanceId"] = instance.clone();
        body
    };
    let before = failed(&monitor, &on(&id(0))).await;
    assert!(suggestions(&before).iter().all(|suggestion| suggestion["kind"] != "instance"), "{before}");
    let answer = monitor.submit(&on(&id(1))).await;
    monitor
        .generation_when(answer["queueId"].as_str().unwrap(), |generation| generation["status"] == "completed")
        .await;
    let generation = failed(&monitor, &on(&id(0))).await;
    let suggestion = suggestions(&generation).remove(0);
    assert_eq!((&suggestion["kind"], &suggestion["instanceId"]), (&json!("instance"), &id(1)), "{suggestion}");
    let ended = take(&monitor, &generation, &suggestion).await;
    assert_eq!(ended["instanceId"], id(1));
    assert_eq!(large.submitted().len(), 2);
    monitor.finish(&[]).await;
}

#[tokio::test]
async fn a_model_that_lies_in_another_folder_is_proposed_and_runs() {
    let moved = || {
        let mut loader = classes("CheckpointLoaderSimple");
        loader["input"]["required"]["ckpt_name"] = json!([["sd15/random-sd15.safetensors", "other.safetensors"], {}]);
        let classes = [("CheckpointLoaderSimple".to_owned(), loader)].into_iter().collect();
        FakeComfy::builder().script(Script::new()).object_info(classes).validation(true).speed(0.0)
    };
    let stage = Stage::configured(OFF, moved()).await;
    let generation = failed(&stage.monitor, &submission().1).await;
    assert_eq!(generation["error"]["type"], "submission_refused", "{generation}");
    let suggestion = suggestions(&generation).remove(0);
    assert_eq!(suggestion["overrides"], json!({"4": {"ckpt_name": "sd15/random-sd15.safetensors"}}), "{suggestion}");
    take(&stage.monitor, &generation, &suggestion).await;
    stage.finish(&[]).await;
}

fn classes(class: &str) -> Value {
    let text = std::fs::read(monitor_testkit::tapes_dir().join("../object_info-0.33.0.json")).unwrap();
    serde_json::from_slice::<Value>(&text).unwrap()[class].clone()
}
