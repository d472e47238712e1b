//! The server's own state: queue, interruption, cancellation, history, death.

mod client;

use client::{Frame, Socket, get, kinds, patiently, post, raw, submit};
use monitor_testkit::{Failure, FakeComfy, NodeScript, Script, demo};
use serde_json::{Value, json};

/// A server whose sampler stands still after its second step, until released.
#[allow(clippy::unwrap_used)]
async fn holding() -> FakeComfy {
    let script = Script::new().node("3", NodeScript::new().held_at(2));
    FakeComfy::builder().script(script).speed(0.0).seed(1).start().await.unwrap()
}

#[allow(clippy::unwrap_used)]
async fn quick() -> FakeComfy {
    FakeComfy::builder().speed(0.0).seed(1).start().await.unwrap()
}

fn portrait(client: &str) -> Value {
    json!({"prompt": demo::portrait(), "client_id": client})
}

async fn held(fake: &FakeComfy) {
    patiently("the hold", fake.wait_until(|state| state.held)).await;
}

#[tokio::test]
async fn any_graph_runs_to_its_end_in_the_recorded_order() {
    let fake = quick().await;
    let mut socket = Socket::open(&fake, "me").await;
    let id = submit(&fake, &portrait("me")).await;
    let frames = socket.job().await;
    let kinds = kinds(&frames);
    assert_eq!(kinds[..6], ["status", "status", "execution_start", "execution_cached", "progress_state", "executing"]);
    assert_eq!(kinds[kinds.len() - 3..], ["execution_success", "status", "executing"]);
    let bars: Vec<_> = frames
        .iter()
        .filter(|frame| frame.kind() == "progress")
        .map(|frame| frame.data()["value"].as_u64().unwrap())
        .collect();
    assert_eq!(bars, (1..=24).collect::<Vec<_>>(), "every step of the sampler has a preview, so none is throttled");
    let executed = frames.iter().position(|frame| frame.kind() == "executed").unwrap();
    assert_eq!(frames[executed].data()["output"]["images"][0]["filename"], "portrait_00001_.png");
    assert_eq!(frames[executed + 1].data()["nodes"]["9"]["state"], "finished");
    let state = frames.iter().rev().find(|frame| frame.kind() == "progress_state").unwrap();
    assert_eq!(state.data()["nodes"].as_object().unwrap().len(), 7);
    assert_eq!(
        state.data()["nodes"]["3"],
        json!({"value": 24, "max": 24, "state": "finished", "node_id": "3", "prompt_id": id,
        "display_node_id": "3", "parent_node_id": null, "real_node_id": "3"})
    );
}

#[tokio::test]
async fn history_has_a_job_only_when_executing_of_nothing_was_sent() {
    let fake = holding().await;
    let id = submit(&fake, &portrait("me")).await;
    held(&fake).await;
    assert_eq!(get(&fake, &format!("/history/{id}")).await.json(), json!({}));
    assert_eq!(get(&fake, &format!("/api/jobs/{id}")).await.json()["status"], "in_progress");
    fake.release();
    patiently("the end", fake.wait_idle()).await;
    let entry = get(&fake, &format!("/api/history/{id}")).await.json()[&id].clone();
    let messages: Vec<_> =
        entry["status"]["messages"].as_array().unwrap().iter().map(|message| message[0].clone()).collect();
    assert_eq!(json!(messages), json!(["execution_start", "execution_cached", "execution_success"]));
    assert_eq!(entry["prompt"][3]["client_id"], "me");
    assert_eq!(entry["prompt"][4], json!(["9"]));
    assert_eq!(
        entry["meta"]["9"],
        json!({"node_id": "9", "display_node": "9", "parent_node": null, "real_node_id": "9"})
    );
    assert_eq!(entry["outputs"]["9"]["images"][0]["subfolder"], "demo");
    let job = get(&fake, &format!("/api/jobs/{id}")).await.json();
    assert_eq!(
        (&job["status"], &job["outputs_count"], &job["preview_output"]["nodeId"]),
        (&json!("completed"), &json!(1), &json!("9"))
    );
    assert_eq!(job["workflow"]["prompt"], Value::Object(demo::portrait()));
}

