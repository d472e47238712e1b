//! Events onto Amazon `EventBridge`.
//!
//! Durable events all go, in order; progress at most once an interval for each job, or not at all; the length of a queue
//! always, at most once a second. Requests go one after another: what is later never overtakes what has not been settled.
//! Delivery at the other end is at least once and in no order, whatever is done here.

mod delivery;
mod entry;
mod pace;
mod requests;

use crate::bulk::{self, BulkError};
use async_trait::async_trait;
use aws_sdk_eventbridge::Client;
use delivery::{Delivery, Requests};
use entry::{Batch, Entry};
use monitor_core::event::Event;
use monitor_pipeline::ports::{Bus, BusError, DeadLetters};
use object_store::ObjectStore;
use pace::Pace;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Mutex, Notify};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

pub use delivery::Patience;

/// After it gave up, the bus is not asked again before: of many generations whose events wait, each would have to find
/// out for itself.
const REST: Duration = Duration::from_secs(1);

pub struct Settings {
    pub bus_name: String,
    /// The progress of a job goes at most once in this time; `None`: not over this bus.
    pub progress: Option<Duration>,
    /// Where the detail of an entry goes that is too large.
    pub bulk: Option<Arc<dyn ObjectStore>>,
    pub dead_letters: Arc<dyn DeadLetters>,
    pub patience: Patience,
}

pub struct EventBridge {
    line: Arc<Line>,
    /// Tells the timer that something waits.
    woken: Arc<Notify>,
    stop: CancellationToken,
}

impl EventBridge {
    /// Within a runtime: held-back progress has a timer of its own, until [`EventBridge::close`] or the end of this.
    pub fn new(client: Client, settings: Settings) -> EventBridge {
        let requests = requests::PutEvents { client, bus_name: settings.bus_name.clone() };
        EventBridge::over(Box::new(requests), settings)
    }

    fn over(requests: Box<dyn Requests>, settings: Settings) -> EventBridge {
        let Settings { progress, bulk, dead_letters, patience, .. } = settings;
        let way = Mutex::new(Way { pace: Some(Pace::new(progress)), rests_until: None });
        let bus = EventBridge {
            line: Arc::new(Line { requests, bulk, dead_letters, patience, way }),
            woken: Arc::new(Notify::new()),
            stop: CancellationToken::new(),
        };
        tokio::spawn(timer(Arc::clone(&bus.line), Arc::clone(&bus.woken), bus.stop.clone()));
        bus
    }

    /// Sends the progress that waits, and ends the timer.
    pub async fn close(&self) {
        self.stop.cancel();
        let mut way = self.line.way.lock().await;
        let waiting = way.pace.take().map(|mut pace| pace.take_all()).unwrap_or_default();
        self.line.tell(waiting).await;
    }
}

impl Drop for EventBridge {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

async fn timer(line: Arc<Line>, woken: Arc<Notify>, stop: CancellationToken) {
    loop {
        let next = line.way.lock().await.pace.as_ref().and_then(Pace::next_due);
        tokio::select! {
            () = stop.cancelled() => return,
            () = woken.notified() => {}
            () = tokio::time::sleep_until(next.unwrap_or_else(Instant::now)), if next.is_some() => {
                let mut way = line.way.lock().await;
                let due = way.take_due();
                line.tell(due).await;
            }
        }
    }
}

struct Line {
    requests: Box<dyn Requests>,
    bulk: Option<Arc<dyn ObjectStore>>,
    dead_letters: Arc<dyn DeadLetters>,
    patience: Patience,
    /// Held while requests go: progress that the timer sends must not come after the end of its job.
    way: Mutex<Way>,
}

struct Way {
    /// `None`: it is closed.
    pace: Option<Pace>,
    rests_until: Option<Instant>,
}

impl Way {
    fn take_due(&mut self) -> Vec<Event> {
        self.pace.as_mut().map(|pace| pace.take_due(Instant::now())).unwrap_or_default()
    }
}

#[async_trait]
impl Bus for EventBridge {
    async fn publish(&self, events: &[Event]) -> Result<(), BusError> {
        let mut way = self.line.way.lock().await;
        let now = Instant::now();
        if let Some(pace) = &mut way.pace {
            for event in events {
                pace.see(event, now);
            }
            // However this ends, the timer looks again after it.
            self.woken.notify_one();
        }
        let durable = || events.iter().filter(|event| event.is_durable());
        if durable().next().is_some() {
            if way.rests_until.is_some_and(|until| until > now) {
                return Err(BusError("it did not take others a moment ago".to_owned()));
            }
            let published = self.line.publish(durable()).await;
            way.rests_until = published.is_err().then(|| Instant::now() + REST);
            published?;
        }
        let due = way.take_due();
        self.line.tell(due).await;
        Ok(())
    }

