//! Sending what was recorded: at once where a server is there, else when it is back; after any doubt only when the
//! server was seen not to have it.

use super::{Service, Site};
use crate::clock;
use crate::monitor::Sent;
use crate::ports::{AttemptRecord, Known, Sending, StoreError};
use monitor_core::event::JobError;
use monitor_core::generation::{NodeError, Status};
use monitor_core::time::Timestamp;
use monitor_core::tracker::Submission;
use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// How often what waits is looked at, besides every change of an instance.
const INTERVAL: Duration = Duration::from_secs(2);

#[derive(Default)]
pub(super) struct Dispatch {
    wake: Notify,
    /// Attempts that are being sent: each by one task.
    under_way: Mutex<HashSet<(Uuid, u32)>>,
}

impl Dispatch {
    pub(super) fn wake(&self) {
        self.wake.notify_one();
    }

    /// False if somebody else has it.
    pub(super) fn take(&self, attempt: &AttemptRecord) -> bool {
        let key = (attempt.queue_id, attempt.number);
        self.under_way.lock().unwrap_or_else(PoisonError::into_inner).insert(key)
    }

    pub(super) fn give_back(&self, attempt: &AttemptRecord) {
        let key = (attempt.queue_id, attempt.number);
        self.under_way.lock().unwrap_or_else(PoisonError::into_inner).remove(&key);
    }
}

/// What came of trying to send.
#[derive(Clone, Debug)]
pub(super) enum Outcome {
    Accepted,
    Refused {
        error: JobError,
        node_errors: Vec<NodeError>,
    },
    /// Nobody is there, or no answer came: it goes on by itself.
    Waits,
}

impl Service {
    /// Sends what waits, whenever an instance comes back, until stopped.
    pub fn dispatch_what_waits(self: &Arc<Self>, stop: &CancellationToken) {
        let (service, stop) = (Arc::clone(self), stop.clone());
        tokio::spawn(async move {
            loop {
                match service.parts.store.unsent().await {
                    Ok(attempts) => {
                        for attempt in attempts {
                            if stop.is_cancelled() {
                                return;
                            }
                            service.send(attempt).await;
                        }
                    }
                    // The store may have been closed meanwhile.
                    Err(_) if stop.is_cancelled() => return,
                    Err(error) => tracing::error!(%error, "what waits to be sent could not be read"),
                }
                tokio::select! {
                    () = stop.cancelled() => return,
                    () = service.dispatch.wake.notified() => {}
                    () = tokio::time::sleep(INTERVAL) => {}
                }
            }
        });
    }

    /// The instance an attempt goes to: the one it names, or the connected one with the shortest expected wait.
    async fn choose(&self, attempt: &AttemptRecord) -> Option<&Site> {
        match &attempt.instance_id {
            Some(wanted) => self.connected(wanted),
            None => self.shortest_wait(&attempt.workflow, None).await,
        }
    }

    pub(super) async fn send(&self, attempt: AttemptRecord) -> Outcome {
        if !self.dispatch.take(&attempt) {
            return Outcome::Waits;
        }
        let outcome = self.try_to_send(attempt.clone()).await.unwrap_or_else(|error| {
            tracing::error!(%error, queue_id = %attempt.queue_id, "a submission could not be recorded; it is tried again");
            Outcome::Waits
        });
        self.dispatch.give_back(&attempt);
        outcome
    }

