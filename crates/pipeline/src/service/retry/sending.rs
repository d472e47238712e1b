//! Sending a planned retry when it is due: after another look at whether it is still wanted, whether its instance is
//! there, and whether that is fit for it.

use super::{Due, Service, between_attempts};
use crate::clock;
use crate::ports::{AttemptRecord, PlannedRetry, StoreError};
use crate::retry::Admission;
use crate::service::Site;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// Until the next look at what was planned, and whose failure has not yet been told again after a restart of ours.
const AGAIN: u64 = 2_000;
/// Until the next look at what has nowhere to go; sooner when an instance is back.
const AWAY: u64 = 30_000;
/// What is overdue after a restart of ours goes within this time, not all at once. Milliseconds.
const SPREAD: u64 = 3_000;
const FREE_PATIENCE: Duration = Duration::from_secs(5);
const IDLE: Duration = Duration::from_mins(1);

impl Service {
    pub(super) async fn send_what_is_due(self: Arc<Self>, stop: CancellationToken) {
        while let Err(error) = self.find_what_was_planned().await {
            if stop.is_cancelled() {
                return;
            }
            tracing::error!(%error, "planned retries could not be read");
            if stop.run_until_cancelled(sleep(Duration::from_millis(AGAIN))).await.is_none() {
                return;
            }
        }
        let mut heard = false;
        loop {
            let (due, next) = self.retrying.take(clock::wall(), heard);
            for queue_id in due {
                tokio::spawn(Arc::clone(&self).attend_to(queue_id));
            }
            let pause = next.map_or(IDLE, |next| Duration::from_millis(next.since(clock::wall())));
            heard = tokio::select! {
                () = stop.cancelled() => return,
                () = self.retrying.wake.notified() => false,
                () = self.parts.desk.heard.notified() => true,
                () = sleep(pause) => false,
            };
        }
    }

    /// What a former run of ours had planned.
    async fn find_what_was_planned(&self) -> Result<(), StoreError> {
        let (desk, now) = (&self.parts.desk, clock::wall());
        for plan in self.parts.store.planned_retries().await? {
            let soonest = now.plus((rand::random::<f64>() * SPREAD as f64) as u64);
            let at = desk.book(&plan.failed_at, now, plan.retry_at.max(soonest));
            self.retrying.schedule(plan.queue_id, Due { at, for_instance: false });
        }
        Ok(())
    }

    async fn attend_to(self: Arc<Self>, queue_id: Uuid) {
        let again = self.send_planned(queue_id).await.unwrap_or_else(|error| {
            tracing::error!(%error, %queue_id, "a retry could not be recorded; it is tried again");
            Some(Due { at: clock::wall().plus(AGAIN), for_instance: false })
        });
        if let Some(due) = again {
            self.retrying.schedule(queue_id, due);
        }
    }

    /// When to look again; `None` when it was sent, or nothing is left to send.
    async fn send_planned(&self, queue_id: Uuid) -> Result<Option<Due>, StoreError> {
        let Some(plan) = self.parts.store.planned_retry(queue_id).await? else { return Ok(None) };
        let (desk, now) = (&self.parts.desk, clock::wall());
        match self.parts.read_model.summary(queue_id).await? {
            Some(summary) if between_attempts(&summary) => {}
            // Its failure was told as final after all.
            Some(summary) if summary.status.is_ended() => {
                self.parts.store.stop_retry(queue_id, plan.number - 1).await?;
                return Ok(None);
            }
            // It will be told again, once the server is heard.
            _ => return Ok(Some(Due { at: now.plus(AGAIN), for_instance: false })),
        }
        let Some(site) = self.target(&plan).await.cloned() else {
            return Ok(Some(Due { at: now.plus(AWAY), for_instance: true }));
        };
        if let Admission::Wait(until) = desk.admit(&site.instance_id, now, queue_id) {
            if now.since(plan.retry_at) <= desk.settings().longest_wait {
                return Ok(Some(Due { at: until, for_instance: true }));
            }
            tracing::warn!(%queue_id, instance = site.instance_id, "jobs keep failing there: a retry is given up");
            self.stop_retrying(queue_id).await?;
            return Ok(None);
        }
        if plan.free_memory {
            Self::free_memory(&site).await;
        }
        let instance_id = site.instance_id.clone();
        let begun = self.begin(queue_id, plan.number, |plan| {
            let (workflow, change) = (plan.workflow.clone(), plan.change.clone());
            Self::attempt_of_plan(plan, instance_id, workflow, change)
        });
        match begun.await? {
            Some(attempt) => drop(self.send(attempt).await),
            None => desk.withdraw(&site.instance_id, clock::wall(), queue_id),
        }
        Ok(None)
    }

    /// Before the next try of what ran out of memory. A server that does not answer is tried all the same.
    pub(super) async fn free_memory(site: &Site) {
        let trouble = match timeout(FREE_PATIENCE, site.monitor.free(true, true)).await {
            Ok(Ok(())) => return,
            Ok(Err(error)) => error.to_string(),
            Err(_) => "no answer in time".to_owned(),
        };
        tracing::warn!(trouble, instance = site.instance_id, "memory was not freed before a retry");
    }

    /// Makes the planned attempt a real one; `None` if it is no longer planned.
    pub(super) async fn begin(
        &self,
        queue_id: Uuid,
        number: u32,
        attempt: impl FnOnce(PlannedRetry) -> AttemptRecord,
    ) -> Result<Option<AttemptRecord>, StoreError> {
        let _one = self.retrying.one.lock().await;
        let plan = self.parts.store.planned_retry(queue_id).await?;
        let Some(plan) = plan.filter(|plan| plan.number == number) else { return Ok(None) };
        let attempt = attempt(plan);
        self.parts.store.add_attempt(&attempt).await?;
        self.parts.read_model.attempt(&attempt).await?;
        self.parts.read_model.save(queue_id).await?;
        Ok(Some(attempt))
    }
}
