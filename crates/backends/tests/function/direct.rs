//! The way past the bus: a monitor that posts to the connections itself.

use crate::stage::{Stage, World, overall_progress, stage};
use async_trait::async_trait;
use monitor_core::frame::{Frame, FrameBody, JobHeader, PreviewHeader, PreviewKind, QueuePlace};
use monitor_core::generation::Status;
use monitor_core::time::Timestamp;
use monitor_pipeline::audience::Audience;
use monitor_pipeline::hub::Topic;
use monitor_pipeline::journal::Journal;
use monitor_pipeline::ports::{Connections, Listener, PostError, StoreError};
use monitor_pipeline::push::{Direct, DirectHandle, Push};
use monitor_pipeline::read_model::ReadModel;
use monitor_testkit::conformance::sample;
use serde_json::Value;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// Looked so often, and what is missing will not come.
const PATIENCE: u32 = 3_000;
const MEANWHILE: Duration = Duration::from_millis(10);

/// The connections of a world, which sometimes cannot be read.
struct Unreadable {
    world: Arc<World>,
    fails: AtomicBool,
    in_vain: AtomicUsize,
}

#[async_trait]
impl Connections for Unreadable {
    async fn connect(&self, id: &str, now: Timestamp) -> Result<(), StoreError> {
        self.world.connect(id, now).await
    }

    async fn disconnect(&self, id: &str) -> Result<(), StoreError> {
        self.world.disconnect(id).await
    }

    async fn subscribe(
        &self,
        id: &str,
        topic: Topic,
        previews: Option<bool>,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        self.world.subscribe(id, topic, previews, now).await
    }

    async fn unsubscribe(&self, id: &str, topic: Topic) -> Result<(), StoreError> {
        self.world.unsubscribe(id, topic).await
    }

    async fn listeners(&self, topic: Topic, now: Timestamp) -> Result<Vec<Listener>, StoreError> {
        if self.fails.load(Ordering::SeqCst) {
            self.in_vain.fetch_add(1, Ordering::SeqCst);
            return Err(StoreError::Failed { place: "here".to_owned(), cause: "throttled".to_owned() });
        }
        self.world.listeners(topic, now).await
    }
}

struct Way {
    stage: Stage,
    direct: Arc<Direct>,
    connections: Arc<Unreadable>,
    read_model: Arc<ReadModel>,
    handle: Option<DirectHandle>,
    stop: CancellationToken,
    running: Option<JoinHandle<()>>,
}

async fn way() -> Way {
    let stage = stage().await;
    let connections = Arc::new(Unreadable {
        world: stage.world.clone(),
        fails: AtomicBool::default(),
        in_vain: AtomicUsize::default(),
    });
    let push = Push { connections: connections.clone(), gateway: stage.world.clone() };
    let (direct, handle) = Direct::new(push, stage.world.clone());
    let journal = Arc::new(Journal::new(stage.store.clone()));
    let read_model = Arc::new(ReadModel::new(stage.store.clone(), journal, direct.clone()));
    let stop = CancellationToken::new();
    Way { stage, direct, connections, read_model, handle: Some(handle), stop, running: None }
}

impl Way {
    fn start(&mut self) {
        let handle = self.handle.take().unwrap();
        self.running = Some(tokio::spawn(handle.run(self.read_model.clone(), self.stop.clone())));
    }

    /// All that waits is posted then.
    async fn end(&mut self) {
        self.stop.cancel();
        if self.handle.is_some() {
            self.start();
        }
        self.running.take().unwrap().await.unwrap();
    }

    fn told(&self, id: &str) -> Vec<String> {
        self.stage.world.told(id)
    }

    /// `type` and `sequence` of what it was told.
    fn told_with_sequences(&self, id: &str) -> Vec<(String, Option<u64>)> {
        let posts = self.stage.world.posts.lock().unwrap();
        let of = posts.iter().filter(|(to, _)| to == id);
        let short = |frame: &Value| (frame["type"].as_str().unwrap().to_owned(), frame["sequence"].as_u64());
        of.map(|(_, frame)| short(frame)).collect()
    }

    /// `meanwhile`, again and again.
    async fn until(&self, what: &str, wanted: impl Fn(&Way) -> bool, mut meanwhile: impl FnMut()) {
        for _ in 0..PATIENCE {
            if wanted(self) {
                return;
            }
            meanwhile();
            tokio::time::sleep(MEANWHILE).await;
        }
        panic!("never {what}: {:#?}", self.stage.world.posts.lock().unwrap());
    }

