//! Events: what we publish. Fields, names and order of meaning are fixed by `CONTRACT.md`, "Events".

mod parts;

pub use parts::{
    Dependency, Device, Eta, ExecutionData, FileRef, InterruptReason, JobError, NodeRef, NodeState, WorkflowNode,
};

use crate::cost::Work;
use crate::time::Timestamp;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

/// The `source` of every event on a bus.
pub const SOURCE: &str = "comfyui.monitor";
/// Raised when a field changes its meaning; added fields do not raise it.
pub const SCHEMA_VERSION: u32 = 1;
/// The `promptId` of monitor-level events.
pub const SYSTEM_PROMPT: &str = "system";

/// One thing that happened, as it goes over a bus: `{source, detailType, detail}`.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    pub base: Base,
    pub body: Body,
}

/// What every `detail` has.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct Base {
    pub prompt_id: String,
    /// Our wall clock.
    pub timestamp: Timestamp,
    /// The monitor's client id.
    pub client_id: String,
    pub event_id: Uuid,
    /// Per generation, or per instance for monitor-level events; strictly rising, gaps allowed.
    pub sequence: u64,
    /// From 1.
    pub attempt: u32,
    pub instance_id: String,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub queue_id: Option<Uuid>,
    pub schema_version: u32,
    /// When it happened by the server's clock, for what was only learnt later from its history.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub occurred_at: Option<Timestamp>,
    /// The client id of whoever submitted an observed job.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub submitter_client_id: Option<String>,
    /// How far its job was shown to be then, percent, where it is published to readers who do not hear every step.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub overall_percentage: Option<f64>,
}

