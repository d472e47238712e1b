//! Machines that come and go.

use crate::cloud::{Cloud, INSTANCE};
use crate::jobs::{server, steady, submitted, workflow};
use monitor_testkit::{NodeScript, Script};
use reqwest::{Method, StatusCode};
use serde_json::json;
use std::time::Duration;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pod_that_comes_back_empty_loses_its_job_says_so_and_runs_it_when_it_is_asked() {
    let cloud = Cloud::deployed(None, &[]);
    let lasting = Script::new().class("KSampler", NodeScript::new().lasting(Duration::from_mins(1)).steps(600));
    let fake = server(lasting).await;
    let sidecar = cloud.monitor(&fake, "both").await;
    let mut live = cloud.live().await;
    let queue_id = submitted(&cloud, &mut live, 1).await;
    live.until("a step", |frame| frame["type"] == "job_progress" && frame["nodes"][0]["value"].is_number()).await;

    // Gone, without a word, and with it its folder and its ComfyUI.
    drop(sidecar);
    drop(fake);
    let unwanted = cloud.submit(&json!({"workflow": workflow(2), "instanceId": INSTANCE})).await;
    let unwanted = format!("/v1/generations/{}", unwanted["queueId"].as_str().unwrap());
    assert_eq!(cloud.request(Method::POST, &format!("{unwanted}/cancel"), None).await.0, StatusCode::ACCEPTED);
    let (_, running) = cloud.request(Method::GET, &format!("/v1/generations/{queue_id}"), None).await;
    assert_eq!(running["status"], "processing");

    let fake = server(steady()).await;
    let sidecar = cloud.monitor(&fake, "both").await;
    let end = live.end_of(&queue_id).await;
    assert_eq!((&end["type"], &end["error"]["type"]), (&json!("job_failed"), &json!("instance_lost")), "{end}");
    let path = format!("/v1/generations/{queue_id}");
    assert_eq!(
        cloud.when(&path, |generation| generation["status"] == "failed").await["error"]["type"],
        "instance_lost"
    );
    // What waited in the queue meanwhile was done, in whatever order it came.
    cloud.when(&unwanted, |generation| generation["status"] == "interrupted").await;

    let (status, problem) = cloud.request(Method::POST, &format!("{path}/retry"), Some(&json!({}))).await;
    assert_eq!(status, StatusCode::ACCEPTED, "{problem}");
    let again = cloud.when(&path, |generation| generation["status"] == "completed").await;
    assert_eq!(again["attempts"].as_array().unwrap().len(), 2, "{again}");
    assert_eq!(again["outputs"][0]["status"], "stored");

    sidecar.finish(&[]).await;
    cloud.assert_quiet();
}
