//! The use cases behind the API where no monitor is in reach: what is asked is recorded, and goes to the monitor of its
//! instance as a command; what is shown is what events have told.

mod choose;
mod commands;

use crate::api::{Api, ApiError, MediaBytes, Overrides, ReadWorkflow, Reading, Source, Submit, Submitted, Upload};
use crate::clock;
use crate::function::{Function, FunctionError};
use crate::journal::Journal;
use crate::links;
use crate::ports::{Commands, ListQuery, Page};
use crate::read_model::ReadModel;
use crate::records::{self, midnight};
use crate::roster;
use crate::service::{shown_first, snapshot_of_all};
use crate::submission::{self, invalid, lookup};
use async_trait::async_trait;
use bytes::Bytes;
use monitor_core::comfy::graph::Graph;
use monitor_core::event::Event;
use monitor_core::frame::FrameBody;
use monitor_core::generation::{Generation, Instance, NodeError, Status, Waiting};
use monitor_core::performance::{self, ClassPerformance};
use monitor_core::time::Timestamp;
use monitor_core::workflow::{form, title};
use serde_json::Value;
use std::ops::Range;
use std::sync::Arc;
use uuid::Uuid;

/// What waits or runs, as far as instances are told to have it.
const MOST_OPEN: u32 = 200;

pub struct Remote {
    pub line: Function,
    pub commands: Arc<dyn Commands>,
}

impl From<FunctionError> for ApiError {
    fn from(error: FunctionError) -> ApiError {
        match error {
            FunctionError::Store(error) => error.into(),
            untold => ApiError::Unavailable(untold.to_string()),
        }
    }
}

fn no_generation(queue_id: Uuid) -> ApiError {
    ApiError::NotFound(format!("there is no generation {queue_id}"))
}

impl Remote {
    /// As of now: another call may be answered by another process.
    fn read_model(&self) -> ReadModel {
        let journal = Arc::new(Journal::new(self.line.store.clone()));
        ReadModel::new(self.line.store.clone(), journal, Arc::new(crate::audience::Nobody))
    }

    async fn require(&self, queue_id: Uuid) -> Result<Generation, ApiError> {
        let generation = self.read_model().generation(queue_id).await?;
        generation.ok_or_else(|| no_generation(queue_id))
    }

    async fn addressed(&self, mut generation: Generation) -> Result<Generation, ApiError> {
        links::in_generation(self.line.links.as_ref(), &mut generation).await?;
        Ok(generation)
    }

    async fn known_instance(&self, instance_id: &str) -> Result<(), ApiError> {
        if self.line.roster.heard(Some(instance_id)).await?.is_empty() {
            return Err(ApiError::NotFound(format!("no monitor has told of an instance {instance_id:?}")));
        }
        Ok(())
    }

    /// With what runs and waits there, and its day.
    async fn all_instances(&self) -> Result<Vec<Instance>, ApiError> {
        let now = clock::wall();
        let mut instances = roster::instances(&self.line.roster.heard(None).await?, now);
        let open = [Status::Pending, Status::Processing];
        let query =
            ListQuery { statuses: open.to_vec(), limit: MOST_OPEN, today: midnight(now), ..ListQuery::default() };
        let open = self.line.store.list(&query).await?.items;
        for instance in &mut instances {
            let here = open.iter().filter(|summary| summary.instance_id == instance.instance_id);
            for summary in here {
                match summary.status {
                    Status::Processing => instance.running.push(summary.prompt_id.clone()),
                    _ => instance.waiting.push(Waiting { queue_id: summary.queue_id, expected_ms: None }),
                }
            }
            instance.today = records::today_of(self.line.store.as_ref(), &instance.instance_id, now).await?;
        }
        Ok(instances)
    }

    async fn page(&self, mut query: ListQuery) -> Result<Page, ApiError> {
        let now = clock::wall();
        if query.today == Timestamp::default() {
            query.today = midnight(now);
        }
        let mut page = self.line.store.list(&query).await?;
        let nothing_live = self.read_model();
        page.items.iter_mut().for_each(|summary| nothing_live.freshen(summary, now));
        Ok(page)
    }

    /// For it a server must be called, and none can be from here.
    fn not_offered<T>(what: &str) -> Result<T, ApiError> {
        Err(ApiError::NotOffered(format!(
            "{what}: this deployment calls no server; a monitor with an API of its own (`comfyui-monitor serve`) does"
        )))
    }
}

#[async_trait]
impl Api for Remote {
    async fn submit(&self, submit: Submit) -> Result<Submitted, ApiError> {
        let submitted = self.take_submission(submit).await?;
        Ok(Submitted { generation: self.addressed(submitted.generation).await?, ..submitted })
    }

