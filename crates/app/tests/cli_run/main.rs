//! `run` and `watch` against a monitor whose use cases are a fake and whose API, hub and WebSocket are real.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on ends")]

#[allow(dead_code, reason = "the routes' tests ask it for more")]
#[path = "../api_routes/fake.rs"]
mod fake;

use comfyui_monitor::config::{Config, Environment, Secret};
use comfyui_monitor::http::{self as site, Metrics, Site};
use comfyui_monitor::live::{LiveSettings, LiveState};
use fake::FakeApi;
use monitor_pipeline::hub::{Hub, HubSettings};
use std::path::Path;
use std::process::{Output, Stdio};
use std::sync::Arc;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::net::TcpListener;
use tokio::process::Command;

const TOKEN: &str = "0123456789abcdef";

struct Served {
    api: Arc<FakeApi>,
    address: String,
    folder: tempfile::TempDir,
}

impl Served {
    async fn start() -> Served {
        let hub = Hub::new(HubSettings::default());
        let api = Arc::new(FakeApi { hub: Some(hub.clone()), ..FakeApi::default() });
        let mut config = Config::defaults(&Environment::default());
        config.token = Some(Secret::new(TOKEN));
        let site = Site::new(&config, api.clone(), Arc::new(Metrics::default()));
        let router = site::router(&site, LiveState::new(hub, api.clone(), LiveSettings::default()));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Served { api, address, folder: tempfile::tempdir().unwrap() }
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_comfyui-monitor"));
        command.args(arguments).args(["--server", &self.address]).current_dir(self.path()).kill_on_drop(true);
        command.env_clear().env("HOME", self.path()).env("COMFYUI_MONITOR_TOKEN", TOKEN);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    async fn run(&self, file: &str, more: &[&str]) -> Output {
        std::fs::write(self.path().join(file), "{}").unwrap();
        self.command(&[&["run", file], more].concat()).output().await.unwrap()
    }
}

fn err(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[tokio::test]
async fn a_job_that_completes_ends_with_0_and_its_outputs_are_saved_under_safe_names() {
    let served = Served::start().await;
    let output = served.run("good.json", &["--set", "3.seed=18446744073709551615", "--save", "out"]).await;
    assert_eq!(output.status.code(), Some(0), "{}", err(&output));
    assert!(err(&output).contains("100%  Done"), "{}", err(&output));
    assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), "out/dusk.png");
    assert_eq!(std::fs::read(served.path().join("out/dusk.png")).unwrap(), fake::BYTES);
    assert_eq!(std::fs::read_dir(served.path().join("out")).unwrap().count(), 1, "no previews");
    let submitted = served.api.submitted.lock().unwrap();
    assert_eq!(submitted[0].overrides["3"]["seed"], u64::MAX);
}

#[tokio::test]
async fn a_job_that_fails_ends_with_1_and_one_that_is_stopped_with_3() {
    let served = Served::start().await;
    let failed = served.run("bad.json", &[]).await;
    assert_eq!(failed.status.code(), Some(1), "{}", err(&failed));
    assert!(err(&failed).contains("ValueError: bad value"), "{}", err(&failed));
    let stopped = served.run("stopped.json", &[]).await;
    assert_eq!(stopped.status.code(), Some(3), "{}", err(&stopped));
}

#[tokio::test]
async fn a_refused_workflow_ends_with_2_and_its_reasons() {
    let served = Served::start().await;
    let output = served.run("refused.json", &[]).await;
    assert_eq!(output.status.code(), Some(2));
    assert!(err(&output).contains("no such model") && err(&output).contains("4: not there"), "{}", err(&output));
}

#[tokio::test]
async fn a_job_that_takes_too_long_is_cancelled_and_ends_with_1() {
    let served = Served::start().await;
    let output = served.run("long.json", &["--timeout", "300ms"]).await;
    assert_eq!(output.status.code(), Some(1), "{}", err(&output));
    assert!(err(&output).contains("takes too long"), "{}", err(&output));
}

#[cfg(unix)]
#[tokio::test]
async fn ctrl_c_cancels_the_job_and_ends_with_130() {
    let served = Served::start().await;
    std::fs::write(served.path().join("long.json"), "{}").unwrap();
    let mut child = served.command(&["run", "long.json", "--json"]).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    // Once it follows the job, it hears the signal.
    while let Some(line) = lines.next_line().await.unwrap() {
        if line.contains("\"processing\"") {
            break;
        }
    }
    let pid = child.id().unwrap().to_string();
    assert!(Command::new("kill").args(["-INT", &pid]).status().await.unwrap().success());
    let mut rest = String::new();
    while let Some(line) = lines.next_line().await.unwrap() {
        rest = line;
    }
    assert_eq!(child.wait().await.unwrap().code(), Some(130));
    let result: serde_json::Value = serde_json::from_str(&rest).unwrap();
    assert_eq!(
        (result["type"].as_str(), result["generation"]["status"].as_str()),
        (Some("result"), Some("interrupted"))
    );
}

#[tokio::test]
async fn a_wrong_token_is_told_as_such() {
    let served = Served::start().await;
    std::fs::write(served.path().join("good.json"), "{}").unwrap();
    let mut command = served.command(&["run", "good.json"]);
    let output = command.env("COMFYUI_MONITOR_TOKEN", "another-token-0123").output().await.unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(err(&output).contains("wants its token"), "{}", err(&output));
}

#[tokio::test]
async fn watch_without_a_terminal_writes_lines() {
    let served = Served::start().await;
    let mut child = served.command(&["watch"]).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let first = lines.next_line().await.unwrap().unwrap();
    assert!(first.contains("Default: waiting for ComfyUI at http://127.0.0.1:8188"), "{first}");
    child.kill().await.unwrap();
}
