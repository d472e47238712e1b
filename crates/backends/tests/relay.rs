//! A relay before a bus that takes its time.
#![allow(clippy::unwrap_used, clippy::panic)] // Tests, also where they are not marked as such.

use async_trait::async_trait;
use monitor_backends::media::object::ObjectMedia;
use monitor_backends::store::sqlite::Sqlite;
use monitor_core::event::Event;
use monitor_pipeline::audience::Nobody;
use monitor_pipeline::journal::Journal;
use monitor_pipeline::library::{Fetching, Library, Patience};
use monitor_pipeline::ports::{Bus, BusError, Outbox};
use monitor_pipeline::read_model::ReadModel;
use monitor_pipeline::relay::{Relay, RelayHandle, Said};
use monitor_testkit::conformance::sample::{Job, attempt, record};
use object_store::memory::InMemory;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// Nothing here takes longer, but on a machine that is busy with something else.
const PATIENCE: Duration = Duration::from_secs(30);

/// Takes events at once, and keeps them for good when it is let go.
struct Slow {
    told: watch::Sender<Vec<u64>>,
    asked: watch::Sender<usize>,
    held: watch::Sender<bool>,
}

#[async_trait]
impl Bus for Slow {
    async fn publish(&self, events: &[Event]) -> Result<(), BusError> {
        self.told.send_modify(|told| told.extend(events.iter().map(|event| event.base.sequence)));
        Ok(())
    }

    async fn flush(&self) -> Result<(), BusError> {
        self.asked.send_modify(|asked| *asked += 1);
        let _ = self.held.subscribe().wait_for(|held| !held).await;
        Ok(())
    }
}

struct Line {
    bus: Arc<Slow>,
    outbox: Arc<Sqlite>,
    relay: RelayHandle,
    running: JoinHandle<()>,
    _folder: TempDir,
}

async fn line() -> Line {
    let folder = tempfile::tempdir().unwrap();
    let store = Arc::new(Sqlite::open(folder.path()).await.unwrap());
    let bus = Arc::new(Slow {
        told: watch::Sender::default(),
        asked: watch::Sender::default(),
        held: watch::Sender::new(true),
    });
    let journal = Arc::new(Journal::new(store.clone()));
    let read_model = Arc::new(ReadModel::new(store.clone(), journal.clone(), Arc::new(Nobody)));
    let library = Library::new(
        store.clone(),
        Arc::new(ObjectMedia::new(Arc::new(InMemory::new()), 1 << 20)),
        read_model.clone(),
        journal,
        Fetching::Servers(HashMap::new()),
        Patience::default(),
        CancellationToken::new(),
    );
    let (relay, handle) = Relay::new(store.clone(), store.clone(), bus.clone(), library, read_model);
    Line { bus, outbox: store, relay: handle, running: tokio::spawn(relay.run()), _folder: folder }
}

async fn until<T: Clone + Send + Sync + 'static>(
    what: &str,
    sender: &watch::Sender<T>,
    wanted: impl FnMut(&T) -> bool,
) {
    let mut receiver = sender.subscribe();
    let outcome = tokio::time::timeout(PATIENCE, receiver.wait_for(wanted)).await;
    outcome.unwrap_or_else(|_| panic!("never {what}")).unwrap();
}

impl Line {
    fn say(&self, event: Event) {
        self.relay.say(Said::Event(Box::new(event)));
    }

    async fn left(&self) -> Vec<u64> {
        self.outbox.pending(100).await.unwrap().iter().map(|event| event.base.sequence).collect()
    }
}

#[tokio::test]
async fn a_bus_that_takes_its_time_to_keep_events_holds_up_nothing_that_is_told() {
    let line = line().await;
    let job = Job::of(&attempt(&record(1), 1));
    line.say(job.queued(1));
    until("asked to keep it", &line.bus.asked, |asked| *asked > 0).await;
    for sequence in 2..=20 {
        let event = if sequence % 5 == 0 { job.executing(sequence, "4") } else { job.progress(sequence, "4") };
        line.say(event);
        until("told", &line.bus.told, |told| told.last() == Some(&sequence)).await;
    }
    assert_eq!(line.left().await, [1, 5, 10, 15, 20]);

    let relay = line.relay.clone();
    let flushed = tokio::spawn(async move { relay.flush().await });
    line.say(job.progress(21, "4"));
    until("told", &line.bus.told, |told| told.last() == Some(&21)).await;
    assert!(!flushed.is_finished(), "not while the bus may lose them");
    line.bus.held.send_replace(false);
    tokio::time::timeout(PATIENCE, flushed).await.unwrap().unwrap();
    assert_eq!(line.left().await, [0; 0]);
}

#[tokio::test]
async fn what_is_left_when_the_relay_ends_has_left_the_outbox_if_the_bus_kept_it() {
    let Line { bus, outbox, relay, running, _folder } = line().await;
    let job = Job::of(&attempt(&record(1), 1));
    for event in [job.queued(1), job.started(2)] {
        relay.say(Said::Event(Box::new(event)));
    }
    drop(relay);
    until("asked to keep them", &bus.asked, |asked| *asked > 0).await;
    assert!(!running.is_finished());
    assert_eq!(outbox.pending(100).await.unwrap().len(), 2);
    bus.held.send_replace(false);
    tokio::time::timeout(PATIENCE, running).await.unwrap().unwrap();
    assert!(outbox.pending(100).await.unwrap().is_empty());
}
