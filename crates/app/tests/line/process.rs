//! The binary as a process: started, asked over HTTP, stopped or killed, and its log read.

use crate::live::Live;
use reqwest::{Client, Method, StatusCode};
use serde_json::Value;
use std::io::{BufRead as _, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::{Arc, Mutex, Once, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use tempfile::TempDir;
use tokio::time::{sleep, timeout};

/// Longer than anything takes, also on a machine that does much else.
pub(crate) const PATIENCE: Duration = Duration::from_mins(1);
const LOOK_AGAIN: Duration = Duration::from_millis(20);
/// The first line that `serve` prints, up to its address.
const ADDRESS_LINE: &str = "ComfyUI Monitor ";

/// Waits for something, but not for ever.
pub(crate) async fn patiently<T>(what: &str, wait: impl Future<Output = T>) -> T {
    timeout(PATIENCE, wait).await.unwrap_or_else(|_| panic!("waited in vain for {what}"))
}

/// A folder that outlives the processes that use it one after another.
pub(crate) struct DataDir(TempDir);

impl DataDir {
    pub(crate) fn new() -> DataDir {
        DataDir(tempfile::tempdir().unwrap())
    }

    /// Where the program is started: nothing of it is the program's own.
    pub(crate) fn outside(&self) -> &Path {
        self.0.path()
    }

    /// Writes the configuration that `serve` finds when it is started here.
    pub(crate) fn configure(&self, toml: &str) {
        std::fs::write(self.configuration(), toml).unwrap();
    }

    fn configuration(&self) -> PathBuf {
        self.0.path().join("comfyui-monitor.toml")
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.0.path().join("data")
    }
}

/// The program with arguments of the test's choice, deaf to the environment it runs in.
fn program(folder: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_comfyui-monitor"));
    command.args(args).current_dir(folder).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().contains("COMFYUI") || name == "RUST_LOG" {
            command.env_remove(name);
        }
    }
    command
}

/// Runs it to its end: what it said and how it ended.
pub(crate) async fn output(folder: &Path, args: &[&str]) -> Output {
    let command = tokio::process::Command::from(program(folder, args)).kill_on_drop(true).output();
    patiently("the end of the command", command).await.unwrap()
}

/// What a process has said so far, line by line.
struct Log {
    lines: Arc<Mutex<Vec<String>>>,
    reading: Option<JoinHandle<()>>,
}

impl Log {
    fn read(from: impl Read + Send + 'static) -> Log {
        let lines = Arc::<Mutex<Vec<String>>>::default();
        let into = Arc::clone(&lines);
        let reading = std::thread::spawn(move || {
            for line in BufReader::new(from).lines() {
                let Ok(line) = line else { return };
                into.lock().unwrap_or_else(PoisonError::into_inner).push(line);
            }
        });
        Log { lines, reading: Some(reading) }
    }

    /// To the last line, once the process is gone.
    fn finish_reading(&mut self) {
        if let Some(reading) = self.reading.take() {
            reading.join().unwrap();
        }
    }
}

/// A running `serve`. Killed when dropped.
pub(crate) struct Monitor {
    child: Child,
    pub(crate) address: String,
    log: Log,
    http: Client,
    token: Option<String>,
}

impl Drop for Monitor {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            eprintln!("The log of the monitor:\n{}", self.log().join("\n"));
        }
    }
}

impl Monitor {
    /// Watches these servers, with its data in this folder.
    pub(crate) async fn start(folder: &DataDir, servers: &[String]) -> Monitor {
        Self::start_with(folder, servers, &[], None).await
    }

    pub(crate) async fn start_with(
        folder: &DataDir,
        servers: &[String],
        more: &[&str],
        token: Option<&str>,
    ) -> Monitor {
        let data = folder.data().to_string_lossy().into_owned();
        let mut args = vec!["serve", "--listen", "127.0.0.1:0", "--data-dir", &data];
        for server in servers {
            args.extend(["--comfyui", server]);
        }
        args.extend(more);
        let mut command = program(folder.outside(), &args);
        if let Some(token) = token {
            command.env("COMFYUI_MONITOR_TOKEN", token);
        }
        if !folder.configuration().exists() {
            // A failure is the end, where a test is not about what comes after it.
            command.env("COMFYUI_MONITOR_RETRY_ENABLED", "false");
        }
        let mut child = command.spawn().unwrap();
        let log = Log::read(child.stderr.take().unwrap());
        Log::read(child.stdout.take().unwrap());
        let mut monitor =
            Monitor { child, address: String::new(), log, http: client(), token: token.map(str::to_owned) };
        monitor.address = patiently("the address line", async {
            loop {
                let log = monitor.log();
                let address = log.iter().find(|line| line.starts_with(ADDRESS_LINE));
                if let Some((_, address)) = address.and_then(|line| line.split_once("http://")) {
                    return address.to_owned();
                }
                let ended = monitor.child.try_wait().unwrap();
                assert!(ended.is_none(), "it ended at once ({ended:?}): {log:?}");
                sleep(LOOK_AGAIN).await;
            }
        })
        .await;
        monitor
    }