    async fn try_to_send(&self, mut attempt: AttemptRecord) -> Result<Outcome, StoreError> {
        // It may have been taken back, or sent, since it was read.
        let Some(known) = self.parts.store.known(attempt.queue_id).await? else { return Ok(Outcome::Waits) };
        match known.attempts.iter().find(|record| record.number == attempt.number) {
            Some(record) if matches!(record.sending, Sending::Waiting | Sending::Sent) => attempt = record.clone(),
            _ => return Ok(Outcome::Waits),
        }
        let Some(site) = self.choose(&attempt).await.cloned() else { return Ok(Outcome::Waits) };
        if attempt.sending == Sending::Sent {
            match site.monitor.find(&attempt.prompt_id).await {
                Ok(Some(found)) => {
                    attempt.sending = Sending::Accepted;
                    attempt.prompt_id = found.prompt_id;
                    attempt.queue_number = found.number;
                    self.update(&attempt).await?;
                    return Ok(Outcome::Accepted);
                }
                Ok(None) if self.was_told_of(&attempt).await? => {
                    attempt.sending = Sending::Accepted;
                    self.update(&attempt).await?;
                    return Ok(Outcome::Accepted);
                }
                Ok(None) => {}
                Err(_) => return Ok(Outcome::Waits),
            }
        }
        let wanted = attempt.instance_id.replace(site.instance_id.clone());
        attempt.sending = Sending::Sent;
        self.update(&attempt).await?;
        let submission = Submission {
            queue_id: attempt.queue_id,
            attempt: attempt.number,
            prompt_id: attempt.prompt_id.clone(),
            title: Some(known.record.title.clone()),
            workflow: attempt.workflow.clone(),
            last_sequence: self.last_sequence(&known).await?,
        };
        let preview_method = self.parts.preview_method.map(str::to_owned);
        let outcome = match site.monitor.submit(submission, preview_method).await {
            Sent::Accepted { prompt_id, number, warnings } => {
                attempt.sending = Sending::Accepted;
                attempt.prompt_id = prompt_id;
                attempt.queue_number = number;
                if !warnings.is_empty() {
                    self.parts.store.set_warnings(attempt.queue_id, &warnings).await?;
                    self.parts.read_model.warnings(attempt.queue_id, warnings).await?;
                }
                Outcome::Accepted
            }
            Sent::Refused { error, node_errors } => {
                attempt.sending = Sending::Refused;
                attempt.refusal = Some(error.clone());
                attempt.complaints.clone_from(&node_errors);
                // The tracker has told its end: readers hear of it once, and from there.
                self.parts.relay.flush().await;
                match self.parts.read_model.status(attempt.queue_id).await? {
                    // It is tried again all the same.
                    Some(Status::Pending) => Outcome::Waits,
                    _ => Outcome::Refused { error, node_errors },
                }
            }
            Sent::Away { reason } => {
                tracing::debug!(reason, queue_id = %attempt.queue_id, "a submission waits");
                attempt.sending = Sending::Waiting;
                attempt.instance_id = wanted;
                Outcome::Waits
            }
            Sent::Unknown { reason } => {
                tracing::warn!(reason, queue_id = %attempt.queue_id, "no answer to a submission; looking before it is sent again");
                Outcome::Waits
            }
        };
        self.update(&attempt).await?;
        Ok(outcome)
    }

    /// An event of an attempt proves that the server had it; if it has it no more, its end is the tracker's to tell.
    async fn was_told_of(&self, attempt: &AttemptRecord) -> Result<bool, StoreError> {
        self.parts.journal.flush().await?;
        let events = self.parts.store.events(attempt.queue_id).await?;
        Ok(events.iter().any(|event| event.base.attempt == attempt.number))
    }

    async fn update(&self, attempt: &AttemptRecord) -> Result<(), StoreError> {
        self.parts.store.update_attempt(attempt).await?;
        self.parts.read_model.attempt(attempt).await
    }

    /// The next sequence and moment for what no tracker tells.
    pub(super) async fn next(&self, queue_id: Uuid) -> Result<(u64, Timestamp), StoreError> {
        let known = self.parts.store.known(queue_id).await?.ok_or(StoreError::NotFound(queue_id))?;
        Ok((self.last_sequence(&known).await? + 1, clock::wall()))
    }

    /// Of one that others remember, more was told than this store has.
    async fn last_sequence(&self, known: &Known) -> Result<u64, StoreError> {
        Ok(self.parts.read_model.sequence(known.record.queue_id).await?.max(known.saved_sequence()))
    }
}
