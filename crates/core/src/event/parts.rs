//! What events are made of, and what frames and views share with them.

use crate::cost::Expected;
use crate::names::NodeKind;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

/// One error shape everywhere.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct JobError {
    /// The exception's name as `ComfyUI` gives it (`torch.OutOfMemoryError`), or ours: `instance_lost`,
    /// `submission_refused`, `timeout`.
    pub r#type: String,
    pub message: String,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub node_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub node_title: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub class_type: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub traceback: Vec<String>,
}

/// How sure we are of the time left; all in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct Eta {
    pub remaining_ms: u64,
    pub low_ms: u64,
    pub high_ms: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum NodeState {
    Pending,
    Cached,
    Running,
    Finished,
    Error,
    Interrupted,
    Skipped,
}

impl NodeState {
    pub fn as_str(self) -> &'static str {
        match self {
            NodeState::Pending => "pending",
            NodeState::Cached => "cached",
            NodeState::Running => "running",
            NodeState::Finished => "finished",
            NodeState::Error => "error",
            NodeState::Interrupted => "interrupted",
            NodeState::Skipped => "skipped",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum InterruptReason {
    /// A person asked us to.
    Cancelled,
    /// Somebody stopped it at the server.
    Interrupted,
    /// It left the server's queue before it ran.
    RemovedFromQueue,
}

impl InterruptReason {
    pub fn as_str(self) -> &'static str {
        match self {
            InterruptReason::Cancelled => "cancelled",
            InterruptReason::Interrupted => "interrupted",
            InterruptReason::RemovedFromQueue => "removed_from_queue",
        }
    }
}

/// What a node is, beside its id; shared by the node events.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct NodeRef {
    pub node_id: String,
    pub display_node_id: String,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub parent_node_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub real_node_id: Option<String>,
    pub node_title: String,
    /// Absent for a child of an expanded node: its class is known to nobody outside the server.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub class_type: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct WorkflowNode {
    pub node_id: String,
    pub class_type: String,
    pub node_title: String,
    pub kind: NodeKind,
    pub dependencies: Vec<Dependency>,
    /// What it should take, as far as anything is known of it; absent for a node that comes from the cache.
    #[serde(flatten, skip_serializing_if = "Option::is_none", default)]
    #[cfg_attr(test, ts(skip))]
    pub expected: Option<Expected>,
}

/// A wire of the graph: `input` of this node is fed by output number `output` of `node_id`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct Dependency {
    pub node_id: String,
    pub input: String,
    pub output: u32,
    /// The slot type (`MODEL`, `LATENT`), where the server told the class.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub r#type: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct FileRef {
    pub filename: String,
    #[serde(default)]
    pub subfolder: String,
    pub r#type: String,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct Device {
    pub name: String,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub r#type: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub vram_total_bytes: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub vram_free_bytes: Option<u64>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct ExecutionData {
    pub prompt_id: String,
    /// `{nodeId: output}`, as `ComfyUI` gave it.
    #[schema(value_type = Object)]
    pub output: Value,
}
