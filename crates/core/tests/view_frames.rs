//! What readers are told, event by event.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on has failed")]

mod story;

use monitor_core::event::{Event, InterruptReason, NodeState};
use monitor_core::frame::{Frame, FrameBody, ProgressType};
use monitor_core::generation::{Output, OutputStatus, Status};
use monitor_core::tracker::Place;
use monitor_core::view::{
    self, AttemptSeed, View, frames, overall_frame, queue_frame, settled_frames, snapshot, update_frame,
};
use std::fmt::Write;
use story::{PICTURE, START, Story, error, image, seed};
use uuid::Uuid;

/// Folds the newest event of a story in and gives its frames.
fn next(view: &mut View, story: &Story) -> Vec<Frame> {
    let event = story.events.last().unwrap();
    assert!(view.apply(event));
    frames(view, event, story.now)
}

fn types(frames: &[Frame]) -> Vec<&'static str> {
    frames.iter().map(|frame| frame.body.frame_type()).collect()
}

/// A job of two attempts with everything in it; output 1 is stored late.
fn whole() -> (Story, View, String) {
    let mut story = Story::new();
    story.queued(2).wait(900).started(&["4"]).graph(PICTURE);
    story.executing("5").executed("5", 12).executing("3").step("3", 1.0, 20.0, 6.5).step("3", 12.0, 20.0, 61.25);
    story.failed("torch.OutOfMemoryError", Some("3"), true).retrying(1).wait(8_000).again();
    story.queued(1).started(&["4", "5"]).graph(PICTURE);
    story.executing("6").executed("6", 400).executing("3").step("3", 15.0, 20.0, 60.0);
    story.executing("3.0.0.2").step("3.0.0.2", 1.0, 3.0, 62.0).executed("3.0.0.2", 90).executed("3", 1_900);
    story.executing("8").executed("8", 350).executing("9").executed("9", 25).images("9", &["a.png", "b.png"]);
    story.completed();

    let mut view = View::new(seed());
    view.attempt_known(AttemptSeed { number: 1, prompt_id: "prompt-1".into(), ..AttemptSeed::default() });
    let mut told = String::new();
    for event in &story.events {
        if event.detail_type() == "Images Generated" {
            view.put_output(image(1, "9", OutputStatus::Pending), 0);
            view.put_output(image(2, "9", OutputStatus::Pending), 1);
        }
        assert!(view.apply(event));
        write_frames(&mut told, &frames(&view, event, event.base.timestamp));
    }
    (story, view, told)
}

fn write_frames(told: &mut String, frames: &[Frame]) {
    for frame in frames {
        let mut frame = serde_json::to_value(frame).unwrap();
        let fields = frame.as_object_mut().unwrap();
        fields.shift_remove("queueId");
        writeln!(told, "{frame}").unwrap();
    }
}

#[test]
fn the_frames_of_a_whole_job_from_the_queue_to_the_last_stored_output() {
    let (story, mut view, mut told) = whole();
    for (number, status) in [(2, OutputStatus::Stored), (1, OutputStatus::Stored)] {
        let was = view.status();
        view.put_output(image(number, "9", status), u32::try_from(number).unwrap() - 1);
        write_frames(&mut told, &settled_frames(&view, was, &[Uuid::from_u128(number)], story.now));
    }
    insta::assert_snapshot!(told);
}

#[test]
fn the_generation_and_summary_of_a_whole_job() {
    let (story, mut view, _) = whole();
    insta::assert_json_snapshot!("generation_while_storing", view.generation(story.now, true));
    insta::assert_json_snapshot!("summary_while_storing", view.summary(story.now));
    view.set_outputs(vec![(image(1, "9", OutputStatus::Stored), 0), (image(2, "9", OutputStatus::Failed), 1)]);
    insta::assert_json_snapshot!("generation_completed", view.generation(story.now, true));
    insta::assert_json_snapshot!("summary_completed", view.summary(story.now));
}

#[test]
fn the_summary_of_a_running_job_names_the_node_that_counts_its_steps() {
    let mut story = Story::of_a_picture(&["4"]);
    story.executing("3").step("3", 15.0, 20.0, 40.0).executing("6");
    let summary = story.view().summary(story.now);
    let current = summary.current.unwrap();
    assert_eq!((current.title.as_str(), current.value, current.max), ("K-Sampler", Some(15.0), Some(20.0)));
    assert!(summary.strip.iter().map(|segment| segment.state).eq([
        NodeState::Cached,
        NodeState::Pending,
        NodeState::Running,
        NodeState::Pending
    ]));
    // Both of them, side by side in the strip.
    assert_eq!(summary.strip[2].ms, 200);
}