    fn snapshots(&self, id: &str) -> usize {
        self.told(id).iter().filter(|told| *told == "snapshot").count()
    }
}

fn id() -> Uuid {
    Uuid::from_u128(7)
}

fn frame(sequence: u64, body: FrameBody) -> Frame {
    let job = JobHeader { queue_id: id(), prompt_id: "p".to_owned(), attempt: 1, sequence, status: Status::Processing };
    Frame { timestamp: Timestamp(0), request_id: None, job: Some(job), body }
}

fn queued(sequence: u64) -> Frame {
    let place = QueuePlace {
        queue_position: Some(1),
        estimated_wait_time: None,
        eta: None,
        comfyui_queue_remaining: None,
        message: "Next".to_owned(),
    };
    frame(sequence, FrameBody::JobQueued(place))
}

fn started(sequence: u64) -> Frame {
    frame(sequence, FrameBody::JobStarted { total_nodes: 2, cached_nodes: Vec::new() })
}

fn executed(sequence: u64) -> Frame {
    let (node_id, display_node_id) = ("3".to_owned(), "3".to_owned());
    frame(sequence, FrameBody::NodeExecuted { node_id, display_node_id, duration_ms: None, cached: false })
}

fn progress(sequence: u64) -> Frame {
    frame(sequence, overall_progress())
}

fn preview(sequence: u64) -> PreviewHeader {
    PreviewHeader {
        kind: PreviewKind::Preview,
        queue_id: id(),
        prompt_id: "p".to_owned(),
        node_id: "3".to_owned(),
        content_type: "image/jpeg".to_owned(),
        sequence,
        value: None,
        max: None,
    }
}

fn all_of(pairs: &[(&str, Option<u64>)]) -> Vec<(String, Option<u64>)> {
    pairs.iter().map(|(kind, sequence)| ((*kind).to_owned(), *sequence)).collect()
}

#[tokio::test]
async fn what_waits_goes_out_in_order_and_of_progress_the_newest() {
    let mut way = way().await;
    way.stage.world.listens("page", Topic::Generation(id()));
    way.direct.tell(id(), vec![queued(1), started(2)]);
    for sequence in 3..50 {
        way.direct.tell(id(), vec![progress(sequence)]);
    }
    way.direct.tell(id(), vec![executed(50), progress(51), progress(52)]);
    way.end().await;
    let told = way.told_with_sequences("page");
    assert_eq!(told[0].0, "snapshot", "what came before it began to listen");
    let rest =
        [("job_queued", Some(1)), ("job_started", Some(2)), ("node_executed", Some(50)), ("job_progress", Some(52))];
    assert_eq!(told[1..], all_of(&rest));
}

#[tokio::test]
async fn of_each_generation_those_who_watch_all_get_the_newest_update() {
    let mut way = way().await;
    way.stage.world.listens("list", Topic::All);
    for (number, sequence) in [(1, 1), (2, 2), (1, 3), (1, 4)] {
        let record = sample::record(number);
        let summary = sample::summary(&record, Status::Processing, sequence);
        let mut update = frame(sequence, FrameBody::GenerationUpdate { generation: Box::new(summary) });
        update.job.as_mut().unwrap().queue_id = record.queue_id;
        way.direct.tell_all(update);
    }
    way.end().await;
    let updates = [("generation_update", Some(2)), ("generation_update", Some(4))];
    assert_eq!(way.told_with_sequences("list"), all_of(&updates));
}

#[tokio::test]
async fn where_nobody_listens_nothing_is_posted() {
    let mut way = way().await;
    way.stage.world.listens("elsewhere", Topic::Generation(Uuid::from_u128(8)));
    way.direct.tell(id(), vec![queued(1), progress(2)]);
    way.direct.show(&preview(3), &[0xff]);
    way.end().await;
    assert!(way.stage.world.posts.lock().unwrap().is_empty());
}

#[tokio::test]
async fn previews_go_to_those_who_asked_for_them_and_are_wanted_while_there_are_some() {
    let mut way = way().await;
    for (page, previews) in [("sees", true), ("reads", false)] {
        let listener = Listener { connection_id: page.to_owned(), previews };
        way.stage.world.subscriptions.lock().unwrap().push((Topic::Generation(id()), listener));
    }
    assert!(!way.direct.wants_previews(id()), "nobody has been asked for");
    way.start();
    way.direct.tell(id(), vec![started(1)]);
    way.until("started", |way| way.told("reads").len() == 2, || {}).await;
    assert!(way.direct.wants_previews(id()));
    // Without a word in between: they wait together.
    way.direct.show(&preview(2), &[1]);
    way.direct.show(&preview(3), &[2]);
    way.end().await;
    assert_eq!(way.told_with_sequences("sees").last(), Some(&("preview".to_owned(), Some(3))));
    assert_eq!(way.told("sees"), ["snapshot", "job_started", "preview"]);
    assert_eq!(way.told("reads"), ["snapshot", "job_started"]);
}

