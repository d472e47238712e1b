//! One reader: what it subscribed to, what it still has to get, and the rule that it never misses or repeats
//! anything between a snapshot and what follows.

mod previews;

use super::backlog::{Backlog, Bounds};
use super::close::CloseCode;
use super::encoded::{Class, Encoded};
use super::snapshot::Snapshot;
use super::topic::Topic;
use previews::Previews;
use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::Notify;

/// The writing end of a connection, as the transport has it.
pub trait Sink: Send + Sync + 'static {
    /// Writes what goes without waiting and says how much that was. `WouldBlock`: nothing now, the reader's own task
    /// will flush once there is room. Any other error: the reader is gone.
    fn try_write(&self, bytes: &[u8]) -> io::Result<usize>;
}

/// For a transport that takes frames when it has room for them ([`Reader::pull`]) and is never written to.
#[derive(Clone, Copy, Debug, Default)]
pub struct Pulled;

impl Sink for Pulled {
    fn try_write(&self, _bytes: &[u8]) -> io::Result<usize> {
        Err(io::ErrorKind::WouldBlock.into())
    }
}

/// What a reader may ask for and how long it may take.
#[derive(Clone, Copy, Debug)]
pub struct ReaderLimits {
    pub subscriptions: usize,
    pub backlog: Bounds,
    /// From falling behind until it has taken the snapshot that makes up for it.
    pub patience: Duration,
    /// Between two previews of one job.
    pub preview_gap: Duration,
}

impl Default for ReaderLimits {
    fn default() -> Self {
        ReaderLimits {
            subscriptions: 64,
            backlog: Bounds { lifecycle: 256, bytes: 1024 * 1024 },
            patience: Duration::from_secs(30),
            preview_gap: Duration::from_millis(100),
        }
    }
}

/// After a flush.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flushed {
    /// Nothing waits.
    All,
    /// The rest goes when the socket has room.
    Blocked,
    /// The socket is broken.
    Gone,
}

/// What a pulling transport does next.
#[derive(Debug)]
pub enum Pull {
    Frame(Encoded),
    /// Nothing now: see [`Reader::woken`].
    Nothing,
    /// The reader was closed.
    End,
}

/// A snapshot that a reader waits for and somebody is making.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ticket {
    pub topic: Topic,
    number: u64,
}

#[derive(Debug)]
enum Phase {
    /// A snapshot has to be made; what happens until then will be in it.
    Wanted,
    /// It is being made: what happens meanwhile may or may not be in it and is held back.
    Making {
        number: u64,
        held: Box<Backlog>,
    },
    Live,
}