#[test]
fn progress_carries_all_that_run_in_the_order_they_started() {
    let mut story = Story::of_a_picture(&[]);
    story.executing("3").executing("6").executing("5").step("3", 1.0, 20.0, 5.0);
    let mut view = story.view();
    story.step("6", 2.0, 4.0, 7.5);
    let told = next(&mut view, &story);
    let [
        Frame {
            body: FrameBody::JobProgress { progress_type, progress_data, nodes, overall_percentage, elapsed_ms, .. },
            ..
        },
    ] = told.as_slice()
    else {
        panic!("one job_progress: {told:?}")
    };
    assert_eq!(*progress_type, ProgressType::NodeProgress);
    let data = progress_data.as_ref().unwrap();
    assert_eq!(
        (data.node_id.as_str(), data.percentage, data.message.as_str()),
        ("6", Some(50.0), "Working on CLIP Text Encoder")
    );
    assert!(nodes.iter().map(|node| node.node_id.as_str()).eq(["3", "6", "5"]));
    assert_eq!(nodes[2].message, "Preparing latent with Empty Latent Image");
    assert_eq!((nodes[2].value, nodes[2].percentage), (None, None));
    assert!((overall_percentage - 7.5).abs() < 1e-9);
    assert_eq!(*elapsed_ms, 600);
}

#[test]
fn a_node_that_starts_is_told_with_a_message_of_its_kind() {
    let mut story = Story::of_a_picture(&[]);
    let mut view = story.view();
    story.executing("3");
    let told = next(&mut view, &story);
    let FrameBody::JobProgress { progress_data: Some(data), .. } = &told[0].body else { panic!("{told:?}") };
    assert_eq!((data.message.as_str(), data.node_state), ("Generating image using K-Sampler", NodeState::Running));
}

#[test]
fn a_blocked_node_is_told_as_skipped_and_not_as_executed() {
    let mut story = Story::of_a_picture(&[]);
    let mut view = story.view();
    story.blocked("9");
    let told = next(&mut view, &story);
    let FrameBody::JobProgress { progress_data: Some(data), nodes, .. } = &told[0].body else { panic!("{told:?}") };
    assert_eq!((data.node_state, nodes.len()), (NodeState::Skipped, 0));
}

#[test]
fn completed_is_told_once_and_only_when_every_output_is_settled() {
    let mut story = Story::of_a_picture(&[]);
    let mut view = story.view();
    view.put_output(image(1, "9", OutputStatus::Pending), 0);
    view.put_output(image(2, "9", OutputStatus::Pending), 1);
    story.completed();
    let told = next(&mut view, &story);
    assert_eq!(types(&told), ["job_progress"]);
    assert_eq!(told[0].job.as_ref().unwrap().status, Status::Processing);

    let settle = |view: &mut View, number: u128, status| {
        let was = view.status();
        view.put_output(image(number, "9", status), 0);
        settled_frames(view, was, &[Uuid::from_u128(number)], START)
    };
    assert_eq!(types(&settle(&mut view, 1, OutputStatus::Stored)), ["outputs"]);
    assert_eq!(types(&settle(&mut view, 2, OutputStatus::Failed)), ["outputs", "completed"]);
    // Its download was tried once more, and succeeded.
    assert_eq!(types(&settle(&mut view, 2, OutputStatus::Stored)), ["outputs"]);
}

#[test]
fn a_job_without_outputs_is_completed_at_once() {
    let mut story = Story::of_a_picture(&[]);
    let mut view = story.view();
    story.completed();
    assert_eq!(types(&next(&mut view, &story)), ["completed"]);
}

#[test]
fn a_failure_that_is_tried_again_is_told_as_a_retry_and_never_as_the_end() {
    let mut story = Story::of_a_picture(&[]);
    let mut view = story.view();
    story.failed("torch.OutOfMemoryError", Some("3"), true);
    assert_eq!(types(&next(&mut view, &story)), [""; 0]);
    story.retrying(1);
    let told = next(&mut view, &story);
    assert_eq!(types(&told), ["job_retry"]);
    assert_eq!(told[0].job.as_ref().unwrap().status, Status::Pending);
    story.again().failed("ValueError", Some("3"), false);
    let told = next(&mut view, &story);
    let FrameBody::JobFailed { message, .. } = &told[0].body else { panic!("{told:?}") };
    assert_eq!(message, "K-Sampler failed: expected 4 channels, got 16");
}

