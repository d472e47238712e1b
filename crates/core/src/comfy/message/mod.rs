//! Text messages of the WebSocket: `{"type": string, "data": any}` (`ComfyUI` `server.py`, `execution.py`,
//! `comfy_execution/progress.py`).
//!
//! [`parse`] never fails. A message in the expected form is read in one pass straight into its type; whatever does
//! not fit gets a second, lenient try, and what is still unreadable becomes [`Message::Malformed`], to be counted.

mod mend;
mod read;

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::{Map, Value};

use super::field::{millis, objects, optional_text, present, text};
pub use read::{Parsed, parse, parse_parts};

/// A message as `ComfyUI` sent it. All ids are opaque strings; all times are the server's clock in milliseconds.
#[derive(Debug, Clone, PartialEq)]
pub enum Message<'a> {
    /// The length of the queue changed, or the answer to our connecting (then with `sid`).
    Status(Status),
    ExecutionStart(ExecutionStart),
    ExecutionCached(ExecutionCached),
    Executing(Executing),
    /// The older progress message: the bar of one node moved.
    Progress(StepProgress),
    ProgressState(ProgressState<'a>),
    Executed(Executed),
    ExecutionSuccess(ExecutionSuccess),
    ExecutionError(ExecutionError),
    ExecutionInterrupted(ExecutionInterrupted),
    FeatureFlags(FeatureFlags),
    Logs(Logs),
    /// Readings of the machine, broadcast by the Crystools extension about once a second.
    Crystools(Crystools),
    /// A type this crate does not know; `data` is its JSON, unread.
    Unknown {
        kind: Cow<'a, str>,
        data: Cow<'a, str>,
    },
    /// Not JSON, not a message, or a known type without what makes it usable.
    Malformed(Malformed),
}

/// Why a message could not be read, for the log and the counter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Malformed {
    /// The message's type, where that much was readable.
    pub kind: Option<String>,
    /// What the reader stumbled over, at most 200 characters.
    pub reason: String,
}

/// `status`. Goes to every client, whoever submitted.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Status {
    status: Map<String, Value>,
    /// Our client id, only in the first message after connecting.
    #[serde(default)]
    pub sid: Option<String>,
}

impl Status {
    /// Jobs waiting and running; `None` if the server left it out.
    pub fn queue_remaining(&self) -> Option<u64> {
        self.exec_info()?.get("queue_remaining")?.as_u64()
    }

    /// What the server tells about its queue, untouched.
    pub fn exec_info(&self) -> Option<&Value> {
        self.status.get("exec_info")
    }
}

/// `execution_start`: the first message of a job.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct ExecutionStart {
    pub prompt_id: String,
    #[serde(default, deserialize_with = "millis")]
    pub timestamp: Option<i64>,
}

/// `execution_cached`: nodes whose result is in the cache at the start, needed or not.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct ExecutionCached {
    pub prompt_id: String,
    #[serde(default)]
    pub nodes: Vec<String>,
    #[serde(default, deserialize_with = "millis")]
    pub timestamp: Option<i64>,
}

/// `executing`, in its three meanings.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Executing {
    /// The node that starts; `None` ends the job.
    #[serde(deserialize_with = "present")]
    pub node: Option<String>,
    #[serde(default)]
    pub display_node: Option<String>,
    /// Absent only in the form sent on reconnecting, whose `node` is the display id of the node started last.
    #[serde(default)]
    pub prompt_id: Option<String>,
}

impl Executing {
    /// The id of the job this message ends, if it ends one: it is the last message of every job.
    pub fn ends(&self) -> Option<&str> {
        self.prompt_id.as_deref().filter(|_| self.node.is_none())
    }
}

/// `progress`: a bar moved. `max` may be 0, and either may be null.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct StepProgress {
    #[serde(default)]
    pub prompt_id: Option<String>,
    /// The executing, possibly ephemeral node; null if a foreign thread reports.
    #[serde(default)]
    pub node: Option<String>,
    pub value: Option<f64>,
    pub max: Option<f64>,
}

/// `progress_state`: every node of the job that has started, in the order of first start.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct ProgressState<'a> {
    #[serde(borrow, deserialize_with = "text")]
    pub prompt_id: Cow<'a, str>,
    #[serde(borrow, deserialize_with = "read::node_entries")]
    pub nodes: Vec<NodeEntry<'a>>,
}

