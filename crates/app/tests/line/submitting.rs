//! Submissions: early messages, old servers, servers that are away, the same thing twice, and what is changed before
//! it is sent.

use crate::process::{DataDir, Monitor};
use crate::stage::{Stage, scripted, start};
use crate::story::{assert_ended, assert_frames};
use crate::workflows::{held, portrait, submission};
use monitor_testkit::files::{Traits, bytes};
use monitor_testkit::{FakeComfy, Faults, Script};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use std::sync::Arc;
use uuid::Uuid;

#[tokio::test]
async fn an_answer_that_comes_after_the_first_messages_changes_nothing() {
    for messages in [1, 5, 100_000] {
        let mut stage = scripted(Script::new()).await;
        stage.fake.faults(|faults| faults.answer_after = Some(messages));
        stage.next_job_is_fine().await;
        assert_eq!(stage.sent(), 1);
        stage.finish(&[]).await;
    }
}

#[tokio::test]
async fn an_old_server_that_chooses_its_own_prompt_ids_is_understood() {
    let faults = Faults {
        own_prompt_ids: true,
        old_messages: true,
        interrupt_ignores_id: true,
        missing_routes: vec!["/features".into(), "/api/jobs".into()],
        ..Faults::default()
    };
    let mut stage = Stage::with(FakeComfy::builder().faults(faults).version("0.3.40").speed(0.0)).await;
    for _ in 0..2 {
        let queue_id = stage.submit().await;
        let generation = stage.completes(&queue_id).await;
        let theirs = stage.fake.submitted().last().unwrap().prompt_id.clone().unwrap();
        assert_eq!(generation["promptId"], theirs.as_str());
        assert_eq!(stage.monitor.fetch(&format!("/v1/jobs/{theirs}")).await["queueId"], queue_id.as_str());
    }
    stage.finish(&[]).await;
}

#[tokio::test]
async fn an_old_server_that_answers_late_with_its_own_id_is_understood() {
    let faults = Faults { own_prompt_ids: true, answer_after: Some(6), ..Faults::default() };
    let mut stage = Stage::with(FakeComfy::builder().faults(faults).speed(0.0)).await;
    stage.next_job_is_fine().await;
    assert_eq!(stage.sent(), 1);
    let list = stage.monitor.fetch("/v1/generations").await;
    assert_eq!(list["items"].as_array().unwrap().len(), 1, "{list}");
    stage.finish(&[]).await;
}

#[tokio::test]
async fn what_is_submitted_while_the_server_is_away_is_sent_when_it_is_there() {
    let fake = start(FakeComfy::builder().speed(0.0)).await;
    fake.kill().await;
    let folder = DataDir::new();
    let monitor = Monitor::start(&folder, &[fake.base_url()]).await;
    let away = monitor.instance_when(|instance| instance["reason"].is_string()).await;
    assert!(["connecting", "disconnected"].contains(&away["state"].as_str().unwrap()), "{away}");
    assert!(away["nextTryAt"].is_string(), "{away}");
    let mut live = monitor.live().await;
    let (queue_id, body) = submission();
    live.subscribe(&queue_id).await;
    let generation = monitor.submit(&body).await;
    assert_eq!(generation["status"], "pending", "{generation}");
    fake.restart().await.unwrap();
    let mut stage = Stage { fake, folder, monitor, live };
    stage.completes(&queue_id).await;
    assert_eq!(stage.sent(), 1);
    assert_eq!(stage.monitor.connected().await["reason"], Value::Null);
    stage.finish(&[]).await;
}

#[tokio::test]
async fn the_same_idempotency_key_gives_the_same_generation_and_the_same_queue_id_a_conflict() {
    let stage = scripted(Script::new()).await;
    let body = json!({"workflow": portrait(), "idempotencyKey": "once"});
    let first = stage.monitor.submit(&body).await;
    let (status, again) = stage.monitor.post("/v1/generations", &body).await;
    assert_eq!((status, &again["queueId"]), (StatusCode::OK, &first["queueId"]), "{again}");
    let body = json!({"workflow": portrait(), "queueId": first["queueId"]});
    let (status, problem) = stage.monitor.post("/v1/generations", &body).await;
    assert_eq!(status, StatusCode::CONFLICT, "{problem}");
    assert!(problem["detail"].is_string() && problem["title"].is_string(), "{problem}");
    stage.completes_unseen(first["queueId"].as_str().unwrap()).await;
    assert_eq!(stage.sent(), 1);
    stage.finish(&[]).await;
}

