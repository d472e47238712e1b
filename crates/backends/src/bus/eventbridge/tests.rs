//! Against a bus that answers as it is told, on a clock that goes on when all wait.

use super::delivery::{Answer, Fault};
use super::*;
use monitor_core::event::{Body, QueueStatusUpdated};
use monitor_testkit::conformance::sample::{self, Job, attempt, record};
use object_store::memory::InMemory;
use serde_json::json;
use std::collections::VecDeque;
use std::sync::Mutex as Lock;
use tokio::sync::mpsc;

const SECOND: Duration = Duration::from_secs(1);

struct Scripted {
    /// One for each request; when they are over, all is taken.
    answers: Lock<VecDeque<Result<Vec<Answer>, Fault>>>,
    /// The sequences in each request, and when it came.
    requests: mpsc::UnboundedSender<(Vec<u64>, Instant)>,
}

#[async_trait]
impl Requests for Scripted {
    async fn put(&self, entries: &[Entry]) -> Result<Vec<Answer>, Fault> {
        let sequences = entries.iter().map(|entry| entry.event.base.sequence).collect();
        self.requests.send((sequences, Instant::now())).unwrap();
        let answer = self.answers.lock().unwrap().pop_front();
        answer.unwrap_or_else(|| Ok(vec![Answer::Taken; entries.len()]))
    }
}

#[derive(Default)]
struct Buried(Lock<Vec<(u64, String)>>);

#[async_trait]
impl DeadLetters for Buried {
    async fn bury(&self, event: &Event, reason: &str) {
        self.0.lock().unwrap().push((event.base.sequence, reason.to_owned()));
    }
}

struct Stage {
    bus: EventBridge,
    requests: mpsc::UnboundedReceiver<(Vec<u64>, Instant)>,
    buried: Arc<Buried>,
}

impl Stage {
    fn new(answers: Vec<Result<Vec<Answer>, Fault>>) -> Stage {
        Stage::with(answers, Some(SECOND), None)
    }

    fn with(
        answers: Vec<Result<Vec<Answer>, Fault>>,
        progress: Option<Duration>,
        bulk: Option<Arc<dyn ObjectStore>>,
    ) -> Stage {
        let (sender, requests) = mpsc::unbounded_channel();
        let buried = Arc::new(Buried::default());
        let settings = Settings {
            bus_name: "bus".to_owned(),
            progress,
            bulk,
            dead_letters: Arc::clone(&buried) as Arc<dyn DeadLetters>,
            patience: Patience::default(),
        };
        let scripted = Scripted { answers: Lock::new(answers.into()), requests: sender };
        Stage { bus: EventBridge::over(Box::new(scripted), settings), requests, buried }
    }

    /// The requests so far.
    fn told(&mut self) -> Vec<Vec<u64>> {
        std::iter::from_fn(|| self.requests.try_recv().ok()).map(|(sequences, _)| sequences).collect()
    }

    fn buried(&self) -> Vec<(u64, String)> {
        self.buried.0.lock().unwrap().clone()
    }
}

fn job(number: u32) -> Job {
    Job::of(&attempt(&record(number), 1))
}

fn queued(sequences: std::ops::RangeInclusive<u64>) -> Vec<Event> {
    sequences.map(|sequence| job(1).queued(sequence)).collect()
}

fn throttled() -> Answer {
    Answer::Passing("ThrottlingException: slow down".to_owned())
}

fn large(sequence: u64, size: usize) -> Event {
    let mut event = job(1).queued(sequence);
    let title = Some("x".repeat(size));
    event.body = monitor_core::event::JobQueued { queue_position: None, title }.into();
    event
}

#[tokio::test(start_paused = true)]
async fn what_was_throttled_is_sent_again_alone_before_anything_later() {
    let mut first = vec![Answer::Taken; 10];
    first[2] = throttled();
    let mut stage = Stage::new(vec![Ok(first), Ok(vec![throttled()])]);
    stage.bus.publish(&queued(1..=12)).await.unwrap();
    assert_eq!(stage.told(), [(1..=10).collect(), vec![3], vec![3], vec![11, 12]]);
    assert_eq!(stage.buried(), []);
}

