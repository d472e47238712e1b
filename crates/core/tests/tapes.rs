//! Every recording of a real server, tracked: its events as a reviewed snapshot.

#![allow(clippy::unwrap_used, reason = "this is all test code, its helpers too")]

mod recordings;

use monitor_core::event::{Body, Event};
use recordings::{Recording, Session, name, tapes};
use serde_json::json;
use std::collections::HashMap;
use std::fmt::Write as _;
use uuid::Uuid;

fn track(recording: &Recording) -> Vec<Event> {
    let mut session = Session::new(recording);
    let mut last = 0;
    for (t, at, step) in &recording.steps {
        session.step(*t, *at, step);
        last = *t;
    }
    session.settle(last + 1_000);
    session.events
}

/// What happened, a line an event, without ids that differ from run to run.
fn told(events: &[Event]) -> String {
    let mut text = String::new();
    for event in events {
        let mut detail = event.detail().unwrap();
        for field in ["timestamp", "clientId", "eventId", "instanceId", "schemaVersion", "occurredAt"] {
            detail.as_object_mut().unwrap().shift_remove(field);
        }
        let short = |id: &str| id.get(..8).unwrap_or(id).to_owned();
        let base = (short(&event.base.prompt_id), event.base.sequence);
        for field in ["promptId", "sequence", "attempt", "queueId"] {
            detail.as_object_mut().unwrap().shift_remove(field);
        }
        if let Some(error) = detail.get_mut("error") {
            let lines = error["traceback"].as_array().map_or(0, Vec::len);
            if lines > 0 {
                error["traceback"] = json!(format!("{lines} lines"));
            }
        }
        writeln!(text, "{} {:>4} {} {}", base.0, base.1, event.detail_type(), detail).unwrap();
    }
    text
}

#[test]
fn every_recording_gives_its_reviewed_events() {
    for tape in tapes() {
        let recording = Recording::read(&tape);
        insta::assert_snapshot!(name(&tape), told(&track(&recording)));
    }
}

#[test]
fn every_job_of_every_recording_ends_exactly_once_and_says_nothing_after() {
    for tape in tapes() {
        let recording = Recording::read(&tape);
        let events = track(&recording);
        let mut ends: HashMap<Uuid, u32> = HashMap::new();
        for event in &events {
            let Some(queue_id) = event.base.queue_id else { continue };
            assert!(!ends.contains_key(&queue_id), "{}: {} after the end", name(&tape), event.detail_type());
            if event.is_terminal() {
                *ends.entry(queue_id).or_default() += 1;
            }
        }
        assert_eq!(ends.len(), recording.job_count(), "{}: jobs and their ends", name(&tape));
    }
}

#[test]
fn overall_progress_never_falls_in_any_recording() {
    for tape in tapes() {
        let mut highest: HashMap<Uuid, f64> = HashMap::new();
        for event in track(&Recording::read(&tape)) {
            if let (Body::NodeProgressUpdate(body), Some(queue_id)) = (&event.body, event.base.queue_id) {
                let before = highest.entry(queue_id).or_default();
                assert!(body.overall_percentage >= *before, "{}", name(&tape));
                assert!(body.overall_percentage < 100.0, "{}", name(&tape));
                *before = body.overall_percentage;
            }
        }
    }
}
