//! The stack in an emulator, and what is asked of it.

use crate::sidecar::Sidecar;
use futures::{SinkExt, StreamExt};
use monitor_testkit::FakeComfy;
use monitor_testkit::emulator::{Emulator, tools};
use reqwest::{Client, Method, StatusCode};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

/// Longer than anything takes, also on a machine that does much else.
pub const PATIENCE: Duration = Duration::from_mins(2);
const LOOK_AGAIN: Duration = Duration::from_millis(50);
pub const TOKEN: &str = "4ee0fa3c1d8b";
pub const INSTANCE: &str = "gpu-1";

pub async fn patiently<T>(what: &str, wait: impl Future<Output = T>) -> T {
    timeout(PATIENCE, wait).await.unwrap_or_else(|_| panic!("waited in vain for {what}"))
}

fn root() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

/// Of the tools: its stdout.
pub fn python(args: &[&str], more: &[(&str, &str)]) -> String {
    let mut command = Command::new(tools().join("bin/python"));
    command.args(args).stdin(Stdio::null()).envs(more.iter().copied());
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{args:?}: {said}");
    String::from_utf8(output.stdout).unwrap()
}

/// The functions' package, with the binary that was just built.
pub fn package() -> &'static Path {
    static PACKAGE: OnceLock<PathBuf> = OnceLock::new();
    PACKAGE.get_or_init(|| {
        let zip = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("functions-{}.zip", std::process::id()));
        let script = "import sys, zipfile\n\
            info = zipfile.ZipInfo('bootstrap'); info.external_attr = 0o755 << 16; info.compress_type = zipfile.ZIP_DEFLATED\n\
            zipfile.ZipFile(sys.argv[1], 'w', compresslevel=1).writestr(info, open(sys.argv[2], 'rb').read(), compresslevel=1)";
        python(&["-c", script, zip.to_str().unwrap(), env!("CARGO_BIN_EXE_bootstrap")], &[]);
        zip
    })
}

pub struct Cloud {
    pub emulator: Emulator,
    pub made: Value,
    http: Client,
}

impl Cloud {
    /// The template as it is, or another one; `set` is parameters, `NAME=VALUE`.
    pub fn deployed(template: Option<&Path>, set: &[&str]) -> Cloud {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let emulator = Emulator::start(true);
        let (script, endpoint) = (root().join("deploy/aws/deploy.py"), emulator.endpoint());
        let token = format!("ApiToken={TOKEN}");
        let mut args = vec![
            script.to_str().unwrap(),
            "--emulator",
            &endpoint,
            "--zip",
            package().to_str().unwrap(),
            "--instances",
            INSTANCE,
            "--set",
            &token,
            "LogLevel=warn",
        ];
        args.extend(set);
        if let Some(template) = template {
            args.extend(["--template", template.to_str().unwrap()]);
        }
        let made = serde_json::from_str(&python(&args, &[])).unwrap();
        Cloud {
            emulator,
            made,
            http: Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build().unwrap(),
        }
    }

    pub fn output(&self, name: &str) -> &str {
        self.made[name].as_str().unwrap_or_else(|| panic!("the stack has no output {name}: {}", self.made))
    }

    /// A script of boto3, with `client` and `made` at hand; what it prints, as JSON.
    pub fn ask(&self, script: &str) -> Value {
        self.ask_with(script, &[])
    }

    fn ask_with(&self, script: &str, more: &[(&str, &str)]) -> Value {
        let endpoint = self.emulator.endpoint();
        let head = "import boto3, json, os\nfrom botocore.config import Config\nmade = json.loads(os.environ['MADE'])\n\
            def client(name): return boto3.client(name, endpoint_url=os.environ['AT'], region_name='us-east-1', aws_access_key_id='test', \
            aws_secret_access_key='test', config=Config(s3={'addressing_style': 'path'}))\n";
        let made = self.made.to_string();
        serde_json::from_str(&python(
            &["-c", &format!("{head}{script}")],
            &[&[("AT", endpoint.as_str()), ("MADE", made.as_str())], more].concat(),
        ))
        .unwrap()
    }

