//! What the HTTP API, the CLI and the page can ask for: the use cases by name. The service does them.

use crate::ports::{ListQuery, MediaError, MediaRecord, Page, Remembered, StoreError};
use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::BoxStream;
use monitor_core::event::{Eta, Event, JobError};
use monitor_core::frame::FrameBody;
use monitor_core::generation::{Generation, Instance, NodeError};
use monitor_core::performance::ClassPerformance;
use monitor_core::time::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;
use uuid::Uuid;

#[derive(Debug, thiserror::Error)]
pub enum ApiError {
    #[error("{0}")]
    NotFound(String),
    #[error("{0}")]
    Conflict(String),
    /// Well-formed, but no workflow, or an override that does not fit.
    #[error("{message}")]
    Invalid { message: String, node_id: Option<String> },
    /// `ComfyUI` refused it; the generation is kept as `failed`.
    #[error("ComfyUI refused the workflow: {}", error.message)]
    Refused { queue_id: Uuid, error: JobError, node_errors: Vec<NodeError> },
    /// A server that was asked on behalf of the caller did not answer.
    #[error("{0}")]
    Unavailable(String),
    /// This deployment never does it; another one does.
    #[error("{0}")]
    NotOffered(String),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Media(#[from] MediaError),
}

/// `{nodeId: {input: value}}`.
pub type Overrides = Map<String, Value>;

/// `POST /v1/generations`, after the transport has been taken off.
#[derive(Clone, Debug, Default)]
pub struct Submit {
    pub source: Source,
    pub overrides: Overrides,
    pub instance_id: Option<String>,
    pub queue_id: Option<Uuid>,
    /// Of its first attempt, where somebody chose one already.
    pub prompt_id: Option<String>,
    pub idempotency_key: Option<String>,
    pub title: Option<String>,
    pub metadata: Option<Value>,
    /// Of the uploaded file, for the title.
    pub filename: Option<String>,
}

/// Where the graph comes from.
#[derive(Clone, Debug)]
pub enum Source {
    /// JSON: API format, or the editor's.
    Json(Value),
    /// A file that is or carries one.
    File(Bytes),
}

impl Default for Source {
    fn default() -> Self {
        Source::Json(Value::Null)
    }
}

#[derive(Clone, Debug)]
pub struct Submitted {
    pub generation: Generation,
    /// False when the idempotency key was known.
    pub created: bool,
}

/// `POST /v1/workflows`: what a form needs before submitting.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReadWorkflow {
    /// The API-format graph.
    #[schema(value_type = Object)]
    pub workflow: Value,
    pub title: String,
    pub inputs: Vec<monitor_core::workflow::form::FormInput>,
    pub warnings: Vec<NodeError>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instance_id: Option<String>,
    /// Milliseconds until it would start at that instance.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub estimated_wait_time: Option<u64>,
    /// What it would take there from its start to its end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub eta: Option<Eta>,
}

/// One reading of an instance's GPU memory, bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Reading {
    pub t: Timestamp,
    pub used_bytes: u64,
    pub total_bytes: u64,
}

/// An input image on its way to a server.
#[derive(Clone, Debug)]
pub struct Upload {
    pub filename: String,
    pub bytes: Bytes,
}

pub type ByteStream = BoxStream<'static, Result<Bytes, MediaError>>;

/// The bytes of one output.
pub struct MediaBytes {
    pub record: MediaRecord,
    pub content_type: String,
    pub total: u64,
    pub stream: ByteStream,
}

#[async_trait]
pub trait Api: Send + Sync {
    /// Kept first, then sent. Returns when `ComfyUI` has accepted or refused it, or at once (`pending`) where no
    /// server is there.
    async fn submit(&self, submit: Submit) -> Result<Submitted, ApiError>;
    async fn read_workflow(
        &self,
        source: Source,
        filename: Option<String>,
        instance_id: Option<String>,
    ) -> Result<ReadWorkflow, ApiError>;
    /// Takes over a generation that others remember: what is asked of it next is about one that is known here. One that
    /// is known stays as it is.
    async fn adopt(&self, remembered: Remembered) -> Result<(), ApiError> {
        Err(ApiError::NotFound(format!("there is no generation {}", remembered.record.queue_id)))
    }
    async fn cancel(&self, queue_id: Uuid) -> Result<Generation, ApiError>;
    async fn retry(
        &self,
        queue_id: Uuid,
        overrides: Overrides,
        instance_id: Option<String>,
    ) -> Result<Generation, ApiError>;

    async fn list(&self, query: ListQuery) -> Result<Page, ApiError>;
    async fn generation(&self, queue_id: Uuid) -> Result<Generation, ApiError>;
    /// As of the newest attempt with this prompt id.
    async fn job(&self, prompt_id: &str) -> Result<Generation, ApiError>;
    /// The graph as sent.
    async fn job_workflow(&self, prompt_id: &str) -> Result<Value, ApiError>;
    async fn job_events(&self, prompt_id: &str, after: u64, limit: u32) -> Result<Vec<Event>, ApiError>;

    /// `thumbnail`: the small version; `range`: end exclusive.
    async fn media(
        &self,
        media_id: Uuid,
        thumbnail: bool,
        range: Option<std::ops::Range<u64>>,
    ) -> Result<MediaBytes, ApiError>;

    async fn instances(&self) -> Vec<Instance>;
    async fn instance_events(&self, instance_id: &str, after: u64, limit: u32) -> Result<Vec<Event>, ApiError>;
    async fn readings(&self, instance_id: &str, since: Option<Timestamp>) -> Result<Vec<Reading>, ApiError>;
    /// The server's node classes, as it gave them.
    async fn object_info(&self, instance_id: &str) -> Result<Bytes, ApiError>;
    /// The name the server gave it.
    async fn upload(&self, instance_id: &str, upload: Upload) -> Result<String, ApiError>;
    async fn reconnect(&self, instance_id: &str) -> Result<(), ApiError>;

    /// What the nodes of each class took in their newest runs, at one instance or at all together.
    async fn performance(&self, instance_id: Option<&str>) -> Result<Vec<ClassPerformance>, ApiError>;

    /// The first frame for a new reader: of one generation (null if not yet known), or of all (`*`).
    async fn snapshot(&self, queue_id: Option<Uuid>) -> Result<FrameBody, ApiError>;
}
