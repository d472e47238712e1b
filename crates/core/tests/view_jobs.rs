//! What becomes of a generation: its status, attempts, retries and outputs.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on has failed")]

mod story;

use monitor_core::event::{Eta, InterruptReason};
use monitor_core::generation::{OutputStatus, Status};
use monitor_core::tracker::Place;
use monitor_core::view::{AttemptSeed, Seed, View};
use story::{PICTURE, START, Story, error, image, queue_id, seed};

fn attempt(number: u32) -> AttemptSeed {
    AttemptSeed {
        number,
        prompt_id: format!("prompt-{number}"),
        instance_id: Some("cinder".into()),
        ..AttemptSeed::default()
    }
}

#[test]
fn a_submission_that_was_not_sent_yet_is_pending() {
    let mut view = View::new(Seed { instance_id: None, ..seed() });
    view.attempt_known(AttemptSeed { instance_id: None, ..attempt(1) });
    let generation = view.generation(START, true);
    assert_eq!((generation.status, generation.prompt_id.as_str()), (Status::Pending, "prompt-1"));
    assert_eq!(generation.message.as_deref(), Some("Waiting for a ComfyUI server"));
    assert!(generation.nodes.is_empty());
}

#[test]
fn a_refused_submission_has_failed_and_says_so() {
    let mut view = View::new(seed());
    view.attempt_known(AttemptSeed {
        refusal: Some(error("submission_refused", None)),
        completed_at: Some(START.plus(20)),
        ..attempt(1)
    });
    let generation = view.generation(START, true);
    assert_eq!((generation.status, generation.reason.as_deref()), (Status::Failed, Some("submission_refused")));
    assert_eq!(generation.completed_at, Some(START.plus(20)));
    assert_eq!(generation.attempts[0].status, Status::Failed);
    assert_eq!(generation.message.as_deref(), Some("ComfyUI refused the workflow: expected 4 channels, got 16"));
}

#[test]
fn a_waiting_job_tells_its_place_and_a_running_one_has_none() {
    let mut story = Story::new();
    story.queued(3);
    let mut view = story.view();
    assert_eq!(view.generation(story.now, true).queue_position, Some(3));
    let eta = Eta { remaining_ms: 150_000, low_ms: 120_000, high_ms: 190_000 };
    let place = Place { queue_id: queue_id(), position: 2, estimated_wait_time: Some(110_000), eta: Some(eta) };
    assert!(view.place_known(&place, None, story.now));
    assert!(!view.place_known(&place, None, story.now), "the same again is no news");
    let generation = view.generation(story.now, true);
    assert_eq!((generation.queue_position, generation.eta), (Some(2), Some(eta)));
    assert_eq!(generation.message.as_deref(), Some("2nd in line, starts in about 2 min"));
    let summary = view.summary(story.now.plus(80_000));
    assert_eq!((summary.estimated_wait_time, summary.eta.unwrap().remaining_ms), (Some(30_000), 70_000));
    let later = |ms| view.generation(story.now.plus(ms), true).message.unwrap();
    assert_eq!(later(107_000), "2nd in line, starts in a few seconds");
    assert_eq!(later(110_000), "2nd in line");
    story.started(&[]);
    view.apply(story.events.last().unwrap());
    let generation = view.generation(story.now, true);
    assert_eq!((generation.queue_position, generation.estimated_wait_time, generation.eta), (None, None, None));
    assert!(!view.place_known(&place, None, story.now), "it runs");
    assert_eq!(generation.status, Status::Processing);
}

#[test]
fn a_job_is_completed_when_its_last_output_is_stored_and_not_before() {
    let mut story = Story::of_a_picture(&[]);
    story.executing("9").executed("9", 5).images("9", &["a.png"]);
    let mut view = story.view();
    view.put_output(image(1, "9", OutputStatus::Pending), 0);
    story.completed();
    view.apply(story.events.last().unwrap());
    let generation = view.generation(story.now, true);
    assert_eq!((generation.status, generation.completed_at), (Status::Processing, None));
    assert!((generation.overall_percentage - 99.99).abs() < 1e-9);
    assert_eq!(generation.message.as_deref(), Some("Storing 1 output"));

    assert!(view.put_output(image(1, "9", OutputStatus::Stored), 0));
    let generation = view.generation(story.now, true);
    assert_eq!((generation.status, generation.completed_at), (Status::Completed, Some(story.now)));
    assert!((generation.overall_percentage - 100.0).abs() < 1e-9);
    assert_eq!(generation.message.as_deref(), Some("Lighthouse at dusk is done. 1 image, 0.60 s"));
}

