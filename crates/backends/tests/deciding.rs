//! What the relay does with a word that is not yet decided, with a real store behind it.

#![allow(clippy::unwrap_used, reason = "all of this is test")]

use monitor_backends::bus::memory::MemoryBus;
use monitor_backends::media::object::ObjectMedia;
use monitor_backends::store::sqlite::Sqlite;
use monitor_core::event::Event;
use monitor_pipeline::handlers::Context;
use monitor_pipeline::hub::{Hub, HubSettings};
use monitor_pipeline::journal::Journal;
use monitor_pipeline::library::{Fetching, Library, Patience};
use monitor_pipeline::ports::Store;
use monitor_pipeline::read_model::ReadModel;
use monitor_pipeline::relay::{Relay, RelayHandle, Said};
use monitor_testkit::conformance::sample::{self, Job};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;
use tokio::sync::oneshot;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

const PATIENCE: Duration = Duration::from_secs(30);

struct Line {
    store: Arc<Sqlite>,
    journal: Arc<Journal>,
    said: RelayHandle,
    _folder: TempDir,
}

impl Line {
    async fn new() -> Line {
        let folder = tempfile::tempdir().unwrap();
        let store = Arc::new(Sqlite::open(folder.path()).await.unwrap());
        let port: Arc<dyn Store> = store.clone();
        let journal = Arc::new(Journal::new(port.clone()));
        let read_model = Arc::new(ReadModel::new(port.clone(), journal.clone(), Hub::new(HubSettings::default())));
        let media = Arc::new(ObjectMedia::local(folder.path(), 1_024).unwrap());
        let (patience, stop) = (Patience::default(), CancellationToken::new());
        let library = Library::new(
            port.clone(),
            media,
            read_model.clone(),
            journal.clone(),
            Fetching::Servers(HashMap::new()),
            patience,
            stop,
        );
        let (read, library_too) = (read_model.clone(), library.clone());
        let context = Context { store: port.clone(), journal: journal.clone(), read_model: read, library: library_too };
        let (relay, said) = Relay::new(store.clone(), port, Arc::new(MemoryBus::new(context)), library, read_model);
        tokio::spawn(relay.run());
        Line { store, journal, said, _folder: folder }
    }

    async fn job(&self, number: u32) -> Job {
        let record = sample::record(number);
        let attempt = sample::attempt(&record, 1);
        self.store.create(&record, &attempt).await.unwrap();
        Job::of(&attempt)
    }

    fn decide_later(&self, event: Event) -> oneshot::Sender<Vec<Event>> {
        let (decided, decision) = oneshot::channel();
        self.said.say(Said::Deciding { event: Box::new(event), decision });
        decided
    }

    async fn kept(&self, job: &Job) -> Vec<Event> {
        self.journal.flush().await.unwrap();
        self.store.events(job.queue_id).await.unwrap()
    }

    async fn kept_in_time(&self, job: &Job, wanted: &[Event]) {
        let all = async {
            while self.kept(job).await != wanted {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        timeout(PATIENCE, all).await.unwrap();
    }
}

#[tokio::test]
async fn what_others_tell_does_not_wait_for_a_decision_but_a_flush_does() {
    let line = Line::new().await;
    let (failing, other) = (line.job(1).await, line.job(2).await);
    let decided = line.decide_later(failing.failed(1, 10));
    let later = line.decide_later(other.failed(2, 10));
    line.said.say(Said::Event(Box::new(other.queued(1))));
    line.kept_in_time(&other, &[other.queued(1)]).await;
    assert!(line.kept(&failing).await.is_empty());

    let said = line.said.clone();
    let mut flush = tokio::spawn(async move { said.flush().await });
    // A decision that comes after the flush was asked for, of a word said before it, is still waited for.
    later.send(vec![other.failed(2, 10)]).unwrap();
    line.kept_in_time(&other, &[other.queued(1), other.failed(2, 10)]).await;
    assert!(!flush.is_finished());
    // What is said after it is not.
    let _undecided = line.decide_later(other.failed(3, 10));
    let words = vec![failing.failed(1, 10), failing.retrying(2)];
    decided.send(words.clone()).unwrap();
    timeout(PATIENCE, &mut flush).await.unwrap().unwrap();
    assert_eq!(line.kept(&failing).await, words);
}

#[tokio::test]
async fn a_word_that_nobody_decides_about_any_more_is_told_as_it_is() {
    let line = Line::new().await;
    let job = line.job(1).await;
    drop(line.decide_later(job.failed(1, 10)));
    timeout(PATIENCE, line.said.flush()).await.unwrap();
    assert_eq!(line.kept(&job).await, [job.failed(1, 10)]);
}