/// One node of a `progress_state`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct NodeEntry<'a> {
    /// The key of the entry: the executing node, possibly ephemeral.
    #[serde(skip)]
    pub node_id: Cow<'a, str>,
    #[serde(default)]
    pub state: NodeState,
    /// Steps or any other unit (seconds occur); 0 of 1 while running means that nothing is known.
    #[serde(default)]
    pub value: Option<f64>,
    #[serde(default)]
    pub max: Option<f64>,
    /// The node the user sees, which may be another than the real one.
    #[serde(default, borrow, deserialize_with = "optional_text")]
    pub display_node_id: Option<Cow<'a, str>>,
    /// The node that expanded into this one.
    #[serde(default, borrow, deserialize_with = "optional_text")]
    pub parent_node_id: Option<Cow<'a, str>>,
    /// The ancestor in the submitted graph.
    #[serde(default, borrow, deserialize_with = "optional_text")]
    pub real_node_id: Option<Cow<'a, str>>,
    /// What the node is doing ("loading"), from servers after 0.33.
    #[serde(default, borrow, deserialize_with = "optional_text")]
    pub activity: Option<Cow<'a, str>>,
}

/// The state of a node in `progress_state`. Servers up to 0.38 send `running` and `finished` only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NodeState {
    Pending,
    Running,
    Finished,
    Error,
    #[default]
    #[serde(other)]
    Unknown,
}

/// `executed`: a node with output for the user is done, or served from the cache.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Executed {
    pub prompt_id: String,
    pub node: String,
    #[serde(default)]
    pub display_node: Option<String>,
    /// Untouched; null for a cached output node without output. Read it with [`super::output`].
    #[serde(default)]
    pub output: Value,
}

/// `execution_success`. The history entry does not exist yet: wait for [`Executing::ends`].
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct ExecutionSuccess {
    pub prompt_id: String,
    #[serde(default, deserialize_with = "millis")]
    pub timestamp: Option<i64>,
}

/// `execution_error`. The printed inputs (`current_inputs`) are large and private and are not kept.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct ExecutionError {
    pub prompt_id: String,
    /// The id in the submitted graph, also when an ephemeral child raised (but the display id for a cycle).
    #[serde(default)]
    pub node_id: Option<String>,
    #[serde(default)]
    pub node_type: Option<String>,
    /// The Python exception, with its module unless built in: `ValueError`, `torch.OutOfMemoryError`.
    #[serde(default)]
    pub exception_type: Option<String>,
    /// As sent, usually with a line feed at the end.
    #[serde(default)]
    pub exception_message: Option<String>,
    #[serde(default)]
    pub traceback: Vec<String>,
    /// Nodes that ran in this job, unordered, ephemeral ones included.
    #[serde(default)]
    pub executed: Vec<String>,
    #[serde(default, deserialize_with = "millis")]
    pub timestamp: Option<i64>,
}

impl ExecutionError {
    /// A blocked branch: it ends this node and what hangs on it, never the job.
    pub fn is_blocked(&self) -> bool {
        self.exception_type.as_deref() == Some("ExecutionBlocked")
    }
}

/// `execution_interrupted`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct ExecutionInterrupted {
    pub prompt_id: String,
    #[serde(default)]
    pub node_id: Option<String>,
    #[serde(default)]
    pub node_type: Option<String>,
    #[serde(default)]
    pub executed: Vec<String>,
    #[serde(default, deserialize_with = "millis")]
    pub timestamp: Option<i64>,
}

/// `feature_flags`: what the server can do, in answer to ours.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(transparent)]
pub struct FeatureFlags(pub Map<String, Value>);

impl FeatureFlags {
    /// Whether text frames name their job ([`super::binary::TextForm::WithPrompt`]). No server up to 0.38 does.
    pub fn supports_progress_text_metadata(&self) -> bool {
        self.0.get("supports_progress_text_metadata") == Some(&Value::Bool(true))
    }
}

/// `logs`: lines of the server's terminal, to those who asked.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Logs {
    #[serde(default, deserialize_with = "objects")]
    pub entries: Vec<LogLine>,
}

