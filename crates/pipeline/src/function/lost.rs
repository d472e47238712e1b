//! Jobs of a monitor that came back without its folder: it will never say how they ended.

use crate::ports::{ListQuery, Roster, Store, StoreError};
use monitor_core::event::{Base, Body, Event, JobError, JobFailed, SCHEMA_VERSION};
use monitor_core::generation::{Status, Summary};
use monitor_core::ids::event_id;
use monitor_core::tracker::SEQUENCE_LEAP;
use uuid::Uuid;

/// Generations that are looked at together.
const PAGE: u32 = 100;

#[derive(Debug)]
pub(super) enum Lost {
    /// How the job ends.
    Job(Box<Event>),
    /// It has failed, and the try that was to follow this attempt is forgotten.
    Retry { queue_id: Uuid, failed: u32 },
}

/// What `initialized`'s instance had in hand by the word of another monitor than this one. What still waits in its queue
/// of commands is not among them: nobody has told anything of it.
pub(super) async fn by_another(
    store: &dyn Store,
    roster: &dyn Roster,
    initialized: &Event,
) -> Result<Vec<Lost>, StoreError> {
    let base = &initialized.base;
    let known = roster.heard(Some(&base.instance_id)).await?;
    // What it says next may have come before its first word.
    let of_others = known.iter().filter(|event| event.base.client_id != base.client_id);
    let newest = of_others.map(|event| event.base.sequence).max();
    if newest.is_none_or(|newest| newest > base.sequence) {
        return Ok(Vec::new());
    }
    let mut query = ListQuery {
        statuses: vec![Status::Pending, Status::Processing],
        instance_id: Some(base.instance_id.clone()),
        limit: PAGE,
        ..ListQuery::default()
    };
    let mut lost = Vec::new();
    loop {
        let page = store.list(&query).await?;
        for summary in &page.items {
            lost.extend(job(store, summary, initialized).await?);
        }
        query.cursor = page.next_cursor;
        if query.cursor.is_none() {
            return Ok(lost);
        }
    }
}

async fn job(store: &dyn Store, summary: &Summary, initialized: &Event) -> Result<Option<Lost>, StoreError> {
    let queue_id = summary.queue_id;
    let events = store.events(queue_id).await?;
    let Some(newest) = events.iter().max_by_key(|event| event.base.sequence) else { return Ok(None) };
    if events.iter().any(|event| event.base.client_id == initialized.base.client_id) {
        return Ok(None);
    }
    let attempt = newest.base.attempt;
    if events.iter().any(|event| event.base.attempt == attempt && event.is_terminal()) {
        return Ok(summary.retry.is_some().then_some(Lost::Retry { queue_id, failed: attempt }));
    }
    let error = JobError {
        r#type: "instance_lost".to_owned(),
        message: "Its monitor began anew and knows nothing of this job: how it ended is not known. Run it again."
            .to_owned(),
        ..JobError::default()
    };
    let body = Body::from(JobFailed::unseen(error));
    let base = Base {
        timestamp: initialized.base.timestamp,
        client_id: initialized.base.client_id.clone(),
        event_id: event_id(&queue_id.to_string(), attempt, body.detail_type(), "", 0),
        // Steps that went straight to pages are not among them.
        sequence: newest.base.sequence.max(summary.sequence) + SEQUENCE_LEAP,
        schema_version: SCHEMA_VERSION,
        occurred_at: None,
        overall_percentage: None,
        ..newest.base.clone()
    };
    Ok(Some(Lost::Job(Box::new(Event { base, body }))))
}
