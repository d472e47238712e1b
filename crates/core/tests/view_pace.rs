//! What the cost model knows, as readers see it: percent and time left as time goes by, what nodes should take, what
//! comes next, and a silence that is too long.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on has failed")]

mod story;

use monitor_core::cost::Expected;
use monitor_core::event::{Body, Eta, Event, NodeState};
use monitor_core::frame::{FrameBody, ProgressType};
use monitor_core::generation::{Generation, Segment, Status};
use monitor_core::time::Timestamp;
use monitor_core::tracker::Pace;
use monitor_core::view::{View, frames, overall_frame, update_frame};
use story::{PICTURE, START, Story, node, queue_id, seed};

fn pace(attempt: u32, overall_percentage: f64) -> Pace {
    Pace { queue_id: queue_id(), attempt, overall_percentage, eta: None, critical_node_id: None, stalled_since: None }
}

fn eta(remaining_ms: u64, low_ms: u64, high_ms: u64) -> Eta {
    Eta { remaining_ms, low_ms, high_ms }
}

/// Gives each node of the picture an expected time; 0: none.
fn expecting(story: &mut Story, times: [u64; 6]) {
    for event in &mut story.events {
        let Body::WorkflowNodes(body) = &mut event.body else { continue };
        for (node, ms) in body.workflow_nodes.iter_mut().zip(times) {
            let expected = Expected { ms, low_ms: ms / 2, high_ms: ms * 2 };
            node.expected = Some(expected).filter(|_| ms > 0);
        }
    }
}

fn shown(view: &View, now: Timestamp) -> Generation {
    view.generation(now, true)
}

fn next_of(generation: &Generation) -> Vec<(&str, Option<u64>)> {
    generation.next.iter().map(|next| (next.title.as_str(), next.expected_ms)).collect()
}

#[test]
fn the_percentage_goes_on_with_the_pace_and_never_falls_within_an_attempt() {
    let mut story = Story::of_a_picture(&[]);
    story.executing("3").step("3", 1.0, 20.0, 20.0);
    let mut view = story.view();
    let told = [(25.5, 25.5), (24.0, 25.5), (f64::NAN, 25.5), (f64::INFINITY, 25.5), (30.0, 30.0), (250.0, 99.99)];
    for (overall, shows) in told {
        assert!(view.pace_known(&pace(1, overall), story.now));
        assert!((view.overall_percentage() - shows).abs() < 1e-9, "{overall} gives {}", view.overall_percentage());
    }
    story.again().queued(1);
    view.apply(story.events.last().unwrap());
    assert!(view.overall_percentage().abs() < 1e-9, "another attempt begins at zero");
}

#[test]
fn the_pace_of_an_attempt_that_is_over_is_left_aside() {
    let mut story = Story::of_a_picture(&[]);
    story.executing("3").failed("ValueError", None, true).retrying(1).again().started(&[]).executing("3");
    let mut view = story.view();
    let before = view.clone();
    assert!(!view.pace_known(&Pace { stalled_since: Some(START), ..pace(1, 80.0) }, story.now));
    assert!(!view.pace_known(&Pace { queue_id: uuid::Uuid::nil(), ..pace(2, 80.0) }, story.now));
    assert_eq!(view, before);
    assert!(view.pace_known(&pace(2, 8.0), story.now));
    story.completed();
    view.apply(story.events.last().unwrap());
    assert!(!view.pace_known(&pace(2, 90.0), story.now), "it has ended");
    assert_eq!(view.status(), Status::Completed);
}

#[test]
fn the_time_left_runs_down_from_the_newest_word_and_ends_with_the_job() {
    let mut story = Story::of_a_picture(&[]);
    story.step("3", 1.0, 20.0, 5.0);
    if let Some(Body::NodeProgressUpdate(body)) = story.events.last_mut().map(|event| &mut event.body) {
        body.eta = Some(eta(50_000, 40_000, 60_000));
    }
    let (mut view, heard) = (story.view(), story.now);
    assert_eq!(shown(&view, heard.plus(2_000)).eta, Some(eta(48_000, 38_000, 58_000)));

    view.pace_known(&Pace { eta: Some(eta(30_000, 29_000, 31_000)), ..pace(1, 6.0) }, heard.plus(500));
    assert_eq!(shown(&view, heard.plus(1_500)).eta, Some(eta(29_000, 28_000, 30_000)));
    view.pace_known(&pace(1, 6.0), heard.plus(2_000));
    assert_eq!(shown(&view, heard.plus(2_000)).eta, None, "not known any more");

    story.wait(3_000).step("3", 2.0, 20.0, 10.0);
    if let Some(Body::NodeProgressUpdate(body)) = story.events.last_mut().map(|event| &mut event.body) {
        body.eta = Some(eta(25_000, 24_000, 26_000));
    }
    view.apply(story.events.last().unwrap());
    assert_eq!(shown(&view, story.now).eta, Some(eta(25_000, 24_000, 26_000)));
    view.pace_known(&Pace { eta: Some(eta(20_000, 9_000, 31_000)), ..pace(1, 12.0) }, story.now);
    story.completed();
    view.apply(story.events.last().unwrap());
    let ended = shown(&view, story.now);
    assert_eq!(ended.eta, None);
}

