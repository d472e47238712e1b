//! Frames: what the page gets over `/v1/live` and as server-sent events. Fields are fixed by `CONTRACT.md`, "Frames".

use crate::event::{Eta, InterruptReason, JobError, NodeState, WorkflowNode};
use crate::generation::{Generation, Instance, Next, Output, Status, Summary};
use crate::names::NodeKind;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Frame {
    pub timestamp: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub request_id: Option<String>,
    /// In every frame of a job but the snapshot.
    #[serde(flatten)]
    pub job: Option<JobHeader>,
    #[serde(flatten)]
    pub body: FrameBody,
}

#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct JobHeader {
    pub queue_id: Uuid,
    pub prompt_id: String,
    pub attempt: u32,
    /// That of the event behind it.
    pub sequence: u64,
    /// Of the generation.
    pub status: Status,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum ErrorCode {
    BadRequest,
    UnknownAction,
    NotAllowed,
    TooManySubscriptions,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum ProgressType {
    /// A node changed.
    NodeProgress,
    /// Only time did.
    OverallProgress,
}

#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct ProgressData {
    pub node_id: String,
    pub display_node_id: String,
    /// The human name.
    pub current_node: String,
    pub kind: NodeKind,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub value: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub max: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub percentage: Option<f64>,
    pub node_state: NodeState,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub parent_node_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub real_node_id: Option<String>,
    pub message: String,
    pub elapsed_ms: u64,
}

#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct WorkflowData {
    #[cfg_attr(test, ts(type = "Array<WorkflowNode & Partial<Expected>>"))]
    pub nodes: Vec<WorkflowNode>,
    pub total_nodes: u32,
    pub current_node_index: u32,
    pub node_order: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(tag = "type", rename_all = "snake_case", rename_all_fields = "camelCase")]
pub enum FrameBody {
    SubscriptionConfirmed {
        queue_id: String,
    },
    UnsubscriptionConfirmed {
        queue_id: String,
    },
    Pong,
    Error {
        code: ErrorCode,
        message: String,
    },
    Snapshot {
        queue_id: String,
        #[serde(skip_serializing_if = "Option::is_none", default)]
        sequence: Option<u64>,
        /// Null if not yet known; absent for `*`.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        generation: Option<Option<Box<Generation>>>,
        #[serde(skip_serializing_if = "Option::is_none", default)]
        generations: Option<Vec<Summary>>,
        #[serde(skip_serializing_if = "Option::is_none", default)]
        instances: Option<Vec<Instance>>,
        /// `nodes` was left out because of its size: fetch the generation.
        #[serde(skip_serializing_if = "std::ops::Not::not", default)]
        truncated: bool,
    },
    JobQueued(QueuePlace),
    QueueUpdate(QueuePlace),
    JobStarted {
        total_nodes: u32,
        cached_nodes: Vec<String>,
    },
    WorkflowNodes {
        workflow_data: WorkflowData,
    },
    JobProgress {
        progress_type: ProgressType,
        #[serde(skip_serializing_if = "Option::is_none", default)]
        progress_data: Option<ProgressData>,
        /// All that run now.
        nodes: Vec<ProgressData>,
        overall_percentage: f64,
        elapsed_ms: u64,
        #[serde(skip_serializing_if = "Option::is_none", default)]
        eta: Option<Eta>,
        /// It takes longer than usual, and `eta` says little: milliseconds past what nine of ten runs of its node take.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        over_ms: Option<u64>,
        /// Where several nodes run: the one that decides when the job ends.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        critical_node_id: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none", default)]
        stalled_since: Option<Timestamp>,
        /// Of the whole job, where it has more to say than its nodes: it is stalled, or its files are on their way.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        message: Option<String>,
        /// What runs after them, at most three.
        #[serde(skip_serializing_if = "Vec::is_empty", default)]
        next: Vec<Next>,
    },
    NodeExecuted {
        node_id: String,
        display_node_id: String,
        #[serde(skip_serializing_if = "Option::is_none", default)]
        duration_ms: Option<u64>,
        cached: bool,
    },
    Outputs {
        outputs: Vec<Output>,
        /// Some were left out, for a gateway takes no more: fetch the generation.
        #[serde(skip_serializing_if = "std::ops::Not::not", default)]
        truncated: bool,
    },
    JobRetry {
        retry_count: u32,
        max_retries: u32,
        retry_delay: u64,
        error: JobError,
        #[serde(skip_serializing_if = "Option::is_none", default)]
        change: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none", default)]
        next: Option<String>,
        message: String,
    },
    Completed {
        outputs: Vec<Output>,
        /// Likewise.
        #[serde(skip_serializing_if = "std::ops::Not::not", default)]
        truncated: bool,
        #[serde(skip_serializing_if = "Option::is_none", default)]
        duration_ms: Option<u64>,
        message: String,
    },
    JobFailed {
        error: JobError,
        message: String,
    },
    JobInterrupted {
        reason: InterruptReason,
        message: String,
    },
    GenerationUpdate {
        generation: Box<Summary>,
    },
    InstanceUpdate {
        instance: Box<Instance>,
    },
}

