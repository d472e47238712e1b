//! Every recorded job, submitted through the line: what a page sees of it from its submission to its files.

use crate::process::{DataDir, Monitor};
use crate::stage::start;
use crate::story::{assert_ended, assert_frames, assert_outputs};
use crate::workflows::tape;
use monitor_testkit::play::Ending;
use monitor_testkit::tape::TapeJob;
use monitor_testkit::{FakeComfy, Tape, tapes_dir};
use serde_json::{Value, json};
use std::collections::HashSet;
use std::sync::Arc;
use uuid::Uuid;

macro_rules! every_job_of {
    ($($test:ident: $name:literal,)*) => {
        const NAMES: &[&str] = &[$($name),*];
        $(#[tokio::test]
        async fn $test() {
            replay($name).await;
        })*
    };
}

every_job_of! {
    every_job_of_trivial_is_told_from_start_to_end: "01-trivial",
    every_job_of_txt2img_is_told_from_start_to_end: "02-txt2img",
    every_job_of_all_cached_is_told_from_start_to_end: "03-all-cached",
    every_job_of_validation_errors_is_told_from_start_to_end: "06-validation-errors",
    every_job_of_node_error_is_told_from_start_to_end: "07-node-error",
    every_job_of_oom_is_told_from_start_to_end: "08-oom",
    every_job_of_interrupt_sampling_is_told_from_start_to_end: "09-interrupt-sampling",
    every_job_of_interrupt_idle_is_told_from_start_to_end: "09c-interrupt-idle-then-run",
    every_job_of_parallel_is_told_from_start_to_end: "10-parallel",
    every_job_of_expansion_loop_is_told_from_start_to_end: "11-expansion-loop",
    every_job_of_dependency_cycle_is_told_from_start_to_end: "11c-dependency-cycle",
    every_job_of_preview_metadata_is_told_from_start_to_end: "12-preview-metadata",
    every_job_of_queue_and_observer_is_told_from_start_to_end: "13-queue-and-observer",
    every_job_of_no_client_id_is_told_from_start_to_end: "13b-no-client-id",
    every_job_of_submitter_not_connected_is_told_from_start_to_end: "13c-submitter-not-connected",
    every_job_of_same_client_id_is_told_from_start_to_end: "14-same-client-id",
    every_job_of_old_socket_closes_later_is_told_from_start_to_end: "14b-old-socket-closes-later",
    every_job_of_server_killed_is_told_from_start_to_end: "15-server-killed",
    every_job_of_reconnect_mid_job_is_told_from_start_to_end: "15b-reconnect-mid-job",
    every_job_of_outputs_is_told_from_start_to_end: "16-outputs",
    every_job_of_titles_unicode_is_told_from_start_to_end: "17-titles-unicode",
    every_job_of_prompt_id_reused_is_told_from_start_to_end: "17b-prompt-id-reused",
    every_job_of_partial_and_lazy_is_told_from_start_to_end: "18-partial-and-lazy",
    every_job_of_one_output_invalid_is_told_from_start_to_end: "18b-one-output-invalid",
    every_job_of_large_graph_is_told_from_start_to_end: "19-large-graph",
    every_job_of_execution_blocker_is_told_from_start_to_end: "21-execution-blocker",
    every_job_of_custom_messages_is_told_from_start_to_end: "22-custom-messages",
    every_job_of_list_mapping_is_told_from_start_to_end: "24-list-mapping",
}

#[test]
fn no_recording_with_jobs_is_left_out() {
    for folder in std::fs::read_dir(tapes_dir()).unwrap() {
        let name = folder.unwrap().file_name().into_string().unwrap();
        assert!(NAMES.contains(&name.as_str()) || tape(&name).jobs.is_empty(), "{name}");
    }
}

