//! `record`: a tape of a live server, in the format that `replay` plays.

use super::{Exit, Global, Usage};
use crate::client::chain;
use crate::config::{Flags, Instance, quantity};
use anyhow::Context as _;
use clap::Args;
use futures::{SinkExt as _, StreamExt as _};
use monitor_core::workflow::file::{self, Carried, Graph};
use monitor_testkit::TapeWriter;
use monitor_testkit::tape::Exchange;
use reqwest::{Client, RequestBuilder, Url};
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep_until};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};
use uuid::Uuid;

/// The name of the one WebSocket of a tape.
const SOCKET: &str = "a";

/// Record a live ComfyUI server as a tape
///
/// With workflows it submits them, one after the other, and ends when the last one has. Without, it records what the
/// server tells everybody until Ctrl-C: of other clients' jobs that is only the length of the queue.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  comfyui-monitor record tapes/portrait --workflow portrait.json
  comfyui-monitor record tapes/evening --comfyui http://gpu-1:8188 --for 10m
  comfyui-monitor replay tapes/portrait")]
pub(super) struct RecordArgs {
    /// The folder of the recording, to be made
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    /// Submit this workflow (API format, or a file that carries it); several may be given
    #[arg(long, value_name = "FILE")]
    workflow: Vec<PathBuf>,
    /// The server [default: the first configured one]
    #[arg(long, value_name = "URL")]
    comfyui: Option<String>,
    /// End after so long, whatever happens
    #[arg(long = "for", value_name = "TIME", value_parser = quantity::parse_duration)]
    limit: Option<Duration>,
    /// Ask for previews that name their node (type 4 instead of type 1)
    #[arg(long)]
    preview_metadata: bool,
}

pub(super) async fn record(global: &Global, args: RecordArgs) -> anyhow::Result<Exit> {
    let comfyui = args.comfyui.iter().cloned().collect();
    let config = global.load_quietly(Flags { comfyui, ..Flags::default() })?.config;
    let instance = config.instances.into_iter().next().ok_or_else(|| Usage("there is no server to record".into()))?;
    let graphs = args.workflow.iter().map(|path| read(path)).collect::<Result<Vec<_>, _>>()?;

    let mut recorder = Recorder::open(&instance, &args).await?;
    eprintln!("Recording {} into {}; Ctrl-C ends it", instance.place(), args.folder.display());
    let deadline = Instant::now() + args.limit.unwrap_or(Duration::from_hours(24 * 365));
    let done = tokio::select! {
        done = recorder.all(&graphs) => done,
        _ = tokio::signal::ctrl_c() => Ok(()),
        () = sleep_until(deadline) => Ok(()),
    };
    let (messages, jobs) = (recorder.messages, recorder.jobs);
    recorder.finish().await?;
    done?;
    eprintln!("{messages} messages, {jobs} jobs of ours");
    Ok(Exit::Done)
}

fn read(path: &Path) -> Result<Value, Usage> {
    let wrong = |cause: String| Usage(format!("{}: {cause}", path.display()));
    let bytes = std::fs::read(path).map_err(|error| wrong(error.to_string()))?;
    match file::extract(&bytes).map_err(|error| wrong(error.to_string()))? {
        Carried { graph: Graph::Api(graph), .. } => Ok(graph),
        Carried { graph: Graph::Editor(_), .. } => {
            Err(wrong("this is the editor's format; in ComfyUI: Workflow, Export (API)".to_owned()))
        }
    }
}

struct Recorder {
    tape: TapeWriter,
    began: Instant,
    base: String,
    instance: Instance,
    client: Client,
    client_id: String,
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    classes: BTreeSet<String>,
    messages: u64,
    jobs: u64,
}

impl Recorder {
    async fn open(instance: &Instance, args: &RecordArgs) -> anyhow::Result<Self> {
        let base = instance.url.as_str().trim_end_matches('/').to_owned();
        let client_id = Uuid::new_v4().simple().to_string();
        let path = format!("/ws?clientId={client_id}");
        let mut request = format!("{}{path}", base.replacen("http", "ws", 1)).into_client_request()?;
        for (name, value) in headers(instance) {
            request.headers_mut().insert(name, value);
        }
        let (socket, _) = connect_async(request).await.with_context(|| format!("cannot listen to {base}"))?;
        let tape = TapeWriter::create(&args.folder).map_err(|error| Usage(error.to_string()))?;
        let mut recorder = Recorder {
            tape,
            began: Instant::now(),
            base,
            instance: instance.clone(),
            client: Client::new(),
            client_id,
            socket,
            classes: BTreeSet::new(),
            messages: 0,
            jobs: 0,
        };
        recorder.tape.open(Duration::ZERO, SOCKET, &path)?;
        if args.preview_metadata {
            // Counts only as the first message of a connection.
            let flags = json!({"type": "feature_flags", "data": {"supports_preview_metadata": true}});
            recorder.socket.send(Message::text(flags.to_string())).await?;
            recorder.tape.sent(recorder.began.elapsed(), SOCKET, flags)?;
        }
        recorder.get("/system_stats").await?;
        recorder.get("/queue").await?;
        Ok(recorder)
    }

    async fn all(&mut self, graphs: &[Value]) -> anyhow::Result<()> {
        if graphs.is_empty() {
            while let Some(message) = self.socket.next().await {
                self.keep(&message?)?;
            }
            return Ok(());
        }
        for graph in graphs {
            self.job(graph).await?;
        }
        Ok(())
    }

