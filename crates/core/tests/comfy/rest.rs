use monitor_core::comfy::rest::{
    self, Answer, JobStatus, Outcome, Refusal, accepted, history, job, jobs, object_info, queue, refused,
};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::recording;

fn tape(file: &str) -> Vec<u8> {
    recording::file(&format!("tapes/{file}"))
}

/// What was read, if nothing in it was odd.
pub(crate) fn sound<T>(answer: Result<Answer<T>, rest::NotJson>) -> T {
    let answer = answer.unwrap();
    assert_eq!(answer.oddities, 0);
    answer.value
}

#[test]
fn waiting_jobs_come_in_the_order_in_which_they_will_run() {
    let queue = sound(queue(&tape("13-queue-and-observer/queue-full.json")));
    let heap: Vec<f64> = queue.pending.iter().map(|item| item.number).collect();
    assert_eq!(heap, [-58.0, -5.5, 57.0, 56.0, 55.0]);
    let waiting: Vec<f64> = queue.waiting().iter().map(|item| item.number).collect();
    assert_eq!(waiting, [-58.0, -5.5, 55.0, 56.0, 57.0]);

    let running = &queue.running[0];
    assert_eq!(running.prompt_id, "f9199f43-2baf-431b-9aa4-473cacc27cd0");
    assert_eq!(running.client_id.as_deref(), Some("00000130-aaaa-4bbb-8ccc-000000000001"));
    assert_eq!(running.create_time, Some(1_795_538_557_230));
    assert_eq!(running.outputs, ["3"]);
    assert_eq!(running.graph.read().unwrap().node("2").unwrap().class_type, "TraceSlowSteps");
}

#[test]
fn every_recorded_queue_is_read_whole() {
    for (name, body) in recording::files("queue") {
        let sent: Value = serde_json::from_slice(&body).unwrap();
        let queue = sound(queue(&body));
        assert_eq!(queue.running.len(), sent["queue_running"].as_array().unwrap().len(), "{name}");
        assert_eq!(queue.pending.len(), sent["queue_pending"].as_array().unwrap().len(), "{name}");
    }
}

#[test]
fn a_broken_item_does_not_cost_the_others() {
    let body = json!({"queue_running": "none", "queue_pending": [
        [1, "a", {}, {"client_id": null}, ["9"]], [2, 5, {}], "x", [3], ["x", "b", {}], [4, "c", {}], [5, "d", {}, null, null, "new"],
    ]});
    let answer = queue(body.to_string().as_bytes()).unwrap();
    let ids: Vec<&str> = answer.value.pending.iter().map(|item| item.prompt_id.as_str()).collect();
    assert_eq!((ids, answer.oddities), (vec!["a", "c", "d"], 5));
}

#[test]
fn the_outcome_is_the_last_message_and_never_the_status() {
    let outcome = |file: &str| {
        let history = sound(history(&tape(file)));
        let entry = history.entries.into_iter().next().unwrap();
        let told = match entry.outcome().unwrap() {
            Outcome::Success => "success".to_owned(),
            Outcome::Error(error) => {
                format!("{} in {}", error.exception_type.as_ref().unwrap(), error.node_id.as_ref().unwrap())
            }
            Outcome::Interrupted(interrupted) => {
                format!("interrupted in {}", interrupted.node_id.as_ref().unwrap())
            }
        };
        (told, entry.status_str.unwrap())
    };
    assert_eq!(outcome("01-trivial/history.json"), ("success".into(), "success".into()));
    assert_eq!(outcome("07-node-error/history.json"), ("ValueError in 2".into(), "error".into()));
    assert_eq!(outcome("08-oom/history.json").0, "torch.OutOfMemoryError in 2");
    assert_eq!(outcome("09-interrupt-sampling/history.json"), ("interrupted in 3".into(), "error".into()));
    assert_eq!(
        outcome("11c-dependency-cycle/history.json"),
        ("graph.DependencyCycleError in 3".into(), "success".into())
    );
    assert_eq!(outcome("21-execution-blocker/history.json").0, "success");
}