    pub(crate) fn log(&self) -> Vec<String> {
        self.log.lines.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        let request = self.http.request(method, self.url(path));
        match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    pub(crate) async fn get(&self, path: &str) -> (StatusCode, Value) {
        read(self.request(Method::GET, path)).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> (StatusCode, Value) {
        read(self.request(Method::POST, path).json(body)).await
    }

    /// What is there: anything but 200 is a failure.
    pub(crate) async fn fetch(&self, path: &str) -> Value {
        let (status, body) = self.get(path).await;
        assert_eq!(status, StatusCode::OK, "{path}: {body}");
        body
    }

    pub(crate) async fn bytes(&self, path: &str) -> Vec<u8> {
        let response = patiently("bytes", self.request(Method::GET, path).send()).await.unwrap();
        assert_eq!(response.status(), StatusCode::OK, "{path}");
        response.bytes().await.unwrap().to_vec()
    }

    /// Submits, and expects that it is taken. Gives the generation.
    pub(crate) async fn submit(&self, body: &Value) -> Value {
        let (status, generation) = self.post("/v1/generations", body).await;
        assert_eq!(status, StatusCode::CREATED, "{generation}");
        generation
    }

    pub(crate) async fn generation(&self, queue_id: &str) -> Value {
        self.fetch(&format!("/v1/generations/{queue_id}")).await
    }

    /// The generation, once it is as wanted.
    pub(crate) async fn generation_when(&self, queue_id: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        self.when(&format!("/v1/generations/{queue_id}"), wanted).await
    }

    /// What is at a path, once it is as wanted.
    pub(crate) async fn when(&self, path: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let began = Instant::now();
        loop {
            let (status, body) = self.get(path).await;
            if status == StatusCode::OK && wanted(&body) {
                return body;
            }
            assert!(began.elapsed() < PATIENCE, "{path} did not become what was wanted: {status} {body}");
            sleep(LOOK_AGAIN).await;
        }
    }

    pub(crate) async fn ended(&self, queue_id: &str) -> Value {
        let ended = |generation: &Value| {
            ["completed", "failed", "interrupted"].contains(&generation["status"].as_str().unwrap_or_default())
        };
        self.generation_when(queue_id, ended).await
    }

    /// The durable events of a prompt, all pages of them.
    pub(crate) async fn events(&self, prompt_id: &str) -> Vec<Value> {
        self.pages(&format!("/v1/jobs/{prompt_id}/events")).await
    }

    pub(crate) async fn instance_events(&self, instance_id: &str) -> Vec<Value> {
        self.pages(&format!("/v1/instances/{instance_id}/events")).await
    }

    async fn pages(&self, path: &str) -> Vec<Value> {
        let (mut events, mut after) = (Vec::new(), 0);
        loop {
            let page = self.fetch(&format!("{path}?after={after}&limit=500")).await;
            events.extend(page["items"].as_array().unwrap().iter().cloned());
            match page["nextAfter"].as_u64() {
                Some(next) => after = next,
                None => return events,
            }
        }
    }

    /// The first instance, once it is as wanted.
    pub(crate) async fn instance_when(&self, wanted: impl Fn(&Value) -> bool) -> Value {
        let list = self.when("/v1/instances", |list| wanted(&list["items"][0])).await;
        list["items"][0].clone()
    }

    pub(crate) async fn connected(&self) -> Value {
        self.instance_when(|instance| instance["state"] == "connected").await
    }

    pub(crate) async fn live(&self) -> Live {
        Live::connect(&self.address, self.token.as_deref()).await
    }

    /// As `kill -9` does it; gives the log so far.
    pub(crate) fn kill(mut self) -> Vec<String> {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        self.log.finish_reading();
        self.log()
    }

    pub(crate) fn signal(&self, name: &str) {
        let told = Command::new("sh").arg("-c").arg(format!("kill -{name} {}", self.child.id())).status().unwrap();
        assert!(told.success());
    }

    pub(crate) async fn exit(&mut self) -> ExitStatus {
        let status = patiently("the end of the process", async {
            loop {
                if let Some(status) = self.child.try_wait().unwrap() {
                    return status;
                }
                sleep(LOOK_AGAIN).await;
            }
        })
        .await;
        self.log.finish_reading();
        status
    }

    /// Stops it as a service manager does, and looks at how it ended and at its log: no warnings and errors but those
    /// that contain one of `expected`.
    pub(crate) async fn finish(mut self, expected: &[&str]) {
        self.signal("TERM");
        let status = self.exit().await;
        assert_eq!(status.code(), Some(0), "{:?}", self.log());
        assert_quiet(&self.log(), expected);
    }
}

pub(crate) fn client() -> Client {
    static PROVIDER: Once = Once::new();
    PROVIDER.call_once(|| {
        let _ = rustls::crypto::ring::default_provider().install_default();
    });
    Client::builder().no_proxy().build().unwrap()
}

async fn read(request: reqwest::RequestBuilder) -> (StatusCode, Value) {
    let response = patiently("an answer", request.send()).await.unwrap();
    let status = response.status();
    let bytes = response.bytes().await.unwrap();
    let text = String::from_utf8_lossy(&bytes).into_owned();
    (status, serde_json::from_slice(&bytes).unwrap_or(Value::String(text)))
}

pub(crate) fn assert_quiet(log: &[String], expected: &[&str]) {
    let loud = |line: &&String| line.contains(" WARN ") || line.contains("ERROR ") || line.contains("panicked");
    let unexpected: Vec<_> =
        log.iter().filter(loud).filter(|line| !expected.iter().any(|part| line.contains(part))).collect();
    assert!(unexpected.is_empty(), "unexpected in the log: {unexpected:#?}");
}
