//! The recordings again, but with messages lost, doubled, swapped and the connection cut anywhere: the invariants of
//! the design hold all the same. `TAPE_CASES` raises the number of cases (default 1,000).

#![allow(clippy::unwrap_used, reason = "this is all test code, its helpers too")]

mod recordings;

use monitor_core::event::{Body, Event};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use recordings::{Recording, Session, Step, name, tapes};
use std::collections::{HashMap, HashSet};
use uuid::Uuid;

#[derive(Clone, Debug)]
enum Fault {
    Drop(usize),
    Double(usize),
    Swap(usize),
    /// Cut before this step, open again after so many more.
    Cut(usize, usize),
    /// Everything from here to the end of the recording is lost.
    Deaf(usize),
}

fn faults() -> impl Strategy<Value = Vec<Fault>> {
    let place = 0..10_000usize;
    let fault = prop_oneof![
        4 => place.clone().prop_map(Fault::Drop),
        3 => place.clone().prop_map(Fault::Double),
        3 => place.clone().prop_map(Fault::Swap),
        2 => (place.clone(), 0..40usize).prop_map(|(at, length)| Fault::Cut(at, length)),
        1 => place.prop_map(Fault::Deaf),
    ];
    proptest::collection::vec(fault, 1..12)
}

fn is_heard(step: &Step) -> bool {
    matches!(step, Step::Text(_) | Step::Binary(_))
}

fn disturb(recording: &Recording, faults: &[Fault]) -> Vec<(u64, usize, Step)> {
    let mut steps = recording.steps.clone();
    for fault in faults {
        let place = |at: usize, steps: &[(u64, usize, Step)]| {
            let heard: Vec<usize> = (0..steps.len()).filter(|at| is_heard(&steps[*at].2)).collect();
            (!heard.is_empty()).then(|| heard[at % heard.len()])
        };
        match fault {
            Fault::Drop(at) => {
                if let Some(at) = place(*at, &steps) {
                    steps.remove(at);
                }
            }
            Fault::Double(at) => {
                if let Some(at) = place(*at, &steps) {
                    steps.insert(at, steps[at].clone());
                }
            }
            Fault::Swap(at) => {
                if let Some(at) = place(*at, &steps).filter(|at| at + 1 < steps.len() && is_heard(&steps[at + 1].2)) {
                    let (first, second) = (steps[at].2.clone(), steps[at + 1].2.clone());
                    steps[at].2 = second;
                    steps[at + 1].2 = first;
                }
            }
            Fault::Cut(at, length) => {
                if let Some(at) = place(*at, &steps) {
                    let (t, line, _) = steps[at];
                    let end = (at + length).min(steps.len());
                    let mut lost = steps.drain(at..end).filter(|step| !is_heard(&step.2)).collect::<Vec<_>>();
                    let (back_t, back_line) = lost.last().map_or((t, line), |last| (last.0, last.1));
                    lost.insert(0, (t, line, Step::Closed));
                    lost.push((back_t, back_line, Step::Opened));
                    steps.splice(at..at, lost);
                }
            }
            Fault::Deaf(at) => {
                if let Some(at) = place(*at, &steps) {
                    let rest = steps.split_off(at);
                    steps.extend(rest.into_iter().filter(|step| !is_heard(&step.2)));
                }
            }
        }
    }
    steps
}

fn hold(recording: &Recording, events: &[Event]) -> Result<(), TestCaseError> {
    let mut ended: HashSet<Uuid> = HashSet::new();
    let mut sequence: HashMap<Option<Uuid>, u64> = HashMap::new();
    let mut ids: HashSet<Uuid> = HashSet::new();
    let mut highest: HashMap<Uuid, f64> = HashMap::new();
    for event in events {
        let before = sequence.insert(event.base.queue_id, event.base.sequence).unwrap_or(0);
        prop_assert!(event.base.sequence > before, "the sequence rises");
        prop_assert!(ids.insert(event.base.event_id), "two events with one id: {}", event.detail_type());
        let Some(queue_id) = event.base.queue_id else { continue };
        prop_assert!(!ended.contains(&queue_id), "{} after the end", event.detail_type());
        if event.is_terminal() {
            ended.insert(queue_id);
        }
        if let Body::NodeProgressUpdate(body) = &event.body {
            let highest = highest.entry(queue_id).or_default();
            prop_assert!(body.overall_percentage >= *highest && body.overall_percentage < 100.0, "progress fell");
            *highest = body.overall_percentage;
        }
    }
    prop_assert_eq!(ended.len(), recording.job_count(), "every job ends, each once");
    Ok(())
}

#[test]
fn whatever_happens_to_the_messages_every_job_ends_once_and_progress_never_falls() {
    let recordings: Vec<(String, Recording)> = tapes().iter().map(|tape| (name(tape), Recording::read(tape))).collect();
    let cases = std::env::var("TAPE_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(1_000);
    let mut runner = TestRunner::new(Config { cases, failure_persistence: None, ..Config::default() });
    let which = 0..recordings.len();
    runner
        .run(&(which, any::<bool>(), faults()), |(which, incremental, faults)| {
            let (name, recording) = &recordings[which];
            let mut session = Session::new(recording);
            session.incremental = incremental;
            let mut last = 0;
            for (t, at, step) in &disturb(recording, &faults) {
                session.step((*t).max(last), *at, step);
                last = last.max(*t);
            }
            session.settle(last + 1_000);
            hold(recording, &session.events).map_err(|error| TestCaseError::fail(format!("{name}: {error}")))
        })
        .unwrap();
}
