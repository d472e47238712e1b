//! What to do about a failure: decided by the policies, and planned in the store before anybody hears of it.

use super::{Due, Service};
use crate::clock;
use crate::ports::{GenerationRecord, PlannedRetry, StoreError};
use crate::retry::{Failed, failure, retried};
use crate::service::retry::classes::KnownClasses;
use monitor_core::event::Event;
use monitor_core::generation::Origin;
use monitor_core::retry::{Circumstances, Decision, Failure, Tried, decide, needed_classes};
use serde_json::Value;
use std::sync::Arc;
use tokio::sync::{Semaphore, mpsc};
use tokio_util::sync::CancellationToken;

/// Failures that are decided about at once: each reads a workflow, and may ask the server for classes.
const AT_ONCE: usize = 8;

/// What a decision is about.
struct Question<'a> {
    failure: &'a Failure,
    workflow: &'a Value,
    tried: &'a [Tried],
    jitter: f64,
}

impl Service {
    pub(super) async fn decide_about(
        self: Arc<Self>,
        mut held: mpsc::UnboundedReceiver<Failed>,
        stop: CancellationToken,
    ) {
        let at_once = Arc::new(Semaphore::new(AT_ONCE));
        while let Some(Some(failed)) = stop.run_until_cancelled(held.recv()).await {
            let Ok(turn) = Arc::clone(&at_once).acquire_owned().await else { return };
            let service = Arc::clone(&self);
            tokio::spawn(async move {
                let planned = service.answer(failed).await;
                drop(turn);
                if let Some(plan) = planned {
                    // Only what readers know of is sent again.
                    service.parts.relay.flush().await;
                    service.retrying.schedule(plan.queue_id, Due { at: plan.retry_at, for_instance: false });
                }
            });
        }
    }

    async fn answer(&self, failed: Failed) -> Option<PlannedRetry> {
        let Failed { event, decided } = failed;
        let planned = self.plan(&event).await.unwrap_or_else(|error| {
            tracing::error!(%error, "a retry could not be planned; the job fails");
            None
        });
        let events = match &planned {
            Some(plan) => retried(event, plan, clock::wall()),
            None => vec![event],
        };
        // Nobody waits for it only when all ends; what is planned is found again after the next start.
        decided.send(events).ok().and(planned)
    }

    /// The retry that answers a failure, planned in the store. Asked again about the same failure, after a kill of
    /// ours, it is the same retry.
    async fn plan(&self, event: &Event) -> Result<Option<PlannedRetry>, StoreError> {
        let base = &event.base;
        let (Some(failure), Some(queue_id)) = (failure(event), base.queue_id) else { return Ok(None) };
        let Some(known) = self.parts.store.known(queue_id).await? else { return Ok(None) };
        let last = known.attempts.last().filter(|last| last.number == base.attempt && !last.retry_stopped);
        let Some(last) = last.filter(|_| known.record.origin == Origin::Submitted) else { return Ok(None) };
        if let Some(plan) = self.parts.store.planned_retry(queue_id).await? {
            return Ok(Some(plan));
        }
        let tried: Vec<Tried> = known.attempts.iter().filter_map(|attempt| attempt.retry.clone()).collect();
        let question =
            Question { failure: &failure, workflow: &last.workflow, tried: &tried, jitter: rand::random::<f64>() };
        let Some((decision, target)) = self.decision(&question, &known.record, &base.instance_id).await else {
            return Ok(None);
        };
        let (desk, now) = (&self.parts.desk, clock::wall());
        let wanted = now.plus(decision.delay_ms);
        let retry_at = desk.book(target, now, wanted);
        if retry_at.since(wanted) > desk.settings().longest_wait {
            desk.give_back(target, retry_at);
            tracing::warn!(%queue_id, instance = target, "too many jobs failed there: this one is not tried again");
            return Ok(None);
        }
        let plan = PlannedRetry {
            queue_id,
            number: last.number + 1,
            retry_at,
            tried: Tried { policy: decision.policy, step: decision.step, at: failure.at },
            retry_count: decision.retry_count,
            max_retries: decision.max_retries,
            failed_at: base.instance_id.clone(),
            other_instance: decision.other_instance,
            free_memory: decision.free_memory,
            workflow: decision.workflow,
            change: decision.change,
            next: decision.next,
        };
        self.parts.store.plan_retry(&plan).await
    }

    /// What the policies say, and the instance it is meant for. A person's choice of an instance stands: such a job is
    /// not taken elsewhere.
    async fn decision<'a>(
        &'a self,
        question: &Question<'_>,
        record: &GenerationRecord,
        failed_at: &'a str,
    ) -> Option<(Decision, &'a str)> {
        let other = match &record.instance_id {
            Some(_) => None,
            None => self.shortest_wait(question.workflow, Some(failed_at)).await,
        };
        let needed = needed_classes(&self.parts.desk.settings().policies, question.workflow);
        let here = match self.site(failed_at) {
            Ok(site) => self.classes_for(site, &needed).await,
            Err(_) => KnownClasses::default(),
        };
        let decision = self.ask(question, &here, other.is_some())?;
        let Some(other) = other.filter(|_| decision.other_instance) else { return Some((decision, failed_at)) };
        // Elsewhere other classes may be there: what was decided by those of here holds only if it holds there too.
        match self.ask(question, &self.classes_for(other, &needed).await, true) {
            Some(decision) if decision.other_instance => Some((decision, &other.instance_id)),
            _ => self.ask(question, &here, false).map(|decision| (decision, failed_at)),
        }
    }

    fn ask(&self, question: &Question<'_>, classes: &KnownClasses, other_instance: bool) -> Option<Decision> {
        let circumstances = Circumstances {
            workflow: question.workflow,
            classes: &|class| classes.get(class),
            other_instance,
            tried: question.tried,
            jitter: question.jitter,
        };
        decide(&self.parts.desk.settings().policies, question.failure, &circumstances)
    }
}
