//! An `Api` that knows snapshots and nothing else.

use async_trait::async_trait;
use bytes::Bytes;
use monitor_core::event::Event;
use monitor_core::frame::FrameBody;
use monitor_core::generation::{Generation, Instance};
use monitor_core::time::Timestamp;
use monitor_pipeline::api::{
    Api, ApiError, MediaBytes, Overrides, ReadWorkflow, Reading, Source, Submit, Submitted, Upload,
};
use monitor_pipeline::ports::{ListQuery, Page};
use serde_json::Value;
use std::ops::Range;
use uuid::Uuid;

/// What `Api::snapshot` is answered with.
#[async_trait]
pub trait Snapshots: Send + Sync {
    async fn snapshot(&self, queue_id: Option<Uuid>) -> Result<FrameBody, ApiError>;
}

pub struct OnlySnapshots<S>(pub S);

fn absent<T>() -> Result<T, ApiError> {
    Err(ApiError::Unavailable("only snapshots are served here".to_owned()))
}

#[async_trait]
impl<S: Snapshots> Api for OnlySnapshots<S> {
    async fn submit(&self, _: Submit) -> Result<Submitted, ApiError> {
        absent()
    }
    async fn read_workflow(&self, _: Source, _: Option<String>, _: Option<String>) -> Result<ReadWorkflow, ApiError> {
        absent()
    }
    async fn cancel(&self, _: Uuid) -> Result<Generation, ApiError> {
        absent()
    }
    async fn retry(&self, _: Uuid, _: Overrides, _: Option<String>) -> Result<Generation, ApiError> {
        absent()
    }
    async fn list(&self, _: ListQuery) -> Result<Page, ApiError> {
        absent()
    }
    async fn generation(&self, _: Uuid) -> Result<Generation, ApiError> {
        absent()
    }
    async fn job(&self, _: &str) -> Result<Generation, ApiError> {
        absent()
    }
    async fn job_workflow(&self, _: &str) -> Result<Value, ApiError> {
        absent()
    }
    async fn job_events(&self, _: &str, _: u64, _: u32) -> Result<Vec<Event>, ApiError> {
        absent()
    }
    async fn media(&self, _: Uuid, _: bool, _: Option<Range<u64>>) -> Result<MediaBytes, ApiError> {
        absent()
    }
    async fn instances(&self) -> Vec<Instance> {
        Vec::new()
    }
    async fn instance_events(&self, _: &str, _: u64, _: u32) -> Result<Vec<Event>, ApiError> {
        absent()
    }
    async fn readings(&self, _: &str, _: Option<Timestamp>) -> Result<Vec<Reading>, ApiError> {
        absent()
    }
    async fn object_info(&self, _: &str) -> Result<Bytes, ApiError> {
        absent()
    }
    async fn upload(&self, _: &str, _: Upload) -> Result<String, ApiError> {
        absent()
    }
    async fn reconnect(&self, _: &str) -> Result<(), ApiError> {
        absent()
    }
    async fn snapshot(&self, queue_id: Option<Uuid>) -> Result<FrameBody, ApiError> {
        self.0.snapshot(queue_id).await
    }
}