    /// Keys of somebody who has the rights of this instance's monitor and no others.
    pub fn monitor_keys(&self) -> (String, String) {
        let keys = self.ask(
            "iam = client('iam')\n\
             if not iam.list_users()['Users']: iam.create_user(UserName='monitor')\n\
             arn = next(value for name, value in made.items() if name.startswith('MonitorPolicy'))\n\
             iam.attach_user_policy(UserName='monitor', PolicyArn=arn)\n\
             key = iam.create_access_key(UserName='monitor')['AccessKey']\n\
             print(json.dumps([key['AccessKeyId'], key['SecretAccessKey']]))",
        );
        (keys[0].as_str().unwrap().to_owned(), keys[1].as_str().unwrap().to_owned())
    }

    pub async fn monitor(&self, fake: &FakeComfy, progress: &str) -> Sidecar {
        let sidecar = Sidecar::start(self, fake, progress);
        self.when("/v1/instances", |list| list["items"][0]["state"] == "connected").await;
        sidecar
    }

    pub async fn request(&self, method: Method, path: &str, body: Option<&Value>) -> (StatusCode, Value) {
        let mut request = self.http.request(method, format!("{}{path}", self.output("HttpApiUrl"))).bearer_auth(TOKEN);
        if let Some(body) = body {
            request = request.json(body);
        }
        let response = patiently("an answer", request.send()).await.unwrap();
        let status = response.status();
        let bytes = response.bytes().await.unwrap();
        let text = String::from_utf8_lossy(&bytes).into_owned();
        (status, serde_json::from_slice(&bytes).unwrap_or(Value::String(text)))
    }

    /// Where the API sends whoever asks for bytes.
    pub async fn redirected(&self, path: &str) -> String {
        let url = format!("{}{path}", self.output("HttpApiUrl"));
        let response = patiently("an answer", self.http.get(url).bearer_auth(TOKEN).send()).await.unwrap();
        assert_eq!(response.status(), StatusCode::FOUND, "{path}");
        response.headers()["location"].to_str().unwrap().to_owned()
    }

    pub async fn bytes(&self, url: &str) -> Vec<u8> {
        let response = patiently("bytes", self.http.get(url).send()).await.unwrap();
        assert_eq!(response.status(), StatusCode::OK, "{url}");
        response.bytes().await.unwrap().to_vec()
    }

    pub async fn when(&self, path: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let began = Instant::now();
        loop {
            let (status, body) = self.request(Method::GET, path, None).await;
            if status == StatusCode::OK && wanted(&body) {
                return body;
            }
            assert!(
                began.elapsed() < PATIENCE,
                "{path} did not become what was wanted: {status} {body}\n{}",
                self.log()
            );
            sleep(LOOK_AGAIN).await;
        }
    }

    pub async fn submit(&self, body: &Value) -> Value {
        let (status, generation) = self.request(Method::POST, "/v1/generations", Some(body)).await;
        assert_eq!(status, StatusCode::CREATED, "{generation}\n{}", self.log());
        generation
    }

    pub async fn ended(&self, queue_id: &str) -> Value {
        let ended = |generation: &Value| {
            ["completed", "failed", "interrupted"].contains(&generation["status"].as_str().unwrap_or_default())
        };
        self.when(&format!("/v1/generations/{queue_id}"), ended).await
    }

    /// Lines that functions logged, which is none while all is well.
    pub fn log(&self) -> String {
        let lines = self.ask(
            "logs = client('logs'); told = []\n\
             for group in logs.describe_log_groups()['logGroups']:\n\
             \tfor event in logs.filter_log_events(logGroupName=group['logGroupName'])['events']:\n\
             \t\tif not event['message'].startswith(('START', 'END', 'REPORT', 'INIT_')): told.append(event['message'])\n\
             print(json.dumps(told))",
        );
        lines.as_array().unwrap().iter().filter_map(Value::as_str).collect::<Vec<_>>().join("\n")
    }

    /// Puts events onto the bus that it has had, the last first; how many it did not take.
    pub fn twice(&self, events: &Value) -> u64 {
        let script = "events = client('events'); given = json.loads(os.environ['EVENTS'])[::-1]; failed = 0\n\
            for start in range(0, len(given), 10):\n\
            \tentries = [{'Source': 'comfyui.monitor', 'DetailType': event['detailType'], 'Detail': json.dumps(event['detail']), \
            'EventBusName': made['BusName']} for event in given[start:start + 10]]\n\
            \tfailed += events.put_events(Entries=entries)['FailedEntryCount']\n\
            print(json.dumps(failed))";
        self.ask_with(script, &[("EVENTS", &events.to_string())]).as_u64().unwrap()
    }