#[tokio::test]
async fn an_interruption_ends_what_runs_with_the_node_it_ran_and_only_if_it_names_no_other_job() {
    let fake = holding().await;
    let mut socket = Socket::open(&fake, "me").await;
    let id = submit(&fake, &portrait("me")).await;
    held(&fake).await;
    post(&fake, "/interrupt", &json!({"prompt_id": "00000000-0000-4000-8000-000000000000"})).await;
    assert!(fake.state().held, "another job's interruption is not for this one");
    post(&fake, "/interrupt", &json!({"prompt_id": id})).await;
    let frames = socket.job().await;
    let kinds = kinds(&frames);
    assert_eq!(kinds[kinds.len() - 3..], ["execution_interrupted", "status", "executing"]);
    let data = frames[frames.len() - 3].data();
    assert_eq!((&data["node_id"], &data["node_type"]), (&json!("3"), &json!("KSampler")));
    assert_eq!(data["executed"].as_array().unwrap().len(), 4);
    assert_eq!(get(&fake, &format!("/api/jobs/{id}")).await.json()["status"], "cancelled");
    assert_eq!(fake.interrupts(), [Some("00000000-0000-4000-8000-000000000000".to_owned()), Some(id)]);
}

#[tokio::test]
async fn an_interruption_with_a_broken_body_stops_whatever_runs_and_one_while_idle_nothing() {
    let fake = holding().await;
    assert_eq!(raw(&fake, "POST /interrupt HTTP/1.1", b"").await.unwrap().status, 200);
    let id = submit(&fake, &portrait("me")).await;
    held(&fake).await;
    assert_eq!(raw(&fake, "POST /interrupt HTTP/1.1", b"{nope").await.unwrap().status, 200);
    patiently("the end", fake.wait_idle()).await;
    let entry = get(&fake, &format!("/history/{id}")).await.json()[&id].clone();
    assert_eq!(entry["status"]["messages"][2][0], "execution_interrupted");
    assert_eq!(entry["status"]["status_str"], "error");
}

#[tokio::test]
async fn an_uninterruptible_node_is_stopped_only_when_it_is_done() {
    let script = Script::new().node("3", NodeScript::new().steps(3).uninterruptible().held_at(1));
    let fake = FakeComfy::builder().script(script).speed(0.0).start().await.unwrap();
    let mut socket = Socket::open(&fake, "me").await;
    submit(&fake, &portrait("me")).await;
    held(&fake).await;
    post(&fake, "/interrupt", &json!({})).await;
    fake.release();
    let frames = socket.job().await;
    let last = frames.iter().rev().find(|frame| frame.kind() == "progress_state").unwrap();
    assert_eq!(last.data()["nodes"]["3"]["state"], "finished");
    assert!(kinds(&frames).contains(&"execution_interrupted"));
}

#[tokio::test]
async fn a_job_deleted_while_it_waits_sends_nothing_and_leaves_nothing() {
    let fake = holding().await;
    let mut socket = Socket::open(&fake, "me").await;
    submit(&fake, &portrait("other")).await;
    held(&fake).await;
    let waiting = submit(&fake, &portrait("me")).await;
    assert_eq!(get(&fake, &format!("/api/jobs/{waiting}")).await.json()["status"], "pending");
    post(&fake, "/queue", &json!({"delete": [waiting, "unknown"]})).await;
    let mut lengths = Vec::new();
    for _ in 0..5 {
        lengths.push(socket.until("status").await.data()["status"]["exec_info"]["queue_remaining"].as_u64().unwrap());
    }
    assert_eq!(lengths, [1, 1, 2, 1, 1], "the last waiting job is told twice");
    assert_eq!(get(&fake, &format!("/history/{waiting}")).await.json(), json!({}));
    assert_eq!(get(&fake, &format!("/api/jobs/{waiting}")).await.status, 404);
}

