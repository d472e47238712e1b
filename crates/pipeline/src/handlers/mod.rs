//! The five handlers: what an event brings about beyond being told. Each is `Event -> effects`, idempotent, and knows
//! neither the bus it came over nor the database behind the store.

pub mod job_completion;
pub mod job_failure;
pub mod job_progress;
pub mod job_start;
pub mod monitor_init;

use crate::journal::Journal;
use crate::library::Library;
use crate::ports::{Store, StoreError};
use crate::read_model::ReadModel;
use monitor_core::event::{Body, Event};
use std::sync::Arc;

/// What handlers work with.
#[derive(Clone)]
pub struct Context {
    pub store: Arc<dyn Store>,
    pub journal: Arc<Journal>,
    pub read_model: Arc<ReadModel>,
    pub library: Arc<Library>,
}

/// The handlers by name, for buses that route by rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Handler {
    MonitorInit,
    JobStart,
    JobProgress,
    JobCompletion,
    JobFailure,
}

impl Handler {
    /// Which handler an event goes to: by detail type, as every bus routes it.
    pub fn of(event: &Event) -> Handler {
        match &event.body {
            Body::MonitorInitialized(_)
            | Body::MonitorStopped(_)
            | Body::MonitorDisconnected(_)
            | Body::MonitorReconnected(_)
            | Body::QueueStatusUpdated(_) => Handler::MonitorInit,
            Body::JobQueued(_) | Body::JobStarted(_) | Body::WorkflowNodes(_) => Handler::JobStart,
            Body::NodeExecuting(_) | Body::NodeProgressUpdate(_) | Body::NodeExecuted(_) | Body::ImagesGenerated(_) => {
                Handler::JobProgress
            }
            Body::JobCompleted(_) => Handler::JobCompletion,
            Body::JobFailed(_) | Body::JobInterrupted(_) | Body::JobRetrying(_) => Handler::JobFailure,
        }
    }

    pub fn name(self) -> &'static str {
        match self {
            Handler::MonitorInit => "monitor_init",
            Handler::JobStart => "job_start",
            Handler::JobProgress => "job_progress",
            Handler::JobCompletion => "job_completion",
            Handler::JobFailure => "job_failure",
        }
    }

    pub async fn handle(self, context: &Context, event: &Event) -> Result<(), StoreError> {
        match self {
            Handler::MonitorInit => monitor_init::handle(context, event).await,
            Handler::JobStart => job_start::handle(context, event).await,
            Handler::JobProgress => job_progress::handle(context, event).await,
            Handler::JobCompletion => job_completion::handle(context, event).await,
            Handler::JobFailure => job_failure::handle(context, event).await,
        }
    }
}

impl Context {
    /// Puts a durable event down and tells the readers of it.
    async fn record(&self, event: &Event) -> Result<(), StoreError> {
        if event.is_durable() {
            self.journal.add([event.clone()]);
        }
        self.read_model.apply(event).await
    }

    /// What lists show of a generation is renewed, after all its events so far are in the store.
    async fn save(&self, event: &Event) -> Result<(), StoreError> {
        self.journal.flush().await?;
        match event.base.queue_id {
            Some(queue_id) => self.read_model.save(queue_id).await,
            None => Ok(()),
        }
    }
}
