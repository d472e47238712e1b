//! Trying again by itself. A failure is decided about (`deciding`) before it is told; what was decided is planned in the
//! store first, told then, and sent when it is due (`sending`), unless a person stops it or does not want to wait
//! (`by_hand`). What may work on one that has failed for good: `suggesting`.

mod by_hand;
mod classes;
mod deciding;
mod sending;
mod suggesting;

pub(super) use classes::SingleClasses;

use super::expected::is_connected;
use super::{Service, Site};
use crate::ports::{AttemptRecord, PlannedRetry};
use crate::retry::Failed;
use crate::submission;
use monitor_core::generation::{Status, Summary};
use monitor_core::time::Timestamp;
use serde_json::Value;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::{Notify, mpsc};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// What waits for its moment. The plans themselves are in the store.
#[derive(Default)]
pub(super) struct Retrying {
    due: Mutex<HashMap<Uuid, Due>>,
    wake: Notify,
    /// Of timer, person and stop one has a plan at a time.
    one: tokio::sync::Mutex<()>,
}

#[derive(Clone, Copy, Debug)]
struct Due {
    at: Timestamp,
    /// It waits for its instance, and may go earlier when something was heard of that.
    for_instance: bool,
}

impl Retrying {
    fn schedule(&self, queue_id: Uuid, due: Due) {
        self.due.lock().unwrap_or_else(PoisonError::into_inner).insert(queue_id, due);
        self.wake.notify_one();
    }

    /// Takes those that are due; and when the next one is.
    fn take(&self, now: Timestamp, heard: bool) -> (Vec<Uuid>, Option<Timestamp>) {
        let mut due = self.due.lock().unwrap_or_else(PoisonError::into_inner);
        let taken = due.extract_if(|_, due| due.at <= now || (heard && due.for_instance)).map(|(queue_id, _)| queue_id);
        let taken = taken.collect();
        (taken, due.values().map(|due| due.at).min())
    }
}

impl Service {
    /// Decides about the failures that come from the desk, and sends retries when they are due, until stopped.
    pub fn retry_what_failed(self: &Arc<Self>, held: mpsc::UnboundedReceiver<Failed>, stop: &CancellationToken) {
        tokio::spawn(Arc::clone(self).decide_about(held, stop.clone()));
        tokio::spawn(Arc::clone(self).send_what_is_due(stop.clone()));
    }

    pub(super) fn connected(&self, instance_id: &str) -> Option<&Site> {
        self.site(instance_id).ok().filter(|site| is_connected(site))
    }

    /// Where a retry would go now; `None` while nobody is there.
    async fn target(&self, plan: &PlannedRetry) -> Option<&Site> {
        // One that is no longer configured never comes back.
        let elsewhere = plan.other_instance || self.site(&plan.failed_at).is_err();
        if elsewhere && let Some(other) = self.shortest_wait(&plan.workflow, Some(&plan.failed_at)).await {
            return Some(other);
        }
        self.connected(&plan.failed_at)
    }

    /// The attempt that a plan becomes.
    fn attempt_of_plan(
        plan: PlannedRetry,
        instance_id: String,
        workflow: Value,
        change: Option<String>,
    ) -> AttemptRecord {
        let attempt = submission::new_attempt(plan.queue_id, plan.number, Some(instance_id), workflow, change);
        AttemptRecord { retry: Some(plan.tried), ..attempt }
    }
}

/// It has failed, and readers know that it is to be tried again.
fn between_attempts(summary: &Summary) -> bool {
    summary.status == Status::Pending && summary.retry.is_some()
}
