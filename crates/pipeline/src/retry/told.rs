//! What the events of a failure say, and what is said when it is tried again.

use super::breaker::Told;
use crate::ports::PlannedRetry;
use monitor_core::event::{Base, Body, Event, JobError, JobRetrying};
use monitor_core::ids::event_id;
use monitor_core::names::kind;
use monitor_core::retry::{Cause, Failure};
use monitor_core::time::Timestamp;

/// The failure that an event tells of; `None` for any other event.
pub fn failure(event: &Event) -> Option<Failure> {
    let Body::JobFailed(failed) = &event.body else { return None };
    Some(failure_by(&failed.error, event.base.timestamp))
}

/// The failure that an error stands for.
pub fn failure_by(error: &JobError, at: Timestamp) -> Failure {
    let cause = match error.r#type.as_str() {
        "instance_lost" => Cause::InstanceLost,
        "timeout" => Cause::Timeout,
        "submission_refused" => Cause::Refused,
        _ => Cause::ExecutionError,
    };
    let kind = error.class_type.as_deref().map(|class| kind(class, None));
    Failure { cause, kind, error: error.clone(), at }
}

/// What the end of an attempt tells of its instance; `None` for what is no end.
pub fn told_of_instance(event: &Event) -> Option<Told> {
    match &event.body {
        Body::JobCompleted(_) => Some(Told::Works),
        Body::JobInterrupted(_) => Some(Told::Nothing),
        Body::JobFailed(_) => failure(event).map(|failure| match failure.cause {
            Cause::InstanceLost | Cause::Timeout => Told::Broken,
            Cause::ExecutionError | Cause::Refused => Told::Works,
        }),
        _ => None,
    }
}

/// The failure and the retry that follows it, to be told together. Their ids are always the same: told again after a
/// restart of ours they are the same happening.
pub fn retried(failed: Event, plan: &PlannedRetry, now: Timestamp) -> Vec<Event> {
    let Event { base, body: Body::JobFailed(mut body) } = failed else { return vec![failed] };
    body.will_retry = true;
    let retrying = Body::from(JobRetrying {
        retry_count: plan.retry_count,
        max_retries: plan.max_retries,
        retry_delay: plan.retry_at.since(now),
        error: body.error.clone(),
        change: plan.change.clone(),
        next: plan.next.clone(),
    });
    let scope = base.queue_id.map(|queue_id| queue_id.to_string()).unwrap_or_default();
    let after = Base {
        event_id: event_id(&scope, base.attempt, retrying.detail_type(), "", 0),
        sequence: base.sequence + 1,
        timestamp: now,
        occurred_at: None,
        ..base.clone()
    };
    vec![Event { base, body: body.into() }, Event { base: after, body: retrying }]
}
