//! `Job Failed`, `Job Interrupted`, `Job Retrying`: the end of an attempt. What it made before is kept.

use super::Context;
use crate::library::Owner;
use crate::ports::StoreError;
use monitor_core::event::{Body, Event};

pub async fn handle(context: &Context, event: &Event) -> Result<(), StoreError> {
    let made = match &event.body {
        Body::JobFailed(body) => body.output.as_ref(),
        Body::JobInterrupted(body) => body.output.as_ref(),
        _ => None,
    };
    if let (Some(made), Some(queue_id)) = (made, event.base.queue_id) {
        let owner = Owner { queue_id, attempt: event.base.attempt, instance_id: event.base.instance_id.clone() };
        context.library.found(&owner, made.as_object().into_iter().flatten()).await?;
    }
    context.record(event).await?;
    context.save(event).await
}
