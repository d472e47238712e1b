//! An `Api` that knows snapshots and nothing else.

use async_trait::async_trait;
use bytes::Bytes;
use monitor_core::event::Event;
use monitor_core::frame::FrameBody;
use monitor_core::generation::{Generation, Instance};
use monitor_core::performance::ClassPerformance;
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
pub(crate) trait Snapshots: Send + Sync {
    async fn snapshot(&self, queue_id: Option<Uuid>) -> Result<FrameBody, ApiError>;
}

pub(crate) struct OnlySnapshots<S>(pub(crate) S);

fn absent() -> ApiError {
    ApiError::Unavailable("only snapshots are served here".to_owned())
}

#[async_trait]
impl<S: Snapshots> Api for OnlySnapshots<S> {
    async fn submit(&self, _: Submit) -> Result<Submitted, ApiError> {
        Err(absent())
    }
    async fn read_workflow(&self, _: Source, _: Option<String>, _: Option<String>) -> Result<ReadWorkflow, ApiError> {
        Err(absent())
    }
    async fn cancel(&self, _: Uuid) -> Result<Generation, ApiError> {
        Err(absent())
    }
    async fn retry(&self, _: Uuid, _: Overrides, _: Option<String>) -> Result<Generation, ApiError> {
        Err(absent())
    }
    async fn list(&self, _: ListQuery) -> Result<Page, ApiError> {
        Err(absent())
    }
    async fn generation(&self, _: Uuid) -> Result<Generation, ApiError> {
        Err(absent())
    }
    async fn job(&self, _: &str) -> Result<Generation, ApiError> {
        Err(absent())
    }
    async fn job_workflow(&self, _: &str) -> Result<Value, ApiError> {
        Err(absent())
    }
    async fn job_events(&self, _: &str, _: u64, _: u32) -> Result<Vec<Event>, ApiError> {
        Err(absent())
    }
    async fn media(&self, _: Uuid, _: bool, _: Option<Range<u64>>) -> Result<MediaBytes, ApiError> {
        Err(absent())
    }
    async fn instances(&self) -> Vec<Instance> {
        Vec::new()
    }
    async fn instance_events(&self, _: &str, _: u64, _: u32) -> Result<Vec<Event>, ApiError> {
        Err(absent())
    }
    async fn readings(&self, _: &str, _: Option<Timestamp>) -> Result<Vec<Reading>, ApiError> {
        Err(absent())
    }
    async fn object_info(&self, _: &str) -> Result<Bytes, ApiError> {
        Err(absent())
    }
    async fn upload(&self, _: &str, _: Upload) -> Result<String, ApiError> {
        Err(absent())
    }
    async fn reconnect(&self, _: &str) -> Result<(), ApiError> {
        Err(absent())
    }
    async fn performance(&self, _: Option<&str>) -> Result<Vec<ClassPerformance>, ApiError> {
        Err(absent())
    }
    async fn snapshot(&self, queue_id: Option<Uuid>) -> Result<FrameBody, ApiError> {
        self.0.snapshot(queue_id).await
    }
}
