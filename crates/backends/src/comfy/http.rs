//! The HTTP API (`server.py` of `ComfyUI`; `comfyui-protocol`, section 4).

use super::address::Address;
use super::fault::Asked;
use super::socket;
use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use futures::stream::BoxStream;
use futures::{StreamExt, TryStreamExt};
use monitor_core::comfy::rest::{
    self, Answer, ClassInfo, History, HistoryEntry, NotJson, Queue, Refusal, Refused, SystemStats, UploadedImage,
};
use monitor_core::event::FileRef;
use monitor_pipeline::api::Upload;
use monitor_pipeline::comfy::{Comfy, ComfyError, Prompt, PromptAnswer, Socket};
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Client, Method, RequestBuilder, Response, Url, redirect};
use serde_json::{Value, json};
use std::time::Duration;

/// Finding the server and shaking hands.
const CONNECT: Duration = Duration::from_secs(5);
/// Between two pieces of an answer.
const STALL: Duration = Duration::from_secs(30);
/// For a small answer, a large one, and one that the server has to work for.
const QUICK: Duration = Duration::from_secs(10);
const LARGE: Duration = Duration::from_mins(1);

const SMALL_BYTES: u64 = 4 << 20;
const CLASS_BYTES: u64 = 32 << 20;
const OBJECT_INFO_BYTES: u64 = 128 << 20;
/// Queue and history hold whole graphs and printed tensors.
const GRAPHS_BYTES: u64 = 256 << 20;
/// Larger bodies are read on a thread where nobody waits.
const INLINE_BYTES: usize = 256 << 10;

/// How to reach a server.
#[derive(Clone, Default)]
pub struct Options {
    /// `http://host:8188`, with a path if it stands behind one.
    pub url: String,
    /// Sent as `Authorization: Bearer`.
    pub token: Option<String>,
    /// Sent with every request and with the WebSocket, such as `Cookie`.
    pub headers: Vec<(String, String)>,
}

/// One `ComfyUI` server, over the network.
pub struct ComfyServer {
    address: Address,
    headers: HeaderMap,
    client: Client,
}

impl ComfyServer {
    /// Asks nothing yet. The process needs a rustls crypto provider (ring); it is installed where there is none.
    pub fn new(options: &Options) -> Result<Self, ComfyError> {
        let address = Address::parse(&options.url)?;
        let wrong = |cause: String| ComfyError::Address { text: address.shown.clone(), cause };
        let headers = headers(options).map_err(wrong)?;
        // Another part of the process may have been first: theirs is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let home = address.clone();
        let same_server_only = redirect::Policy::custom(move |attempt| {
            if attempt.previous().len() <= 3 && home.is_same_server(attempt.url()) {
                attempt.follow()
            } else {
                attempt.stop()
            }
        });
        let mut client = Client::builder()
            .default_headers(headers.clone())
            .connect_timeout(CONNECT)
            .read_timeout(STALL)
            .redirect(same_server_only)
            // The WebSocket takes no proxy either: what reaches one must reach the other.
            .no_proxy()
            .tcp_nodelay(true);
        if !address.is_tls() {
            client = client.tls_backend_preconfigured(no_tls().map_err(|error| wrong(error.to_string()))?);
        }
        let client = client.build().map_err(|error| wrong(error.to_string()))?;
        Ok(Self { address, headers, client })
    }

    fn asked<'a>(&'a self, what: &'a str) -> Asked<'a> {
        Asked { url: &self.address.shown, what }
    }

    fn route(&self, what: &str, parts: &[&str]) -> Result<Url, ComfyError> {
        self.address.route(parts).ok_or_else(|| ComfyError::Http {
            url: self.address.shown.clone(),
            what: what.to_owned(),
            status: 404,
            body: String::new(),
        })
    }

    /// Sends it; any status is an answer.
    async fn send(&self, what: &str, request: RequestBuilder, patience: Duration) -> Result<Response, ComfyError> {
        let asked = self.asked(what);
        request.timeout(patience).send().await.map_err(|error| asked.request(&error, patience))
    }

