//! The port to one `ComfyUI` server: its WebSocket and its HTTP API, without knowing which client is underneath.
//!
//! Guarantees every adapter gives: answers are bounded in size and time; nothing is sent to another host than the
//! configured one; no `Origin` header is sent (the server refuses foreign ones); an error says what is wrong and what
//! to do about it.

use crate::api::Upload;
use async_trait::async_trait;
use bytes::Bytes;
use futures::Stream;
use futures::stream::BoxStream;
use monitor_core::comfy::rest::{
    Accepted, ClassInfo, History, HistoryEntry, Queue, Refused, SystemStats, UploadedImage,
};
use monitor_core::event::FileRef;
use serde::Serialize;
use serde_json::{Map, Value};
use std::time::Duration;

/// One `ComfyUI` server.
#[async_trait]
pub trait Comfy: Send + Sync {
    /// `host:port` as people know it.
    fn host(&self) -> &str;

    /// Opens the WebSocket under this client id and sends our feature flags as its first message. There must be one
    /// live socket per client id, ever: close the old one and see its end before opening the next (`comfyui-protocol`,
    /// section 1).
    async fn connect(&self, client_id: &str) -> Result<Box<dyn Socket>, ComfyError>;

    /// `GET /prompt`: jobs waiting and running. The cheap question.
    async fn queue_remaining(&self) -> Result<u64, ComfyError>;
    /// `GET /queue`. Whole graphs: may be large.
    async fn queue(&self) -> Result<Queue, ComfyError>;
    /// `GET /history/{id}`: `None` if unknown or not finished.
    async fn history(&self, prompt_id: &str) -> Result<Option<HistoryEntry>, ComfyError>;
    /// `GET /history?max_items=n`: the newest n, oldest first.
    async fn recent_history(&self, max_items: u32) -> Result<History, ComfyError>;
    async fn system_stats(&self) -> Result<SystemStats, ComfyError>;
    /// `GET /object_info`, as the server gave it: near 1 MB, and while it is made no message leaves the server.
    async fn object_info(&self) -> Result<Bytes, ComfyError>;
    /// `GET /object_info/{class}`: `None` for a class the server does not have.
    async fn class_info(&self, class: &str) -> Result<Option<ClassInfo>, ComfyError>;
    /// The same, as the server gave it.
    async fn class_entry(&self, class: &str) -> Result<Option<Value>, ComfyError>;

    /// `POST /prompt`. After any error but [`ComfyError::was_sent`] `false` the server may have it: look first.
    async fn submit(&self, prompt: &Prompt) -> Result<PromptAnswer, ComfyError>;
    /// `POST /api/jobs/{id}/cancel` (0.26 and newer): whether there was something to cancel; `None` if the server
    /// does not know the call.
    async fn cancel(&self, prompt_id: &str) -> Result<Option<bool>, ComfyError>;
    /// `POST /interrupt` with the id. Servers before 0.3.57 do not read it and stop whatever runs.
    async fn interrupt(&self, prompt_id: &str) -> Result<(), ComfyError>;
    /// `POST /queue {"delete": ids}`: takes waiting jobs away, without a message and without a trace in the history.
    async fn delete(&self, prompt_ids: &[String]) -> Result<(), ComfyError>;
    /// `POST /free`; acts when the server is next idle.
    async fn free(&self, unload_models: bool, free_memory: bool) -> Result<(), ComfyError>;

    /// `GET /view`: the bytes of a file, as they come. The caller sets the limit by reading no further.
    async fn view(&self, file: &FileRef) -> Result<BoxStream<'static, Result<Bytes, ComfyError>>, ComfyError>;
    /// `POST /upload/image` into the input folder; use the name the server gives.
    async fn upload(&self, upload: Upload) -> Result<UploadedImage, ComfyError>;
}