    /// An entry that was taken is the bus's own care.
    async fn flush(&self) -> Result<(), BusError> {
        Ok(())
    }
}

impl Line {
    fn delivery(&self) -> Delivery<'_> {
        Delivery { requests: &*self.requests, dead_letters: &*self.dead_letters, patience: self.patience }
    }

    async fn publish(&self, events: impl Iterator<Item = &Event>) -> Result<(), BusError> {
        let delivery = self.delivery();
        let mut batch = Batch::default();
        for event in events {
            let Some(mut entry) = self.prepared(event).await? else {
                continue;
            };
            while let Some(left) = batch.offer(entry) {
                delivery.deliver(std::mem::take(&mut batch).into_entries()).await?;
                entry = left;
            }
        }
        delivery.deliver(batch.into_entries()).await
    }

    /// Progress, tried once: the next update says it again.
    async fn tell(&self, events: Vec<Event>) {
        let delivery = self.delivery();
        let entries = events.into_iter().filter_map(|event| {
            let detail = event.detail().inspect_err(|error| tracing::debug!(%error, "no JSON")).ok()?.to_string();
            Some(Entry { event, detail }).filter(|entry| entry.size() <= entry::LARGE)
        });
        let mut batch = Batch::default();
        for mut entry in entries {
            while let Some(left) = batch.offer(entry) {
                delivery.attempt(std::mem::take(&mut batch).into_entries()).await;
                entry = left;
            }
        }
        let entries = batch.into_entries();
        if !entries.is_empty() {
            delivery.attempt(entries).await;
        }
    }

    /// The event as it goes onto the bus; `None` where it cannot, and is buried.
    async fn prepared(&self, event: &Event) -> Result<Option<Entry>, BusError> {
        match self.entry_of(event).await {
            Ok(entry) => Ok(Some(entry)),
            Err(Unfit::Now(cause)) => Err(BusError(cause)),
            Err(Unfit::Ever(cause)) => {
                self.dead_letters.bury(event, &cause).await;
                Ok(None)
            }
        }
    }

    async fn entry_of(&self, event: &Event) -> Result<Entry, Unfit> {
        let detail = event.detail().map_err(|error| Unfit::Ever(format!("no JSON: {error}")))?.to_string();
        let mut entry = Entry { event: event.clone(), detail };
        if entry.size() <= entry::LARGE {
            return Ok(entry);
        }
        match &self.bulk {
            Some(bulk) => {
                let detail = std::mem::take(&mut entry.detail);
                entry.detail = bulk::aside(event, detail, &**bulk).await?.to_string();
            }
            None if entry.size() <= entry::ROOM => {}
            None => {
                let size = entry.size();
                let cause = format!("{size} bytes are more than the bus takes: name a bucket for what is large");
                return Err(Unfit::Ever(cause));
            }
        }
        Ok(entry)
    }
}

/// Why an event is no entry.
enum Unfit {
    Now(String),
    Ever(String),
}

impl From<BulkError> for Unfit {
    fn from(error: BulkError) -> Unfit {
        if error.is_passing() { Unfit::Now(error.to_string()) } else { Unfit::Ever(error.to_string()) }
    }
}

#[cfg(test)]
mod tests;