    /// Reads the body up to a limit.
    async fn body(&self, what: &str, response: Response, limit: u64) -> Result<Bytes, ComfyError> {
        let asked = self.asked(what);
        if response.content_length().is_some_and(|length| length > limit) {
            return Err(asked.too_large(limit));
        }
        let mut pieces = response.bytes_stream();
        let mut body = BytesMut::new();
        while let Some(piece) = pieces.next().await {
            let piece = piece.map_err(|error| asked.request(&error, STALL))?;
            if (body.len() + piece.len()) as u64 > limit {
                return Err(asked.too_large(limit));
            }
            body.extend_from_slice(&piece);
        }
        Ok(body.freeze())
    }

    /// The response if it is a 2xx, else what is wrong.
    async fn success(&self, what: &str, response: Response) -> Result<Response, ComfyError> {
        let status = response.status();
        if status.is_success() {
            return Ok(response);
        }
        let location = response.headers().get("location").and_then(|to| to.to_str().ok()).map(str::to_owned);
        let body = self.body(what, response, SMALL_BYTES).await.unwrap_or_default();
        Err(self.asked(what).status(status.as_u16(), location.as_deref(), &body))
    }

    /// `GET` of a body of bounded size.
    async fn get(&self, what: &str, url: Url, patience: Duration, limit: u64) -> Result<Bytes, ComfyError> {
        let response = self.send(what, self.client.get(url), patience).await?;
        let response = self.success(what, response).await?;
        self.body(what, response, limit).await
    }

    /// `POST` of a JSON body whose answer says nothing but yes.
    async fn post(&self, what: &str, parts: &[&str], body: &serde_json::Value) -> Result<Bytes, ComfyError> {
        let request = self.client.request(Method::POST, self.route(what, parts)?).json(body);
        let response = self.send(what, request, QUICK).await?;
        let response = self.success(what, response).await?;
        self.body(what, response, SMALL_BYTES).await
    }

    async fn read<T: Send + 'static>(
        &self,
        what: &str,
        body: Bytes,
        read: fn(&[u8]) -> Result<Answer<T>, NotJson>,
    ) -> Result<T, ComfyError> {
        let answer = if body.len() <= INLINE_BYTES {
            read(&body)
        } else {
            let reading = tokio::task::spawn_blocking(move || read(&body));
            reading.await.map_err(|error| self.asked(what).broken(error.to_string()))?
        };
        let answer = answer.map_err(|error| self.asked(what).not_comfy(error.to_string()))?;
        if answer.oddities > 0 {
            tracing::debug!(
                server = self.address.shown,
                what,
                oddities = answer.oddities,
                "parts of an answer were left out"
            );
        }
        Ok(answer.value)
    }
}

#[async_trait]
impl Comfy for ComfyServer {
    fn host(&self) -> &str {
        &self.address.host
    }

    async fn connect(&self, client_id: &str) -> Result<Box<dyn Socket>, ComfyError> {
        let asked = self.asked("the WebSocket handshake");
        let url = self.address.socket(client_id).ok_or_else(|| asked.not_comfy("the address has no WebSocket form"))?;
        let opening = socket::open(&url, &self.headers, &asked);
        tokio::time::timeout(CONNECT * 2, opening).await.map_err(|_| asked.timeout(CONNECT * 2, true))?
    }

    async fn queue_remaining(&self) -> Result<u64, ComfyError> {
        let what = "GET /prompt";
        let body = self.get(what, self.route(what, &["prompt"])?, QUICK, SMALL_BYTES).await?;
        let length = self.read(what, body, rest::queue_length).await?;
        length.queue_remaining.ok_or_else(|| self.asked(what).not_comfy("the answer has no queue_remaining"))
    }