#[tokio::test]
async fn cancel_takes_out_waiting_jobs_and_interrupts_the_running_one() {
    let fake = holding().await;
    let running = submit(&fake, &portrait("me")).await;
    held(&fake).await;
    let waiting = submit(&fake, &portrait("me")).await;
    let cancel =
        async |id: &str| post(&fake, &format!("/api/jobs/{id}/cancel"), &json!({})).await.json()["cancelled"].clone();
    assert_eq!(cancel(&waiting).await, true);
    assert_eq!(cancel(&running).await, true);
    patiently("the end", fake.wait_idle()).await;
    assert_eq!(cancel(&running).await, false);
    assert_eq!(fake.state().history, [running]);
    let bad = post(&fake, "/api/jobs/cancel", &json!({"job_ids": ["x"]})).await;
    assert_eq!((bad.status, bad.json()["invalid_ids"].clone()), (400, json!(["x"])));
}

#[tokio::test]
async fn clear_empties_queue_and_history() {
    let fake = holding().await;
    for _ in 0..3 {
        submit(&fake, &portrait("me")).await;
    }
    held(&fake).await;
    post(&fake, "/queue", &json!({"clear": true})).await;
    assert_eq!(get(&fake, "/prompt").await.json(), json!({"exec_info": {"queue_remaining": 1}}));
    fake.release();
    patiently("the end", fake.wait_idle()).await;
    assert_eq!(get(&fake, "/history").await.json().as_object().unwrap().len(), 1);
    post(&fake, "/history", &json!({"clear": true})).await;
    assert_eq!(get(&fake, "/history").await.json(), json!({}));
}

#[tokio::test]
async fn jobs_are_listed_newest_first_filtered_and_in_pages() {
    let script =
        Script::new().node("3", NodeScript::new().failing(Failure::error("ValueError", "bad").at_step(2).times(1)));
    let fake = FakeComfy::builder().script(script).speed(0.0).start().await.unwrap();
    for _ in 0..3 {
        submit(&fake, &portrait("me")).await;
        patiently("the end", fake.wait_idle()).await;
    }
    let all = get(&fake, "/api/jobs?limit=2").await.json();
    assert_eq!(all["pagination"], json!({"offset": 0, "limit": 2, "total": 3, "has_more": true}));
    assert_eq!(all["jobs"].as_array().unwrap().len(), 2);
    let failed = get(&fake, "/api/jobs?status=failed,cancelled").await.json();
    assert_eq!(failed["jobs"].as_array().unwrap().len(), 1);
    assert_eq!(failed["jobs"][0]["execution_error"]["exception_type"], "ValueError");
    let bogus = get(&fake, "/api/jobs?status=bogus").await;
    assert_eq!(
        (bogus.status, bogus.json()),
        (
            400,
            json!({"error": "Invalid status value(s): bogus. Valid values: pending, in_progress, completed, failed, cancelled"})
        )
    );
    assert_eq!(get(&fake, "/api/jobs?limit=0").await.json(), json!({"error": "limit must be a positive integer"}));
    let history = get(&fake, "/history?max_items=1").await.json();
    assert_eq!(history.as_object().unwrap().keys().collect::<Vec<_>>(), [&fake.state().history[2]]);
    let oldest = get(&fake, "/history?max_items=1&offset=0").await.json();
    assert_eq!(oldest.as_object().unwrap().keys().collect::<Vec<_>>(), [&fake.state().history[0]]);
    assert_eq!(get(&fake, "/history?max_items=x").await.status, 500);
}

#[tokio::test]
async fn a_kill_ends_every_connection_without_a_word_and_closes_the_port() {
    let fake = holding().await;
    let mut socket = Socket::open(&fake, "me").await;
    submit(&fake, &portrait("me")).await;
    held(&fake).await;
    fake.kill().await;
    assert_eq!(socket.job().await.last(), Some(&Frame::End(false)));
    assert!(raw(&fake, "GET /queue HTTP/1.1", b"").await.is_err());
    assert!(!fake.state().alive);
    let addr = fake.addr();
    fake.restart().await.unwrap();
    assert_eq!(fake.addr(), addr);
    assert_eq!(get(&fake, "/queue").await.json(), json!({"queue_running": [], "queue_pending": []}));
    let (id, again) = (submit(&fake, &portrait("me")).await, fake.state());
    assert!(again.running == Some(id.clone()) || again.pending == [id]);
}
