//! The script with the real monitor, a fake ComfyUI and a bus.

use crate::bus::Bus;
use crate::process::{Started, patiently};
use monitor_testkit::FakeComfy;
use serde_json::{Map, Value, json};
use std::path::Path;

fn start(folder: &Path, comfyui: &FakeComfy, aws: &str) -> Started {
    let port = comfyui.addr().port().to_string();
    Started::new(
        folder,
        &["--id", "gpu-1", "--progress", "bus"],
        &[
            ("MONITOR_PROGRAM", env!("CARGO_BIN_EXE_comfyui-monitor")),
            ("COMFYUI_PORT", &port),
            ("COMFYUI_MONITOR_DATA_DIR", folder.join("data").to_str().unwrap()),
            ("COMFYUI_MONITOR_AWS_BUCKET", "bucket"),
            ("EVENTBRIDGE_BUS_NAME", "bus"),
            ("AWS_REGION", "us-east-1"),
            ("AWS_ACCESS_KEY_ID", "test"),
            ("AWS_SECRET_ACCESS_KEY", "test"),
            ("AWS_ENDPOINT_URL", aws),
            ("AWS_MAX_ATTEMPTS", "1"),
            ("NO_PROXY", "*"),
        ],
    )
}

fn job() -> Map<String, Value> {
    let body = json!({"prompt": {"1": {"class_type": "EmptyLatentImage", "inputs": {}}}, "client_id": "another"});
    body.as_object().unwrap().clone()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_monitor_watches_publishes_and_says_goodbye_before_it_ends() {
    let comfyui = FakeComfy::builder().speed(0.0).validation(false).start().await.unwrap();
    let (bus, folder) = (Bus::default(), tempfile::tempdir().unwrap());
    let mut started = start(folder.path(), &comfyui, &bus.start().await);
    let told = |wanted: &str| bus.told().iter().any(|detail_type| detail_type == wanted).then_some(());
    patiently("Monitor Initialized", || told("Monitor Initialized"));
    comfyui.submit(&job()).unwrap();
    patiently("Job Completed", || told("Job Completed"));
    started.signal("TERM");
    assert_eq!(started.ended().code(), Some(0));
    assert_eq!(bus.told().last().map(String::as_str), Some("Monitor Stopped"), "{:?}", started.log());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_bus_did_not_take_is_told_at_the_next_start() {
    let comfyui = FakeComfy::builder().speed(0.0).start().await.unwrap();
    let (bus, folder) = (Bus::default(), tempfile::tempdir().unwrap());
    let aws = bus.start().await;
    let told = |wanted: &str| bus.told().iter().any(|detail_type| detail_type == wanted).then_some(());

    let mut first = start(folder.path(), &comfyui, &aws);
    patiently("Monitor Initialized", || told("Monitor Initialized"));
    bus.set_away(true);
    first.signal("TERM");
    assert_eq!(first.ended().code(), Some(0));
    assert_eq!(told("Monitor Stopped"), None);

    bus.set_away(false);
    let mut second = start(folder.path(), &comfyui, &aws);
    patiently("Monitor Stopped", || told("Monitor Stopped"));
    second.signal("TERM");
    assert_eq!(second.ended().code(), Some(0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_bus_it_says_what_is_missing_and_is_not_started_again() {
    let folder = tempfile::tempdir().unwrap();
    let variables = [
        ("MONITOR_PROGRAM", env!("CARGO_BIN_EXE_comfyui-monitor")),
        ("MONITOR_WAIT_SECONDS", "0"),
        ("COMFYUI_MONITOR_DATA_DIR", "data"),
    ];
    let mut started = Started::new(folder.path(), &[], &variables);
    assert_eq!(started.ended().code(), Some(2));
    assert!(started.log().iter().any(|line| line.contains("EVENTBRIDGE_BUS_NAME")), "{:?}", started.log());
}
