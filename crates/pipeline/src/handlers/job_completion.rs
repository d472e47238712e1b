//! `Job Completed`: `ComfyUI` is done. Every output that its history names is taken up; the generation is completed
//! when the last of them is stored or has finally failed.

use super::Context;
use crate::library::Owner;
use crate::ports::StoreError;
use monitor_core::event::{Body, Event};

pub async fn handle(context: &Context, event: &Event) -> Result<(), StoreError> {
    if let (Body::JobCompleted(body), Some(queue_id)) = (&event.body, event.base.queue_id) {
        let owner = Owner { queue_id, attempt: event.base.attempt, instance_id: event.base.instance_id.clone() };
        // Before the event itself: with outputs still to come the generation is not completed yet.
        context.library.found(&owner, body.execution_data.output.as_object().into_iter().flatten()).await?;
    }
    context.record(event).await?;
    context.save(event).await
}
