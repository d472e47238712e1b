use super::*;
use crate::comfy::message::parse;
use crate::comfy::rest::{history, queue};
use serde_json::{Value, json};
use uuid::Uuid;

const OURS: &str = "monitor";

fn tracker() -> Tracker {
    let config = Config { instance_id: "default".into(), client_id: OURS.into(), ..Config::default() };
    let mut tracker = Tracker::new(Now::at(0), config);
    tracker.handle(Now::at(0), Input::Connected { comfyui_version: None, devices: Vec::new() });
    tracker
}

fn submission(id: u128) -> Submission {
    Submission {
        queue_id: Uuid::from_u128(id),
        attempt: 1,
        prompt_id: format!("p{id}"),
        title: None,
        workflow: json!({"1": {"class_type": "EmptyImage", "inputs": {}}}),
        last_sequence: 0,
    }
}

fn submit(tracker: &mut Tracker, id: u128, number: f64) -> Vec<Output> {
    tracker.handle(Now::at(1), Input::Submitting(submission(id)));
    let answer = Answer::Accepted { prompt_id: format!("p{id}"), number: Some(number) };
    tracker.handle(Now::at(2), Input::Answered { prompt_id: format!("p{id}"), answer })
}

fn say(tracker: &mut Tracker, at: u64, kind: &str, data: &Value) -> Vec<Output> {
    let text = json!({"type": kind, "data": data}).to_string();
    let parsed = parse(text.as_bytes());
    tracker.handle(Now::at(at), Input::Message { addressee: None, message: &parsed.message })
}

fn queued(
    running: &[Value],
    pending: &[Value],
) -> (Vec<crate::comfy::rest::QueueItem>, Vec<crate::comfy::rest::QueueItem>) {
    let body = json!({"queue_running": running, "queue_pending": pending}).to_string();
    let queue = queue(body.as_bytes()).unwrap().value;
    (queue.running, queue.pending)
}

fn item(number: f64, prompt_id: &str, client_id: &str) -> Value {
    json!([number, prompt_id, {"1": {"class_type": "EmptyImage", "inputs": {}}}, {"client_id": client_id}, ["1"]])
}

fn names(out: &[Output]) -> Vec<&str> {
    out.iter()
        .filter_map(|output| if let Output::Event(event) = output { Some(event.detail_type()) } else { None })
        .collect()
}

fn positions(out: &[Output]) -> Vec<(u128, u32)> {
    out.iter()
        .filter_map(|output| if let Output::Positions { places, .. } = output { Some(places) } else { None })
        .flatten()
        .map(|place| (place.queue_id.as_u128(), place.position))
        .collect()
}

#[test]
fn places_in_line_are_told_again_when_others_turn_out_to_be_before() {
    let mut tracker = tracker();
    assert_eq!(positions(&submit(&mut tracker, 7, 4.0)), [(7, 1)]);
    let (running, pending) = queued(&[], &[item(4.0, "p7", OURS), item(2.0, "x", "other"), item(3.0, "y", "other")]);
    let snapshot = Snapshot { running, pending, ..Snapshot::default() };
    let out = tracker.handle(Now::at(3), Input::Snapshot(Box::new(snapshot)));
    assert!(positions(&out).contains(&(7, 3)), "{out:?}");
}

#[test]
fn messages_before_the_answer_belong_to_the_submission() {
    let mut tracker = tracker();
    tracker.handle(Now::at(1), Input::Submitting(submission(1)));
    let out = say(&mut tracker, 2, "execution_start", &json!({"prompt_id": "p1"}));
    assert_eq!(names(&out), ["Job Queued"]);
    let out = say(&mut tracker, 3, "execution_cached", &json!({"prompt_id": "p1", "nodes": []}));
    assert_eq!(names(&out), ["Job Started", "Workflow Nodes"]);
}

#[test]
fn an_older_server_that_chose_its_own_id_is_understood_though_its_words_came_before_the_answer() {
    let mut tracker = tracker();
    tracker.handle(Now::at(1), Input::Submitting(submission(1)));
    assert!(names(&say(&mut tracker, 2, "execution_start", &json!({"prompt_id": "theirs"}))).is_empty());
    say(&mut tracker, 2, "execution_cached", &json!({"prompt_id": "theirs", "nodes": ["1"]}));
    let answer = Answer::Accepted { prompt_id: "theirs".into(), number: Some(1.0) };
    let out = tracker.handle(Now::at(3), Input::Answered { prompt_id: "p1".into(), answer });
    assert_eq!(names(&out), ["Job Queued", "Job Started", "Workflow Nodes"]);
    assert!(out.iter().all(|output| !matches!(output, Output::Observed(_))), "it is ours, not somebody else's");
}