#[test]
fn a_node_without_steps_that_is_late_says_by_how_much_where_nothing_longer_follows() {
    let mut story = Story::of_a_picture(&["4", "5", "6", "3"]);
    // Nine of ten runs of the decoder take up to 3 s.
    expecting(&mut story, [0, 0, 0, 0, 1_500, 8_000]);
    story.executing("8");
    let (mut view, at) = (story.view(), story.now);
    let over = |view: &View, after: u64| view.summary(at.plus(after)).over_ms;
    assert_eq!([2_000, 7_900, 10_900].map(|after| over(&view, after)), [None; 3], "saving takes longer than that");
    assert_eq!([11_000, 75_000].map(|after| over(&view, after)), [Some(8_000), Some(72_000)]);
    let FrameBody::JobProgress { over_ms, .. } = overall_frame(&view, at.plus(12_000)).body else { panic!() };
    assert_eq!(over_ms, Some(9_000));

    story.wait(20_000).step("8", 1.0, 4.0, 50.0);
    view.apply(story.events.last().unwrap());
    assert_eq!(over(&view, 21_000), None, "its steps say more");
    story.completed();
    view.apply(story.events.last().unwrap());
    assert_eq!(over(&view, 60_000), None);
}

#[test]
fn nodes_carry_what_they_should_take_as_long_as_that_is_to_come() {
    let mut story = Story::of_a_picture(&["4"]);
    expecting(&mut story, [0, 40, 900, 20_000, 1_500, 300]);
    story.executing("5").executed("5", 35).executing("3");
    let generation = story.generation();
    let expected = |id| node(&generation, id).expected_ms;
    assert_eq!(["4", "5", "6", "3", "8"].map(expected), [None, None, Some(900), Some(20_000), Some(1_500)]);
    let sampler = node(&generation, "3");
    assert_eq!((sampler.expected_low_ms, sampler.expected_high_ms), (Some(10_000), Some(40_000)));
    story.completed();
    assert!(story.generation().nodes.iter().all(|node| node.expected_ms.is_none()));
}

#[test]
fn a_strip_is_as_wide_as_its_time_what_has_passed_and_what_is_to_come() {
    let mut story = Story::of_a_picture(&["4"]);
    expecting(&mut story, [0, 40, 900, 20_000, 1_500, 300]);
    story.executing("5").executed("5", 35).executing("6").executed("6", 1_000).executing("3");
    let view = story.view();
    let strip = |now| view.summary(now).strip.into_iter().map(|Segment { state, ms }| (state, ms)).collect::<Vec<_>>();
    let at = |running| {
        [
            (NodeState::Cached, 0),
            (NodeState::Finished, 1_035),
            (NodeState::Running, running),
            (NodeState::Pending, 1_800),
        ]
    };
    assert_eq!(strip(story.now.plus(2_000)), at(20_000));
    assert_eq!(strip(story.now.plus(26_000)), at(26_000));
}

#[test]
fn what_comes_next_is_named_in_order_and_at_most_three() {
    let mut story = Story::new();
    story.queued(1).graph(PICTURE);
    expecting(&mut story, [3_000, 40, 900, 20_000, 1_500, 300]);
    assert_eq!(next_of(&story.generation()), [], "it has not started");
    story.started(&["4"]);
    let times = [("Empty Latent Image", Some(40)), ("CLIP Text Encoder", Some(900)), ("K-Sampler", Some(20_000))];
    assert_eq!(next_of(&story.generation()), times);
    // Not in topological order: lists are worked off as the server likes.
    story.executing("6").executed("6", 900).executing("3");
    let mut view = story.view();
    assert_eq!(
        next_of(&shown(&view, story.now)),
        [("Empty Latent Image", Some(40)), ("VAE Decoder", Some(1_500)), ("Save Image", Some(300))]
    );
    story.step("3", 1.0, 20.0, 30.0);
    view.apply(story.events.last().unwrap());
    let told = frames(&view, story.events.last().unwrap(), story.now);
    let FrameBody::JobProgress { next, .. } = &told[0].body else { panic!("{told:?}") };
    assert_eq!(next, &shown(&view, story.now).next);
    story.interrupted(monitor_core::event::InterruptReason::Cancelled, None);
    assert_eq!(next_of(&story.generation()), []);
}

