//! The relay: takes what the monitors have to tell, puts durable events into the outbox before anyone sees them, and
//! publishes them in order per generation. Progress goes with them but is conflated: of several updates of one node
//! that wait together only the newest is told; of several words about a job's pace, and of its previews, too, after its
//! events.

mod sweep;

use crate::library::Library;
use crate::ports::{AttemptRecord, Bus, GenerationRecord, Outbox, Sending, Store, StoreError};
use crate::read_model::ReadModel;
use futures::stream::{FuturesUnordered, StreamExt};
use monitor_core::event::Event;
use monitor_core::generation::Origin;
use monitor_core::tracker::{Observed, Pace, Picture, Place};
use monitor_core::workflow::{form, title};
use std::collections::{BTreeSet, HashMap, VecDeque};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;
use sweep::Sweep;
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;
use uuid::Uuid;

/// Taken together at most.
const BATCH: usize = 4_096;
const FIRST_RETRY: Duration = Duration::from_millis(50);
const LONGEST_RETRY: Duration = Duration::from_secs(5);

/// What a monitor has to tell; order matters.
#[derive(Debug)]
pub enum Said {
    Observed {
        instance_id: String,
        observed: Box<Observed>,
    },
    Event(Box<Event>),
    /// An event whose word is not yet decided: told as decided, when it is; as it is where nobody decides any more.
    /// What others have to tell does not wait for it.
    Deciding {
        event: Box<Event>,
        decision: oneshot::Receiver<Vec<Event>>,
    },
    Image {
        instance_id: String,
        picture: Picture,
    },
    Preview(Picture),
    Pace(Pace),
    Positions {
        places: Vec<Place>,
        queue_remaining: Option<u64>,
    },
    /// Answered when everything before it has been decided and published, and has left the outbox.
    Flush(oneshot::Sender<()>),
}

/// Where monitors put what they have to tell; never waits.
#[derive(Clone, Debug)]
pub struct RelayHandle {
    said: mpsc::UnboundedSender<Said>,
}

impl RelayHandle {
    pub fn say(&self, said: Said) {
        // The relay outlives the monitors; after it nobody listens any more.
        let _ = self.said.send(said);
    }

    /// Done when everything said before has been published.
    pub async fn flush(&self) {
        let (done, wait) = oneshot::channel();
        self.say(Said::Flush(done));
        let _ = wait.await;
    }
}

/// A number, and what is to be told.
type Deciding = Pin<Box<dyn Future<Output = (u64, Vec<Event>)> + Send + Sync>>;

pub struct Relay {
    said: mpsc::UnboundedReceiver<Said>,
    outbox: Arc<dyn Outbox>,
    store: Arc<dyn Store>,
    bus: Arc<dyn Bus>,
    library: Arc<Library>,
    read_model: Arc<ReadModel>,
    sweep: Sweep,
    /// What is not yet decided, each with its number; numbers are given out in the order of saying.
    deciding: FuturesUnordered<Deciding>,
    undecided: BTreeSet<u64>,
    next_number: u64,
    /// Those who wait for all decisions below a number.
    flushes: Vec<(u64, oneshot::Sender<()>)>,
    /// Generations whose events the bus would not take: theirs wait in order, others go on.
    stuck: HashMap<Option<Uuid>, VecDeque<Event>>,
    retry_at: Option<Instant>,
    retry_pause: Duration,
}

impl Relay {
    pub fn new(
        outbox: Arc<dyn Outbox>,
        store: Arc<dyn Store>,
        bus: Arc<dyn Bus>,
        library: Arc<Library>,
        read_model: Arc<ReadModel>,
    ) -> (Relay, RelayHandle) {
        let (sender, said) = mpsc::unbounded_channel();
        let sweep = Sweep::new(outbox.clone(), bus.clone());
        let relay = Relay {
            said,
            outbox,
            store,
            bus,
            library,
            read_model,
            sweep,
            deciding: FuturesUnordered::new(),
            undecided: BTreeSet::new(),
            next_number: 0,
            flushes: Vec::new(),
            stuck: HashMap::new(),
            retry_at: None,
            retry_pause: FIRST_RETRY,
        };
        (relay, RelayHandle { said: sender })
    }

