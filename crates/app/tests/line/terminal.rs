//! `run` and `serve --demo`, as people use them in a terminal.

use crate::process::{DataDir, Monitor, output};
use crate::stage::scripted;
use crate::workflows::portrait;
use monitor_testkit::{Failure, FakeComfy, NodeScript, Script};
use serde_json::{Value, json};

/// What a command said and how it ended.
struct Said {
    code: Option<i32>,
    out: Vec<String>,
    err: Vec<String>,
}

async fn run(folder: &DataDir, workflow: &Value, more: &[&str]) -> Said {
    std::fs::write(folder.outside().join("workflow.json"), workflow.to_string()).unwrap();
    let args = [&["run", "workflow.json"], more].concat();
    let output = output(folder.outside(), &args).await;
    let lines = |bytes: &[u8]| String::from_utf8_lossy(bytes).lines().map(str::to_owned).collect();
    Said { code: output.status.code(), out: lines(&output.stdout), err: lines(&output.stderr) }
}

fn failing() -> Script {
    Script::new().node("3", NodeScript::new().failing(Failure::out_of_memory()))
}

#[tokio::test]
async fn run_through_a_running_monitor_follows_the_job_and_saves_its_files() {
    let stage = scripted(Script::new()).await;
    let server = stage.monitor.url("");
    let folder = DataDir::new();
    let said = run(&folder, &portrait(), &["--server", &server, "--set", "3.seed=18446744073709551615"]).await;
    assert_eq!(said.code, Some(0), "{:?}", said.err);
    assert_eq!(stage.fake.submitted()[0].body["prompt"]["3"]["inputs"]["seed"], json!(u64::MAX));

    let said = run(&folder, &portrait(), &["--server", &server, "--json", "--save", "out"]).await;
    assert_eq!(said.code, Some(0), "{:?}", said.err);
    let lines: Vec<Value> = said.out.iter().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(lines.iter().any(|line| line["type"] == "completed"), "{lines:?}");
    let result = lines.last().unwrap();
    assert_eq!((&result["type"], &result["generation"]["status"]), (&json!("result"), &json!("completed")));
    let saved = result["saved"].as_array().unwrap();
    assert!(!saved.is_empty());
    for path in saved {
        assert!(folder.outside().join(path.as_str().unwrap()).is_file(), "{path}");
    }
    stage.finish(&[]).await;
}

#[tokio::test]
async fn run_says_by_its_exit_code_how_the_job_ended() {
    let stage = scripted(failing()).await;
    let server = stage.monitor.url("");
    let folder = DataDir::new();
    let failed = run(&folder, &portrait(), &["--server", &server]).await;
    assert_eq!(failed.code, Some(1), "{:?}", failed.err);
    assert!(failed.err.join("\n").contains("OutOfMemoryError"), "{:?}", failed.err);
    stage.fake.faults(|faults| faults.refuse = monitor_testkit::Times::Always);
    let refused = run(&folder, &portrait(), &["--server", &server]).await;
    assert_eq!(refused.code, Some(2), "{:?}", refused.err);
    stage.finish(&[]).await;
}

#[tokio::test]
async fn run_goes_straight_to_a_server_and_leaves_nothing_behind() {
    let fake = FakeComfy::builder().speed(0.0).start().await.unwrap();
    let folder = DataDir::new();
    let said = run(&folder, &portrait(), &["--comfyui", &fake.base_url()]).await;
    assert_eq!(said.code, Some(0), "{:?}", said.err);
    let words = said.err.join("\n");
    assert!(words.contains("K-Sampler"), "{words}");
    crate::process::assert_quiet(&said.err, &[]);
    let left: Vec<_> = std::fs::read_dir(folder.outside()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["workflow.json"]);
}

#[tokio::test]
async fn the_demo_comes_to_a_completed_job_by_itself() {
    let folder = DataDir::new();
    let monitor = Monitor::start_with(&folder, &[], &["--demo"], None).await;
    let list = monitor
        .when("/v1/generations?status=completed", |list| {
            list["items"].as_array().is_some_and(|items| !items.is_empty())
        })
        .await;
    let generation = monitor.generation(list["items"][0]["queueId"].as_str().unwrap()).await;
    assert!(!generation["outputs"].as_array().unwrap().is_empty(), "{generation}");
    let instances = monitor.fetch("/v1/instances").await;
    assert!(instances["items"].as_array().unwrap().iter().any(|instance| instance["demo"] == true), "{instances}");
    monitor.finish(&[]).await;
}
