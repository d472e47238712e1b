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

/// Until the next look at what has nowhere to go, or whose failure has not yet been told again after a restart.
const AGAIN: u64 = 2_000;
/// What is overdue after a restart of ours goes within this time, not all at once. Milliseconds.
const SPREAD: u64 = 3_000;
const FREE_PATIENCE: Duration = Duration::from_secs(5);
const IDLE: Duration = Duration::from_mins(1);

/// What came of looking at a plan that is due.
enum Seen {
    Sent(AttemptRecord),
    /// Nothing is left to do.
    Over,
    Later(Due),
}

impl Service {
    pub(super) async fn send_what_is_due(self: Arc<Self>, stop: CancellationToken) {
        while let Err(error) = self.find_what_was_planned().await {
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
        let now = clock::wall();
        for (queue_id, retry_at) in self.parts.store.planned_retries().await? {
            let soonest = now.plus((rand::random::<f64>() * SPREAD as f64) as u64);
            self.retrying.schedule(queue_id, Due { at: retry_at.max(soonest), for_instance: false });
        }
        Ok(())
    }

    async fn attend_to(self: Arc<Self>, queue_id: Uuid) {
        match self.look_at(queue_id).await {
            Ok(Seen::Sent(attempt)) => drop(self.send(attempt).await),
            Ok(Seen::Over) => {}
            Ok(Seen::Later(due)) => self.retrying.schedule(queue_id, due),
            Err(error) => {
                tracing::error!(%error, %queue_id, "a retry could not be recorded; it is tried again");
                self.retrying.schedule(queue_id, later(false));
            }
        }
    }

    async fn look_at(&self, queue_id: Uuid) -> Result<Seen, StoreError> {
        let Some(plan) = self.parts.store.planned_retry(queue_id).await? else { return Ok(Seen::Over) };
        match self.parts.read_model.summary(queue_id).await? {
            Some(summary) if between_attempts(&summary) => {}
            // Its failure was told as final after all.
            Some(summary) if summary.status.is_ended() => {
                self.parts.store.stop_retry(queue_id, plan.number - 1).await?;
                return Ok(Seen::Over);
            }
            _ => return Ok(Seen::Later(later(false))),
        }
        let Some(site) = self.target(&plan).await.cloned() else { return Ok(Seen::Later(later(true))) };
        let (desk, now) = (&self.parts.desk, clock::wall());
        if let Admission::Wait(until) = desk.admit(&site.instance_id, now, queue_id) {
            if now.since(plan.retry_at) <= desk.settings().longest_wait {
                return Ok(Seen::Later(Due { at: until, for_instance: true }));
            }
            tracing::warn!(%queue_id, instance = site.instance_id, "jobs keep failing there: a retry is given up");
            self.stop_retrying(queue_id).await?;
            return Ok(Seen::Over);
        }
        if plan.free_memory {
            Self::free_memory(&site).await;
        }
        let instance_id = site.instance_id.clone();
        let begun = self.begin(queue_id, plan.number, |plan| {
            let (workflow, change) = (plan.workflow.clone(), plan.change.clone());
            Self::attempt_of_plan(plan, instance_id, workflow, change)
        });
        let Some(attempt) = begun.await? else {
            desk.withdraw(&site.instance_id, clock::wall(), queue_id);
            return Ok(Seen::Over);
        };
        Ok(Seen::Sent(attempt))
    }

    /// Before the next try of what ran out of memory. A server that does not answer is tried all the same.
    pub(super) async fn free_memory(site: &Site) {
        match timeout(FREE_PATIENCE, site.monitor.free(true, true)).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => {
                tracing::warn!(%error, instance = site.instance_id, "memory was not freed before a retry")
            }
            Err(_) => tracing::warn!(instance = site.instance_id, "memory was not freed in time before a retry"),
        }
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

fn later(for_instance: bool) -> Due {
    Due { at: clock::wall().plus(AGAIN), for_instance }
}
