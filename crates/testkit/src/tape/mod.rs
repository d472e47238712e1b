//! Recorded `ComfyUI` sessions: their lines, and the jobs they hold.
//!
//! The format is that of section 10 of comfyui-protocol: a folder with `trace.jsonl`, one JSON object per line, and
//! beside it the bodies and history entries the lines refer to.

mod jobs;
mod read;
mod reel;
mod write;

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::play::Play;

pub(crate) use jobs::client_of;
pub use read::TapeError;
pub use write::{TapeWriter, WriteError};

/// What a recorder writes when it notices, or causes, something the wire does not say.
pub mod notes {
    pub const KILLED: &str = "recorder: server killed with SIGKILL";
    pub const UP_AGAIN: &str = "recorder: server is up again";
    pub const CUT: &str = "recorder: cut the TCP connection without a close frame";
}

/// One recorded session.
#[derive(Debug, Clone)]
pub struct Tape {
    pub name: String,
    pub lines: Vec<Line>,
    pub jobs: Vec<TapeJob>,
    /// Every `POST /prompt` that was refused, in order.
    pub refusals: Vec<Refusal>,
    /// The node classes recorded beside the trace.
    pub object_info: Map<String, Value>,
}

impl Tape {
    /// The client whose session it is: the first to connect, else the first to submit.
    pub fn lead(&self) -> Option<&str> {
        let connected = self.lines.iter().find_map(|line| match &line.event {
            Event::Text { data } => data["data"]["sid"].as_str(),
            _ => None,
        });
        connected.or_else(|| self.jobs.iter().find_map(|job| job.client_id.as_deref()))
    }
}

/// One job of a tape.
#[derive(Debug, Clone)]
pub struct TapeJob {
    /// The body of `POST /prompt`; of a job that was only overheard, what `/history` tells of it.
    pub body: Map<String, Value>,
    pub prompt_id: String,
    /// The `node_errors` of the answer: outputs that were dropped.
    pub node_errors: Value,
    /// `None` is a job without client id.
    pub client_id: Option<String>,
    /// When it was submitted, since the start of the recording.
    pub at: Duration,
    /// What happened; `None` if nobody heard anything of it.
    pub play: Option<Play>,
}

impl TapeJob {
    pub fn graph(&self) -> Option<&Map<String, Value>> {
        self.body.get("prompt").and_then(Value::as_object)
    }
}

/// A recorded request to `POST /prompt` and its answer other than 200.
#[derive(Debug, Clone)]
pub struct Refusal {
    pub request: Value,
    pub status: u16,
    pub answer: Value,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Line {
    /// Seconds since the recording began.
    pub t: f64,
    /// Name of the WebSocket, `http`, or `-`.
    pub conn: String,
    #[serde(flatten)]
    pub event: Event,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Event {
    Open {
        /// Path and query.
        url: String,
    },
    /// Server to client.
    Text {
        data: Value,
    },
    /// Server to client; `len` counts the whole frame, of which `b64` may be only the beginning.
    Binary {
        event: u32,
        len: usize,
        b64: String,
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        truncated: bool,
    },
    /// Client to server.
    Sent {
        data: Value,
    },
    Close {
        /// `None` when the recorder closed it itself.
        code: Option<u16>,
    },
    Http(Box<Exchange>),
    Note {
        text: String,
    },
    /// A kind this version does not know.
    #[serde(other)]
    Unknown,
}

/// One HTTP request and its answer. A request is in `request` as JSON, or in `request_raw`; an answer in `response` as
/// JSON, in `response_text`, in the file `response_file` beside the trace, or only its length in bytes in `response_len`.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Exchange {
    pub method: String,
    /// Path and query.
    pub path: String,
    /// `None` if the request failed; then `error` tells why.
    pub status: Option<u16>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content_type: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_raw: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub response: Option<Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub response_len: Option<usize>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub response_text: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub response_file: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub headers: Option<Value>,
}