#[test]
fn an_event_of_an_attempt_that_is_over_tells_readers_nothing() {
    let mut story = Story::of_a_picture(&[]);
    story.executing("3").failed("ValueError", None, false).again().queued(1);
    let late = story.events.iter().position(Event::is_terminal).unwrap();
    let late = story.events.remove(late);
    let mut view = story.view();
    assert!(view.apply(&late));
    assert_eq!(frames(&view, &late, story.now), []);
}

#[test]
fn an_end_that_no_event_told_of_has_its_frame_too() {
    let mut view = View::new(seed());
    assert_eq!(view::end_frame(&view, START), None);
    let refusal = Some(error("submission_refused", None));
    view.attempt_known(AttemptSeed { number: 1, prompt_id: "p".into(), refusal, ..AttemptSeed::default() });
    let frame = view::end_frame(&view, START).unwrap();
    assert_eq!(frame.body.frame_type(), "job_failed");
    assert_eq!(frame.job.unwrap().prompt_id, "p");
}

#[test]
fn an_interrupted_job_says_why() {
    let mut story = Story::new();
    let mut view = View::new(seed());
    story.interrupted(InterruptReason::RemovedFromQueue, None);
    let told = next(&mut view, &story);
    let FrameBody::JobInterrupted { reason, message } = &told[0].body else { panic!("{told:?}") };
    assert_eq!(*reason, InterruptReason::RemovedFromQueue);
    assert_eq!(message, "Lighthouse at dusk left the server's queue before it ran");
}

#[test]
fn frames_that_no_event_is_behind_carry_the_newest_sequence() {
    let mut story = Story::new();
    story.queued(3);
    let mut view = story.view();
    let place = Place { queue_id: story::queue_id(), position: 3, estimated_wait_time: Some(60_000), eta: None };
    view.place_known(&place, Some(4), START);
    for frame in [overall_frame(&view, START), queue_frame(&view, START), update_frame(&view, START)] {
        let job = frame.job.unwrap();
        assert_eq!((job.sequence, job.attempt, job.queue_id), (1, 1, story::queue_id()));
    }
    let frame = serde_json::to_value(queue_frame(&view, START)).unwrap();
    assert_eq!(
        (&frame["type"], &frame["queuePosition"], &frame["comfyUIQueueRemaining"]),
        (&"queue_update".into(), &3.into(), &4.into())
    );
    assert_eq!(frame["message"], "3rd in line, starts in about 1 min");
    assert_eq!((&frame["estimatedWaitTime"], frame.get("eta")), (&60_000.into(), None));
}

#[test]
fn a_snapshot_too_large_for_a_socket_leaves_its_nodes_out_and_says_so() {
    let whole = Story::of_a_picture(&[]).view();
    let FrameBody::Snapshot { truncated, generation: Some(Some(generation)), .. } = snapshot(&whole, START) else {
        panic!("a snapshot")
    };
    assert_eq!((truncated, generation.nodes.len()), (false, PICTURE.len()));

    let mut story = Story::new();
    let ids: Vec<String> = (0..2_000).map(|id| id.to_string()).collect();
    let specs: Vec<story::Spec<'_>> =
        ids.iter().map(|id| (id.as_str(), "KSampler", "K-Sampler", PICTURE[3].3, &[][..])).collect();
    story.started(&[]).graph(&specs);
    let body = snapshot(&story.view(), START);
    let FrameBody::Snapshot { truncated, generation: Some(Some(generation)), .. } = &body else { panic!("a snapshot") };
    assert_eq!((*truncated, generation.nodes.len()), (true, 0));
    assert!(serde_json::to_vec(&body).unwrap().len() < view::SNAPSHOT_LIMIT);
}

#[test]
fn without_addresses_the_outputs_leave_them_to_the_caller() {
    let mut view = View::new(seed());
    view.put_output(Output { url: None, ..image(1, "9", OutputStatus::Stored) }, 0);
    assert_eq!(view.generation(START, false).outputs[0].url, None);
    let url = view.generation(START, true).outputs[0].url.clone().unwrap();
    assert_eq!(url, "/v1/media/00000000-0000-0000-0000-000000000001");
}