#[tokio::test(start_paused = true)]
async fn what_is_refused_is_buried_with_its_reason_and_holds_up_nobody() {
    let refused = Answer::Refused("MalformedDetail: no JSON".to_owned());
    let mut stage = Stage::new(vec![Ok(vec![Answer::Taken, refused, throttled()])]);
    stage.bus.publish(&queued(1..=3)).await.unwrap();
    assert_eq!(stage.told(), [vec![1, 2, 3], vec![3]]);
    assert_eq!(stage.buried(), [(2, "MalformedDetail: no JSON".to_owned())]);
}

#[tokio::test(start_paused = true)]
async fn of_a_request_that_is_refused_each_entry_is_tried_alone() {
    let refused = || Err(Fault::Refused("ValidationException: too large".to_owned()));
    let mut stage = Stage::new(vec![refused(), Ok(vec![Answer::Taken]), refused()]);
    stage.bus.publish(&queued(1..=3)).await.unwrap();
    assert_eq!(stage.told(), [vec![1, 2, 3], vec![1], vec![2], vec![3]]);
    assert_eq!(stage.buried(), [(2, "ValidationException: too large".to_owned())]);
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_breaks_off_settles_only_what_it_names() {
    let mut stage = Stage::new(vec![Ok(vec![Answer::Taken])]);
    stage.bus.publish(&queued(1..=3)).await.unwrap();
    assert_eq!(stage.told(), [vec![1, 2, 3], vec![2, 3]]);
}

#[tokio::test(start_paused = true)]
async fn a_bus_that_stays_away_is_given_up_and_then_left_alone_for_a_while() {
    let away = || Err(Fault::Passing("503".to_owned()));
    let tries = 1 + Patience::default().retries;
    let mut stage = Stage::new((0..tries).map(|_| away()).collect());
    let since = Instant::now();
    assert!(stage.bus.publish(&queued(1..=2)).await.unwrap_err().to_string().contains("503"));
    assert!(since.elapsed() <= Patience::default().total);
    assert_eq!(stage.told(), vec![vec![1, 2]; tries]);
    stage.bus.publish(&[job(2).queued(1)]).await.unwrap_err();
    assert_eq!(stage.told(), [[0; 0]; 0], "the next generation does not find out for itself");
    tokio::time::sleep(REST).await;
    stage.bus.publish(&queued(1..=2)).await.unwrap();
    assert_eq!(stage.told(), [[1, 2]]);
    assert_eq!(stage.buried(), []);
}

#[tokio::test(start_paused = true)]
async fn what_no_other_try_helps_is_not_tried_again() {
    let mut stage = Stage::new(vec![Err(Fault::Unusable("AccessDeniedException".to_owned()))]);
    stage.bus.publish(&queued(1..=2)).await.unwrap_err();
    assert_eq!(stage.told(), [[1, 2]]);
    assert_eq!(stage.buried(), [], "it is the setting that is wrong, not the events");
}

#[tokio::test(start_paused = true)]
async fn lifecycle_goes_first_and_progress_that_waits_goes_when_it_is_due_though_nothing_follows() {
    let (mut stage, job) = (Stage::new(Vec::new()), job(1));
    stage.bus.publish(&[job.progress(1, "3"), job.executing(2, "4")]).await.unwrap();
    assert_eq!(stage.told(), [[2], [1]]);
    let published = Instant::now();
    stage.bus.publish(&[job.progress(3, "3"), job.progress(4, "3")]).await.unwrap();
    stage.bus.publish(&[job.progress(5, "3")]).await.unwrap();
    assert_eq!(stage.told(), [[0; 0]; 0]);
    let (sequences, at) = stage.requests.recv().await.unwrap();
    assert_eq!(sequences, [5]);
    // To the timer's own millisecond.
    assert!((SECOND..SECOND * 2).contains(&(at - published)), "{:?}", at - published);
}

#[tokio::test(start_paused = true)]
async fn progress_does_not_come_after_the_end_of_its_job() {
    let (mut stage, job) = (Stage::new(Vec::new()), job(1));
    stage.bus.publish(&[job.progress(1, "3")]).await.unwrap();
    stage.bus.publish(&[job.progress(2, "3")]).await.unwrap();
    stage.bus.publish(&[job.progress(3, "3"), job.completed(4, 1)]).await.unwrap();
    tokio::time::sleep(SECOND * 5).await;
    assert_eq!(stage.told(), [[1], [4]]);
}

#[tokio::test(start_paused = true)]
async fn progress_that_is_not_taken_is_neither_tried_again_nor_buried_nor_an_error() {
    let answers = vec![Ok(vec![throttled()]), Err(Fault::Passing("503".to_owned()))];
    let (mut stage, job) = (Stage::new(answers), job(1));
    stage.bus.publish(&[job.progress(1, "3")]).await.unwrap();
    tokio::time::sleep(SECOND).await;
    stage.bus.publish(&[job.progress(2, "3")]).await.unwrap();
    stage.bus.publish(&[job.completed(3, 1)]).await.unwrap();
    assert_eq!(stage.told(), [[1], [2], [3]]);
    assert_eq!(stage.buried(), []);
}

#[tokio::test(start_paused = true)]
async fn what_waits_is_told_at_the_end_and_no_progress_after_it() {
    let (mut stage, job) = (Stage::new(Vec::new()), job(1));
    stage.bus.publish(&[job.progress(1, "3")]).await.unwrap();
    stage.bus.publish(&[job.progress(2, "3")]).await.unwrap();
    stage.bus.close().await;
    assert_eq!(stage.told(), [[1], [2]]);
    stage.bus.publish(&[job.progress(3, "3"), job.executing(4, "4")]).await.unwrap();
    tokio::time::sleep(SECOND * 5).await;
    assert_eq!(stage.told(), [[4]]);
}

#[tokio::test(start_paused = true)]
async fn without_an_interval_there_is_no_progress_on_the_bus() {
    let mut stage = Stage::with(Vec::new(), None, None);
    stage.bus.publish(&[job(1).progress(1, "3"), job(1).executing(2, "4")]).await.unwrap();
    stage.bus.publish(&[sample::stopped("gpu-1", 3)]).await.unwrap();
    assert_eq!(stage.told(), [[2], [3]]);
}

#[tokio::test(start_paused = true)]
async fn how_long_a_queue_is_goes_onto_the_bus_even_where_progress_does_not() {
    let mut stage = Stage::with(Vec::new(), None, None);
    let queue = |sequence| {
        let mut event = sample::stopped("gpu-1", sequence);
        event.body = Body::from(QueueStatusUpdated { queue_remaining: sequence, exec_info: json!({}) });
        event
    };
    stage.bus.publish(&[queue(1)]).await.unwrap();
    stage.bus.publish(&[queue(2), queue(3)]).await.unwrap();
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(stage.told(), [[1], [3]]);
}

#[tokio::test(start_paused = true)]
async fn what_is_too_large_goes_aside_and_without_a_bucket_only_what_the_bus_takes_at_all_goes() {
    let bulk: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
    let stage = Stage::with(Vec::new(), None, Some(Arc::clone(&bulk)));
    for size in [1_000, entry::LARGE, entry::ROOM * 3] {
        let event = large(1, size);
        let entry = stage.bus.line.prepared(&event).await.unwrap().unwrap();
        assert!(entry.size() <= entry::LARGE);
        let detail = serde_json::from_str(&entry.detail).unwrap();
        assert_eq!(bulk::whole(detail, &*bulk).await.unwrap(), event.detail().unwrap());
    }
    let mut stage = Stage::with(Vec::new(), None, None);
    stage.bus.publish(&[large(1, entry::LARGE), large(2, entry::ROOM), job(1).queued(3)]).await.unwrap();
    assert_eq!(stage.told(), [[1, 3]]);
    assert!(matches!(&stage.buried()[..], [(2, reason)] if reason.contains("bucket")));
}
