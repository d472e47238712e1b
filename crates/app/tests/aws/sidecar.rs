//! `comfyui-monitor monitor --bus eventbridge` as a process.

use crate::cloud::{Cloud, INSTANCE, patiently};
use monitor_testkit::FakeComfy;
use std::fs::File;
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use tempfile::TempDir;

pub struct Sidecar {
    child: Child,
    folder: TempDir,
}

impl Drop for Sidecar {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            eprintln!("The log of the monitor:\n{}", self.log());
        }
    }
}

impl Sidecar {
    pub fn start(cloud: &Cloud, fake: &FakeComfy, progress: &str) -> Sidecar {
        Self::start_in(tempfile::tempdir().unwrap(), cloud, fake, progress, &cloud.monitor_keys())
    }

    fn start_in(folder: TempDir, cloud: &Cloud, fake: &FakeComfy, progress: &str, keys: &(String, String)) -> Sidecar {
        let log = File::options().create(true).append(true).open(folder.path().join("log")).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_comfyui-monitor"));
        for (name, _) in std::env::vars_os() {
            let name_text = name.to_string_lossy();
            if name_text.contains("COMFYUI") || name_text.starts_with("AWS_") || name == "RUST_LOG" {
                command.env_remove(name);
            }
        }
        let child = command
            .args(["monitor", "--bus", "eventbridge", "--id", INSTANCE, "--comfyui", &fake.base_url()])
            .args(["--progress", progress, "--data-dir"])
            .arg(folder.path().join("data"))
            .current_dir(folder.path())
            .env("AWS_ACCESS_KEY_ID", &keys.0)
            .env("AWS_SECRET_ACCESS_KEY", &keys.1)
            .env("AWS_ENDPOINT_URL", cloud.emulator.endpoint())
            .env("AWS_REGION", cloud.output("Region"))
            .env("EVENTBRIDGE_BUS_NAME", cloud.output("BusName"))
            .env("WEBSOCKET_API_ENDPOINT", cloud.output("WebSocketApiEndpoint"))
            .env("COMFYUI_MONITOR_AWS_TABLE", cloud.output("TableName"))
            .env("COMFYUI_MONITOR_AWS_BUCKET", cloud.output("BucketName"))
            .env("COMFYUI_MONITOR_RETRY_ENABLED", "false")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        Sidecar { child, folder }
    }

    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    /// As a service manager does it: it ends in good order, and its log was quiet.
    pub async fn finish(mut self, expected: &[&str]) {
        let told = Command::new("sh").arg("-c").arg(format!("kill -TERM {}", self.child.id())).status().unwrap();
        assert!(told.success());
        let status = patiently("the end of the monitor", async {
            loop {
                if let Some(status) = self.child.try_wait().unwrap() {
                    return status;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        })
        .await;
        let log = self.log();
        assert_eq!(status.code(), Some(0), "{log}");
        let loud = |line: &&str| line.contains(" WARN ") || line.contains("ERROR ") || line.contains("panicked");
        let unexpected: Vec<&str> =
            log.lines().filter(loud).filter(|line| !expected.iter().any(|part| line.contains(part))).collect();
        assert!(unexpected.is_empty(), "unexpected in the log: {unexpected:#?}");
    }
}