#[test]
fn the_end_is_told_from_what_was_heard_when_the_history_stays_silent() {
    let mut tracker = tracker();
    submit(&mut tracker, 1, 1.0);
    say(&mut tracker, 3, "execution_start", &json!({"prompt_id": "p1"}));
    say(&mut tracker, 3, "execution_cached", &json!({"prompt_id": "p1", "nodes": []}));
    say(&mut tracker, 4, "execution_success", &json!({"prompt_id": "p1"}));
    let out = say(&mut tracker, 5, "executing", &json!({"prompt_id": "p1", "node": null}));
    assert!(out.iter().any(|output| matches!(output, Output::Want(Want::History { .. }))));
    let mut ends = 0;
    while let Some(due) = tracker.deadline().filter(|due| *due < 60_000) {
        let out = tracker.handle(Now::at(due), Input::Tick);
        ends += names(&out).iter().filter(|name| **name == "Job Completed").count();
        if ends > 0 {
            break;
        }
    }
    assert_eq!(ends, 1);
    assert!(names(&say(&mut tracker, 70_000, "execution_success", &json!({"prompt_id": "p1"}))).is_empty());
}

#[test]
fn a_job_that_a_former_run_told_of_is_not_told_again_and_its_sequence_goes_on_rising() {
    let mut first = tracker();
    let mut events: Vec<Event> = Vec::new();
    let mut keep = |out: Vec<Output>| {
        events.extend(out.into_iter().filter_map(|output| match output {
            Output::Event(event) if event.base.queue_id.is_some() && event.is_durable() => Some(*event),
            _ => None,
        }));
    };
    keep(submit(&mut first, 1, 1.0));
    keep(say(&mut first, 3, "execution_start", &json!({"prompt_id": "p1"})));
    keep(say(&mut first, 3, "execution_cached", &json!({"prompt_id": "p1", "nodes": []})));
    let last_sequence = events.iter().map(|event| event.base.sequence).max().unwrap();
    let known = KnownJob {
        submission: submission(1),
        ours: true,
        submitter_client_id: None,
        last_sequence,
        number: Some(1.0),
        events: events.clone(),
        highest_percentage: 40.0,
    };
    let config = Config { client_id: OURS.into(), jobs: vec![known], ..Config::default() };
    let mut second = Tracker::new(Now::at(100), config);
    second.handle(Now::at(100), Input::Connected { comfyui_version: None, devices: Vec::new() });
    let entry = json!({"p1": {
        "prompt": [1, "p1", {"1": {"class_type": "EmptyImage", "inputs": {}}}, {"client_id": OURS}, ["1"]],
        "outputs": {},
        "status": {"status_str": "success", "completed": true, "messages": [
            ["execution_start", {"prompt_id": "p1", "timestamp": 5}],
            ["execution_cached", {"prompt_id": "p1", "nodes": [], "timestamp": 5}],
            ["execution_success", {"prompt_id": "p1", "timestamp": 9}]]},
    }});
    let history = history(entry.to_string().as_bytes()).unwrap().value.entries;
    let snapshot = Snapshot { history, after_connect: true, ..Snapshot::default() };
    let out = second.handle(Now::at(101), Input::Snapshot(Box::new(snapshot)));
    assert_eq!(names(&out), ["Job Completed"]);
    for output in &out {
        if let Output::Event(event) = output {
            assert!(event.base.sequence > last_sequence);
        }
    }
}

