//! What nodes took.

use crate::conformance::Place;
use crate::conformance::sample::{INSTANCE, Job, at, attempt, hostile_strings, record, shuffled};
use monitor_core::cost::{BUCKETS_PER_CLASS, Bucket, CLASSES, Drivers, History, Run, Work};
use monitor_core::event::{Event, NodeExecuted};
use monitor_core::names::NodeKind;
use monitor_core::performance::Distribution;
use monitor_pipeline::ports::{Pruned, Retention, Store};
use serde_json::json;
use std::collections::BTreeMap;

const DAY: i64 = 24 * 60 * 60;

fn job(number: u32) -> Job {
    Job::of(&attempt(&record(number), 1))
}

fn work(class_type: &str, steps: u32) -> Work {
    let drivers = Drivers { steps: Some(steps.into()), ..Drivers::default() };
    Work { class_type: class_type.to_owned(), kind: NodeKind::Sampler, drivers, load_ms: None, rounds: None }
}

fn done(work: Work, duration_ms: u64) -> NodeExecuted {
    NodeExecuted {
        node_id: "3".to_owned(),
        display_node_id: "3".to_owned(),
        duration_ms: Some(duration_ms),
        output: None,
        cached: false,
        blocked: None,
        steps: None,
        work: Some(work),
    }
}

/// A sampler with 20 steps and a decoder ran, the decoder twice.
fn ran(job: &Job) -> Vec<Event> {
    vec![
        job.queued(1),
        job.event(2, done(work("KSampler", 20), 2_000)),
        job.event(3, done(work("VAEDecode", 0), 300)),
        job.event(4, done(work("VAEDecode", 0), 500)),
        job.completed(5, 2_800),
    ]
}

/// As core has it.
fn learnt(events: &[Event]) -> (History, BTreeMap<String, Distribution>) {
    let (mut history, mut times) = (History::default(), BTreeMap::<String, Distribution>::new());
    for (work, run) in events.iter().filter_map(Run::of) {
        history.learn(work, run);
        times.entry(work.class_type.clone()).or_default().learn(run.duration_ms);
    }
    (history, times)
}

async fn kept(store: &impl Store, instance_id: &str) -> (History, BTreeMap<String, Distribution>) {
    (store.history(instance_id).await.unwrap(), store.class_times(Some(instance_id)).await.unwrap())
}

fn nothing() -> (History, BTreeMap<String, Distribution>) {
    learnt(&[])
}

pub async fn runs_are_learnt_when_their_attempt_has_ended<P: Place<Adapter: Store>>() {
    let place = P::fresh();
    let store = place.open().await;
    let events = ran(&job(1));
    store.apply(&events[..4]).await.unwrap();
    assert_eq!(kept(&store, INSTANCE).await, nothing());
    store.apply(&events).await.unwrap();
    let (history, times) = kept(&store, INSTANCE).await;
    for class in ["KSampler", "VAEDecode", "Absent"] {
        let part = History::from_buckets(history.of_class(class).cloned());
        assert_eq!(store.history_of_class(INSTANCE, class).await.unwrap(), part, "{class}");
    }
    assert_eq!((history, times.clone()), learnt(&events));
    assert_eq!((times["VAEDecode"].runs(), times["VAEDecode"].total_ms()), (2, 800));
    place.close(store).await;
    assert_eq!(kept(&place.open().await, INSTANCE).await, learnt(&events));
}

pub async fn nodes_that_finished_count_whatever_became_of_their_attempt<P: Place<Adapter: Store>>() {
    let place = P::fresh();
    let store = place.open().await;
    let first = job(1);
    let second = Job { attempt: 2, ..first.clone() };
    let told = [
        first.event(1, done(work("KSampler", 20), 2_000)),
        first.failed(2, 2_100),
        first.retrying(3),
        second.event(4, done(work("KSampler", 20), 2_200)),
        second.completed(5, 2_200),
    ];
    store.apply(&told).await.unwrap();
    assert_eq!(kept(&store, INSTANCE).await, learnt(&told));
    assert_eq!(store.class_times(None).await.unwrap()["KSampler"].runs(), 2);
}

