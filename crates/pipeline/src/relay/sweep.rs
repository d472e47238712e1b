//! Published events leave the outbox together, beside everything else: a bus that is far away takes its time.

use crate::ports::{Bus, Outbox};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use uuid::Uuid;

/// This often, or when so many have come together. Nobody waits for it, and what a kill leaves there is told again; but
/// each time costs two commits, and commits are most of what a lifecycle event costs.
const INTERVAL: Duration = Duration::from_secs(1);
const COUNT: usize = 256;
/// What a bus has not taken by then stays in the outbox until the next time.
const PATIENCE: Duration = Duration::from_secs(10);
const AFTER_FAILURE: Duration = Duration::from_secs(5);

/// What was to leave the outbox, and whether it has.
type Swept = (Vec<Uuid>, Result<(), String>);

pub(super) struct Sweep {
    outbox: Arc<dyn Outbox>,
    bus: Arc<dyn Bus>,
    /// Published, still in the outbox.
    published: Vec<Uuid>,
    pub(super) due: Option<Instant>,
    /// The last one came to nothing: until the next, however much waits.
    has_failed: bool,
    under_way: Option<JoinHandle<Swept>>,
    /// Those who wait for the sweep that is under way, and for the one after it.
    answered_next: Vec<oneshot::Sender<()>>,
    waiting: Vec<oneshot::Sender<()>>,
}

impl Sweep {
    pub(super) fn new(outbox: Arc<dyn Outbox>, bus: Arc<dyn Bus>) -> Sweep {
        Sweep {
            outbox,
            bus,
            published: Vec::new(),
            due: None,
            has_failed: false,
            under_way: None,
            answered_next: Vec::new(),
            waiting: Vec::new(),
        }
    }

    pub(super) fn published(&mut self, event_ids: impl Iterator<Item = Uuid>) {
        self.published.extend(event_ids);
        self.due.get_or_insert(Instant::now() + INTERVAL);
    }

    pub(super) fn if_due(&mut self, now: Instant) {
        let many = self.published.len() >= COUNT && !self.has_failed;
        if self.due.is_some_and(|at| at <= now) || many {
            self.begin();
        }
    }

    /// Answered after a sweep of all that has been published by now.
    pub(super) fn answer_after(&mut self, done: impl Iterator<Item = oneshot::Sender<()>>) {
        self.waiting.extend(done);
        if !self.waiting.is_empty() {
            self.begin();
        }
    }

    /// Not while another is under way: that one begins the next.
    fn begin(&mut self) {
        if self.under_way.is_some() {
            return;
        }
        self.due = None;
        self.answered_next.append(&mut self.waiting);
        if self.published.is_empty() {
            self.swept((Vec::new(), Ok(())));
            return;
        }
        let (ids, bus, outbox) = (std::mem::take(&mut self.published), self.bus.clone(), self.outbox.clone());
        self.under_way = Some(tokio::spawn(async move {
            let flushed = match tokio::time::timeout(PATIENCE, bus.flush()).await {
                Ok(flushed) => flushed.map_err(|error| error.to_string()),
                Err(_) => Err("the bus has not taken them yet".to_owned()),
            };
            let kept = match flushed {
                Ok(()) => outbox.remove(&ids).await.map_err(|error| error.to_string()),
                Err(error) => Err(error),
            };
            (ids, kept)
        }));
    }

    /// Once the sweep that is under way has ended: false, and at once, where there is none. May be dropped meanwhile.
    pub(super) async fn ended(&mut self) -> bool {
        let Some(task) = self.under_way.as_mut() else { return false };
        let swept = task.await.unwrap_or_else(|error| (Vec::new(), Err(error.to_string())));
        self.under_way = None;
        self.swept(swept);
        if !self.waiting.is_empty() {
            self.begin();
        }
        true
    }

    fn swept(&mut self, (ids, kept): Swept) {
        self.has_failed = kept.is_err();
        if let Err(error) = kept {
            tracing::warn!(%error, "published events stay in the outbox for now");
            self.published.splice(0..0, ids);
            self.due = Some(Instant::now() + AFTER_FAILURE);
        }
        for done in self.answered_next.drain(..) {
            // Whoever asked may be gone.
            let _ = done.send(());
        }
    }

    /// All that has been published by now.
    pub(super) async fn all(&mut self) {
        while self.ended().await {}
        self.begin();
        self.ended().await;
    }
}

#[cfg(test)]
mod tests;
