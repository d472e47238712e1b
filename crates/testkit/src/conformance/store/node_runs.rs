//! What nodes took.

use crate::conformance::Place;
use crate::conformance::sample::{INSTANCE, Job, attempt, record};
use monitor_core::event::{Event, NodeExecuted, WorkflowNode, WorkflowNodes};
use monitor_core::names::NodeKind;
use monitor_core::performance::NodeRun;
use monitor_pipeline::ports::Store;

fn job(number: u32) -> Job {
    Job::of(&attempt(&record(number), 1))
}

fn executed(node_id: &str, duration_ms: u64) -> NodeExecuted {
    NodeExecuted {
        node_id: node_id.to_owned(),
        display_node_id: node_id.to_owned(),
        duration_ms: Some(duration_ms),
        output: None,
        cached: false,
        blocked: None,
        steps: None,
        work: None,
    }
}

/// Node 3, a sampler, ran for `duration_ms` and ended in second `second`.
fn sampled(job: &Job, second: u64, duration_ms: u64) -> Vec<Event> {
    let node = NodeExecuted { steps: Some(20.0), ..executed("3", duration_ms) };
    vec![job.executing(second - 1, "3"), job.event(second, node), job.completed(second + 1, duration_ms)]
}

fn durations(runs: &[NodeRun]) -> Vec<u64> {
    runs.iter().map(|run| run.duration_ms).collect()
}

pub async fn node_runs_are_told_once_their_attempt_has_ended<P: Place<Adapter: Store>>() {
    let place = P::fresh();
    let store = place.open().await;
    let events = sampled(&job(1), 10, 1_500);
    store.apply(&events[..2]).await.unwrap();
    assert_eq!(store.node_runs(None, 100).await.unwrap(), []);
    store.apply(&events).await.unwrap();
    let runs = [NodeRun { class_type: "KSampler".to_owned(), duration_ms: 1_500, steps: Some(20.0) }];
    assert_eq!(store.node_runs(None, 100).await.unwrap(), runs);
    place.close(store).await;
    assert_eq!(place.open().await.node_runs(None, 100).await.unwrap(), runs);
}

pub async fn node_runs_tell_class_duration_and_steps_newest_first<P: Place<Adapter: Store>>() {
    let place = P::fresh();
    let store = place.open().await;
    let job = job(1);
    let graph = ["3", "9"].map(|node_id| WorkflowNode {
        node_id: node_id.to_owned(),
        class_type: if node_id == "3" { "KSampler" } else { "SaveImage" }.to_owned(),
        node_title: String::new(),
        kind: NodeKind::Other,
        expected: None,
        dependencies: Vec::new(),
    });
    let told = [
        job.event(1, WorkflowNodes { workflow_nodes: graph.into(), total_nodes: 2 }),
        job.event(2, NodeExecuted { steps: Some(20.0), ..executed("3", 2_000) }),
        job.event(3, executed("9", 50)),
        job.completed(4, 2_050),
    ];
    store.apply(&told).await.unwrap();
    let newest_first = [("SaveImage", 50, None), ("KSampler", 2_000, Some(20.0))];
    let newest_first = newest_first.map(|(class_type, duration_ms, steps)| NodeRun {
        class_type: class_type.to_owned(),
        duration_ms,
        steps,
    });
    assert_eq!(store.node_runs(None, 100).await.unwrap(), newest_first);
}

pub async fn nodes_that_did_not_run_or_are_of_no_known_class_or_duration_are_no_runs<P: Place<Adapter: Store>>() {
    let place = P::fresh();
    let store = place.open().await;
    let job = job(1);
    let mut told: Vec<Event> = (1..).zip(["3", "4", "5", "6"]).map(|(second, id)| job.executing(second, id)).collect();
    told.extend([
        job.event(5, executed("3", 100)),
        job.event(6, NodeExecuted { cached: true, ..executed("4", 200) }),
        job.event(7, NodeExecuted { blocked: Some("switched off".to_owned()), ..executed("5", 300) }),
        job.event(8, NodeExecuted { duration_ms: None, ..executed("6", 0) }),
        // Made by expansion: its class was never told.
        job.event(9, executed("3.0.1", 500)),
        job.completed(10, 600),
    ]);
    store.apply(&told).await.unwrap();
    assert_eq!(durations(&store.node_runs(None, 100).await.unwrap()), [100]);
    assert_eq!(durations(&store.node_runs(Some(INSTANCE), 100).await.unwrap()), [100]);
}

pub async fn node_runs_of_an_instance_leave_out_those_of_others<P: Place<Adapter: Store>>() {
    let place = P::fresh();
    let store = place.open().await;
    let elsewhere = Job { instance_id: "elsewhere".to_owned(), ..job(2) };
    store.apply(&sampled(&job(1), 10, 100)).await.unwrap();
    store.apply(&sampled(&elsewhere, 20, 200)).await.unwrap();
    // An attempt counts where it ran.
    let moved = Job { attempt: 2, instance_id: "elsewhere".to_owned(), ..job(1) };
    store.apply(&sampled(&moved, 30, 300)).await.unwrap();
    assert_eq!(durations(&store.node_runs(None, 100).await.unwrap()), [300, 200, 100]);
    assert_eq!(durations(&store.node_runs(Some(INSTANCE), 100).await.unwrap()), [100]);
    assert_eq!(durations(&store.node_runs(Some("elsewhere"), 100).await.unwrap()), [300, 200]);
    assert_eq!(store.node_runs(Some("nowhere"), 100).await.unwrap(), []);
}

pub async fn at_most_so_many_node_runs_as_asked_for_are_told<P: Place<Adapter: Store>>() {
    let place = P::fresh();
    let store = place.open().await;
    // Not in the order of their ends.
    for number in [2, 4, 1, 3] {
        let second = u64::from(number) * 10;
        store.apply(&sampled(&job(number), second, second)).await.unwrap();
    }
    for whose in [None, Some(INSTANCE)] {
        assert_eq!(durations(&store.node_runs(whose, 3).await.unwrap()), [40, 30, 20]);
        assert_eq!(store.node_runs(whose, 0).await.unwrap(), []);
    }
}
