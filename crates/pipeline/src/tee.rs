//! Two buses for one line: the handlers beside us at once, and a bus for everybody else behind their back. What the far
//! one has not taken yet stays in the outbox.

use crate::ports::{Bus, BusError};
use async_trait::async_trait;
use monitor_core::event::{Body, Event};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};
use uuid::Uuid;

/// Events that may wait for the far bus in memory; beyond it the relay holds back, and its outbox has them.
const WAITING: usize = 10_000;
/// Published together at most.
const BATCH: usize = 256;
const FIRST_PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(20);

/// In percent.
pub type Shown = Box<dyn Fn(Uuid) -> Option<f64> + Send + Sync>;

enum Told {
    Events(Vec<Event>),
    /// Answered when all before it has been taken.
    Flush(oneshot::Sender<()>),
}

/// Guarantees of [`Bus`], of both: `publish` returns when `near` has handled the events, `flush` when `far` has taken
/// them too.
pub struct Tee {
    near: Arc<dyn Bus>,
    shown: Shown,
    far: mpsc::UnboundedSender<Told>,
    waiting: Arc<AtomicUsize>,
}

impl Tee {
    /// Publishes to `far` in a task that ends with the tee. `shown`: how far a job that runs is
    /// shown to be by the near handlers.
    pub fn new(near: Arc<dyn Bus>, far: Arc<dyn Bus>, shown: Shown) -> Tee {
        let (sender, told) = mpsc::unbounded_channel();
        let waiting = Arc::new(AtomicUsize::new(0));
        tokio::spawn(carry(told, far, waiting.clone()));
        Tee { near, shown, far: sender, waiting }
    }
}

impl Tee {
    /// Steps are told here, and seldom over there: how far they have brought the job is said with what is told.
    fn with_percentage(&self, event: &Event) -> Event {
        let mut event = event.clone();
        // A step says it itself, and a name twice in one object is read by nobody alike.
        if !event.is_terminal() && !matches!(event.body, Body::NodeProgressUpdate(_)) {
            event.base.overall_percentage = event.base.queue_id.and_then(|queue_id| (self.shown)(queue_id));
        }
        event
    }
}

async fn carry(mut told: mpsc::UnboundedReceiver<Told>, far: Arc<dyn Bus>, waiting: Arc<AtomicUsize>) {
    let mut gathered = Vec::new();
    while told.recv_many(&mut gathered, BATCH).await > 0 {
        let mut events = Vec::new();
        for told in gathered.drain(..) {
            match told {
                Told::Events(more) => events.extend(more),
                Told::Flush(done) => {
                    publish(far.as_ref(), &mut events, &waiting).await;
                    // Whoever asked may have given up waiting.
                    let _ = done.send(());
                }
            }
        }
        publish(far.as_ref(), &mut events, &waiting).await;
    }
}

/// However long it takes: they are in order, and nothing of theirs may overtake them.
async fn publish(far: &dyn Bus, events: &mut Vec<Event>, waiting: &AtomicUsize) {
    if events.is_empty() {
        return;
    }
    let mut pause = FIRST_PAUSE;
    loop {
        let taken = match far.publish(events).await {
            Ok(()) => far.flush().await,
            Err(error) => Err(error),
        };
        let Err(error) = taken else { break };
        tracing::warn!(%error, events = events.len(), "the bus did not take events; they wait in the outbox");
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
    waiting.fetch_sub(events.len(), Ordering::Relaxed);
    events.clear();
}

#[async_trait]
impl Bus for Tee {
    async fn publish(&self, events: &[Event]) -> Result<(), BusError> {
        self.near.publish(events).await?;
        if self.waiting.load(Ordering::Relaxed) > WAITING {
            return Err(BusError("too many events wait for the bus behind it".to_owned()));
        }
        self.waiting.fetch_add(events.len(), Ordering::Relaxed);
        let told = events.iter().map(|event| self.with_percentage(event)).collect();
        self.far.send(Told::Events(told)).map_err(|_| BusError("it has ended".to_owned()))
    }

    async fn flush(&self) -> Result<(), BusError> {
        self.near.flush().await?;
        let (done, wait) = oneshot::channel();
        let ended = || BusError("it has ended".to_owned());
        self.far.send(Told::Flush(done)).map_err(|_| ended())?;
        wait.await.map_err(|_| ended())
    }
}

#[cfg(test)]
mod tests;
