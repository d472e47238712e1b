//! A generation and its attempt for an event of a job that nobody recorded here: one that somebody else submitted, or a
//! try that its monitor began on its own.

use crate::ports::{AttemptRecord, GenerationRecord, Sending, Store, StoreError};
use monitor_core::event::{Body, Event};
use monitor_core::generation::Origin;
use serde_json::Value;
use uuid::Uuid;

pub(super) async fn ensure(store: &dyn Store, event: &Event) -> Result<(), StoreError> {
    let Some(queue_id) = event.base.queue_id else { return Ok(()) };
    let attempts = match store.known(queue_id).await? {
        Some(known) => known.attempts,
        None => match store.create(&generation(queue_id, event), &attempt(queue_id, event, Value::Null)).await {
            // Another event of it was faster.
            Ok(_) | Err(StoreError::Exists(_)) => return Ok(()),
            Err(error) => return Err(error),
        },
    };
    match attempts.iter().find(|attempt| attempt.number == event.base.attempt) {
        Some(known) if known.prompt_id == event.base.prompt_id => Ok(()),
        // A server that chose an id of its own.
        Some(known) => {
            let attempt = AttemptRecord { prompt_id: event.base.prompt_id.clone(), ..known.clone() };
            store.update_attempt(&attempt).await
        }
        None => {
            let workflow = attempts.last().map_or(Value::Null, |last| last.workflow.clone());
            store.add_attempt(&attempt(queue_id, event, workflow)).await
        }
    }
}

fn generation(queue_id: Uuid, event: &Event) -> GenerationRecord {
    let title = match &event.body {
        Body::JobQueued(queued) => queued.title.clone(),
        _ => None,
    };
    GenerationRecord {
        queue_id,
        // What is submitted through us is recorded before it is sent.
        origin: Origin::Observed,
        // Else what `Job Queued` will say.
        title: title.unwrap_or_default(),
        instance_id: Some(event.base.instance_id.clone()),
        created_at: event.base.happened_at(),
        idempotency_key: None,
        metadata: None,
        warnings: Vec::new(),
    }
}

fn attempt(queue_id: Uuid, event: &Event, workflow: Value) -> AttemptRecord {
    AttemptRecord {
        queue_id,
        number: event.base.attempt,
        prompt_id: event.base.prompt_id.clone(),
        instance_id: Some(event.base.instance_id.clone()),
        // It is at its server, and nothing is left to send from here.
        sending: Sending::None,
        workflow,
        change: None,
        created_at: event.base.timestamp,
        refusal: None,
        complaints: Vec::new(),
        queue_number: None,
        submitter_client_id: event.base.submitter_client_id.clone(),
        retry: None,
        retry_stopped: false,
    }
}
