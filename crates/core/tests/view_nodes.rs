//! Node states, derived from what was heard of a node and of its job.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on has failed")]

mod story;

use monitor_core::event::{InterruptReason, NodeState};
use monitor_core::generation::Origin;
use monitor_core::view::{MAX_CHILDREN, Seed, View};
use story::{PICTURE, START, Story, node, seed, states};

#[test]
fn nodes_are_cached_running_or_pending_while_the_job_is_under_way() {
    let mut story = Story::of_a_picture(&["4", "6"]);
    story.executing("5").executed("5", 3).executing("3").step("3", 15.0, 20.0, 40.0);
    let generation = story.generation();
    assert_eq!(
        states(&generation),
        [("4", "cached"), ("5", "finished"), ("6", "cached"), ("3", "running"), ("8", "pending"), ("9", "pending")]
    );
    let sampler = node(&generation, "3");
    assert_eq!((sampler.value, sampler.max, sampler.percentage), (Some(15.0), Some(20.0), Some(75.0)));
    assert_eq!(sampler.dependencies.len(), 3);
    assert_eq!(generation.message.as_deref(), Some("Working on K-Sampler"));
}

#[test]
fn a_node_without_a_step_count_shows_none_rather_than_zero() {
    let generation = {
        let mut story = Story::of_a_picture(&[]);
        story.executing("4").says("4", NodeState::Running, None, 1.0);
        story.generation()
    };
    let loader = node(&generation, "4");
    assert_eq!((loader.value, loader.max, loader.percentage), (None, None, None));
}

#[test]
fn a_node_that_was_called_again_forgets_its_steps_but_not_when_it_started() {
    let mut story = Story::of_a_picture(&[]);
    story.executing("3").step("3", 4.0, 4.0, 10.0);
    let started = node(&story.generation(), "3").started_at;
    story.executing("3");
    let sampler = node(&story.generation(), "3").clone();
    assert_eq!((sampler.value, sampler.started_at), (None, started));
}

#[test]
fn a_finished_node_is_full_though_its_last_step_was_never_told() {
    let mut story = Story::of_a_picture(&[]);
    story.executing("3").step("3", 19.0, 20.0, 50.0).executed("3", 2_000);
    let sampler = node(&story.generation(), "3").clone();
    assert_eq!((sampler.value, sampler.max, sampler.percentage), (Some(20.0), Some(20.0), Some(100.0)));
    assert_eq!((sampler.elapsed_ms, sampler.duration_ms), (Some(2_000), Some(2_000)));
}

#[test]
fn a_running_node_counts_its_time_until_now_and_a_stopped_one_until_the_end() {
    let mut story = Story::of_a_picture(&[]);
    story.executing("3");
    let view = story.view();
    assert_eq!(node(&view.generation(story.now.plus(5_000), true), "3").elapsed_ms, Some(5_000));
    story.wait(3_000).interrupted(InterruptReason::Cancelled, Some("3"));
    let view = story.view();
    assert_eq!(node(&view.generation(story.now.plus(60_000), true), "3").elapsed_ms, Some(3_100));
}

#[test]
fn a_node_listed_as_cached_that_ran_after_all_has_run() {
    let mut story = Story::of_a_picture(&["4"]);
    story.executing("4");
    assert_eq!(node(&story.generation(), "4").state, NodeState::Running);
    story.executed("4", 10).completed();
    assert_eq!(node(&story.generation(), "4").state, NodeState::Finished);
}

#[test]
fn a_cached_output_node_is_cached_though_it_is_told_as_finished() {
    let mut story = Story::of_a_picture(&["4", "5", "6", "3", "8", "9"]);
    story.says("9", NodeState::Finished, None, 90.0).served("9").completed();
    assert_eq!(node(&story.generation(), "9").state, NodeState::Cached);
}

#[test]
fn a_blocked_node_is_skipped_and_the_job_goes_on() {
    let mut story = Story::of_a_picture(&[]);
    story.blocked("9");
    let generation = story.generation();
    assert_eq!(node(&generation, "9").state, NodeState::Skipped);
    assert_eq!(node(&generation, "8").state, NodeState::Pending);
}

#[test]
fn the_node_that_failed_is_the_error_and_those_beside_it_were_interrupted() {
    let mut story = Story::of_a_picture(&[]);
    story.executing("4").executed("4", 5).executing("6").executing("3").failed("ValueError", Some("3"), false);
    assert_eq!(
        states(&story.generation()),
        [("4", "finished"), ("5", "skipped"), ("6", "interrupted"), ("3", "error"), ("8", "skipped"), ("9", "skipped")]
    );
}