    async fn read_workflow(
        &self,
        source: Source,
        filename: Option<String>,
        instance_id: Option<String>,
    ) -> Result<ReadWorkflow, ApiError> {
        if let Some(instance_id) = &instance_id {
            self.known_instance(instance_id).await?;
        }
        let read = submission::carried(source).await?.read(Err("none can be asked from here".to_owned()))?;
        let graph = Graph::from_value(&read.workflow).map_err(invalid)?;
        let filled = form::form(&graph, &lookup(None));
        let prompt = form::prompt_text(&graph, &lookup(None));
        let message = "Choices, bounds and unknown nodes are checked by ComfyUI when it is sent".to_owned();
        Ok(ReadWorkflow {
            title: title::title(read.title.as_deref(), prompt.as_deref(), filename.as_deref(), graph.len()),
            inputs: filled.inputs,
            warnings: vec![NodeError { message, ..NodeError::default() }],
            instance_id,
            estimated_wait_time: None,
            eta: None,
            workflow: read.workflow,
        })
    }

    async fn cancel(&self, queue_id: Uuid) -> Result<Generation, ApiError> {
        self.order_cancel(queue_id).await?;
        self.addressed(self.require(queue_id).await?).await
    }

    async fn retry(
        &self,
        queue_id: Uuid,
        overrides: Overrides,
        instance_id: Option<String>,
    ) -> Result<Generation, ApiError> {
        self.order_retry(queue_id, overrides, instance_id).await?;
        self.addressed(self.require(queue_id).await?).await
    }

    async fn list(&self, query: ListQuery) -> Result<Page, ApiError> {
        let mut page = self.page(query).await?;
        for summary in &mut page.items {
            links::in_summary(self.line.links.as_ref(), summary).await?;
        }
        Ok(page)
    }

    async fn generation(&self, queue_id: Uuid) -> Result<Generation, ApiError> {
        self.addressed(self.require(queue_id).await?).await
    }

    async fn job(&self, prompt_id: &str) -> Result<Generation, ApiError> {
        let (queue_id, number) = records::attempt_of(self.line.store.as_ref(), prompt_id).await?;
        let generation = records::as_of(self.line.store.as_ref(), queue_id, number).await?;
        self.addressed(generation.ok_or_else(|| no_generation(queue_id))?).await
    }

    async fn job_workflow(&self, prompt_id: &str) -> Result<Value, ApiError> {
        records::workflow_of(self.line.store.as_ref(), prompt_id).await
    }

    async fn job_events(&self, prompt_id: &str, after: u64, limit: u32) -> Result<Vec<Event>, ApiError> {
        records::events_of(self.line.store.as_ref(), prompt_id, after, limit).await
    }

    async fn media(&self, media_id: Uuid, thumbnail: bool, range: Option<Range<u64>>) -> Result<MediaBytes, ApiError> {
        records::media_bytes(self.line.store.as_ref(), self.line.media.as_ref(), media_id, thumbnail, range).await
    }

    async fn instances(&self) -> Vec<Instance> {
        self.all_instances().await.unwrap_or_else(|error| {
            tracing::warn!(%error, "the instances could not be read");
            Vec::new()
        })
    }

    async fn instance_events(&self, instance_id: &str, after: u64, limit: u32) -> Result<Vec<Event>, ApiError> {
        self.known_instance(instance_id).await?;
        Ok(self.line.store.instance_events(instance_id, after, limit).await?)
    }

    /// They are not told over a bus.
    async fn readings(&self, instance_id: &str, _since: Option<Timestamp>) -> Result<Vec<Reading>, ApiError> {
        self.known_instance(instance_id).await?;
        Self::not_offered("GPU memory is not read")
    }

    async fn object_info(&self, instance_id: &str) -> Result<Bytes, ApiError> {
        self.known_instance(instance_id).await?;
        Self::not_offered("the server's node classes cannot be told")
    }

    async fn upload(&self, instance_id: &str, _upload: Upload) -> Result<String, ApiError> {
        self.known_instance(instance_id).await?;
        Self::not_offered("input images cannot be passed on")
    }

    async fn reconnect(&self, instance_id: &str) -> Result<(), ApiError> {
        self.known_instance(instance_id).await?;
        Self::not_offered("the connection cannot be tried now")
    }

    async fn performance(&self, instance_id: Option<&str>) -> Result<Vec<ClassPerformance>, ApiError> {
        let times = self.line.store.class_times(instance_id).await?;
        let mut histories = Vec::new();
        for instance in roster::instances(&self.line.roster.heard(instance_id).await?, clock::wall()) {
            histories.push(self.line.store.history(&instance.instance_id).await?);
        }
        Ok(performance::by_class(&times, &histories, instance_id))
    }

    /// Its addresses are relative: whoever tells it puts links in their place.
    async fn snapshot(&self, queue_id: Option<Uuid>) -> Result<FrameBody, ApiError> {
        if let Some(queue_id) = queue_id {
            return Ok(self.read_model().snapshot(queue_id).await?);
        }
        let mut generations = Vec::new();
        for query in shown_first() {
            generations.extend(self.page(query).await?.items);
        }
        Ok(snapshot_of_all(generations, self.all_instances().await?))
    }
}