#[test]
fn every_recorded_history_is_read_whole() {
    for (name, body) in recording::files("history") {
        let sent: Value = serde_json::from_slice(&body).unwrap();
        let history = sound(history(&body));
        assert_eq!(history.entries.len(), sent.as_object().unwrap().len(), "{name}");
        for entry in &history.entries {
            let sent = &sent[&entry.prompt_id];
            assert_eq!(Value::Object(entry.outputs.clone()), sent["outputs"], "{name}");
            assert_eq!(json!(entry.cached()), sent["status"]["messages"][1][1]["nodes"], "{name}");
            assert_eq!(entry.started_at(), sent["status"]["messages"][0][1]["timestamp"].as_i64(), "{name}");
            assert_eq!(entry.ended_at(), sent["status"]["messages"][2][1]["timestamp"].as_i64(), "{name}");
            let job = entry.job.as_ref().unwrap();
            assert_eq!(job.prompt_id, entry.prompt_id);
            assert_eq!(json!(job.outputs), sent["prompt"][4], "{name}");
            assert_eq!(serde_json::from_str::<Value>(job.graph.json()).unwrap(), sent["prompt"][2], "{name}");
        }
    }
}

#[test]
fn an_error_in_the_history_tells_what_the_socket_told() {
    let history = sound(history(&tape("07-node-error/history.json")));
    let entry = history.get("616ab52a-8498-439e-b4fd-cd469dce7670").unwrap();
    let Some(Outcome::Error(error)) = entry.outcome() else { panic!() };
    assert_eq!(error.exception_message.as_deref(), Some("bad value: expected 4 channels, got 16\n"));
    assert_eq!((error.node_type.as_deref(), error.traceback.len()), (Some("TraceRaise"), 5));
    assert!(history.get("another").is_none());
}

#[test]
fn an_unknown_job_has_no_history() {
    assert!(sound(history(b"{}")).entries.is_empty());
}

#[test]
fn what_python_writes_and_json_does_not_know_costs_no_history() {
    let body = String::from_utf8(tape("07-node-error/history.json")).unwrap().replacen(
        "\"steps\": [\n        10",
        "\"steps\": [\n        NaN",
        1,
    );
    assert!(body.contains("NaN"));
    let answer = history(body.as_bytes()).unwrap();
    assert_eq!(answer.oddities, 1);
    assert!(matches!(answer.value.entries[0].outcome(), Some(Outcome::Error(_))));
}

#[test]
fn every_recorded_job_is_read_whole() {
    for (name, body) in recording::files("job") {
        if name.contains("jobs") {
            continue;
        }
        let sent: Value = serde_json::from_slice(&body).unwrap();
        let job = sound(job(&body)).unwrap();
        assert_eq!(sent["id"], job.id, "{name}");
        assert_eq!(job.priority, sent["priority"].as_f64(), "{name}");
        assert_eq!(job.execution_end_time, sent["execution_end_time"].as_i64(), "{name}");
        assert_eq!(job.error.is_some(), sent.get("execution_error").is_some(), "{name}");
        let messages = sent["execution_status"]["messages"].as_array();
        assert_eq!(job.messages.len(), messages.map_or(0, Vec::len), "{name}");
    }
}

#[test]
fn a_cycle_counts_as_completed_but_has_its_error() {
    let job = sound(job(&tape("11c-dependency-cycle/job.json"))).unwrap();
    assert_eq!(job.status, JobStatus::Completed);
    assert_eq!(job.error.unwrap().exception_type.as_deref(), Some("graph.DependencyCycleError"));
}