/// A piece of terminal output.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct LogLine {
    /// Local time of the server, ISO form without zone.
    #[serde(default, rename = "t")]
    pub time: Option<String>,
    /// With ANSI colours and line feeds.
    #[serde(rename = "m")]
    pub text: String,
}

/// `crystools.monitor`. Percentages from 0 to 100, memory in bytes, temperature in °C; any may be missing.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(default)]
pub struct Crystools {
    pub cpu_utilization: Option<f64>,
    pub ram_total: Option<f64>,
    pub ram_used: Option<f64>,
    pub ram_used_percent: Option<f64>,
    pub hdd_total: Option<f64>,
    pub hdd_used: Option<f64>,
    pub hdd_used_percent: Option<f64>,
    pub device_type: Option<String>,
    #[serde(deserialize_with = "objects")]
    pub gpus: Vec<CrystoolsGpu>,
}

/// One graphics card in [`Crystools`].
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(default)]
pub struct CrystoolsGpu {
    pub gpu_utilization: Option<f64>,
    pub gpu_temperature: Option<f64>,
    pub vram_total: Option<f64>,
    pub vram_used: Option<f64>,
    pub vram_used_percent: Option<f64>,
}

impl Message<'_> {
    /// The job this message is about, for the types that name one.
    pub fn prompt_id(&self) -> Option<&str> {
        match self {
            Self::ExecutionStart(m) => Some(&m.prompt_id),
            Self::ExecutionCached(m) => Some(&m.prompt_id),
            Self::Executing(m) => m.prompt_id.as_deref(),
            Self::Progress(m) => m.prompt_id.as_deref(),
            Self::ProgressState(m) => Some(&m.prompt_id),
            Self::Executed(m) => Some(&m.prompt_id),
            Self::ExecutionSuccess(m) => Some(&m.prompt_id),
            Self::ExecutionError(m) => Some(&m.prompt_id),
            Self::ExecutionInterrupted(m) => Some(&m.prompt_id),
            Self::Status(_)
            | Self::FeatureFlags(_)
            | Self::Logs(_)
            | Self::Crystools(_)
            | Self::Unknown { .. }
            | Self::Malformed(_) => None,
        }
    }

    /// The same message, independent of the bytes it was read from.
    pub fn into_owned(self) -> Message<'static> {
        match self {
            Self::Status(m) => Message::Status(m),
            Self::ExecutionStart(m) => Message::ExecutionStart(m),
            Self::ExecutionCached(m) => Message::ExecutionCached(m),
            Self::Executing(m) => Message::Executing(m),
            Self::Progress(m) => Message::Progress(m),
            Self::ProgressState(m) => Message::ProgressState(m.into_owned()),
            Self::Executed(m) => Message::Executed(m),
            Self::ExecutionSuccess(m) => Message::ExecutionSuccess(m),
            Self::ExecutionError(m) => Message::ExecutionError(m),
            Self::ExecutionInterrupted(m) => Message::ExecutionInterrupted(m),
            Self::FeatureFlags(m) => Message::FeatureFlags(m),
            Self::Logs(m) => Message::Logs(m),
            Self::Crystools(m) => Message::Crystools(m),
            Self::Unknown { kind, data } => Message::Unknown { kind: owned(kind), data: owned(data) },
            Self::Malformed(m) => Message::Malformed(m),
        }
    }
}

impl ProgressState<'_> {
    /// The same state, independent of the bytes it was read from.
    pub fn into_owned(self) -> ProgressState<'static> {
        ProgressState {
            prompt_id: owned(self.prompt_id),
            nodes: self.nodes.into_iter().map(NodeEntry::into_owned).collect(),
        }
    }
}

impl NodeEntry<'_> {
    /// The same entry, independent of the bytes it was read from.
    pub fn into_owned(self) -> NodeEntry<'static> {
        NodeEntry {
            node_id: owned(self.node_id),
            state: self.state,
            value: self.value,
            max: self.max,
            display_node_id: self.display_node_id.map(owned),
            parent_node_id: self.parent_node_id.map(owned),
            real_node_id: self.real_node_id.map(owned),
            activity: self.activity.map(owned),
        }
    }
}

fn owned(text: Cow<'_, str>) -> Cow<'static, str> {
    Cow::Owned(text.into_owned())
}