#[test]
fn a_node_that_no_output_needs_is_not_announced() {
    let mut story = Story::of_a_picture(&[]);
    assert_eq!(next_of(&story.generation()).len(), 3, "nothing is known of times");
    expecting(&mut story, [3_000, 40, 0, 20_000, 1_500, 300]);
    let generation = story.generation();
    assert!(next_of(&generation).iter().map(|next| next.0).eq([
        "Checkpoint Loader",
        "Empty Latent Image",
        "K-Sampler"
    ]));
}

#[test]
fn the_node_that_decides_is_named_only_where_several_run_and_only_while_it_does() {
    let mut story = Story::of_a_picture(&[]);
    story.executing("3").step("3", 1.0, 20.0, 5.0).executing("6");
    let mut view = story.view();
    assert_eq!(view.summary(story.now).current.unwrap().title, "K-Sampler");
    let critical = |id: &str| Pace { critical_node_id: Some(id.into()), ..pace(1, 6.0) };
    view.pace_known(&critical("6"), story.now);
    let generation = shown(&view, story.now);
    assert_eq!(generation.critical_node_id.as_deref(), Some("6"));
    assert_eq!(generation.message.as_deref(), Some("Encoding with CLIP Text Encoder"));
    assert_eq!(view.summary(story.now).current.unwrap().title, "CLIP Text Encoder");
    view.pace_known(&critical("9"), story.now);
    assert_eq!(shown(&view, story.now).critical_node_id, None, "it does not run");

    view.pace_known(&critical("3"), story.now);
    story.executed("6", 10);
    view.apply(story.events.last().unwrap());
    let FrameBody::JobProgress { critical_node_id, nodes, .. } = overall_frame(&view, story.now).body else { panic!() };
    assert_eq!((critical_node_id, nodes.len()), (None, 1));
}

#[test]
fn a_job_without_a_sign_of_life_says_so_and_for_how_long() {
    let mut story = Story::of_a_picture(&[]);
    story.executing("3").step("3", 4.0, 20.0, 20.0);
    let (mut view, silent) = (story.view(), story.now);
    let stalled = Pace { stalled_since: Some(silent), ..pace(1, 20.0) };
    view.pace_known(&stalled, silent.plus(70_000));
    let now = silent.plus(72_300);
    let generation = shown(&view, now);
    assert_eq!(generation.stalled_since, Some(silent));
    assert_eq!(generation.message.as_deref(), Some("No word from K-Sampler for 1:12"));
    let FrameBody::JobProgress { progress_type, progress_data, stalled_since, message, nodes, .. } =
        overall_frame(&view, now).body
    else {
        panic!("a job_progress")
    };
    assert_eq!((progress_type, progress_data, stalled_since), (ProgressType::OverallProgress, None, Some(silent)));
    assert_eq!(message.as_deref(), Some("No word from K-Sampler for 1:12"));
    assert_eq!(nodes[0].message, "Working on K-Sampler", "what the node says of itself stays");

    view.pace_known(&pace(1, 21.0), now);
    assert_eq!(shown(&view, now).message.as_deref(), Some("Working on K-Sampler"));
    view.pace_known(&stalled, now);
    story.completed();
    view.apply(story.events.last().unwrap());
    assert_eq!(shown(&view, now).stalled_since, None);
}

#[test]
fn a_stalled_job_of_which_no_node_runs_names_the_server() {
    let story = Story::of_a_picture(&[]);
    let mut view = story.view();
    view.pace_known(&Pace { stalled_since: Some(story.now), ..pace(1, 0.0) }, story.now);
    let generation = shown(&view, story.now.plus(45_000));
    assert_eq!(generation.message.as_deref(), Some("No word from cinder for 45 s"));
}

#[test]
fn what_the_pace_says_stands_beside_the_fold() {
    let mut story = Story::of_a_picture(&["4"]);
    story.executing("3").step("3", 4.0, 20.0, 20.0).executed("3", 900).executing("8");
    let (mut paced, mut reversed) = (View::new(seed()), View::new(seed()));
    let told = pace(1, 50.0);
    let apply = |view: &mut View, event: &Event| {
        view.apply(event);
        view.pace_known(&told, START);
    };
    story.events.iter().for_each(|event| apply(&mut paced, event));
    story.events.iter().rev().for_each(|event| apply(&mut reversed, event));
    assert_eq!(paced, reversed);
    assert_eq!(paced.sequence(), story.view().sequence());
    assert_eq!(shown(&paced, story.now).nodes, story.generation().nodes);
    assert_eq!(update_frame(&paced, story.now).job.unwrap().sequence, story.view().sequence());
}