#[tokio::test]
async fn whoever_comes_later_gets_a_snapshot_first_and_hears_then() {
    let mut way = way().await;
    way.stage.world.listens("first", Topic::Generation(id()));
    way.start();
    way.direct.tell(id(), vec![started(1)]);
    way.until("the first hears", |way| !way.told("first").is_empty(), || {}).await;
    way.stage.world.listens("late", Topic::Generation(id()));
    let (direct, mut sequence) = (way.direct.clone(), 1);
    let go_on = || {
        sequence += 1;
        direct.tell(id(), vec![progress(sequence)]);
    };
    way.until("the late one hears", |way| way.told("late").len() > 1, go_on).await;
    way.end().await;
    assert_eq!(way.told("late")[..2], ["snapshot", "job_progress"]);
    assert_eq!(way.snapshots("late"), 1);
    assert_eq!(way.snapshots("first"), 1, "it knew all that");
}

#[tokio::test]
async fn what_waits_is_posted_before_it_stops() {
    let mut way = way().await;
    way.stage.world.listens("page", Topic::Generation(id()));
    way.start();
    way.direct.tell(id(), vec![started(1)]);
    way.until("it hears", |way| way.told("page").len() == 2, || {}).await;
    // In the pause after a round.
    way.direct.tell(id(), vec![executed(2), progress(3)]);
    way.end().await;
    assert_eq!(way.told("page")[2..], ["node_executed", "job_progress"]);
}

#[tokio::test]
async fn whoever_missed_a_frame_that_nothing_newer_says_gets_a_snapshot() {
    let mut way = way().await;
    for page in ["page", "other"] {
        way.stage.world.listens(page, Topic::Generation(id()));
    }
    way.start();
    way.direct.tell(id(), vec![started(1)]);
    way.until("it hears", |way| way.told("page").len() == 2, || {}).await;
    way.stage.world.refuse("page", vec![PostError::Failed("503".to_owned()); 4]);
    way.direct.tell(id(), vec![executed(2)]);
    let refused = |way: &Way| way.stage.world.refusals.lock().unwrap()["page"].is_empty();
    way.until("it is given up", refused, || {}).await;
    let (direct, mut sequence) = (way.direct.clone(), 2);
    let go_on = || {
        sequence += 1;
        direct.tell(id(), vec![progress(sequence)]);
    };
    way.until("it knows all again", |way| way.snapshots("page") == 2, go_on).await;
    way.end().await;
    assert_eq!(way.snapshots("other"), 1);
    assert!(way.told("other").contains(&"node_executed".to_owned()));
}

#[tokio::test]
async fn what_was_told_while_nobody_knew_who_listens_is_in_a_snapshot() {
    let mut way = way().await;
    way.stage.world.listens("page", Topic::Generation(id()));
    way.start();
    way.direct.tell(id(), vec![started(1)]);
    way.until("it hears", |way| way.told("page").len() == 2, || {}).await;
    way.connections.fails.store(true, Ordering::SeqCst);
    let (direct, mut sequence) = (way.direct.clone(), 1);
    let mut go_on = || {
        sequence += 1;
        direct.tell(id(), vec![executed(sequence)]);
    };
    way.until("they are asked for", |way| way.connections.in_vain.load(Ordering::SeqCst) > 0, &mut go_on).await;
    way.connections.fails.store(false, Ordering::SeqCst);
    way.until("it knows all again", |way| way.snapshots("page") == 2, &mut go_on).await;
    way.end().await;
}

#[tokio::test]
async fn of_too_much_at_once_the_oldest_goes_and_a_snapshot_comes_for_it() {
    let mut way = way().await;
    way.stage.world.listens("page", Topic::Generation(id()));
    way.start();
    way.direct.tell(id(), vec![started(1)]);
    way.until("it hears", |way| way.told("page").len() == 2, || {}).await;
    way.direct.tell(id(), (2..=700).map(executed).collect());
    way.end().await;
    let told = way.told_with_sequences("page");
    assert_eq!(told[2].0, "snapshot");
    assert_eq!(told[3..].first().unwrap().1, Some(700 - 511));
    assert_eq!(told.last().unwrap().1, Some(700));
}