    async fn queue(&self) -> Result<Queue, ComfyError> {
        let what = "GET /queue";
        let body = self.get(what, self.route(what, &["queue"])?, LARGE, GRAPHS_BYTES).await?;
        self.read(what, body, rest::queue).await
    }

    async fn history(&self, prompt_id: &str) -> Result<Option<HistoryEntry>, ComfyError> {
        let what = "GET /history/{id}";
        let body = self.get(what, self.route(what, &["history", prompt_id])?, LARGE, GRAPHS_BYTES).await?;
        let mut history = self.read(what, body, rest::history).await?;
        let place = history.entries.iter().rposition(|entry| entry.prompt_id == prompt_id);
        Ok(place.map(|place| history.entries.swap_remove(place)))
    }

    async fn recent_history(&self, max_items: u32) -> Result<History, ComfyError> {
        let what = "GET /history";
        let mut url = self.route(what, &["history"])?;
        url.query_pairs_mut().append_pair("max_items", &max_items.to_string());
        let body = self.get(what, url, LARGE, GRAPHS_BYTES).await?;
        self.read(what, body, rest::history).await
    }

    async fn system_stats(&self) -> Result<SystemStats, ComfyError> {
        let what = "GET /system_stats";
        let body = self.get(what, self.route(what, &["system_stats"])?, QUICK, SMALL_BYTES).await;
        let body = body.map_err(|error| match error {
            ComfyError::Http { status: 404, .. } => self.asked(what).not_comfy("it has no /system_stats"),
            other => other,
        })?;
        self.read(what, body, rest::system_stats).await
    }

    async fn object_info(&self) -> Result<Bytes, ComfyError> {
        let what = "GET /object_info";
        self.get(what, self.route(what, &["object_info"])?, LARGE, OBJECT_INFO_BYTES).await
    }

    async fn class_info(&self, class: &str) -> Result<Option<ClassInfo>, ComfyError> {
        let what = "GET /object_info/{class}";
        // No server has a class of such a name, and its address would be another route's.
        let Ok(url) = self.route(what, &["object_info", class]) else { return Ok(None) };
        let body = self.get(what, url, LARGE, CLASS_BYTES).await?;
        let mut info = self.read(what, body, rest::object_info).await?;
        let place = info.classes.iter().position(|info| info.name == class);
        Ok(place.map(|place| info.classes.swap_remove(place)))
    }

    async fn class_entry(&self, class: &str) -> Result<Option<Value>, ComfyError> {
        let what = "GET /object_info/{class}";
        let Ok(url) = self.route(what, &["object_info", class]) else { return Ok(None) };
        let body = self.get(what, url, LARGE, CLASS_BYTES).await?;
        let read =
            serde_json::from_slice::<Value>(&body).map_err(|cause| self.asked(what).not_comfy(cause.to_string()));
        Ok(read?.get_mut(class).map(Value::take))
    }

    async fn submit(&self, prompt: &Prompt) -> Result<PromptAnswer, ComfyError> {
        let what = "POST /prompt";
        let request = self.client.post(self.route(what, &["prompt"])?).json(prompt);
        let response = self.send(what, request, LARGE).await?;
        match response.status().as_u16() {
            400 => {
                let body = self.body(what, response, CLASS_BYTES).await?;
                self.read(what, body, rest::refused).await.map(PromptAnswer::Refused)
            }
            413 => Ok(PromptAnswer::Refused(refusal("the workflow is larger than ComfyUI takes (--max-upload-size)"))),
            500 => Ok(PromptAnswer::Refused(refusal(
                "ComfyUI failed while it read the workflow (HTTP 500): its log says why",
            ))),
            _ => {
                let response = self.success(what, response).await?;
                let body = self.body(what, response, CLASS_BYTES).await?;
                self.read(what, body, rest::accepted).await.map(PromptAnswer::Accepted)
            }
        }
    }

