//! Jobs that somebody else submitted.

use crate::process::{DataDir, Monitor};
use crate::story::assert_ended;
use crate::workflows::tape;
use monitor_testkit::play::Ending;
use monitor_testkit::{FakeComfy, Programme, Script};
use serde_json::{Value, json};

/// Jobs of a recording, submitted by the clients on it while we look on.
async fn watch(name: &str) {
    let tape = tape(name);
    let fake = FakeComfy::builder().tape(tape.clone()).speed(0.0).start().await.unwrap();
    let folder = DataDir::new();
    let monitor = Monitor::start(&folder, &[fake.base_url()]).await;
    monitor.connected().await;
    let mut live = monitor.live().await;
    live.subscribe("*").await;
    let mut seen = 0;
    for job in &tape.jobs {
        let prompt_id = fake.submit(&job.body).unwrap();
        let path = format!("/v1/jobs/{prompt_id}");
        let over = |job: &Value| job["status"] != "pending" && job["status"] != "processing";
        let generation = monitor.when(&path, over).await;
        assert_eq!(generation["origin"], "observed", "{generation}");
        let status = match job.play.as_ref().map(|play| &play.ending) {
            Some(Ending::Error(_) | Ending::Lost) => "failed",
            Some(Ending::Interrupted(_)) => "interrupted",
            Some(Ending::Success) | None => "completed",
        };
        assert_eq!(generation["status"], status, "{name}: {generation}");
        let queue_id = generation["queueId"].as_str().unwrap().to_owned();
        live.until("an update of it", |frame| {
            frame["type"] == "generation_update"
                && frame["generation"]["queueId"] == queue_id.as_str()
                && frame["generation"]["status"] == status
        })
        .await;
        assert_ended(&monitor, &queue_id).await;
        seen += 1;
    }
    let list = monitor.fetch("/v1/generations?limit=200").await;
    assert_eq!(list["items"].as_array().unwrap().len(), seen, "{list}");
    drop(live);
    monitor.finish(&[]).await;
}

#[tokio::test]
async fn jobs_of_other_clients_are_seen_with_their_ends() {
    watch("13-queue-and-observer").await;
}

#[tokio::test]
async fn jobs_without_a_client_id_are_seen_with_their_ends() {
    watch("13b-no-client-id").await;
}

#[tokio::test]
async fn a_programme_of_other_clients_is_followed_job_by_job() {
    let tape = tape("02-txt2img");
    let graph = monitor_testkit::demo::portrait();
    let programme = Programme::new()
        .job_of(&tape, std::time::Duration::from_millis(100))
        .scripted(graph, Script::new(), std::time::Duration::from_millis(100))
        .looping();
    let fake = FakeComfy::builder().programme(programme).speed(5.0).start().await.unwrap();
    let folder = DataDir::new();
    let monitor = Monitor::start(&folder, &[fake.base_url()]).await;
    let list = monitor
        .when("/v1/generations?status=completed", |list| list["items"].as_array().is_some_and(|items| items.len() >= 2))
        .await;
    for item in list["items"].as_array().unwrap() {
        assert_eq!(item["origin"], json!("observed"));
        let generation = assert_ended(&monitor, item["queueId"].as_str().unwrap()).await;
        assert!(!generation["outputs"].as_array().unwrap().is_empty(), "{generation}");
    }
    monitor.finish(&[]).await;
}