async fn replay(name: &str) {
    let tape = tape(name);
    let fake = start(FakeComfy::builder().tape(Arc::clone(&tape)).speed(0.0)).await;
    let folder = DataDir::new();
    let monitor = Monitor::start(&folder, &[fake.base_url()]).await;
    monitor.connected().await;
    let mut live = monitor.live().await;
    let mut queue_ids = Vec::new();
    for job in submittable(&tape) {
        let queue_id = Uuid::new_v4().to_string();
        live.subscribe(&queue_id).await;
        // After a death of the server it may just be coming back.
        monitor.connected().await;
        let answer = monitor.submit(&json!({"workflow": job.body["prompt"], "queueId": queue_id})).await;
        assert_eq!(answer["queueId"], queue_id.as_str());
        let end = live.end_of(&queue_id).await;
        assert_end(job, &end);
        if end["type"] == "completed" {
            let settled = |output: &Value| output["status"] != "pending";
            assert!(end["outputs"].as_array().unwrap().iter().all(settled), "completed too early: {end}");
        }
        let generation = monitor.generation(&queue_id).await;
        if end["type"] == "completed" {
            assert_outputs(&monitor, &fake, &generation).await;
        }
        assert_names(job, &generation);
        queue_ids.push(queue_id);
    }
    live.catch_up().await;
    for queue_id in &queue_ids {
        assert_frames(&live.of(queue_id));
        assert_ended(&monitor, queue_id).await;
    }
    assert_eq!(fake.submitted().iter().filter(|submitted| submitted.prompt_id.is_some()).count(), queue_ids.len());
    drop(live);
    monitor.finish(&[]).await;
}

/// The jobs that a caller of ours can submit: those of a whole graph. Each once, though it was recorded twice.
fn submittable(tape: &Tape) -> impl Iterator<Item = &TapeJob> {
    let whole = |job: &&TapeJob| {
        !job.body.contains_key("partial_execution_targets") && job.graph().is_some_and(|graph| !graph.is_empty())
    };
    tape.jobs.iter().filter(whole)
}

/// The end is the recorded one.
fn assert_end(job: &TapeJob, end: &Value) {
    match job.play.as_ref().map(|play| &play.ending) {
        Some(Ending::Error(data)) => {
            assert_eq!(end["type"], "job_failed", "{end}");
            assert_eq!(end["error"]["type"], data["exception_type"], "{end}");
            assert_eq!(end["error"]["nodeId"], data["node_id"], "{end}");
            let said = data["exception_message"].as_str().unwrap().trim();
            assert_eq!(end["error"]["message"].as_str().unwrap().trim(), said, "{end}");
            assert!(!end["message"].as_str().unwrap().is_empty());
        }
        Some(Ending::Interrupted(_)) => {
            assert_eq!((&end["type"], &end["reason"]), (&json!("job_interrupted"), &json!("interrupted")), "{end}");
        }
        Some(Ending::Lost) => {
            assert_eq!((&end["type"], &end["error"]["type"]), (&json!("job_failed"), &json!("instance_lost")), "{end}");
        }
        Some(Ending::Success) | None => assert_eq!(end["type"], "completed", "{end}"),
    }
}

/// Nodes without a title of the user's bear the names people know.
fn assert_names(job: &TapeJob, generation: &Value) {
    let names = [
        ("KSampler", "K-Sampler"),
        ("VAEDecode", "VAE Decoder"),
        ("CLIPTextEncode", "CLIP Text Encoder"),
        ("CheckpointLoaderSimple", "Checkpoint Loader"),
    ];
    let nodes = generation["nodes"].as_array().unwrap();
    let ids: HashSet<_> = nodes.iter().map(|node| node["nodeId"].as_str().unwrap()).collect();
    assert_eq!(ids.len(), nodes.len(), "a node twice");
    for (id, node) in job.graph().unwrap() {
        let class = node["class_type"].as_str().unwrap();
        let shown = nodes.iter().find(|shown| shown["nodeId"] == id.as_str()).unwrap_or_else(|| panic!("no {id}"));
        assert_eq!(shown["classType"], class);
        let wanted = names.iter().find(|(known, _)| *known == class && node["_meta"]["title"].is_null());
        if let Some((_, name)) = wanted {
            assert_eq!(shown["title"], *name);
        }
    }
}