pub async fn a_run_is_learnt_once_in_whatever_order_and_how_often_its_events_come<P: Place<Adapter: Store>>() {
    let place = P::fresh();
    let store = place.open().await;
    for number in 1..=24 {
        let mut job = job(number);
        job.instance_id = format!("gpu-{number}");
        let events = ran(&job);
        let beyond_the_end = [job.event(6, done(work("KSampler", 20), 9_000)), job.event(7, done(work("Late", 1), 9))];
        let told = shuffled(&[&events[..], &beyond_the_end, &events].concat(), number.into());
        for batch in told.chunks(number as usize % 5 + 1) {
            store.apply(batch).await.unwrap();
        }
        store.apply(&told).await.unwrap();
        assert_eq!(kept(&store, &job.instance_id).await, learnt(&events), "order {number}");
    }
}

pub async fn what_did_not_run_or_was_not_measured_is_not_learnt<P: Place<Adapter: Store>>() {
    let place = P::fresh();
    let store = place.open().await;
    let job = job(1);
    let told = [
        job.event(1, NodeExecuted { cached: true, ..done(work("Cached", 1), 0) }),
        job.event(2, NodeExecuted { blocked: Some("switched off".to_owned()), ..done(work("Blocked", 1), 300) }),
        job.event(3, NodeExecuted { duration_ms: None, ..done(work("Unmeasured", 1), 0) }),
        // Made by expansion: nobody knows what it had to do.
        job.event(4, NodeExecuted { work: None, ..done(work("Expanded", 1), 500) }),
        job.event(5, done(work("KSampler", 1), 100)),
        job.completed(6, 600),
    ];
    store.apply(&told).await.unwrap();
    assert_eq!(kept(&store, INSTANCE).await, learnt(&told[4..5]));
}

pub async fn each_instance_has_a_history_of_its_own<P: Place<Adapter: Store>>() {
    let place = P::fresh();
    let store = place.open().await;
    let here = job(1);
    // An attempt counts where it ran.
    let moved = Job { attempt: 2, instance_id: "elsewhere".to_owned(), ..here.clone() };
    let there = [moved.event(3, done(work("KSampler", 20), 7_000)), moved.completed(4, 7_000)];
    let here = [here.event(1, done(work("KSampler", 20), 2_000)), here.failed(2, 2_000)];
    store.apply(&[&here[..], &there].concat()).await.unwrap();
    assert_eq!(kept(&store, INSTANCE).await, learnt(&here));
    assert_eq!(kept(&store, "elsewhere").await, learnt(&there));
    assert_eq!(kept(&store, "nowhere").await, nothing());
    let together = learnt(&[&here[..], &there].concat()).1;
    assert_eq!(store.class_times(None).await.unwrap(), together);
}

pub async fn runs_that_are_alike_share_a_bucket_which_keeps_the_newest<P: Place<Adapter: Store>>() {
    let place = P::fresh();
    let store = place.open().await;
    let mut all = Vec::new();
    for number in 1..=20 {
        let job = job(number);
        let second = 2 * u64::from(number);
        let steps = if number % 4 == 0 { 8 } else { 20 };
        all.push(vec![job.event(second, done(work("KSampler", steps), second * 100)), job.completed(second + 1, 1)]);
    }
    for events in shuffled(&all, 5) {
        store.apply(&events).await.unwrap();
    }
    assert_eq!(kept(&store, INSTANCE).await, learnt(&all.concat()));
    let history = store.history(INSTANCE).await.unwrap();
    let buckets: Vec<&Bucket> = history.buckets().collect();
    let counts: Vec<(Option<f64>, u64)> = buckets.iter().map(|bucket| (bucket.drivers.steps, bucket.runs)).collect();
    assert_eq!(counts, [(Some(20.0), 15), (Some(8.0), 5)]);
    assert!(buckets.iter().all(|bucket| bucket.recent.is_sorted()));
}

pub async fn what_was_not_run_for_longest_makes_room<P: Place<Adapter: Store>>() {
    let place = P::fresh();
    let store = place.open().await;
    let most = u32::try_from(BUCKETS_PER_CLASS).unwrap();
    for steps in 1..=most + 10 {
        let job = job(steps);
        let second = 3 * u64::from(steps);
        // The first is run again and again.
        let told = [
            job.event(second, done(work("KSampler", steps), 100)),
            job.event(second + 1, done(work("KSampler", 1), 100)),
            job.event(second + 2, done(work("VAEDecode", 1), 10)),
            job.completed(second + 3, 200),
        ];
        store.apply(&told).await.unwrap();
    }
    let history = store.history(INSTANCE).await.unwrap();
    let mut steps: Vec<u32> =
        history.of_class("KSampler").filter_map(|bucket| Some(bucket.drivers.steps? as u32)).collect();
    steps.sort_unstable();
    assert_eq!(steps, [vec![1], (12..=most + 10).collect()].concat());
    assert_eq!(history.of_class("VAEDecode").count(), 1);
    // Their times still count.
    assert_eq!(store.class_times(None).await.unwrap()["KSampler"].runs(), 2 * (u64::from(most) + 10));
}