#[test]
fn a_download_that_has_finally_failed_settles_an_output_too() {
    let mut story = Story::of_a_picture(&[]);
    story.completed();
    let mut view = story.view();
    let outputs = vec![(image(2, "9", OutputStatus::Failed), 1), (image(1, "9", OutputStatus::Stored), 0)];
    assert!(view.set_outputs(outputs));
    let generation = view.generation(story.now, true);
    assert_eq!(generation.status, Status::Completed);
    assert!(generation.outputs.iter().map(|output| output.media_id.as_u128()).eq([1, 2]));
    assert!(generation.message.unwrap().ends_with("1 output could not be stored"));
}

#[test]
fn an_output_never_falls_back_to_a_lower_rank() {
    let mut view = View::new(seed());
    view.put_output(image(1, "9", OutputStatus::Failed), 0);
    assert!(!view.put_output(image(1, "9", OutputStatus::Pending), 0));
    assert!(view.put_output(image(1, "9", OutputStatus::Stored), 0));
    assert!(!view.put_output(image(1, "9", OutputStatus::Failed), 0));
    assert!(!view.put_output(image(1, "9", OutputStatus::Stored), 0));
    assert_eq!(view.generation(START, true).outputs[0].status, OutputStatus::Stored);
}

#[test]
fn between_two_attempts_it_is_pending_and_says_when_it_goes_on() {
    let mut story = Story::of_a_picture(&[]);
    story.executing("3").step("3", 12.0, 20.0, 60.0).failed("torch.OutOfMemoryError", Some("3"), true);
    assert_eq!(story.generation().status, Status::Pending);
    story.retrying(1);
    let generation = story.generation();
    let retry = generation.retry.clone().unwrap();
    assert_eq!((generation.status, retry.retry_at), (Status::Pending, story.now.plus(8_000)));
    assert_eq!((generation.error.as_ref(), generation.retry_count), (None, 1));
    assert_eq!(generation.queue_position, None);
    assert_eq!(generation.message.as_deref(), Some("Trying again in 8 s, batch size 2 instead of 4. Attempt 2 of 4"));
    assert_eq!(generation.attempts[0].status, Status::Failed);
}

#[test]
fn a_place_in_line_says_nothing_about_the_next_attempt() {
    let mut story = Story::new();
    story.queued(3);
    let mut view = story.view();
    let place = Place { queue_id: queue_id(), position: 2, estimated_wait_time: Some(9_000), eta: None };
    assert!(view.place_known(&place, Some(4), story.now));
    story.failed("ValueError", None, true).retrying(1);
    let ahead = story.events.len();
    story.again().queued(5);
    for event in &story.events[1..ahead] {
        view.apply(event);
    }
    let between = view.generation(story.now, true);
    assert_eq!((between.queue_position, between.estimated_wait_time), (None, None));
    assert!(!view.place_known(&place, None, story.now), "it waits for no turn");
    view.apply(&story.events[ahead]);
    let again = view.generation(story.now, true);
    assert_eq!((again.queue_position, again.estimated_wait_time), (Some(5), None));
}

#[test]
fn the_next_attempt_starts_at_zero_and_remembers_where_the_last_one_stopped() {
    let mut story = Story::of_a_picture(&[]);
    story.executing("3").step("3", 12.0, 20.0, 60.0).failed("torch.OutOfMemoryError", Some("3"), true);
    story.retrying(1).again().queued(1);
    let generation = story.generation();
    assert_eq!((generation.status, generation.retry), (Status::Pending, None));
    assert!(generation.overall_percentage.abs() < 1e-9);
    // Its own graph has not come, and hardly ever differs.
    assert_eq!(generation.nodes.len(), PICTURE.len());
    assert!(generation.nodes.iter().all(|node| node.state.as_str() == "pending"));
    let [first, second] = generation.attempts.as_slice() else { panic!("two attempts") };
    let stopped = first.stopped_at.clone().unwrap();
    assert_eq!((stopped.node_id.as_str(), stopped.value, stopped.max), ("3", Some(12.0), Some(20.0)));
    assert_eq!(second.change.as_deref(), Some("batch size 2 instead of 4"));
    assert_eq!(generation.prompt_id, "prompt-2");
}

#[test]
fn a_retry_that_a_person_stopped_leaves_it_failed() {
    let mut story = Story::of_a_picture(&[]);
    story.executing("3").failed("torch.OutOfMemoryError", Some("3"), true).retrying(1);
    let mut view = story.view();
    view.attempt_known(AttemptSeed { retry_stopped: true, ..attempt(1) });
    let generation = view.generation(story.now, true);
    assert_eq!((generation.status, generation.retry.is_none()), (Status::Failed, true));
    assert_eq!(generation.message.as_deref(), Some("The card ran out of memory in K-Sampler"));
}

#[test]
fn a_retry_by_a_person_is_an_attempt_but_not_counted() {
    let mut story = Story::of_a_picture(&[]);
    story.failed("ValueError", None, false);
    let mut view = story.view();
    view.attempt_known(AttemptSeed { change: Some("another seed".into()), ..attempt(2) });
    let generation = view.generation(story.now, true);
    assert_eq!((generation.status, generation.retry_count), (Status::Pending, 0));
    assert_eq!(generation.attempts.len(), 2);
    assert_eq!(generation.attempts[1].change.as_deref(), Some("another seed"));
}