#[test]
fn when_a_child_raises_the_node_it_belongs_to_is_the_error() {
    let mut story = Story::of_a_picture(&[]);
    story.executing("3").executing("3.0.0.1").executed("3.0.0.1", 5).executing("3.0.0.2");
    story.step("3.0.0.2", 3.0, 10.0, 20.0).failed("ValueError", Some("3"), false);
    let generation = story.generation();
    assert_eq!(node(&generation, "3").state, NodeState::Error);
    assert_eq!(node(&generation, "3.0.0.1").state, NodeState::Finished);
    assert_eq!(node(&generation, "3.0.0.2").state, NodeState::Interrupted);
    let stopped = generation.attempts[0].stopped_at.clone().unwrap();
    assert_eq!((stopped.node_id.as_str(), stopped.value, stopped.max), ("3", Some(3.0), Some(10.0)));
}

#[test]
fn a_node_that_waits_for_its_children_runs() {
    let mut story = Story::of_a_picture(&[]);
    // Its own start was lost.
    story.executing("3.0.0.1");
    let generation = story.generation();
    assert_eq!(node(&generation, "3").state, NodeState::Running);
    assert_eq!(node(&generation, "3.0.0.1").state, NodeState::Running);
    story.executed("3.0.0.1", 5);
    assert_eq!(node(&story.generation(), "3").state, NodeState::Pending);
}

#[test]
fn whatever_ran_is_finished_once_the_job_is_done() {
    let mut story = Story::of_a_picture(&[]);
    story.executing("4").executing("3").step("3", 3.0, 20.0, 30.0).completed();
    let generation = story.generation();
    assert_eq!(node(&generation, "4").state, NodeState::Finished);
    assert_eq!(node(&generation, "3").percentage, Some(100.0));
    assert_eq!(node(&generation, "9").state, NodeState::Skipped);
}

#[test]
fn a_child_is_named_and_drawn_as_the_node_it_is_displayed_under() {
    let mut story = Story::of_a_picture(&[]);
    story.executing("3").executing("3.0.0.2");
    let generation = story.generation();
    let child = node(&generation, "3.0.0.2");
    assert_eq!((child.title.as_str(), child.kind), ("VAE Decoder", node(&generation, "8").kind));
    assert_eq!((child.class_type.as_deref(), child.display_node_id.as_str()), (None, "8"));
    assert_eq!((child.parent_node_id.as_deref(), child.real_node_id.as_deref()), (Some("3"), Some("3")));
}

#[test]
fn children_come_after_the_graph_in_the_order_they_appeared_and_are_counted_beyond_two_hundred() {
    let mut story = Story::of_a_picture(&[]);
    let ids: Vec<String> = (0..MAX_CHILDREN + 37).rev().map(|n| format!("3.0.0.{n}")).collect();
    for id in &ids {
        story.executing(id);
    }
    let generation = story.generation();
    assert_eq!(generation.nodes.len(), PICTURE.len() + MAX_CHILDREN);
    assert_eq!(generation.more_nodes, Some(37));
    let children = generation.nodes[PICTURE.len()..].iter().map(|node| &node.node_id);
    assert!(children.eq(ids.iter().take(MAX_CHILDREN)));
}

#[test]
fn nodes_heard_of_before_the_graph_is_known_are_shown_all_the_same() {
    let mut story = Story::new();
    story.started(&[]).executing("3").step("3", 1.0, 20.0, 5.0);
    let generation = story.generation();
    assert_eq!(states(&generation), [("3", "running")]);
    assert_eq!(generation.nodes[0].title, "K-Sampler");
}

fn observed(story: &Story) -> View {
    let mut view = View::new(Seed { origin: Origin::Observed, ..seed() });
    for event in &story.events {
        view.apply(event);
    }
    view
}

#[test]
fn a_job_seen_only_from_afar_shows_its_nodes_as_finished_without_times() {
    let mut story = Story::new();
    story.submitter = Some("somebody".into());
    story.queued(1).started(&["4"]).graph(PICTURE);
    let view = observed(&story);
    assert!(view.generation(START, true).coarse);
    story.executed("9", 0).completed();
    let generation = observed(&story).generation(story.now, true);
    assert!(generation.coarse);
    assert_eq!(node(&generation, "4").state, NodeState::Cached);
    assert_eq!(node(&generation, "3").state, NodeState::Finished);
    assert_eq!((node(&generation, "3").started_at, node(&generation, "3").elapsed_ms), (None, None));
}

#[test]
fn an_observed_job_that_is_heard_in_full_is_not_coarse_and_keeps_its_skipped_nodes() {
    let mut story = Story::of_a_picture(&[]);
    story.executing("4").executed("4", 5).completed();
    let generation = observed(&story).generation(story.now, true);
    assert!(!generation.coarse);
    assert_eq!(node(&generation, "3").state, NodeState::Skipped);
}

#[test]
fn a_job_of_ours_that_was_missed_whole_did_not_skip_everything() {
    let mut story = Story::of_a_picture(&[]);
    story.completed();
    let missed = story.generation();
    assert!(missed.nodes.iter().all(|node| node.state == NodeState::Finished));

    // Heard in full, all from cache but a branch that nobody asked for.
    let mut story = Story::of_a_picture(&["4", "6", "3", "8"]);
    story.served("9").completed();
    assert_eq!(node(&story.generation(), "5").state, NodeState::Skipped);
}