#[test]
fn a_waiting_job_that_vanishes_was_removed_but_after_a_restart_it_is_lost() {
    let gone = |after_connect: bool, history_empty: bool| {
        let mut tracker = tracker();
        submit(&mut tracker, 1, 9.0);
        let snapshot = Snapshot { missing: vec!["p1".into()], after_connect, history_empty, ..Snapshot::default() };
        let out = tracker.handle(Now::at(10), Input::Snapshot(Box::new(snapshot)));
        names(&out).iter().map(|name| (*name).to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(gone(false, true), ["Job Interrupted"]);
    assert_eq!(gone(true, true), ["Job Failed"]);
}

#[test]
fn a_snapshot_taken_before_a_submission_was_answered_does_not_end_it() {
    let mut tracker = tracker();
    tracker.handle(Now::at(1), Input::Submitting(submission(1)));
    let snapshot = Snapshot { missing: vec!["p1".into()], history_empty: true, ..Snapshot::default() };
    assert!(names(&tracker.handle(Now::at(2), Input::Snapshot(Box::new(snapshot)))).is_empty());
    let answer = Answer::Accepted { prompt_id: "p1".into(), number: Some(1.0) };
    let out = tracker.handle(Now::at(3), Input::Answered { prompt_id: "p1".into(), answer });
    assert_eq!(names(&out), ["Job Queued"]);
}

#[test]
fn what_the_server_says_still_waits_goes_with_the_places_and_is_told_within_half_a_second_when_it_changes() {
    let status = |remaining: u64| json!({"status": {"exec_info": {"queue_remaining": remaining}}});
    let remaining = |out: &[Output]| {
        let told = out.iter().filter_map(|output| match output {
            Output::Positions { queue_remaining, .. } => Some(*queue_remaining),
            _ => None,
        });
        told.collect::<Vec<_>>()
    };
    let mut tracker = tracker();
    assert_eq!(remaining(&submit(&mut tracker, 7, 4.0)), [None], "it has not said");
    say(&mut tracker, 3, "status", &status(1));
    let due = tracker.deadline().unwrap();
    assert!((4..=503).contains(&due), "{due}");
    let out = tracker.handle(Now::at(due), Input::Tick);
    assert_eq!((positions(&out), remaining(&out)), (vec![(7, 1)], vec![Some(1)]));
    // Another one joins the line: it has a place of its own, and the first hears that more waits now.
    say(&mut tracker, 1_000, "status", &status(2));
    assert_eq!(positions(&submit(&mut tracker, 8, 5.0)), [(8, 2)]);
    let due = tracker.deadline().unwrap();
    assert!(due <= 1_500, "{due}");
    let out = tracker.handle(Now::at(due), Input::Tick);
    assert_eq!((positions(&out), remaining(&out)), (vec![(7, 1), (8, 2)], vec![Some(2)]));
}

#[test]
fn with_a_heartbeat_the_queue_is_told_again_and_again_while_connected_though_nothing_changes() {
    let config = Config { client_id: OURS.into(), heartbeat_ms: Some(1_000), ..Config::default() };
    let mut tracker = Tracker::new(Now::at(0), config);
    tracker.handle(Now::at(0), Input::Connected { comfyui_version: None, devices: Vec::new() });
    let status = json!({"status": {"exec_info": {"queue_remaining": 0}}});
    assert_eq!(names(&say(&mut tracker, 5, "status", &status)), ["Queue Status Updated"]);
    assert_eq!(tracker.deadline(), Some(1_005));
    assert!(names(&tracker.handle(Now::at(1_004), Input::Tick)).is_empty());
    for due in [1_005, 2_005] {
        assert_eq!(names(&tracker.handle(Now::at(due), Input::Tick)), ["Queue Status Updated"]);
    }
    // Who is not connected says so, and does not say otherwise a minute later.
    tracker.handle(Now::at(2_500), Input::Disconnected { reason: "refused".into() });
    assert!(names(&tracker.handle(Now::at(9_000), Input::Tick)).is_empty());
}

#[test]
fn the_end_of_an_attempt_says_the_most_memory_that_was_read_while_it_ran() {
    let mut tracker = tracker();
    let read = |tracker: &mut Tracker, at: u64, used_bytes: u64| {
        assert!(tracker.handle(Now::at(at), Input::Memory { used_bytes }).is_empty());
    };
    submit(&mut tracker, 1, 1.0);
    submit(&mut tracker, 2, 2.0);
    read(&mut tracker, 2, 900);
    say(&mut tracker, 3, "execution_start", &json!({"prompt_id": "p1"}));
    say(&mut tracker, 3, "execution_cached", &json!({"prompt_id": "p1", "nodes": []}));
    for (at, used_bytes) in [(4, 300), (5, 700), (6, 200)] {
        read(&mut tracker, at, used_bytes);
    }
    let error = json!({"prompt_id": "p1", "node_id": "1", "exception_type": "torch.OutOfMemoryError"});
    say(&mut tracker, 7, "execution_error", &error);
    read(&mut tracker, 8, 800);
    let mut end = None;
    while let Some(due) = tracker.deadline().filter(|due| end.is_none() && *due < 60_000) {
        end = tracker.handle(Now::at(due), Input::Tick).into_iter().find_map(|output| match output {
            Output::Event(event) if event.is_terminal() => Some(event),
            _ => None,
        });
    }
    let Some(Body::JobFailed(failed)) = end.map(|event| event.body) else { panic!("no failure was told") };
    assert_eq!(failed.peak_memory_bytes, Some(700), "neither before its start nor after its end");
}

#[test]
fn of_a_job_that_nothing_was_told_of_before_a_kill_only_the_answer_says_whether_the_server_had_it() {
    let gone = |number: Option<f64>| {
        let known = KnownJob {
            submission: submission(1),
            ours: true,
            submitter_client_id: None,
            last_sequence: 0,
            number,
            events: Vec::new(),
            highest_percentage: 0.0,
        };
        let config = Config { client_id: OURS.into(), jobs: vec![known], ..Config::default() };
        let mut tracker = Tracker::new(Now::at(0), config);
        tracker.handle(Now::at(0), Input::Connected { comfyui_version: None, devices: Vec::new() });
        let missing = vec!["p1".into()];
        let snapshot = Snapshot { missing, after_connect: true, history_empty: true, ..Snapshot::default() };
        let out = tracker.handle(Now::at(10), Input::Snapshot(Box::new(snapshot)));
        names(&out).iter().map(|name| (*name).to_owned()).collect::<Vec<_>>()
    };
    // Without an answer it is sent again.
    assert!(gone(None).is_empty());
    assert_eq!(gone(Some(7.0)), ["Job Queued", "Job Failed"]);
}
