//! The fold is commutative and idempotent: any permutation or repetition of a generation's events gives the same view.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on has failed")]

mod story;

use monitor_core::event::{Event, InterruptReason, NodeState};
use monitor_core::frame::FrameBody;
use monitor_core::generation::Status;
use monitor_core::tracker::Pace;
use monitor_core::view::{View, frames, overall_frame};
use proptest::prelude::*;
use std::collections::HashSet;
use story::{PICTURE, Story, seed};

const IDS: [&str; 12] =
    ["4", "5", "6", "3", "8", "9", "3.0.0.1", "3.0.0.2", "3.0.0.3", "3.0.0.3.0.0.1", "3.0.0.3.0.0.2", "8.0.0.decode"];

#[derive(Clone, Debug)]
enum Act {
    Executing(usize),
    Step(usize, u8),
    Finished(usize),
    Executed(usize),
    Served(usize),
    Blocked(usize),
    Images(usize),
}

#[derive(Clone, Debug)]
enum End {
    None,
    Completed,
    Failed(Option<usize>, bool),
    Interrupted(Option<usize>),
}

#[derive(Clone, Debug)]
struct Try {
    cached: Vec<usize>,
    started: bool,
    laid_out: bool,
    acts: Vec<Act>,
    end: End,
}

fn act() -> impl Strategy<Value = Act> {
    let id = 0..IDS.len();
    prop_oneof![
        3 => id.clone().prop_map(Act::Executing),
        4 => (id.clone(), 0..=20u8).prop_map(|(id, step)| Act::Step(id, step)),
        1 => id.clone().prop_map(Act::Finished),
        2 => id.clone().prop_map(Act::Executed),
        1 => id.clone().prop_map(Act::Served),
        1 => id.clone().prop_map(Act::Blocked),
        1 => id.prop_map(Act::Images),
    ]
}

fn attempt() -> impl Strategy<Value = Try> {
    let id = 0..IDS.len();
    let end = prop_oneof![
        1 => Just(End::None),
        2 => Just(End::Completed),
        3 => (proptest::option::of(id.clone()), any::<bool>()).prop_map(|(id, again)| End::Failed(id, again)),
        2 => proptest::option::of(id.clone()).prop_map(End::Interrupted),
    ];
    let acts = proptest::collection::vec(act(), 0..40);
    (proptest::collection::vec(id, 0..3), prop::bool::weighted(0.9), prop::bool::weighted(0.9), acts, end)
        .prop_map(|(cached, started, laid_out, acts, end)| Try { cached, started, laid_out, acts, end })
}

fn told(attempts: Vec<Try>) -> Vec<Event> {
    let mut story = Story::new();
    for Try { cached, started, laid_out, acts, end } in attempts {
        story.queued(1);
        if started {
            story.started(&cached.into_iter().map(|id| IDS[id]).collect::<Vec<_>>());
        }
        if laid_out {
            story.graph(PICTURE);
        }
        let mut overall = 0.0;
        for act in acts {
            overall += 2.0;
            match act {
                Act::Executing(id) => story.executing(IDS[id]),
                Act::Step(id, step) => story.step(IDS[id], f64::from(step), 20.0, overall),
                Act::Finished(id) => story.says(IDS[id], NodeState::Finished, None, overall),
                Act::Executed(id) => story.executed(IDS[id], 50),
                Act::Served(id) => story.served(IDS[id]),
                Act::Blocked(id) => story.blocked(IDS[id]),
                Act::Images(id) => story.images(IDS[id], &["a.png"]),
            };
        }
        match end {
            End::None => {}
            End::Completed => {
                story.completed();
            }
            End::Failed(id, will_retry) => {
                story.failed("ValueError", id.map(|id| IDS[id]), will_retry);
                if will_retry {
                    story.retrying(story.attempt);
                }
            }
            End::Interrupted(id) => {
                story.interrupted(InterruptReason::Cancelled, id.map(|id| IDS[id]));
            }
        }
        story.again();
    }
    story.events
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    proptest::collection::vec(attempt(), 1..4).prop_map(told)
}

/// In another order, some of them again and again.
fn disturbed() -> impl Strategy<Value = (Vec<Event>, Vec<Event>)> {
    events().prop_flat_map(|events| {
        let again = proptest::collection::vec(0..events.len(), 0..20);
        (Just(events), again).prop_flat_map(|(events, again)| {
            let mut all = events.clone();
            all.extend(again.into_iter().map(|at| events[at].clone()));
            (Just(events), Just(all).prop_shuffle())
        })
    })
}