#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct QueuePlace {
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub queue_position: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub estimated_wait_time: Option<u64>,
    /// Until it is done, the wait included.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub eta: Option<Eta>,
    #[serde(rename = "comfyUIQueueRemaining", skip_serializing_if = "Option::is_none", default)]
    pub comfyui_queue_remaining: Option<u64>,
    pub message: String,
}

impl FrameBody {
    /// The `type` on the wire; also the event name of server-sent events.
    pub fn frame_type(&self) -> &'static str {
        match self {
            FrameBody::SubscriptionConfirmed { .. } => "subscription_confirmed",
            FrameBody::UnsubscriptionConfirmed { .. } => "unsubscription_confirmed",
            FrameBody::Pong => "pong",
            FrameBody::Error { .. } => "error",
            FrameBody::Snapshot { .. } => "snapshot",
            FrameBody::JobQueued(_) => "job_queued",
            FrameBody::QueueUpdate(_) => "queue_update",
            FrameBody::JobStarted { .. } => "job_started",
            FrameBody::WorkflowNodes { .. } => "workflow_nodes",
            FrameBody::JobProgress { .. } => "job_progress",
            FrameBody::NodeExecuted { .. } => "node_executed",
            FrameBody::Outputs { .. } => "outputs",
            FrameBody::JobRetry { .. } => "job_retry",
            FrameBody::Completed { .. } => "completed",
            FrameBody::JobFailed { .. } => "job_failed",
            FrameBody::JobInterrupted { .. } => "job_interrupted",
            FrameBody::GenerationUpdate { .. } => "generation_update",
            FrameBody::InstanceUpdate { .. } => "instance_update",
        }
    }

    /// A frame that a newer one of the same kind replaces: a slow reader may skip it.
    pub fn is_conflated(&self) -> bool {
        matches!(
            self,
            FrameBody::JobProgress { .. }
                | FrameBody::QueueUpdate(_)
                | FrameBody::GenerationUpdate { .. }
                | FrameBody::InstanceUpdate { .. }
        )
    }
}

/// What the page says over `/v1/live`.
#[derive(Clone, Debug, PartialEq, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Request {
    pub action: String,
    #[serde(default)]
    pub data: RequestData,
    #[serde(default)]
    pub request_id: Option<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RequestData {
    /// A generation's id, or `*` for all.
    #[serde(default)]
    pub queue_id: Option<String>,
    #[serde(default)]
    pub previews: Option<bool>,
}

/// What tells a preview's header from all other frames.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub enum PreviewKind {
    #[default]
    Preview,
}

/// The JSON part of a binary preview frame: u32 big endian length, this, image bytes.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct PreviewHeader {
    #[serde(rename = "type")]
    pub kind: PreviewKind,
    pub queue_id: Uuid,
    pub prompt_id: String,
    pub node_id: String,
    pub content_type: String,
    pub sequence: u64,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub value: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub max: Option<f64>,
}
