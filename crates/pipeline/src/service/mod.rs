//! The use cases behind the API: submit, cancel, retry, look. One [`Service`] over all instances.

mod changes;
mod dispatch;
mod expected;
mod instances;
mod lists;
mod orders;
mod performance;
mod retry;
mod submit;

pub use instances::{RelaySink, Site, known_jobs};
pub(crate) use lists::{shown_first, snapshot_of_all};
pub use orders::obey;

use crate::api::{Api, ApiError, MediaBytes, Overrides, ReadWorkflow, Reading, Source, Submit, Submitted, Upload};
use crate::journal::Journal;
use crate::ports::{ListQuery, Media, Page, Remembered, Store, StoreError};
use crate::read_model::ReadModel;
use crate::records;
use crate::relay::RelayHandle;
use crate::retry::Desk;
use async_trait::async_trait;
use bytes::Bytes;
use dispatch::Dispatch;
use monitor_core::event::Event;
use monitor_core::frame::FrameBody;
use monitor_core::generation::{Generation, Instance, Summary};
use monitor_core::performance::ClassPerformance;
use monitor_core::time::Timestamp;
use monitor_core::tracker::SEQUENCE_LEAP;
use retry::{Retrying, SingleClasses};
use serde_json::Value;
use std::collections::HashMap;
use std::ops::Range;
use std::sync::{Arc, Mutex, Weak};
use uuid::Uuid;

/// What a service is made of.
pub struct Parts {
    pub store: Arc<dyn Store>,
    pub media: Arc<dyn Media>,
    pub journal: Arc<Journal>,
    pub read_model: Arc<ReadModel>,
    pub relay: RelayHandle,
    pub desk: Arc<Desk>,
    /// What the jobs we send ask for: see [`crate::monitor::MonitorHandle::submit`].
    pub preview_method: Option<&'static str>,
    /// In the order of the configuration.
    pub sites: Vec<Site>,
}

pub struct Service {
    parts: Parts,
    dispatch: Dispatch,
    /// For tasks that outlive the call that began them.
    me: Weak<Service>,
    /// `/object_info` of an instance, as of this connection.
    classes: Mutex<HashMap<String, (Timestamp, Arc<Value>)>>,
    single_classes: SingleClasses,
    retrying: Retrying,
}

impl Service {
    pub fn new(parts: Parts) -> Arc<Service> {
        Arc::new_cyclic(|me| Service {
            parts,
            dispatch: Dispatch::default(),
            me: Weak::clone(me),
            classes: Mutex::default(),
            single_classes: SingleClasses::default(),
            retrying: Retrying::default(),
        })
    }

    fn site(&self, instance_id: &str) -> Result<&Site, ApiError> {
        self.parts.sites.iter().find(|site| site.instance_id == instance_id).ok_or_else(|| {
            let known: Vec<&str> = self.parts.sites.iter().map(|site| site.instance_id.as_str()).collect();
            ApiError::NotFound(format!("there is no instance {instance_id:?}; configured are: {}", known.join(", ")))
        })
    }

    async fn require(&self, queue_id: Uuid) -> Result<Generation, ApiError> {
        let generation = self.parts.read_model.generation(queue_id).await?;
        generation.ok_or_else(|| ApiError::NotFound(format!("there is no generation {queue_id}")))
    }
}

#[async_trait]
impl Api for Service {
    async fn submit(&self, submit: Submit) -> Result<Submitted, ApiError> {
        self.take_submission(submit).await
    }

    async fn read_workflow(
        &self,
        source: Source,
        filename: Option<String>,
        instance_id: Option<String>,
    ) -> Result<ReadWorkflow, ApiError> {
        self.read(source, filename, instance_id).await
    }

    async fn adopt(&self, remembered: Remembered) -> Result<(), ApiError> {
        let Remembered { record, attempt, end, saved } = remembered;
        match self.parts.store.create(&record, &attempt).await {
            Ok(_) | Err(StoreError::Exists(_)) => {}
            Err(error) => return Err(error.into()),
        }
        self.parts.store.apply(end.as_slice()).await?;
        if let Some(saved) = saved {
            let sequence = saved.sequence + SEQUENCE_LEAP;
            self.parts.store.save_summary(&Summary { sequence, ..saved }).await?;
        }
        Ok(())
    }