fn fold(events: &[Event]) -> View {
    let mut view = View::new(seed());
    for event in events {
        view.apply(event);
    }
    view
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_order_and_any_repetition_gives_the_same_view((events, disturbed) in disturbed()) {
        let (straight, bent) = (fold(&events), fold(&disturbed));
        prop_assert_eq!(&straight, &bent);
        let now = story::START.plus(60_000);
        prop_assert_eq!(straight.generation(now, true), bent.generation(now, true));
        prop_assert_eq!(straight.summary(now), bent.summary(now));
    }

    #[test]
    fn an_event_that_was_there_already_changes_nothing_and_says_so(events in events()) {
        let mut view = fold(&events);
        let before = view.clone();
        for event in &events {
            prop_assert!(!view.apply(event), "{} again", event.detail_type());
        }
        prop_assert_eq!(before, view);
    }

    #[test]
    fn percentages_never_fall_within_an_attempt_in_any_order((_, disturbed) in disturbed()) {
        let mut view = View::new(seed());
        let mut shown = (0, 0.0);
        for event in &disturbed {
            view.apply(event);
            let now = (view.attempt(), view.overall_percentage());
            if now.0 == shown.0 && view.status() == Status::Processing {
                prop_assert!(now.1 >= shown.1, "{} after {}", now.1, shown.1);
            }
            prop_assert_eq!(now.1 >= 100.0, view.status() == Status::Completed);
            shown = now;
        }
    }

    #[test]
    fn what_the_pace_says_changes_nothing_of_the_fold_and_lets_no_percentage_fall(
        (_, disturbed) in disturbed(),
        paces in proptest::collection::vec((1..4u32, -10.0..120.0f64), 1..20),
    ) {
        let mut view = View::new(seed());
        let mut shown = (0, 0.0);
        for (event, (attempt, overall_percentage)) in disturbed.iter().zip(paces.iter().copied().cycle()) {
            view.apply(event);
            let pace = Pace {
                queue_id: story::queue_id(),
                attempt,
                overall_percentage,
                eta: None,
                critical_node_id: None,
                stalled_since: None,
            };
            let taken = view.pace_known(&pace, event.base.timestamp);
            prop_assert!(!taken || view.attempt() == attempt);
            let now = (view.attempt(), view.overall_percentage());
            if now.0 == shown.0 && view.status() == Status::Processing {
                prop_assert!(now.1 >= shown.1, "{} after {}", now.1, shown.1);
            }
            prop_assert_eq!(now.1 >= 100.0, view.status() == Status::Completed);
            shown = now;
        }
        let (now, plain) = (story::START.plus(60_000), fold(&disturbed));
        let (paced, plain) = (view.generation(now, true), plain.generation(now, true));
        prop_assert_eq!((paced.nodes, paced.next, paced.attempts), (plain.nodes, plain.next, plain.attempts));
        prop_assert_eq!((paced.status, paced.message, paced.sequence), (plain.status, plain.message, plain.sequence));
    }

    #[test]
    fn what_frames_say_runs_is_what_the_generation_says_runs(events in events()) {
        let mut view = View::new(seed());
        for event in &events {
            let now = event.base.timestamp;
            let changed = view.apply(event);
            prop_assert!(changed);
            let generation = view.generation(now, true);
            let running = generation.nodes.iter().filter(|node| node.state == NodeState::Running);
            let running: HashSet<&str> = running.map(|node| node.node_id.as_str()).collect();
            let FrameBody::JobProgress { nodes, .. } = overall_frame(&view, now).body else {
                panic!("an overall frame is a job_progress")
            };
            prop_assert_eq!(nodes.len(), running.len());
            prop_assert!(nodes.iter().all(|node| running.contains(node.node_id.as_str())));
            if generation.status.is_ended() {
                prop_assert!(running.is_empty());
            }
            for frame in frames(&view, event, now) {
                let job = frame.job.expect("a frame of a job names it");
                prop_assert_eq!(job.sequence, event.base.sequence);
                prop_assert_eq!(job.status, generation.status);
            }
        }
    }

    #[test]
    fn a_generation_and_its_summary_are_read_back_as_they_were_written(events in events()) {
        let view = fold(&events);
        let now = story::START.plus(60_000);
        let generation = view.generation(now, true);
        let text = serde_json::to_string(&generation).unwrap();
        prop_assert_eq!(serde_json::from_str::<monitor_core::generation::Generation>(&text).unwrap(), generation);
        let summary = view.summary(now);
        let text = serde_json::to_string(&summary).unwrap();
        prop_assert_eq!(serde_json::from_str::<monitor_core::generation::Summary>(&text).unwrap(), summary);
    }
}
