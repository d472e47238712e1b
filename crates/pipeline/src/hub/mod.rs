//! The hub: live frames to thousands of readers.
//!
//! A frame is encoded once ([`Encoded`]) and its bytes are shared; publishing walks the readers of a topic and writes
//! straight to each socket ([`Sink`]), waking no task and allocating nothing. Only what a socket has no room for is
//! kept for that reader, bounded and conflated, and written by the reader's own task. There is no replay: a
//! [`Snapshot`] is always enough, on subscribing as well as for a reader that was too slow.
//!
//! What publishers owe: the state that [`crate::api::Api::snapshot`] reads has taken in an event before its frame is
//! published, and the frames of one generation are published one after the other.

mod backlog;
mod close;
mod encoded;
mod reader;
mod snapshot;
mod topic;

pub use backlog::Bounds;
pub use close::{Advice, CloseCode};
pub use encoded::{Class, EncodeError, Encoded};
pub use reader::{Flushed, Pull, Pulled, Reader, ReaderLimits, Sink, Ticket};
pub use snapshot::Snapshot;
pub use topic::{NoTopic, Topic};

use reader::Added;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::Notify;
use uuid::Uuid;

#[derive(Clone, Copy, Debug)]
pub struct HubSettings {
    /// Connections in total, of all transports.
    pub readers: usize,
    pub limits: ReaderLimits,
    /// Whether readers may have previews: without, those who ask get everything else.
    pub previews: bool,
}

impl Default for HubSettings {
    fn default() -> Self {
        HubSettings { readers: 10_000, limits: ReaderLimits::default(), previews: true }
    }
}

/// The readers of one topic. Publishing takes a copy of the outer `Arc` and needs no lock for the walk; subscribing
/// meanwhile copies the list (some pointers), at most once per walk.
type Audience = Arc<Vec<Arc<Reader>>>;

pub struct Hub {
    settings: HubSettings,
    topics: Mutex<HashMap<Topic, Audience>>,
    roll: Mutex<Roll>,
    emptied: Notify,
}

/// Who is here.
#[derive(Default)]
struct Roll {
    /// Seats given out: readers, and connections still on their way to become one.
    seats: usize,
    readers: HashMap<u64, Arc<Reader>>,
    next: u64,
    closing: Option<CloseCode>,
}

/// Why there is no seat.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoSeat {
    #[error("too many live connections: come back later, or raise the limit in the configuration")]
    Full,
    #[error("the server is going away: connect again")]
    Closing,
}

/// Why a subscription was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("too many subscriptions on this connection: unsubscribe from some, or subscribe to \"*\"")]
pub struct TooManySubscriptions;

impl Hub {
    pub fn new(settings: HubSettings) -> Arc<Hub> {
        Arc::new(Hub { settings, topics: Mutex::default(), roll: Mutex::default(), emptied: Notify::new() })
    }

    fn topics(&self) -> MutexGuard<'_, HashMap<Topic, Audience>> {
        self.topics.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn roll(&self) -> MutexGuard<'_, Roll> {
        self.roll.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn audience(&self, topic: Topic) -> Option<Audience> {
        self.topics().get(&topic).map(Arc::clone)
    }

    /// Whether anybody would get what is published there: if not, it need not be encoded.
    pub fn is_watched(&self, topic: Topic) -> bool {
        self.topics().contains_key(&topic)
    }

    /// To those who subscribed to this generation.
    ///
    /// Returns when every socket has been written to or has no room: about the time of one `write` per reader.
    pub fn publish(&self, queue_id: Uuid, frame: &Encoded) {
        self.publish_to(Topic::Generation(queue_id), frame);
    }

    /// To those who subscribed to `*`: `generation_update` and `instance_update`, nothing else, so that a connection
    /// with both subscriptions gets no frame twice.
    pub fn publish_all(&self, frame: &Encoded) {
        self.publish_to(Topic::All, frame);
    }

    fn publish_to(&self, topic: Topic, frame: &Encoded) {
        for reader in self.audience(topic).iter().flat_map(|readers| readers.iter()) {
            reader.offer(topic, frame);
        }
    }

    /// Whether anybody would get a preview of this generation: if not, it need not be encoded.
    pub fn wants_previews(&self, queue_id: Uuid) -> bool {
        let topic = Topic::Generation(queue_id);
        let audience = self.audience(topic).filter(|_| self.settings.previews);
        audience.is_some_and(|readers| readers.iter().any(|reader| reader.wants_previews(topic)))
    }