    async fn cancel(&self, queue_id: Uuid) -> Result<Generation, ApiError> {
        self.cancel_generation(queue_id).await
    }

    async fn retry(
        &self,
        queue_id: Uuid,
        overrides: Overrides,
        instance_id: Option<String>,
    ) -> Result<Generation, ApiError> {
        self.retry_generation(queue_id, overrides, instance_id).await
    }

    async fn list(&self, query: ListQuery) -> Result<Page, ApiError> {
        self.page(query).await
    }

    async fn generation(&self, queue_id: Uuid) -> Result<Generation, ApiError> {
        self.with_suggestions(self.require(queue_id).await?).await
    }

    async fn job(&self, prompt_id: &str) -> Result<Generation, ApiError> {
        let store = self.parts.store.as_ref();
        let (queue_id, number) = records::attempt_of(store, prompt_id).await?;
        let current = self.require(queue_id).await?;
        if current.attempts.iter().all(|attempt| attempt.number <= number) {
            return Ok(current);
        }
        // A later attempt exists.
        self.parts.journal.flush().await?;
        Ok(records::as_of(store, queue_id, number).await?.unwrap_or(current))
    }

    async fn job_workflow(&self, prompt_id: &str) -> Result<Value, ApiError> {
        records::workflow_of(self.parts.store.as_ref(), prompt_id).await
    }

    async fn job_events(&self, prompt_id: &str, after: u64, limit: u32) -> Result<Vec<Event>, ApiError> {
        self.parts.journal.flush().await?;
        records::events_of(self.parts.store.as_ref(), prompt_id, after, limit).await
    }

    async fn media(&self, media_id: Uuid, thumbnail: bool, range: Option<Range<u64>>) -> Result<MediaBytes, ApiError> {
        records::media_bytes(self.parts.store.as_ref(), self.parts.media.as_ref(), media_id, thumbnail, range).await
    }

    async fn instances(&self) -> Vec<Instance> {
        self.all_instances().await
    }

    async fn instance_events(&self, instance_id: &str, after: u64, limit: u32) -> Result<Vec<Event>, ApiError> {
        self.site(instance_id)?;
        self.parts.journal.flush().await?;
        Ok(self.parts.store.instance_events(instance_id, after, limit).await?)
    }

    async fn readings(&self, instance_id: &str, since: Option<Timestamp>) -> Result<Vec<Reading>, ApiError> {
        Ok(self.site(instance_id)?.monitor.readings(since))
    }

    async fn object_info(&self, instance_id: &str) -> Result<Bytes, ApiError> {
        let site = self.site(instance_id)?;
        site.monitor.object_info().await.map_err(|error| ApiError::Unavailable(error.to_string()))
    }

    async fn upload(&self, instance_id: &str, upload: Upload) -> Result<String, ApiError> {
        let site = self.site(instance_id)?;
        let uploaded = site.monitor.upload(upload).await.map_err(|error| ApiError::Unavailable(error.to_string()))?;
        Ok(uploaded.name)
    }

    async fn reconnect(&self, instance_id: &str) -> Result<(), ApiError> {
        self.site(instance_id)?.monitor.reconnect().await;
        Ok(())
    }

    async fn performance(&self, instance_id: Option<&str>) -> Result<Vec<ClassPerformance>, ApiError> {
        self.class_performances(instance_id).await
    }

    async fn snapshot(&self, queue_id: Option<Uuid>) -> Result<FrameBody, ApiError> {
        if let Some(queue_id) = queue_id {
            let mut snapshot = self.parts.read_model.snapshot(queue_id).await?;
            self.suggest_in(&mut snapshot).await?;
            return Ok(snapshot);
        }
        let mut generations = Vec::new();
        for query in shown_first() {
            generations.extend(self.page(query).await?.items);
        }
        Ok(snapshot_of_all(generations, self.all_instances().await))
    }
}