#[tokio::test]
async fn overrides_reach_the_server_with_every_digit() {
    let mut stage = scripted(Script::new()).await;
    let queue_id = Uuid::new_v4().to_string();
    stage.live.subscribe(&queue_id).await;
    let overrides = json!({"3": {"seed": "18446744073709551615", "steps": 5}, "6": {"text": "a \"lighthouse\"\n"}});
    let body = json!({"workflow": portrait(), "overrides": overrides, "queueId": queue_id, "title": "Light",
                      "metadata": {"Some Key": [1, {"snake_case": null}]}});
    stage.monitor.submit(&body).await;
    let generation = stage.completes(&queue_id).await;
    let sent = stage.fake.submitted()[0].body.clone();
    let inputs = |node: &str, input: &str| sent["prompt"][node]["inputs"][input].clone();
    assert_eq!(inputs("3", "seed"), json!(u64::MAX));
    assert_eq!((inputs("3", "steps"), inputs("6", "text")), (json!(5), json!("a \"lighthouse\"\n")));
    assert_eq!((&generation["title"], &generation["metadata"]), (&body["title"], &body["metadata"]));
    let prompt_id = generation["promptId"].as_str().unwrap();
    let workflow = stage.monitor.fetch(&format!("/v1/jobs/{prompt_id}/workflow")).await;
    assert_eq!(workflow, sent["prompt"]);
    stage.finish(&[]).await;
}

#[tokio::test]
async fn a_picture_that_carries_its_workflow_is_a_submission() {
    let stage = scripted(Script::new()).await;
    let picture = bytes("holiday.png", &Traits { animated: false, prompt: Some(Arc::new(portrait())) });
    let part = reqwest::multipart::Part::bytes(picture).file_name("holiday.png").mime_str("image/png").unwrap();
    let form = reqwest::multipart::Form::new().part("file", part);
    let response = stage.monitor.request(Method::POST, "/v1/generations").multipart(form).send().await.unwrap();
    assert_eq!(response.status(), StatusCode::CREATED);
    let location = response.headers()["location"].to_str().unwrap().to_owned();
    let generation: Value = response.json().await.unwrap();
    let queue_id = generation["queueId"].as_str().unwrap();
    assert_eq!(location, format!("/v1/generations/{queue_id}"));
    stage.completes_unseen(queue_id).await;
    assert_eq!(stage.fake.submitted()[0].body["prompt"], portrait());
    stage.finish(&[]).await;
}

#[tokio::test]
async fn a_caller_that_hangs_up_while_the_server_thinks_leaves_a_job_that_is_sent_once_and_ends() {
    let stage = scripted(held()).await;
    stage.fake.faults(|faults| faults.answer_after = Some(100_000));
    let (queue_id, body) = submission();
    let asking = tokio::spawn(stage.monitor.request(Method::POST, "/v1/generations").json(&body).send());
    stage.held().await;
    asking.abort();
    let _ = asking.await;
    stage.fake.release();
    stage.completes_unseen(&queue_id).await;
    assert_eq!(stage.sent(), 1);
    stage.finish(&[]).await;
}

#[tokio::test]
async fn two_jobs_wait_in_line_with_their_places() {
    let mut stage = scripted(held()).await;
    let jobs = [stage.submit().await, stage.submit().await, stage.submit().await];
    stage.held().await;
    for (queue_id, place) in jobs[1..].iter().zip(1..) {
        stage.monitor.generation_when(queue_id, |generation| generation["queuePosition"] == place).await;
    }
    for queue_id in &jobs {
        stage.held().await;
        stage.fake.release();
        stage.live.end_of(queue_id).await;
        stage.fake_when("the next job", |state| state.running.is_none() || state.held).await;
    }
    stage.live.catch_up().await;
    for queue_id in &jobs {
        assert_frames(&stage.live.of(queue_id));
        assert_ended(&stage.monitor, queue_id).await;
    }
    stage.finish(&[]).await;
}