#[test]
fn a_cancelled_job_gives_its_reason_and_what_is_kept() {
    let mut story = Story::of_a_picture(&[]);
    story.executing("3").step("3", 12.0, 20.0, 60.0).interrupted(InterruptReason::Cancelled, Some("3"));
    let mut view = story.view();
    view.put_output(image(1, "9", OutputStatus::Stored), 0);
    let generation = view.generation(story.now, true);
    assert_eq!((generation.status, generation.reason.as_deref()), (Status::Interrupted, Some("cancelled")));
    assert_eq!(
        generation.message.as_deref(),
        Some("Cancelled Lighthouse at dusk in K-Sampler at step 12 of 20. Kept: 1 image")
    );
    assert_eq!(generation.duration_ms, Some(1_000));
}

#[test]
fn a_job_that_the_server_lost_says_which_server() {
    let mut story = Story::of_a_picture(&[]);
    story.executing("3").failed("instance_lost", None, false);
    let generation = story.generation();
    assert_eq!((generation.status, generation.reason.as_deref()), (Status::Failed, Some("instance_lost")));
    assert_eq!(generation.message.as_deref(), Some("cinder keeps no record of this job"));
    assert_eq!(generation.attempts[0].stopped_at.as_ref().unwrap().node_id, "3");
}

#[test]
fn a_percentage_shown_before_a_restart_of_ours_does_not_fall() {
    let mut story = Story::of_a_picture(&[]);
    story.executing("3");
    let mut view = story.view();
    assert!(view.percentage_known(1, 42.5));
    story.step("3", 1.0, 20.0, 30.0);
    view.apply(story.events.last().unwrap());
    assert!((view.overall_percentage() - 42.5).abs() < 1e-9);
}

#[test]
fn an_ended_job_that_was_met_later_has_the_servers_times_and_duration() {
    let mut story = Story::of_a_picture(&[]);
    story.wait(3_600_000).completed();
    let healed = START.plus(5_000);
    for event in &mut story.events {
        event.base.timestamp = START.plus(7_200_000);
        event.base.occurred_at = Some(if event.is_terminal() { healed.plus(61_000) } else { healed });
    }
    let generation = story.generation();
    assert_eq!(generation.started_at, Some(healed));
    assert_eq!(generation.completed_at, Some(healed.plus(61_000)));
}

#[test]
fn time_left_runs_down_by_our_clock_and_ends_with_the_job() {
    let mut story = Story::of_a_picture(&[]);
    story.step("3", 1.0, 20.0, 5.0);
    let eta = Eta { remaining_ms: 9_000, low_ms: 1_000, high_ms: 20_000 };
    if let Some(monitor_core::event::Body::NodeProgressUpdate(body)) =
        story.events.last_mut().map(|event| &mut event.body)
    {
        body.eta = Some(eta);
    }
    let left = story.view().generation(story.now.plus(2_000), true).eta.unwrap();
    assert_eq!((left.remaining_ms, left.low_ms, left.high_ms), (7_000, 0, 18_000));
    story.completed();
    assert_eq!(story.generation().eta, None);
}

#[test]
fn the_event_of_another_generation_is_left_aside() {
    let mut story = Story::new();
    story.started(&[]);
    story.events[0].base.queue_id = Some(uuid::Uuid::from_u128(7));
    let mut view = View::new(seed());
    assert!(!view.apply(&story.events[0]));
    assert_eq!((view.status(), view.sequence()), (Status::Pending, 0));
}

#[test]
fn the_thumbnail_is_that_of_the_newest_result_and_of_a_temp_file_only_without_one() {
    let mut view = View::new(seed());
    let temp = monitor_core::generation::Output { preview: true, ..image(3, "7", OutputStatus::Stored) };
    view.put_output(temp, 2);
    let thumbnail = |view: &View| view.summary(START).thumbnail_url.unwrap();
    assert!(thumbnail(&view).ends_with("-000000000003/thumbnail"));
    view.put_output(image(1, "9", OutputStatus::Stored), 0);
    view.put_output(image(2, "9", OutputStatus::Stored), 1);
    view.put_output(image(4, "9", OutputStatus::Pending), 3);
    assert_eq!(thumbnail(&view), "/v1/media/00000000-0000-0000-0000-000000000002/thumbnail");
    assert_eq!(view.summary(START).output_count, 4);
}

#[test]
fn a_job_without_a_title_is_named_by_what_it_has() {
    let mut story = Story::new();
    let mut view = View::new(Seed { title: String::new(), ..seed() });
    assert_eq!(view.summary(START).title, "Workflow");
    story.graph(PICTURE);
    view.apply(&story.events[0]);
    assert_eq!(view.summary(START).title, "Workflow with 6 nodes");
}