#[test]
fn a_page_of_jobs_says_where_it_stands() {
    let jobs = sound(jobs(&tape("13-queue-and-observer/jobs-full.json")));
    assert_eq!(jobs.jobs.len() as u64, jobs.pagination.total);
    assert_eq!((jobs.jobs[0].status, jobs.jobs[0].priority), (JobStatus::Pending, Some(-5.5)));
    assert!(jobs.jobs.iter().any(|job| job.status == JobStatus::InProgress));
    assert_eq!(sound(job(br#"{"error": "Job not found"}"#)), None);
}

#[test]
fn every_recorded_refusal_names_what_is_wrong() {
    let cases: Value = serde_json::from_slice(&tape("06-validation-errors/cases.json")).unwrap();
    let mut told = Vec::new();
    for (name, case) in cases.as_object().unwrap() {
        let body = &case["body"];
        if case["status"] != 400 {
            assert!(refused(body.as_str().unwrap().as_bytes()).is_err(), "{name}");
            continue;
        }
        let refused = sound(refused(body.to_string().as_bytes()));
        assert!(!refused.refusals.is_empty(), "{name}");
        for Refusal { node_id, class_type, input, kind, message, details, .. } in refused.refusals {
            told.push(format!("{name}: {node_id:?} {class_type:?} {input:?} | {kind} | {message} | {details}"));
        }
    }
    insta::assert_snapshot!(told.join("\n"));
}

#[test]
fn an_accepted_prompt_tells_its_id_and_the_outputs_that_were_dropped() {
    for (name, body) in recording::files("prompt_response") {
        let sent: Value = serde_json::from_slice(&body).unwrap();
        if sent["status"] == 200 {
            let accepted = sound(accepted(sent["body"].to_string().as_bytes()));
            assert_eq!(accepted.prompt_id.as_deref(), sent["body"]["prompt_id"].as_str(), "{name}");
            assert_eq!(accepted.number, sent["body"]["number"].as_f64(), "{name}");
            assert_eq!(accepted.warnings.len(), usize::from(name.starts_with("18b")), "{name}");
        }
    }
}

#[test]
fn the_small_answers_are_read() {
    assert_eq!(sound(rest::queue_length(&tape("01-trivial/prompt_get.json"))).queue_remaining, Some(0));
    let stats = sound(rest::system_stats(&tape("01-trivial/system_stats.json")));
    assert_eq!(stats.comfyui_version.as_deref(), Some("0.33.0"));
    assert_eq!((stats.devices[0].name.as_str(), stats.devices[0].vram_total), ("cpu", Some(25_276_514_304)));
    let features = sound(rest::features(&tape("01-trivial/features.json")));
    assert!(!features.supports_progress_text_metadata());
    let image = sound(rest::uploaded_image(br#"{"name": "a (1).png", "subfolder": "s", "type": "input"}"#)).unwrap();
    assert_eq!((image.name.as_str(), image.subfolder.as_str(), image.folder.as_str()), ("a (1).png", "s", "input"));
}

#[test]
fn an_error_page_is_told_from_an_answer() {
    let page = b"<html>502 Bad Gateway</html>";
    let error = queue(page).unwrap_err();
    assert!(error.to_string().contains("not JSON"), "{error}");
    assert!(history(page).is_err() && object_info(b"").is_err() && accepted(b"500 Internal Server Error").is_err());
}

proptest! {
    #[test]
    fn any_json_is_an_answer_to_anything(value in recording::json()) {
        let body = value.to_string();
        let body = body.as_bytes();
        prop_assert!(queue(body).is_ok());
        prop_assert!(history(body).is_ok());
        prop_assert!(jobs(body).is_ok());
        prop_assert!(job(body).is_ok());
        prop_assert!(object_info(body).is_ok());
        prop_assert!(accepted(body).is_ok());
        prop_assert!(refused(body).is_ok());
        prop_assert!(rest::system_stats(body).is_ok());
        prop_assert!(rest::queue_length(body).is_ok());
        prop_assert!(rest::uploaded_image(body).is_ok());
        prop_assert!(rest::features(body).is_ok());
    }
}