    /// A function by its name, and what it answers.
    pub fn call(&self, function: &str) -> Value {
        self.ask_with(
            "answer = client('lambda').invoke(FunctionName='comfyui-monitor-' + os.environ['FUNCTION'], Payload='{}')\n\
             print(answer['Payload'].read().decode())",
            &[("FUNCTION", function)],
        )
    }

    /// How often functions were called until now.
    #[allow(dead_code, reason = "for the bench")]
    pub fn calls(&self) -> u64 {
        let calls = self.ask(
            "logs = client('logs'); calls = 0\n\
             for group in logs.describe_log_groups()['logGroups']:\n\
             \tfor page in logs.get_paginator('filter_log_events').paginate(logGroupName=group['logGroupName']):\n\
             \t\tcalls += sum(event['message'].startswith('START') for event in page['events'])\n\
             print(json.dumps(calls))",
        );
        calls.as_u64().unwrap()
    }

    /// Nothing failed, nothing was given up.
    pub fn assert_quiet(&self) {
        let log = self.log();
        let loud = ["\"WARN\"", "\"ERROR\"", "panicked"].iter().any(|word| log.contains(word));
        assert!(!loud, "the functions' log: {log}");
        let left = self.ask(
            "sqs = client('sqs'); names = ['UndeliveredQueueUrl', 'FailedQueueUrl', 'UndoneCommandsQueueUrl']\n\
             count = lambda url: sqs.get_queue_attributes(QueueUrl=url, AttributeNames=['ApproximateNumberOfMessages'])['Attributes']\n\
             print(json.dumps({name: int(count(made[name])['ApproximateNumberOfMessages']) for name in names}))",
        );
        assert!(left.as_object().unwrap().values().all(|count| count == 0), "dead letters: {left}");
    }

    pub async fn live(&self) -> Live {
        let mut request = self.output("WebSocketUrl").into_client_request().unwrap();
        // Not as a subprotocol: the emulator does not pass on which of them a function took.
        request.headers_mut().insert("authorization", format!("Bearer {TOKEN}").parse().unwrap());
        let (socket, _) = patiently("a connection", tokio_tungstenite::connect_async(request)).await.unwrap();
        Live { socket, frames: Vec::new(), heard_at: Vec::new() }
    }
}

pub struct Live {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    pub frames: Vec<Value>,
    /// When each came, milliseconds since the epoch.
    #[allow(dead_code, reason = "for the bench")]
    pub heard_at: Vec<i64>,
}

impl Live {
    pub async fn say(&mut self, words: &Value) {
        self.socket.send(Message::text(words.to_string())).await.unwrap();
    }

    pub async fn subscribe(&mut self, queue_id: &str) {
        self.say(&json!({"action": "subscribe", "data": {"queueId": queue_id}})).await;
        self.until("the snapshot", |frame| frame["type"] == "snapshot" && frame["queueId"] == queue_id).await;
    }

    /// The first frame from here on that is as wanted.
    pub async fn until(&mut self, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let waiting = async {
            loop {
                let message = self.socket.next().await.expect("the connection ended").unwrap();
                let Message::Text(text) = message else { continue };
                let frame: Value = serde_json::from_str(&text).unwrap();
                self.frames.push(frame.clone());
                let at = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
                self.heard_at.push(i64::try_from(at.as_millis()).unwrap());
                if wanted(&frame) {
                    return frame;
                }
            }
        };
        let frame = timeout(PATIENCE, waiting).await.ok();
        frame.unwrap_or_else(|| panic!("waited in vain for {what}; heard {:#?}", self.kinds()))
    }

    pub async fn end_of(&mut self, queue_id: &str) -> Value {
        let ends = ["completed", "job_failed", "job_interrupted"];
        self.until("the end", |frame| {
            frame["queueId"] == queue_id && ends.contains(&frame["type"].as_str().unwrap_or_default())
        })
        .await
    }

    pub fn kinds(&self) -> Vec<&str> {
        self.frames.iter().filter_map(|frame| frame["type"].as_str()).collect()
    }
}