    /// Publishes what a former run left in the outbox. Before any monitor speaks.
    pub async fn recover(&mut self) -> Result<usize, StoreError> {
        let mut count = 0;
        loop {
            let left = self.outbox.pending(1_000).await?;
            if left.is_empty() {
                return Ok(count);
            }
            count += left.len();
            self.publish(left).await;
            self.sweep.all().await;
            if !self.stuck.is_empty() {
                return Ok(count);
            }
        }
    }

    /// Runs until every handle is gone.
    pub async fn run(mut self) {
        let mut batch = Vec::new();
        loop {
            let due = [self.sweep.due, self.retry_at].into_iter().flatten().min();
            tokio::select! {
                count = self.said.recv_many(&mut batch, BATCH) => {
                    if count == 0 {
                        break;
                    }
                    self.take(std::mem::take(&mut batch)).await;
                }
                Some((number, events)) = self.deciding.next(), if !self.deciding.is_empty() => {
                    self.decided(number, events).await;
                }
                true = self.sweep.ended() => {}
                () = tokio::time::sleep_until(due.unwrap_or_else(Instant::now)), if due.is_some() => {}
            }
            let now = Instant::now();
            if self.retry_at.is_some_and(|at| at <= now) {
                self.retry().await;
            }
            self.sweep.if_due(now);
        }
        while let Some((number, events)) = self.deciding.next().await {
            self.decided(number, events).await;
        }
        self.sweep.all().await;
    }

    async fn take(&mut self, batch: Vec<Said>) {
        // In the order in which it happened, or sequences would fall; of conflated progress the newest stands where
        // it was said.
        let mut events: Vec<Option<Event>> = Vec::new();
        let mut newest: HashMap<(Option<Uuid>, Option<String>), usize> = HashMap::new();
        let mut paces: HashMap<Uuid, Pace> = HashMap::new();
        let mut previews: HashMap<Uuid, Picture> = HashMap::new();
        for said in batch {
            match said {
                Said::Event(event) => {
                    if !event.is_durable() {
                        let key = (event.base.queue_id, event.node_id().map(str::to_owned));
                        if let Some(older) = newest.insert(key, events.len()) {
                            events[older] = None;
                        }
                    }
                    events.push(Some(*event));
                }
                Said::Observed { instance_id, observed } => self.observed(&instance_id, &observed).await,
                Said::Image { instance_id, picture } => {
                    if let Err(error) = self.library.picture(&instance_id, picture).await {
                        tracing::error!(%error, "an image that came over the socket could not be kept");
                    }
                }
                Said::Preview(picture) => drop(previews.insert(picture.queue_id, picture)),
                Said::Pace(pace) => drop(paces.insert(pace.queue_id, pace)),
                Said::Positions { places, queue_remaining } => {
                    self.read_model.positions(&places, queue_remaining);
                }
                Said::Deciding { event, decision } => self.decide_later(*event, decision),
                Said::Flush(done) => self.flushes.push((self.next_number, done)),
            }
        }
        self.tell(events.into_iter().flatten().collect()).await;
        // Not before them: the pace of an attempt whose start is among them would be left aside, and a preview forgotten
        // with the first of them that begins or ends something.
        for pace in paces.values() {
            self.read_model.pace(pace);
        }
        for picture in previews.values() {
            self.read_model.preview(picture);
        }
        self.answer_flushes();
    }

    /// Keeps what is durable, then publishes all of it.
    async fn tell(&mut self, events: Vec<Event>) {
        if events.is_empty() {
            return;
        }
        let durable: Vec<Event> = events.iter().filter(|event| event.is_durable()).cloned().collect();
        if !durable.is_empty() {
            self.keep(&durable).await;
        }
        self.publish(events).await;
    }

    fn decide_later(&mut self, event: Event, decision: oneshot::Receiver<Vec<Event>>) {
        let number = self.next_number;
        self.next_number += 1;
        self.undecided.insert(number);
        self.deciding.push(Box::pin(async move { (number, decision.await.unwrap_or_else(|_| vec![event])) }));
    }

    async fn decided(&mut self, number: u64, events: Vec<Event>) {
        self.undecided.remove(&number);
        // Together: a kill between them would leave a failure that waits for a retry nobody has heard of.
        self.tell(events).await;
        self.answer_flushes();
    }

    fn answer_flushes(&mut self) {
        let decided = self.undecided.first().copied().unwrap_or(u64::MAX);
        let (due, waiting) = std::mem::take(&mut self.flushes).into_iter().partition(|(below, _)| *below <= decided);
        self.flushes = waiting;
        self.sweep.answer_after(due.into_iter().map(|(_, done)| done));
    }