    async fn job(&mut self, graph: &Value) -> anyhow::Result<()> {
        let nodes = graph.as_object().into_iter().flat_map(Map::values);
        self.classes.extend(nodes.filter_map(|node| Some(node["class_type"].as_str()?.to_owned())));
        let prompt_id = Uuid::new_v4().to_string();
        let body = json!({"prompt": graph, "client_id": self.client_id, "prompt_id": prompt_id});
        let request = self.client.post(format!("{}/prompt", self.base)).json(&body);
        let request = authorized(request, &self.instance);
        let asked = tokio::spawn(exchange(request, "POST".to_owned(), "/prompt".to_owned(), Some(body)));
        tokio::pin!(asked);
        let mut answered = None;
        let mut ended = false;
        // The answer and the messages come in any order.
        while answered.is_none() || !ended {
            tokio::select! {
                answer = &mut asked, if answered.is_none() => {
                    let answer = answer?;
                    let accepted = answer.status == Some(200);
                    self.tape.http(self.began.elapsed(), answer)?;
                    if !accepted {
                        eprintln!("the server refused a workflow; the answer is on the tape");
                        return Ok(());
                    }
                    answered = Some(());
                }
                message = self.socket.next() => {
                    let message = message.context("the server closed the connection")??;
                    self.keep(&message)?;
                    ended |= is_end(&message, &prompt_id);
                }
            }
        }
        self.jobs += 1;
        self.get(&format!("/history/{prompt_id}")).await
    }

    fn keep(&mut self, message: &Message) -> anyhow::Result<()> {
        let at = self.began.elapsed();
        match message {
            Message::Text(text) => self.tape.text(at, SOCKET, text.as_str())?,
            Message::Binary(bytes) => self.tape.binary(at, SOCKET, bytes)?,
            _ => return Ok(()),
        }
        self.messages += 1;
        Ok(())
    }

    async fn get(&mut self, path: &str) -> anyhow::Result<()> {
        let request = authorized(self.client.get(format!("{}{path}", self.base)), &self.instance);
        let answer = exchange(request, "GET".to_owned(), path.to_owned(), None).await;
        self.tape.http(self.began.elapsed(), answer)?;
        Ok(())
    }

    /// Writes out the classes of the graphs, and what is buffered.
    async fn finish(mut self) -> anyhow::Result<()> {
        let mut classes = Map::new();
        for class in &self.classes {
            let mut url = Url::parse(&format!("{}/object_info", self.base))?;
            if let Ok(mut segments) = url.path_segments_mut() {
                segments.push(class);
            }
            let request = authorized(self.client.get(url), &self.instance).timeout(Duration::from_secs(30));
            // A class the server does not tell is missing on the tape; the rest of it is good.
            if let Ok(response) = request.send().await
                && let Ok(Value::Object(info)) = response.json().await
            {
                classes.extend(info);
            }
        }
        if !classes.is_empty() {
            self.tape.object_info(&Value::Object(classes))?;
        }
        // The recording is complete either way.
        let _ = self.socket.close(None).await;
        self.tape.close(self.began.elapsed(), SOCKET, None)?;
        self.tape.finish()?;
        Ok(())
    }
}

/// `executing` with `node: null`: only then does the history have the job.
fn is_end(message: &Message, prompt_id: &str) -> bool {
    let Message::Text(text) = message else { return false };
    let Ok(message) = serde_json::from_str::<Value>(text.as_str()) else { return false };
    let data = &message["data"];
    message["type"] == "executing" && data["node"].is_null() && data["prompt_id"] == prompt_id
}

fn headers(instance: &Instance) -> impl Iterator<Item = (http::HeaderName, http::HeaderValue)> {
    let token =
        instance.token.as_ref().map(|token| (http::header::AUTHORIZATION, format!("Bearer {}", token.expose())));
    let others = instance.headers.iter().map(|(name, value)| (name.clone(), value.expose().to_owned()));
    token.into_iter().chain(others).filter_map(|(name, value)| Some((name, http::HeaderValue::try_from(value).ok()?)))
}

fn authorized(request: RequestBuilder, instance: &Instance) -> RequestBuilder {
    headers(instance).fold(request, |request, (name, value)| request.header(name, value))
}

/// Sends it and keeps what came, whatever it was. The request's own headers, with their secrets, are not kept.
async fn exchange(request: RequestBuilder, method: String, path: String, body: Option<Value>) -> Exchange {
    let mut exchange = Exchange { method, path, request: body, ..Exchange::default() };
    let answered = async {
        let response = request.timeout(Duration::from_mins(1)).send().await?;
        exchange.status = Some(response.status().as_u16());
        let content_type = response.headers().get(http::header::CONTENT_TYPE);
        exchange.content_type = content_type.and_then(|value| value.to_str().ok()).map(str::to_owned);
        let bytes = response.bytes().await?;
        exchange.response_len = Some(bytes.len());
        match serde_json::from_slice(&bytes) {
            Ok(json) => exchange.response = Some(json),
            Err(_) => exchange.response_text = Some(String::from_utf8_lossy(&bytes).into_owned()),
        }
        Ok::<_, reqwest::Error>(())
    };
    if let Err(error) = answered.await {
        exchange.error = Some(chain(&error));
    }
    exchange
}