/// An open WebSocket. As a stream: what the server says, up to the end of stream or the error that ended it.
#[async_trait]
pub trait Socket: Stream<Item = Result<Frame, ComfyError>> + Send + Unpin {
    /// Puts a ping on its way without waiting; [`Frame::Pong`] answers it. It proves that the TCP connection stands,
    /// nothing more: a socket the server has forgotten still answers.
    fn ping(&mut self);
    /// Says goodbye and reads up to the end of stream, at most for `patience`. True if the end was seen: only then is
    /// it certain that the server has let go of the client id.
    async fn close(self: Box<Self>, patience: Duration) -> bool;
}

/// What came over the socket, uncopied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Frame {
    Text(Bytes),
    Binary(Bytes),
    Pong,
}

/// The body of `POST /prompt`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Prompt {
    /// The API-format graph.
    pub prompt: Value,
    /// Where the messages of the job go.
    pub client_id: String,
    /// A lower-case hyphenated UUID (0.25 and newer refuse anything else).
    pub prompt_id: String,
    /// `preview_method` and whatever else goes with the job.
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub extra_data: Map<String, Value>,
}

/// What the server makes of a prompt.
#[derive(Clone, Debug, PartialEq)]
pub enum PromptAnswer {
    Accepted(Accepted),
    /// 400, or 413 and 500 put into the same words.
    Refused(Refused),
}

/// Why a server could not be asked. `url` is the address as configured, without its secrets.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ComfyError {
    #[error("{text:?} is no address of a ComfyUI server: {cause}; write it like http://127.0.0.1:8188")]
    Address { text: String, cause: String },
    #[error(
        "nothing listens at {url}: start ComfyUI there, or correct the port (ComfyUI listens on 127.0.0.1:8188 unless \
         started with --listen and --port)"
    )]
    Refused { url: String },
    #[error("cannot reach {url} ({cause}): check the host name, the network and the firewall")]
    Unreachable { url: String, cause: String },
    #[error(
        "{url} did not answer {what} within {seconds} s: it is busy, or hangs (loading a model can block ComfyUI), or a \
         firewall drops the packets"
    )]
    Timeout { url: String, what: String, seconds: u64, sent: bool },
    #[error(
        "the TLS connection to {url} failed ({cause}): check that the server speaks https and that its certificate is \
         trusted by this machine"
    )]
    Tls { url: String, cause: String },
    #[error(
        "{url} refused us with {status}: something in front of ComfyUI asks for a login; set `token` or `headers` of this \
         instance"
    )]
    Auth { url: String, status: u16 },
    #[error("{url} answered {what} with {status}{}", excerpt(.body))]
    Http { url: String, what: String, status: u16, body: String },
    #[error("what answers at {url} is not ComfyUI ({cause}): check address, port and path")]
    NotComfy { url: String, cause: String },
    #[error("the answer of {url} to {what} is larger than {limit} bytes and was not read")]
    TooLarge { url: String, what: String, limit: u64 },
    #[error("the connection to {url} broke ({cause})")]
    Broken { url: String, cause: String },
}

fn excerpt(body: &str) -> String {
    if body.is_empty() { String::new() } else { format!(": {body}") }
}

impl ComfyError {
    /// False only if it is certain that the server never saw the request.
    pub fn was_sent(&self) -> bool {
        match self {
            // A proxy that answers 502 or 503 did not pass it on; with 504 it may have.
            Self::Address { .. }
            | Self::Refused { .. }
            | Self::Unreachable { .. }
            | Self::Tls { .. }
            | Self::Auth { .. }
            | Self::Http { status: 502 | 503, .. } => false,
            Self::Timeout { sent, .. } => *sent,
            Self::Http { .. } | Self::NotComfy { .. } | Self::TooLarge { .. } | Self::Broken { .. } => true,
        }
    }

    /// A short name for counters and for `doctor`.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Address { .. } => "address",
            Self::Refused { .. } => "refused",
            Self::Unreachable { .. } => "unreachable",
            Self::Timeout { .. } => "timeout",
            Self::Tls { .. } => "tls",
            Self::Auth { .. } => "auth",
            Self::Http { .. } => "http",
            Self::NotComfy { .. } => "not_comfyui",
            Self::TooLarge { .. } => "too_large",
            Self::Broken { .. } => "broken",
        }
    }
}
