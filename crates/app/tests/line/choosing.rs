//! Several servers: where a job goes that nobody gave a place.

use crate::process::{DataDir, Monitor, patiently};
use crate::stage::start;
use crate::workflows::{held, portrait};
use monitor_testkit::FakeComfy;
use reqwest::StatusCode;
use serde_json::json;

#[tokio::test]
async fn a_job_goes_where_it_would_wait_least_and_reading_its_workflow_says_where() {
    let busy = start(FakeComfy::builder().script(held()).speed(0.0)).await;
    let idle = start(FakeComfy::builder().speed(0.0)).await;
    let folder = DataDir::new();
    let monitor = Monitor::start(&folder, &[busy.base_url(), idle.base_url()]).await;
    let connected = |instance: &serde_json::Value| instance["state"] == "connected";
    let list = monitor.when("/v1/instances", |list| list["items"].as_array().unwrap().iter().all(connected)).await;
    let [first, second] = [0, 1].map(|at| list["items"][at]["instanceId"].clone());

    let waits = monitor.submit(&json!({"workflow": portrait(), "instanceId": first})).await;
    patiently("the job to stand still", busy.wait_until(|state| state.held)).await;
    monitor.when("/v1/instances", |list| !list["items"][0]["running"].as_array().unwrap().is_empty()).await;

    let (status, read) = monitor.post("/v1/workflows", &portrait()).await;
    assert_eq!((status, &read["instanceId"]), (StatusCode::OK, &second), "{read}");
    assert_eq!(read["estimatedWaitTime"], 0, "nothing runs there: {read}");
    let (_, read) = monitor.post("/v1/workflows", &json!({"workflow": portrait(), "instanceId": first})).await;
    assert_eq!(read["instanceId"], first, "{read}");
    assert!(read["estimatedWaitTime"].is_u64(), "{read}");

    let goes = monitor.submit(&json!({"workflow": portrait()})).await;
    let ended = monitor.ended(goes["queueId"].as_str().unwrap()).await;
    assert_eq!((&ended["status"], &ended["instanceId"]), (&json!("completed"), &second), "{ended}");
    busy.release();
    monitor.ended(waits["queueId"].as_str().unwrap()).await;
    monitor.finish(&[]).await;
}