    /// Into the outbox, however long it takes: nothing may be told before.
    async fn keep(&self, durable: &[Event]) {
        let mut pause = FIRST_RETRY;
        while let Err(error) = self.outbox.append(durable).await {
            tracing::error!(%error, events = durable.len(), "the outbox took no events; trying again");
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(LONGEST_RETRY);
        }
    }

    async fn publish(&mut self, events: Vec<Event>) {
        let (waiting, ready): (Vec<Event>, Vec<Event>) =
            events.into_iter().partition(|event| self.stuck.contains_key(&event.base.queue_id));
        self.set_aside(waiting);
        if ready.is_empty() {
            return;
        }
        match self.bus.publish(&ready).await {
            Ok(()) => {
                self.sweep.published(ready.iter().filter(|event| event.is_durable()).map(|event| event.base.event_id));
            }
            Err(error) => {
                tracing::warn!(%error, events = ready.len(), "the bus did not take events; they wait in the outbox");
                self.set_aside(ready);
                self.retry_at = Some(Instant::now() + self.retry_pause);
            }
        }
    }

    /// Durable events wait for the bus; progress does not, since the next update says it again.
    fn set_aside(&mut self, events: Vec<Event>) {
        for event in events.into_iter().filter(Event::is_durable) {
            self.stuck.entry(event.base.queue_id).or_default().push_back(event);
        }
    }

    /// Each generation for itself: one whose events cannot be taken holds up no other.
    async fn retry(&mut self) {
        self.retry_at = None;
        for (queue_id, mut events) in std::mem::take(&mut self.stuck) {
            let batch: Vec<Event> = events.make_contiguous().to_vec();
            match self.bus.publish(&batch).await {
                Ok(()) => self.sweep.published(batch.iter().map(|event| event.base.event_id)),
                Err(error) => {
                    tracing::debug!(%error, "still not taken");
                    self.stuck.insert(queue_id, events);
                }
            }
        }
        if self.stuck.is_empty() {
            self.retry_pause = FIRST_RETRY;
        } else {
            self.retry_pause = (self.retry_pause * 2).min(LONGEST_RETRY);
            self.retry_at = Some(Instant::now() + self.retry_pause);
        }
    }

    async fn observed(&self, instance_id: &str, observed: &Observed) {
        let (record, attempt) = observed_records(instance_id, observed);
        match self.store.create(&record, &attempt).await {
            Ok(_) => {
                self.read_model.created(&record, &attempt);
                if let Err(error) = self.read_model.save(record.queue_id).await {
                    tracing::warn!(%error, "an observed job is missing from lists for now");
                }
            }
            // Seen before, by a former run.
            Err(StoreError::Exists(_)) => {}
            Err(error) => tracing::error!(%error, queue_id = %record.queue_id, "an observed job could not be recorded"),
        }
    }
}

/// The records of a job that somebody else submitted.
fn observed_records(instance_id: &str, observed: &Observed) -> (GenerationRecord, AttemptRecord) {
    let submission = &observed.submission;
    let created_at = observed.create_time.unwrap_or_else(crate::clock::wall);
    let graph = monitor_core::comfy::graph::Graph::from_value(&submission.workflow).ok();
    let title = graph.map_or_else(
        || "Job without a workflow".to_owned(),
        |graph| title::title(None, form::prompt_text(&graph, &|_| None).as_deref(), None, graph.len()),
    );
    let record = GenerationRecord {
        queue_id: submission.queue_id,
        origin: Origin::Observed,
        title,
        instance_id: Some(instance_id.to_owned()),
        created_at,
        idempotency_key: None,
        metadata: None,
        warnings: Vec::new(),
    };
    let attempt = AttemptRecord {
        queue_id: submission.queue_id,
        number: submission.attempt,
        prompt_id: submission.prompt_id.clone(),
        instance_id: Some(instance_id.to_owned()),
        sending: Sending::None,
        workflow: submission.workflow.clone(),
        change: None,
        created_at,
        refusal: None,
        complaints: Vec::new(),
        queue_number: observed.number,
        submitter_client_id: observed.submitter_client_id.clone(),
        retry: None,
        retry_stopped: false,
    };
    (record, attempt)
}