    /// To those who subscribed to this generation and asked for previews. Only the newest is ever owed: of those that
    /// come too soon after the last, and of those a slow reader has no room for.
    pub fn preview(&self, queue_id: Uuid, frame: &Encoded) {
        if !self.settings.previews {
            return;
        }
        let topic = Topic::Generation(queue_id);
        let now = Instant::now();
        for reader in self.audience(topic).iter().flat_map(|readers| readers.iter()) {
            reader.offer_preview(topic, frame, now);
        }
    }

    /// A place for one more connection, to be asked for before the handshake is answered.
    pub fn seat(self: &Arc<Self>) -> Result<Seat, NoSeat> {
        let mut roll = self.roll();
        if roll.closing.is_some() {
            return Err(NoSeat::Closing);
        }
        if roll.seats >= self.settings.readers {
            return Err(NoSeat::Full);
        }
        roll.seats += 1;
        Ok(Seat { hub: Arc::clone(self) })
    }

    /// Connections, also those still in their handshake.
    pub fn readers(&self) -> usize {
        self.roll().seats
    }

    /// Tells every reader to go and takes no new one. Returns when all have gone, or after `within`; says how many
    /// are still there.
    pub async fn close_all(&self, close: CloseCode, within: Duration) -> usize {
        let readers: Vec<Arc<Reader>> = {
            let mut roll = self.roll();
            roll.closing = Some(close);
            roll.readers.values().map(Arc::clone).collect()
        };
        for reader in readers {
            reader.close(close);
        }
        let emptied = async {
            while self.readers() > 0 {
                self.emptied.notified().await;
            }
        };
        // Whoever has not gone by then is counted below.
        let _ = tokio::time::timeout(within, emptied).await;
        self.readers()
    }

    fn join_topic(&self, topic: Topic, reader: &Arc<Reader>) {
        let mut topics = self.topics();
        Arc::make_mut(topics.entry(topic).or_default()).push(Arc::clone(reader));
    }

    fn leave_topic(&self, topic: Topic, reader: &Arc<Reader>) {
        let mut topics = self.topics();
        let Some(audience) = topics.get_mut(&topic) else { return };
        if let Some(at) = audience.iter().position(|other| Arc::ptr_eq(other, reader)) {
            Arc::make_mut(audience).swap_remove(at);
        }
        if audience.is_empty() {
            topics.remove(&topic);
        }
    }

    fn free_seat(&self) {
        let mut roll = self.roll();
        roll.seats -= 1;
        if roll.seats == 0 {
            self.emptied.notify_one();
        }
    }
}

/// Counts as a connection until it is dropped.
pub struct Seat {
    hub: Arc<Hub>,
}

impl Seat {
    /// The connection is there.
    pub fn join(self, sink: impl Sink) -> Subscriber {
        let reader = Arc::new(Reader::new(Box::new(sink), self.hub.settings.limits));
        let (number, closing) = {
            let mut roll = self.hub.roll();
            let number = roll.next;
            roll.next += 1;
            roll.readers.insert(number, Arc::clone(&reader));
            (number, roll.closing)
        };
        if let Some(close) = closing {
            reader.close(close);
        }
        Subscriber { reader, number, seat: self }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.hub.free_seat();
    }
}

/// A reader's place in the hub, in the hands of its task. Dropping it leaves everything.
pub struct Subscriber {
    reader: Arc<Reader>,
    number: u64,
    seat: Seat,
}

impl Subscriber {
    pub fn reader(&self) -> &Reader {
        &self.reader
    }

    /// `confirmation` goes first, the snapshot (which the reader's task makes, see [`Reader::next_snapshot`]) follows,
    /// then what happens. Once more for the same topic: only `previews` changes, if given.
    pub fn subscribe(
        &mut self,
        topic: Topic,
        previews: Option<bool>,
        confirmation: Option<&Encoded>,
    ) -> Result<(), TooManySubscriptions> {
        match self.reader.add(topic, previews, confirmation) {
            Added::New => {
                self.seat.hub.join_topic(topic, &self.reader);
                Ok(())
            }
            Added::Known => Ok(()),
            Added::TooMany => Err(TooManySubscriptions),
        }
    }

    /// False if it was not subscribed.
    pub fn unsubscribe(&mut self, topic: Topic) -> bool {
        let known = self.reader.remove(topic);
        if known {
            self.seat.hub.leave_topic(topic, &self.reader);
        }
        known
    }
}

impl Drop for Subscriber {
    fn drop(&mut self) {
        for topic in self.reader.leave() {
            self.seat.hub.leave_topic(topic, &self.reader);
        }
        self.seat.hub.roll().readers.remove(&self.number);
    }
}