#[derive(Debug)]
struct Subscription {
    topic: Topic,
    /// For who asked for them.
    previews: Option<Box<Previews>>,
    phase: Phase,
    /// The sequence of the last snapshot: what is older is in it.
    floor: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Life {
    Open,
    Closing(CloseCode),
    Gone,
}

#[derive(Debug)]
struct State {
    life: Life,
    subscriptions: Vec<Subscription>,
    backlog: Backlog,
    tickets: u64,
    behind_since: Option<Instant>,
}

pub struct Reader {
    sink: Box<dyn Sink>,
    limits: ReaderLimits,
    state: Mutex<State>,
    wake: Notify,
}

pub(super) enum Added {
    New,
    /// It had it already; `previews` was set.
    Known,
    TooMany,
}

impl Reader {
    pub(super) fn new(sink: Box<dyn Sink>, limits: ReaderLimits) -> Reader {
        let state = State {
            life: Life::Open,
            subscriptions: Vec::new(),
            backlog: Backlog::default(),
            tickets: 0,
            behind_since: None,
        };
        Reader { sink, limits, state: Mutex::new(state), wake: Notify::new() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Done when there is something for the reader's task to do: flush, make a snapshot, keep a deadline, close.
    pub async fn woken(&self) {
        self.wake.notified().await;
    }

    /// An answer, of no topic.
    pub fn reply(&self, frame: &Encoded) {
        let mut state = self.state();
        // Nothing follows a close frame.
        if state.life == Life::Open {
            self.send(&mut state, frame, None);
        }
    }

    /// Answers that wait to be written. The task stops reading requests while these are many, so that a reader that
    /// asks and never listens cannot make us keep its answers.
    pub fn replies(&self) -> usize {
        self.state().backlog.replies()
    }

    /// Writes what waits, until the socket has no more room. The lock is given back between two frames: a publisher
    /// never waits for more than one write.
    pub fn flush(&self) -> Flushed {
        loop {
            let mut state = self.state();
            if state.life == Life::Gone {
                return Flushed::Gone;
            }
            let Some(bytes) = state.backlog.front() else {
                state.caught_up();
                return Flushed::All;
            };
            match self.sink.try_write(bytes) {
                Ok(written) => state.backlog.advance(written),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Flushed::Blocked,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => {
                    state.life = Life::Gone;
                    return Flushed::Gone;
                }
            }
        }
    }

    /// The next frame, for a transport without bytes of its own.
    pub fn pull(&self) -> Pull {
        let mut state = self.state();
        if state.life != Life::Open {
            return Pull::End;
        }
        let next = state.backlog.pop();
        if state.backlog.is_empty() {
            state.caught_up();
        }
        next.map_or(Pull::Nothing, Pull::Frame)
    }

    /// Ends the connection: what waits is dropped (but for the rest of a frame), the close frame is the last one. The
    /// reader's task does the rest.
    pub fn close(&self, close: CloseCode) {
        let mut state = self.state();
        if state.life == Life::Open {
            state.backlog.clear();
            self.send(&mut state, &Encoded::close(close), None);
            if state.life == Life::Open {
                state.life = Life::Closing(close);
            }
        }
        drop(state);
        self.wake.notify_one();
    }

    /// Set once it is being closed.
    pub fn closing(&self) -> Option<CloseCode> {
        match self.state().life {
            Life::Closing(close) => Some(close),
            Life::Open | Life::Gone => None,
        }
    }

    /// When the reader's task has to give up on it (4002), if it does not catch up before.
    pub fn deadline(&self) -> Option<Instant> {
        self.state().behind_since.map(|since| since + self.limits.patience)
    }

    /// The next snapshot to make, none while the reader still has frames to take: it gets what is then true. From
    /// here on the topic's frames are held back, so the snapshot has to be read after this call.
    pub fn next_snapshot(&self) -> Option<Ticket> {
        let mut state = self.state();
        if state.life != Life::Open || !state.backlog.is_empty() {
            return None;
        }
        let State { subscriptions, tickets, .. } = &mut *state;
        let wanted = subscriptions.iter_mut().find(|subscription| matches!(subscription.phase, Phase::Wanted))?;
        *tickets += 1;
        wanted.phase = Phase::Making { number: *tickets, held: Box::default() };
        Some(Ticket { topic: wanted.topic, number: *tickets })
    }

    /// The snapshot, then what was held back and is not older. One that is no longer waited for (unsubscribed, or too
    /// much happened meanwhile) is dropped.
    pub fn give_snapshot(&self, ticket: Ticket, snapshot: &Snapshot) {
        let mut state = self.state();
        if state.life != Life::Open {
            return;
        }
        let Some(subscription) = state.subscription(ticket.topic) else { return };
        let held = match &mut subscription.phase {
            Phase::Making { number, held } if *number == ticket.number => std::mem::take(held),
            Phase::Making { .. } | Phase::Wanted | Phase::Live => return,
        };
        subscription.phase = Phase::Live;
        subscription.floor = snapshot.floor();
        self.send(&mut state, snapshot.frame(), Some(ticket.topic));
        for frame in held.into_frames().filter(|frame| !snapshot.is_newer_than(frame)) {
            self.offer_live(&mut state, ticket.topic, &frame);
        }
        if state.backlog.is_empty() {
            state.caught_up();
        }
        drop(state);
        // There may be another one to make.
        self.wake.notify_one();
    }

    pub(super) fn offer(&self, topic: Topic, frame: &Encoded) {
        self.offer_live(&mut self.state(), topic, frame);
    }

    fn offer_live(&self, state: &mut State, topic: Topic, frame: &Encoded) {
        if state.life != Life::Open {
            return;
        }
        let Some(subscription) = state.subscription(topic) else { return };
        if let Some(previews) = &mut subscription.previews
            && frame.class() == Class::Lifecycle
        {
            // Something begins or ends: the picture of what was is outdated.
            previews.forget();
        }
        match &mut subscription.phase {
            // Several frames may stand for one event: only what is strictly older is surely in the snapshot.
            Phase::Live if frame.sequence() < subscription.floor => {}
            Phase::Live => self.send(state, frame, Some(topic)),
            Phase::Making { held, .. } => {
                if held.push(frame.clone(), Some(topic), self.limits.backlog).is_err() {
                    subscription.phase = Phase::Wanted;
                }
            }
            Phase::Wanted => {}
        }
    }

    /// Straight to the socket where nothing waits before it; the task is only woken for what the socket had no room
    /// for.
    fn send(&self, state: &mut State, frame: &Encoded, topic: Option<Topic>) {
        if !state.backlog.is_empty() {
            return self.queue(state, frame, topic);
        }
        let bytes = frame.websocket();
        match self.sink.try_write(bytes) {
            Ok(written) if written >= bytes.len() => return,
            Ok(written) => state.backlog.append_rest(frame.clone(), topic, written),
            Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted) => {
                self.queue(state, frame, topic);
            }
            Err(_) => state.life = Life::Gone,
        }
        self.wake.notify_one();
    }

    fn queue(&self, state: &mut State, frame: &Encoded, topic: Option<Topic>) {
        if state.backlog.push(frame.clone(), topic, self.limits.backlog).is_ok() || frame.class() == Class::Preview {
            return;
        }
        // Too slow: instead of all that waits, and of this frame, it gets a fresh snapshot.
        for lost in state.backlog.shed().into_iter().chain(topic) {
            if let Some(subscription) = state.subscription(lost)
                && matches!(subscription.phase, Phase::Live)
            {
                subscription.phase = Phase::Wanted;
            }
        }
        state.behind_since.get_or_insert_with(Instant::now);
        self.wake.notify_one();
    }

    pub(super) fn add(&self, topic: Topic, previews: Option<bool>, confirmation: Option<&Encoded>) -> Added {
        let mut state = self.state();
        let added = if let Some(known) = state.subscription(topic) {
            match previews {
                Some(true) => drop(known.previews.get_or_insert_default()),
                Some(false) => known.previews = None,
                None => {}
            }
            Added::Known
        } else if state.subscriptions.len() >= self.limits.subscriptions {
            return Added::TooMany;
        } else {
            // Most readers have one: a growing `Vec` would start with room for four.
            if state.subscriptions.is_empty() {
                state.subscriptions.reserve_exact(1);
            }
            state.subscriptions.push(Subscription {
                topic,
                previews: (previews == Some(true)).then(Box::default),
                phase: Phase::Wanted,
                floor: 0,
            });
            Added::New
        };
        if let Some(confirmation) = confirmation {
            self.send(&mut state, confirmation, None);
        }
        added
    }

    pub(super) fn remove(&self, topic: Topic) -> bool {
        let mut state = self.state();
        let before = state.subscriptions.len();
        state.subscriptions.retain(|subscription| subscription.topic != topic);
        state.subscriptions.len() < before
    }

    /// Its task has ended: it takes nothing any more.
    pub(super) fn leave(&self) -> Vec<Topic> {
        let mut state = self.state();
        state.life = Life::Gone;
        state.backlog = Backlog::default();
        std::mem::take(&mut state.subscriptions).into_iter().map(|subscription| subscription.topic).collect()
    }
}

impl State {
    fn subscription(&mut self, topic: Topic) -> Option<&mut Subscription> {
        self.subscriptions.iter_mut().find(|subscription| subscription.topic == topic)
    }

    /// Called when nothing waits any more: no longer behind, unless a snapshot is still owed.
    fn caught_up(&mut self) {
        if self.subscriptions.iter().all(|subscription| matches!(subscription.phase, Phase::Live)) {
            self.behind_since = None;
        }
    }
}
