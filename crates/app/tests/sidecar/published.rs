//! The script with the real monitor, a fake ComfyUI and a bus.

use crate::bus::Bus;
use crate::process::{Started, patiently};
use monitor_testkit::FakeComfy;
use serde_json::{Map, Value, json};
use std::path::Path;

const KEYS: [(&str, &str); 2] = [("AWS_ACCESS_KEY_ID", "test"), ("AWS_SECRET_ACCESS_KEY", "test")];

fn start(folder: &Path, comfyui: &FakeComfy, aws: &str, credentials: &[(&str, &str)]) -> Started {
    let port = comfyui.addr().port().to_string();
    let data = folder.join("data");
    let mut variables = vec![
        ("MONITOR_PROGRAM", env!("CARGO_BIN_EXE_comfyui-monitor")),
        ("COMFYUI_PORT", &port),
        ("COMFYUI_MONITOR_DATA_DIR", data.to_str().unwrap()),
        ("COMFYUI_MONITOR_AWS_BUCKET", "bucket"),
        ("EVENTBRIDGE_BUS_NAME", "bus"),
        ("AWS_REGION", "us-east-1"),
        ("AWS_ENDPOINT_URL", aws),
        ("AWS_MAX_ATTEMPTS", "1"),
        ("NO_PROXY", "*"),
    ];
    variables.extend(credentials);
    Started::new(folder, &["--id", "gpu-1", "--progress", "bus"], &variables)
}

fn job() -> Map<String, Value> {
    let body = json!({"prompt": {"1": {"class_type": "EmptyLatentImage", "inputs": {}}}, "client_id": "another"});
    body.as_object().unwrap().clone()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_monitor_watches_publishes_and_says_goodbye_before_it_ends() {
    let comfyui = FakeComfy::builder().speed(0.0).validation(false).start().await.unwrap();
    let (bus, folder) = (Bus::default(), tempfile::tempdir().unwrap());
    let mut started = start(folder.path(), &comfyui, &bus.start().await, &KEYS);
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

    let mut first = start(folder.path(), &comfyui, &aws, &KEYS);
    patiently("Monitor Initialized", || told("Monitor Initialized"));
    bus.set_away(true);
    first.signal("TERM");
    assert_eq!(first.ended().code(), Some(0));
    assert_eq!(told("Monitor Stopped"), None);

    bus.set_away(false);
    let mut second = start(folder.path(), &comfyui, &aws, &KEYS);
    patiently("Monitor Stopped", || told("Monitor Stopped"));
    second.signal("TERM");
    assert_eq!(second.ended().code(), Some(0));
}

/// As IAM Roles Anywhere gives a role to a machine that is not of AWS.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn credentials_may_come_from_a_program_that_a_profile_names() {
    let comfyui = FakeComfy::builder().speed(0.0).start().await.unwrap();
    let (bus, folder) = (Bus::default(), tempfile::tempdir().unwrap());
    let profile = folder.path().join("profile");
    let said = r#"{"Version": 1, "AccessKeyId": "by-certificate", "SecretAccessKey": "secret"}"#;
    std::fs::write(folder.path().join("said"), said).unwrap();
    std::fs::write(&profile, "[default]\ncredential_process = cat said\n").unwrap();
    let variables = [("AWS_CONFIG_FILE", profile.to_str().unwrap())];
    let mut started = start(folder.path(), &comfyui, &bus.start().await, &variables);
    patiently("Monitor Initialized", || bus.told().iter().any(|told| told == "Monitor Initialized").then_some(()));
    assert_eq!(bus.signed_by(), ["by-certificate".to_owned()].into());
    started.signal("TERM");
    assert_eq!(started.ended().code(), Some(0));
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
