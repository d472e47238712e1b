//! Every recording of a real server, tracked and folded: what becomes of its jobs, as a reviewed snapshot.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on has failed")]

mod recordings;

use monitor_core::event::Event;
use monitor_core::generation::{Generation, Origin};
use monitor_core::time::Timestamp;
use monitor_core::view::{Seed, View};
use recordings::{Recording, Session, name, tapes};
use std::collections::BTreeMap;
use std::fmt::Write;
use uuid::Uuid;

fn jobs(recording: &Recording) -> BTreeMap<Uuid, Vec<Event>> {
    let mut session = Session::new(recording);
    let mut last = 0;
    for (t, at, step) in &recording.steps {
        session.step(*t, *at, step);
        last = *t;
    }
    session.settle(last + 1_000);
    let mut jobs: BTreeMap<Uuid, Vec<Event>> = BTreeMap::new();
    for event in session.events {
        if let Some(queue_id) = event.base.queue_id {
            jobs.entry(queue_id).or_default().push(event);
        }
    }
    jobs
}

fn view(queue_id: Uuid, events: &[Event]) -> View {
    // The recorder's own submissions have such ids.
    let ours = queue_id.as_u128() < 0x10000;
    let origin = if ours { Origin::Submitted } else { Origin::Observed };
    let mut view = View::new(Seed { queue_id, origin, ..Seed::default() });
    for event in events {
        assert!(view.apply(event), "{} tells something new", event.detail_type());
    }
    view
}

fn told(generation: &Generation) -> String {
    let Generation { prompt_id, status, coarse, overall_percentage, message, .. } = generation;
    let coarse = if *coarse { ", coarse" } else { "" };
    let prompt = prompt_id.get(..8).unwrap_or(prompt_id);
    let message = message.as_deref().unwrap_or("-");
    let mut text = format!("{prompt} {}{coarse} {overall_percentage}%: {message}\n", status.as_str());
    for node in &generation.nodes {
        write!(text, "    {:<11} {} {}", node.state.as_str(), node.node_id, node.title).unwrap();
        if let (Some(value), Some(max)) = (node.value, node.max) {
            write!(text, " {value}/{max}").unwrap();
        }
        if let Some(parent) = &node.parent_node_id {
            write!(text, " (of {parent}, shown as {})", node.display_node_id).unwrap();
        }
        text.push('\n');
    }
    text
}

#[test]
fn every_job_of_every_recording_ends_up_as_it_was_reviewed() {
    let now = Timestamp(600_000);
    for tape in tapes() {
        let recording = Recording::read(&tape);
        let jobs = jobs(&recording);
        assert_eq!(jobs.len(), recording.job_count(), "{}", name(&tape));
        let text: String = jobs.iter().map(|(id, events)| told(&view(*id, events).generation(now, true))).collect();
        insta::assert_snapshot!(name(&tape), text);
    }
}

#[test]
fn what_is_rebuilt_from_the_durable_events_alone_ends_in_the_same_states() {
    for tape in tapes() {
        for (queue_id, events) in jobs(&Recording::read(&tape)) {
            let durable: Vec<Event> = events.iter().filter(|event| event.is_durable()).cloned().collect();
            let states = |events: &[Event]| {
                let generation = view(queue_id, events).generation(Timestamp(600_000), true);
                let nodes = generation.nodes.into_iter().map(|node| (node.node_id, node.state));
                (generation.status, nodes.collect::<Vec<_>>())
            };
            assert_eq!(states(&events), states(&durable), "{}", name(&tape));
        }
    }
}