    async fn cancel(&self, prompt_id: &str) -> Result<Option<bool>, ComfyError> {
        let what = "POST /api/jobs/{id}/cancel";
        match self.post(what, &["api", "jobs", prompt_id, "cancel"], &json!({})).await {
            Ok(body) => Ok(serde_json::from_slice::<serde_json::Value>(&body)
                .ok()
                .and_then(|answer| answer.get("cancelled")?.as_bool())),
            Err(ComfyError::Http { status: 404 | 405, .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn interrupt(&self, prompt_id: &str) -> Result<(), ComfyError> {
        self.post("POST /interrupt", &["interrupt"], &json!({ "prompt_id": prompt_id })).await.map(drop)
    }

    async fn delete(&self, prompt_ids: &[String]) -> Result<(), ComfyError> {
        self.post("POST /queue", &["queue"], &json!({ "delete": prompt_ids })).await.map(drop)
    }

    async fn free(&self, unload_models: bool, free_memory: bool) -> Result<(), ComfyError> {
        let body = json!({ "unload_models": unload_models, "free_memory": free_memory });
        self.post("POST /free", &["free"], &body).await.map(drop)
    }

    async fn view(&self, file: &FileRef) -> Result<BoxStream<'static, Result<Bytes, ComfyError>>, ComfyError> {
        let what = "GET /view";
        let mut url = self.route(what, &["view"])?;
        url.query_pairs_mut()
            .append_pair("filename", &file.filename)
            .append_pair("subfolder", &file.subfolder)
            .append_pair("type", &file.r#type);
        // No limit for the whole: a large video takes its time, as long as it comes.
        let asked = self.asked(what);
        let response = self.client.get(url).send().await.map_err(|error| asked.request(&error, STALL))?;
        let response = self.success(what, response).await?;
        let shown = self.address.shown.clone();
        let pieces = response.bytes_stream();
        Ok(pieces.map_err(move |error| Asked { url: &shown, what }.request(&error, STALL)).boxed())
    }

    async fn upload(&self, upload: Upload) -> Result<UploadedImage, ComfyError> {
        let what = "POST /upload/image";
        let name = upload.filename.rsplit(['/', '\\']).next().unwrap_or_default().to_owned();
        let length = upload.bytes.len() as u64;
        let image = reqwest::multipart::Part::stream_with_length(upload.bytes, length).file_name(name);
        let form = reqwest::multipart::Form::new().part("image", image);
        let request = self.client.post(self.route(what, &["upload", "image"])?).multipart(form);
        let response = self.send(what, request, LARGE).await?;
        let response = self.success(what, response).await?;
        let body = self.body(what, response, SMALL_BYTES).await?;
        let image = self.read(what, body, rest::uploaded_image).await?;
        image.ok_or_else(|| self.asked(what).not_comfy("the answer names no file"))
    }
}

fn headers(options: &Options) -> Result<HeaderMap, String> {
    let mut headers = HeaderMap::new();
    for (name, value) in &options.headers {
        let key = HeaderName::try_from(name).map_err(|_| format!("{name:?} is no name of a header"))?;
        headers.append(
            key,
            secret(value).ok_or_else(|| format!("the value of the header {name} holds forbidden characters"))?,
        );
    }
    if let Some(token) = &options.token {
        let value = secret(&format!("Bearer {token}")).ok_or("the token holds forbidden characters")?;
        headers.insert(AUTHORIZATION, value);
    }
    Ok(headers)
}

/// A header value that is never printed.
fn secret(value: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::try_from(value).ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// Trusts nobody: a server without TLS must be reachable from a machine without certificates too.
fn no_tls() -> Result<rustls::ClientConfig, rustls::Error> {
    let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    Ok(config.with_root_certificates(rustls::RootCertStore::empty()).with_no_client_auth())
}

/// A refusal that the server did not put into its own shape.
fn refusal(message: &str) -> Refused {
    let refusal = Refusal { message: message.to_owned(), ..Refusal::default() };
    Refused { message: Some(message.to_owned()), refusals: vec![refusal], ..Refused::default() }
}
