//! `Node *` and `Images Generated`: readers see it at once; files are fetched while the job still runs, since temp
//! files do not outlive the server.

use super::Context;
use crate::library::Owner;
use crate::ports::StoreError;
use monitor_core::event::{Body, Event};

pub async fn handle(context: &Context, event: &Event) -> Result<(), StoreError> {
    context.record(event).await?;
    if let (Body::ImagesGenerated(body), Some(queue_id)) = (&event.body, event.base.queue_id) {
        let owner = Owner { queue_id, attempt: event.base.attempt, instance_id: event.base.instance_id.clone() };
        context.library.found(&owner, [(&body.node_id, &body.output)]).await?;
    }
    Ok(())
}