pub async fn what_strangers_say_of_a_run_is_kept_within_bounds<P: Place<Adapter: Store>>() {
    let place = P::fresh();
    let store = place.open().await;
    let job = job(1);
    let mut told = Vec::new();
    for (sequence, text) in (1..).step_by(4).zip(hostile_strings()) {
        let named = work(&text, 1);
        let driven = Drivers {
            model: Some(text.clone()),
            steps: Some(f64::MAX),
            inputs: [(text.clone(), json!([text.clone(), {"deep": [null, 1e300]}]))].into(),
            ..Drivers::default()
        };
        let driven = Work { drivers: driven, load_ms: Some(u64::MAX), ..work("KSampler", 1) };
        let unknowable = Drivers { steps: Some(f64::NAN), pixels: Some(f64::INFINITY), ..Drivers::default() };
        told.extend([
            job.event(sequence, done(named, u64::MAX)),
            job.event(sequence + 1, done(driven, u64::MAX)),
            job.event(sequence + 2, done(Work { drivers: unknowable, ..work("KSampler", 1) }, 0)),
        ]);
    }
    told.push(job.completed(1_000, 1));
    assert!(store.apply(&told).await.unwrap().iter().all(|new| *new));
    let (history, times) = kept(&store, INSTANCE).await;
    let runs = |class_type: &str| times.get(class_type).map_or(0, Distribution::runs);
    for text in hostile_strings() {
        let short = text.len() < 1_000;
        assert_eq!(runs(&text), u64::from(short), "{text:.40}");
        assert_eq!(history.of_class(&text).count(), usize::from(short), "{text:.40}");
        let driven = |bucket: &&Bucket| bucket.drivers.model.as_ref() == Some(&text);
        assert_eq!(history.of_class("KSampler").filter(driven).count(), usize::from(short), "{text:.40}");
    }
    assert_eq!(runs("KSampler"), 2 * hostile_strings().len() as u64);
    let longest = history.buckets().flat_map(|bucket| &bucket.recent).map(|run| run.duration_ms).max();
    assert_eq!(longest, Some(30 * 24 * 60 * 60 * 1000));
}

/// The last round of many; nothing is left to remove.
async fn prune(store: &impl Store, second: i64) {
    let retention = Retention { max_age_ms: Some(0), max_count: None };
    while store.prune(retention, at(second)).await.unwrap() != Pruned::default() {}
}

pub async fn history_outlives_its_generations_for_a_year<P: Place<Adapter: Store>>() {
    let place = P::fresh();
    let store = place.open().await;
    let events = ran(&job(1));
    store.apply(&events).await.unwrap();
    prune(&store, 364 * DAY).await;
    assert!(store.events(job(1).queue_id).await.unwrap().is_empty());
    assert_eq!(kept(&store, INSTANCE).await, learnt(&events));
    prune(&store, 366 * DAY).await;
    assert_eq!(kept(&store, INSTANCE).await, nothing());
}

pub async fn of_too_many_classes_some_are_forgotten<P: Place<Adapter: Store>>() {
    let place = P::fresh();
    let store = place.open().await;
    let name = |number: usize| format!("Class{number:04}");
    for (round, start) in (0..CLASSES + 20).step_by(100).enumerate() {
        let job = job(u32::try_from(round).unwrap() + 1);
        let mut told: Vec<Event> = (start..(start + 100).min(CLASSES + 20))
            .map(|number| job.event(number as u64 + 1, done(work(&name(number), 1), number as u64)))
            .collect();
        told.push(job.completed(start as u64 + 101, 1));
        store.apply(&told).await.unwrap();
    }
    prune(&store, 1_000).await;
    let (history, times) = kept(&store, INSTANCE).await;
    let newest: Vec<String> = (20..CLASSES + 20).map(name).collect();
    assert_eq!(history.buckets().map(|bucket| bucket.class_type.clone()).collect::<Vec<_>>(), newest);
    assert_eq!(times.into_keys().collect::<Vec<_>>(), newest);
}
