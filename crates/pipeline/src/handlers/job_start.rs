//! `Job Queued`, `Job Started`, `Workflow Nodes`: the generation appears in lists, with its status.

use super::Context;
use crate::ports::StoreError;
use monitor_core::event::{Body, Event};

pub async fn handle(context: &Context, event: &Event) -> Result<(), StoreError> {
    context.record(event).await?;
    // `Workflow Nodes` follows `Job Started` at once and completes what lists show.
    if matches!(event.body, Body::JobQueued(_) | Body::WorkflowNodes(_)) { context.save(event).await } else { Ok(()) }
}
