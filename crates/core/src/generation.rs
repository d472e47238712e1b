//! The shapes of `CONTRACT.md`, "HTTP API": a generation, its summary, its nodes, outputs and attempts, and an
//! instance. What the page, the CLI and the API read; made from a [`crate::view::View`], never kept.

mod instance;

pub use instance::{Instance, InstanceState, InstanceToday, Memory, Waiting};

use crate::event::{Dependency, Eta, JobError, NodeState};
use crate::names::NodeKind;
use crate::retry::Suggestion;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Status {
    Pending,
    Processing,
    Completed,
    Failed,
    Interrupted,
}

impl Status {
    pub const ALL: [Status; 5] =
        [Status::Pending, Status::Processing, Status::Completed, Status::Failed, Status::Interrupted];

    pub fn as_str(self) -> &'static str {
        match self {
            Status::Pending => "pending",
            Status::Processing => "processing",
            Status::Completed => "completed",
            Status::Failed => "failed",
            Status::Interrupted => "interrupted",
        }
    }

    pub fn is_ended(self) -> bool {
        matches!(self, Status::Completed | Status::Failed | Status::Interrupted)
    }
}

impl std::str::FromStr for Status {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Status::ALL.into_iter().find(|status| status.as_str() == text).ok_or_else(|| {
            format!("unknown status {text:?}: it is one of pending, processing, completed, failed, interrupted")
        })
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// Through us.
    Submitted,
    /// By somebody else, seen at the server.
    #[default]
    Observed,
}

/// One complaint of `ComfyUI` about a workflow, readable.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct NodeError {
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub node_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub node_title: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub class_type: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub input: Option<String>,
    pub message: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct Generation {
    pub queue_id: Uuid,
    /// Of the newest attempt.
    pub prompt_id: String,
    pub instance_id: String,
    pub origin: Origin,
    pub status: Status,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub reason: Option<String>,
    pub title: String,
    pub created_at: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub started_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub completed_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub duration_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub queue_position: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub estimated_wait_time: Option<u64>,
    pub overall_percentage: f64,
    /// Until it is done, as of now; while it waits, the wait included.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub eta: Option<Eta>,
    /// It takes longer than usual, and `eta` says little: milliseconds past what nine of ten runs of its node take.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub over_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub message: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub stalled_since: Option<Timestamp>,
    /// Where several nodes run: the one that decides when the job ends.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub critical_node_id: Option<String>,
    pub nodes: Vec<Node>,
    /// Children of expanded nodes beyond the 200 that are listed.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub more_nodes: Option<u32>,
    /// What runs after what runs now, at most three.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub next: Vec<Next>,
    pub outputs: Vec<Output>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub error: Option<JobError>,
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub warnings: Vec<NodeError>,
    pub attempts: Vec<Attempt>,
    pub retry_count: u32,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub retry: Option<Retry>,
    /// What may work on one that has failed, best first.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub suggestions: Vec<Suggestion>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    #[schema(value_type = Object)]
    pub metadata: Option<Value>,
    /// Only seen in `/queue` and `/history`: start, end and outputs, no steps.
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub coarse: bool,
    /// The newest sequence it holds; frames with an older one are already in it.
    pub sequence: u64,
}

/// A generation without `nodes`, `outputs` and `attempts`, for lists.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct Summary {
    pub queue_id: Uuid,
    pub prompt_id: String,
    pub instance_id: String,
    pub origin: Origin,
    pub status: Status,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub reason: Option<String>,
    pub title: String,
    pub created_at: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub started_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub completed_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub duration_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub queue_position: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub estimated_wait_time: Option<u64>,
    pub overall_percentage: f64,
    /// Until it is done, as of now; while it waits, the wait included.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub eta: Option<Eta>,
    /// It takes longer than usual, and `eta` says little: milliseconds past what nine of ten runs of its node take.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub over_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub message: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub stalled_since: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub error: Option<JobError>,
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub warnings: Vec<NodeError>,
    pub retry_count: u32,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub retry: Option<Retry>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    #[schema(value_type = Object)]
    pub metadata: Option<Value>,
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub coarse: bool,
    pub sequence: u64,
    /// At most 32 segments, neighbours of one state merged.
    pub strip: Vec<Segment>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub current: Option<Current>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub thumbnail_url: Option<String>,
    pub output_count: u32,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Segment {
    pub state: NodeState,
    /// Milliseconds: what it took; what it has taken or should take, whichever is more, while it runs; what it should
    /// take before. 0 where not known, and for what comes from the cache.
    pub ms: u64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct Current {
    pub node_id: String,
    pub title: String,
    pub kind: NodeKind,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub value: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub max: Option<f64>,
}

/// A node that is still to run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct Next {
    pub node_id: String,
    pub title: String,
    pub kind: NodeKind,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub expected_ms: Option<u64>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct Node {
    pub node_id: String,
    pub display_node_id: String,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub parent_node_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub real_node_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub class_type: Option<String>,
    pub title: String,
    pub kind: NodeKind,
    pub state: NodeState,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub value: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub max: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub percentage: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub started_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub elapsed_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub duration_ms: Option<u64>,
    /// What it should take in all, with the range that eight of ten runs fall into; only while it is pending or runs.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub expected_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub expected_low_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub expected_high_ms: Option<u64>,
    pub dependencies: Vec<Dependency>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum OutputKind {
    Image,
    Video,
    Audio,
    Text,
    #[serde(rename = "model3d")]
    Model3d,
    File,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum OutputStatus {
    /// Found, not yet stored.
    Pending,
    Stored,
    /// Its download has finally failed; `reason` says why.
    Failed,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct Output {
    pub media_id: Uuid,
    pub node_id: String,
    pub kind: OutputKind,
    /// A temp file: shown, but not a result.
    pub preview: bool,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub content_type: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub size: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub width: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub height: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub sha256: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub thumbnail_url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub original_filename: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub text: Option<String>,
    pub status: OutputStatus,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub reason: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct Attempt {
    pub prompt_id: String,
    pub instance_id: String,
    pub number: u32,
    pub status: Status,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub change: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub error: Option<JobError>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub stopped_at: Option<StoppedAt>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub started_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub completed_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub duration_ms: Option<u64>,
    /// The most GPU memory its instance used while it ran, bytes; absent where it was not read meanwhile.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub peak_memory_bytes: Option<u64>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct StoppedAt {
    pub node_id: String,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub value: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub max: Option<f64>,
}

/// Between two attempts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct Retry {
    pub retry_at: Timestamp,
    pub max_retries: u32,
    pub error: JobError,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub change: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub next: Option<String>,
}