macro_rules! bodies {
    ($($(#[$doc:meta])* $variant:ident = $name:literal { $($(#[$field_attr:meta])* $field:ident : $ty:ty),* $(,)? })*) => {
        $(
            $(#[$doc])*
            #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
            #[cfg_attr(test, derive(ts_rs::TS))]
            #[serde(rename_all = "camelCase")]
            pub struct $variant { $($(#[$field_attr])* pub $field: $ty),* }
        )*

        /// What happened; the variant is the detail type.
        #[derive(Clone, Debug, PartialEq)]
        pub enum Body { $($variant($variant)),* }

        /// Every detail type, by the name it has on every bus.
        pub const DETAIL_TYPES: &[&str] = &[$($name),*];

        impl Body {
            pub fn detail_type(&self) -> &'static str {
                match self { $(Body::$variant(_) => $name),* }
            }

            fn serialize_fields<S: Serializer>(&self, base: &Base, serializer: S) -> Result<S::Ok, S::Error> {
                #[derive(Serialize)]
                struct Detail<'a, T> { #[serde(flatten)] base: &'a Base, #[serde(flatten)] body: &'a T }
                match self { $(Body::$variant(body) => Detail { base, body }.serialize(serializer)),* }
            }

            fn from_detail(detail_type: &str, detail: Value) -> Result<Body, serde_json::Error> {
                match detail_type {
                    $($name => serde_json::from_value(detail).map(Body::$variant),)*
                    other => Err(serde_json::Error::custom(format!("unknown detail type {other:?}"))),
                }
            }
        }

        $(impl From<$variant> for Body { fn from(body: $variant) -> Body { Body::$variant(body) } })*
    };
}

bodies! {
    /// The monitor is connected and knows the server.
    MonitorInitialized = "Monitor Initialized" {
        comfyui_host: String,
        version: String,
        #[serde(skip_serializing_if = "Option::is_none", default)] comfyui_version: Option<String>,
        devices: Vec<Device>,
    }
    MonitorStopped = "Monitor Stopped" { reason: String }
    MonitorDisconnected = "Monitor Disconnected" { reason: String }
    MonitorReconnected = "Monitor Reconnected" { missed_ms: u64, healed_jobs: u32 }
    QueueStatusUpdated = "Queue Status Updated" {
        queue_remaining: u64,
        #[schema(value_type = Object)] exec_info: Value,
    }
    JobQueued = "Job Queued" {
        #[serde(skip_serializing_if = "Option::is_none", default)] queue_position: Option<u32>,
        #[serde(skip_serializing_if = "Option::is_none", default)] title: Option<String>,
    }
    JobStarted = "Job Started" { total_nodes: u32, cached_nodes: Vec<String> }
    WorkflowNodes = "Workflow Nodes" { workflow_nodes: Vec<WorkflowNode>, total_nodes: u32 }
    NodeExecuting = "Node Executing" { #[serde(flatten)] node: NodeRef }
    NodeProgressUpdate = "Node Progress Update" {
        #[serde(flatten)] node: NodeRef,
        #[serde(skip_serializing_if = "Option::is_none", default)] node_progress: Option<f64>,
        #[serde(skip_serializing_if = "Option::is_none", default)] node_max_progress: Option<f64>,
        #[serde(skip_serializing_if = "Option::is_none", default)] node_percentage: Option<f64>,
        node_state: NodeState,
        message: String,
        overall_percentage: f64,
        #[serde(skip_serializing_if = "Option::is_none", default)] eta: Option<Eta>,
    }
    NodeExecuted = "Node Executed" {
        node_id: String,
        display_node_id: String,
        #[serde(skip_serializing_if = "Option::is_none", default)] duration_ms: Option<u64>,
        #[serde(skip_serializing_if = "Option::is_none", default)] #[schema(value_type = Object)] output: Option<Value>,
        /// Served from the cache: it did not run.
        #[serde(skip_serializing_if = "std::ops::Not::not", default)] cached: bool,
        /// Its branch was blocked with a message: it did not run, and the job went on.
        #[serde(skip_serializing_if = "Option::is_none", default)] blocked: Option<String>,
        /// Steps it reported in all, where it did.
        #[serde(skip_serializing_if = "Option::is_none", default)] steps: Option<f64>,
        /// What it had to do, where it ran and is of the submitted graph: history is made of this.
        #[serde(skip_serializing_if = "Option::is_none", default)] work: Option<Work>,
    }
    ImagesGenerated = "Images Generated" {
        node_id: String,
        images: Vec<FileRef>,
        #[schema(value_type = Object)] output: Value,
    }
    JobCompleted = "Job Completed" {
        execution_data: ExecutionData,
        duration_ms: u64,
        /// From the server's history, where the start was not heard.
        #[serde(skip_serializing_if = "Vec::is_empty", default)] cached_nodes: Vec<String>,
        /// The most GPU memory its instance used while it ran, bytes, where it was read meanwhile.
        #[serde(skip_serializing_if = "Option::is_none", default)] peak_memory_bytes: Option<u64>,
    }
    JobFailed = "Job Failed" {
        error: JobError,
        #[serde(skip_serializing_if = "Option::is_none", default)] duration_ms: Option<u64>,
        will_retry: bool,
        /// Steps its node had done when it failed, and of how many, where it counts them.
        #[serde(skip_serializing_if = "Option::is_none", default)] node_progress: Option<f64>,
        #[serde(skip_serializing_if = "Option::is_none", default)] node_max_progress: Option<f64>,
        /// `{nodeId: output}` made before it failed, as `ComfyUI` gave it.
        #[serde(skip_serializing_if = "Option::is_none", default)] #[schema(value_type = Object)] output: Option<Value>,
        /// The most GPU memory its instance used while it ran, bytes, where it was read meanwhile.
        #[serde(skip_serializing_if = "Option::is_none", default)] peak_memory_bytes: Option<u64>,
    }
    JobInterrupted = "Job Interrupted" {
        reason: InterruptReason,
        #[serde(skip_serializing_if = "Option::is_none", default)] node_id: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none", default)] duration_ms: Option<u64>,
        /// Steps its node had done when it was stopped, and of how many, where it counts them.
        #[serde(skip_serializing_if = "Option::is_none", default)] node_progress: Option<f64>,
        #[serde(skip_serializing_if = "Option::is_none", default)] node_max_progress: Option<f64>,
        /// `{nodeId: output}` made before it was stopped, as `ComfyUI` gave it.
        #[serde(skip_serializing_if = "Option::is_none", default)] #[schema(value_type = Object)] output: Option<Value>,
        /// The most GPU memory its instance used while it ran, bytes, where it was read meanwhile.
        #[serde(skip_serializing_if = "Option::is_none", default)] peak_memory_bytes: Option<u64>,
    }
    JobRetrying = "Job Retrying" {
        retry_count: u32,
        max_retries: u32,
        retry_delay: u64,
        error: JobError,
        #[serde(skip_serializing_if = "Option::is_none", default)] change: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none", default)] next: Option<String>,
    }
}

impl JobInterrupted {
    /// Of a job of which nobody saw anything run.
    pub fn unseen(reason: InterruptReason) -> JobInterrupted {
        JobInterrupted {
            reason,
            node_id: None,
            duration_ms: None,
            node_progress: None,
            node_max_progress: None,
            output: None,
            peak_memory_bytes: None,
        }
    }
}

impl JobFailed {
    /// Of a job of which nobody saw how it ended.
    pub fn unseen(error: JobError) -> JobFailed {
        JobFailed {
            error,
            duration_ms: None,
            will_retry: false,
            node_progress: None,
            node_max_progress: None,
            output: None,
            peak_memory_bytes: None,
        }
    }
}

impl Base {
    /// By the server's clock for what was only learnt later, else by ours.
    pub fn happened_at(&self) -> Timestamp {
        self.occurred_at.unwrap_or(self.timestamp)
    }
}

impl Event {
    pub fn detail_type(&self) -> &'static str {
        self.body.detail_type()
    }

    /// Durable events go through the outbox and are never dropped; the others are conflated, newest per node wins.
    pub fn is_durable(&self) -> bool {
        !matches!(self.body, Body::NodeProgressUpdate(_) | Body::QueueStatusUpdated(_))
    }

    /// The end of an attempt: there is exactly one.
    pub fn is_terminal(&self) -> bool {
        matches!(self.body, Body::JobCompleted(_) | Body::JobFailed(_) | Body::JobInterrupted(_))
    }

    /// What its node, or its whole job, took; in milliseconds.
    pub fn duration_ms(&self) -> Option<u64> {
        match &self.body {
            Body::NodeExecuted(body) => body.duration_ms,
            Body::JobCompleted(body) => Some(body.duration_ms),
            Body::JobFailed(body) => body.duration_ms,
            Body::JobInterrupted(body) => body.duration_ms,
            _ => None,
        }
    }

    /// The id of the node it is about, where it is about one.
    pub fn node_id(&self) -> Option<&str> {
        match &self.body {
            Body::NodeExecuting(body) => Some(&body.node.node_id),
            Body::NodeProgressUpdate(body) => Some(&body.node.node_id),
            Body::NodeExecuted(body) => Some(&body.node_id),
            Body::ImagesGenerated(body) => Some(&body.node_id),
            Body::JobInterrupted(body) => body.node_id.as_deref(),
            Body::JobFailed(body) => body.error.node_id.as_deref(),
            _ => None,
        }
    }

    /// `detail` alone, as JSON.
    pub fn detail(&self) -> Result<Value, serde_json::Error> {
        self.body.serialize_fields(&self.base, serde_json::value::Serializer)
    }

    /// From `detailType` and `detail`, as they come from a bus or a table.
    pub fn from_parts(detail_type: &str, detail: Value) -> Result<Event, serde_json::Error> {
        let mut base = Base::deserialize(&detail)?;
        let body = Body::from_detail(detail_type, detail)?;
        // A step has one of its own, by the same name.
        if matches!(body, Body::NodeProgressUpdate(_)) {
            base.overall_percentage = None;
        }
        Ok(Event { base, body })
    }
}

struct DetailOf<'a>(&'a Event);

impl Serialize for DetailOf<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.body.serialize_fields(&self.0.base, serializer)
    }
}

impl Serialize for Event {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeStruct;
        let mut event = serializer.serialize_struct("Event", 3)?;
        event.serialize_field("source", SOURCE)?;
        event.serialize_field("detailType", self.detail_type())?;
        event.serialize_field("detail", &DetailOf(self))?;
        event.end()
    }
}

impl<'de> Deserialize<'de> for Event {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Envelope {
            detail_type: String,
            detail: Value,
        }
        let envelope = Envelope::deserialize(deserializer)?;
        Event::from_parts(&envelope.detail_type, envelope.detail).map_err(D::Error::custom)
    }
}
