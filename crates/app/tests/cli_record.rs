//! `record` against the fake server: what it writes can be played.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on ends")]

use monitor_testkit::{FakeComfy, Tape, demo};
use std::path::Path;

async fn record(folder: &Path, arguments: &[&str]) -> std::process::Output {
    tokio::process::Command::new(env!("CARGO_BIN_EXE_comfyui-monitor"))
        .arg("record")
        .args(arguments)
        .current_dir(folder)
        .env("HOME", folder)
        .output()
        .await
        .unwrap()
}

#[tokio::test]
async fn a_workflow_is_recorded_and_the_tape_holds_its_job_and_its_history() {
    let folder = tempfile::tempdir().unwrap();
    let fake = FakeComfy::builder().speed(0.0).start().await.unwrap();
    std::fs::write(folder.path().join("w.json"), serde_json::to_string(&demo::portrait()).unwrap()).unwrap();
    let url = fake.base_url();
    let output = record(folder.path(), &["tape", "--comfyui", &url, "--workflow", "w.json"]).await;
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));

    let tape = Tape::read(&folder.path().join("tape")).unwrap();
    assert_eq!(tape.jobs.len(), 1);
    assert_eq!(tape.jobs[0].graph().unwrap().len(), demo::portrait().len());
    assert!(tape.jobs[0].play.as_ref().is_some_and(|play| play.history.is_some() && !play.steps.is_empty()));
    assert!(tape.object_info.contains_key("KSampler"));

    let again = record(folder.path(), &["tape", "--comfyui", &url, "--workflow", "w.json"]).await;
    assert_eq!(again.status.code(), Some(2), "a recording is never overwritten");
}
