//! What must be true of every job, however it went.

use crate::live::is_end;
use crate::process::Monitor;
use monitor_testkit::FakeComfy;
use serde_json::Value;
use std::collections::HashSet;

/// The frames of one generation from the subscription to its end: the rules of the contract's "Frames".
pub(crate) fn assert_frames(frames: &[Value]) {
    assert_eq!(frames[0]["type"], "subscription_confirmed", "{:?}", frames[0]);
    assert_eq!(frames[1]["type"], "snapshot", "{:?}", frames[1]);
    let (mut sequence, mut attempt, mut percentage, mut ended) = (0, 0, 0.0, None);
    for frame in &frames[2..] {
        let kind = frame["type"].as_str().unwrap();
        if kind == "snapshot" {
            continue;
        }
        let now = frame["sequence"].as_u64().unwrap_or_else(|| panic!("no sequence: {frame}"));
        assert!(now >= sequence, "the sequence falls from {sequence}: {frame}");
        sequence = now;
        for field in ["promptId", "status", "timestamp"] {
            assert!(frame[field].is_string(), "no {field}: {frame}");
        }
        let of = frame["attempt"].as_u64().unwrap();
        assert!(of >= attempt, "attempts go back: {frame}");
        if of > attempt {
            (attempt, percentage, ended) = (of, 0.0, None);
        }
        if let Some(end) = &ended {
            assert_eq!(kind, "outputs", "after {end}");
        }
        if let Some(overall) = frame["overallPercentage"].as_f64() {
            assert!(overall >= percentage, "{overall} after {percentage}: {frame}");
            assert!(overall < 100.0, "all done before the end: {frame}");
            percentage = overall;
        }
        if is_end(frame) {
            let status = match kind {
                "completed" => "completed",
                "job_failed" => "failed",
                _ => "interrupted",
            };
            assert_eq!(frame["status"], status, "{frame}");
            ended = Some(frame.clone());
        } else if kind != "outputs" {
            assert!(["pending", "processing"].contains(&frame["status"].as_str().unwrap()), "{frame}");
        }
        for node in frame["nodes"].as_array().into_iter().flatten() {
            assert_message(node);
        }
    }
    assert!(ended.is_some(), "no end");
}

/// A running node's words: by its kind, with steps only where there are some.
fn assert_message(node: &Value) {
    let (name, message) = (node["currentNode"].as_str().unwrap(), node["message"].as_str().unwrap());
    assert!(message.contains(name), "{node}");
    let Some((value, max)) = node["value"].as_f64().zip(node["max"].as_f64()) else {
        assert!(node["percentage"].is_null() && !message.contains('%'), "made-up steps: {node}");
        return;
    };
    let percentage = node["percentage"].as_f64().unwrap();
    assert!((0.0..=100.0).contains(&percentage), "{node}");
    if node["kind"] == "sampler" {
        let words = format!("Generating image using {name}: {value}/{max} steps ({}%)", percentage.round());
        assert_eq!(message, words, "{node}");
    }
}

/// The durable events of one prompt: each once, in order, with one end that nothing follows.
pub(crate) fn assert_events(events: &[Value]) {
    let mut ids = HashSet::new();
    let mut sequence = 0;
    for event in events {
        let detail = &event["detail"];
        assert!(ids.insert(detail["eventId"].as_str().unwrap()), "twice: {event}");
        let now = detail["sequence"].as_u64().unwrap();
        assert!(now > sequence, "{now} after {sequence}: {event}");
        sequence = now;
    }
    let mut kinds: Vec<_> = events.iter().map(|event| event["detailType"].as_str().unwrap()).collect();
    if kinds.last() == Some(&"Job Retrying") {
        kinds.pop();
        assert_eq!(events[kinds.len() - 1]["detail"]["willRetry"], true, "{kinds:?}");
    }
    let ends: Vec<_> = kinds
        .iter()
        .enumerate()
        .filter(|(_, kind)| ["Job Completed", "Job Failed", "Job Interrupted"].contains(kind))
        .map(|(at, _)| at)
        .collect();
    assert_eq!(ends, [kinds.len() - 1], "one end, last: {kinds:?}");
    let nodes = |kind: &str| {
        let of = events.iter().filter(|event| event["detailType"] == kind);
        of.map(|event| event["detail"]["nodeId"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let executed = nodes("Node Executed");
    let once: HashSet<_> = executed.iter().collect();
    assert_eq!(once.len(), executed.len(), "a node was executed twice: {executed:?}");
    for kind in ["Job Queued", "Job Started", "Workflow Nodes"] {
        assert!(kinds.iter().filter(|other| **other == kind).count() <= 1, "{kind} twice: {kinds:?}");
    }
}

/// Every file that the server names for this prompt is an output of ours, byte for byte, and nothing else is.
pub(crate) async fn assert_outputs(monitor: &Monitor, fake: &FakeComfy, generation: &Value) {
    let prompt_id = generation["promptId"].as_str().unwrap();
    let entry = get(fake, &format!("/history/{prompt_id}")).await;
    let entry: Value = serde_json::from_slice(&entry).unwrap();
    let mut wanted = Vec::new();
    for (node_id, output) in entry[prompt_id]["outputs"].as_object().into_iter().flatten() {
        for item in output.as_object().unwrap().values().filter_map(Value::as_array).flatten() {
            if let (Some(name), Some(kind)) = (item["filename"].as_str(), item["type"].as_str()) {
                let folder = item["subfolder"].as_str().unwrap_or_default();
                let mut query = reqwest::Url::parse("http://host/view").unwrap();
                query.query_pairs_mut().extend_pairs([("filename", name), ("subfolder", folder), ("type", kind)]);
                let bytes = get(fake, &format!("/view?{}", query.query().unwrap())).await;
                wanted.push((node_id.clone(), name.to_owned(), bytes));
            }
        }
    }
    let mut stored = Vec::new();
    for output in generation["outputs"].as_array().unwrap() {
        assert_eq!(output["status"], "stored", "{output}");
        let (Some(url), Some(name)) = (output["url"].as_str(), output["originalFilename"].as_str()) else { continue };
        let bytes = monitor.bytes(url).await;
        assert_eq!(output["size"].as_u64(), Some(bytes.len() as u64), "{output}");
        stored.push((output["nodeId"].as_str().unwrap().to_owned(), name.to_owned(), bytes));
    }
    for list in [&mut wanted, &mut stored] {
        list.sort();
        list.dedup();
    }
    let names = |list: &[(String, String, Vec<u8>)]| {
        list.iter().map(|(node, name, bytes)| format!("{node} {name} {}", bytes.len())).collect::<Vec<_>>()
    };
    assert_eq!(names(&stored), names(&wanted));
    assert!(stored == wanted, "other bytes than the server's");
}

pub(crate) async fn get(fake: &FakeComfy, path: &str) -> Vec<u8> {
    let response = crate::process::client().get(format!("{}{path}", fake.base_url())).send().await.unwrap();
    assert!(response.status().is_success(), "{path}: {}", response.status());
    response.bytes().await.unwrap().to_vec()
}

/// Everything that the API and a late reader are told of an ended generation is the same. Gives the generation.
pub(crate) async fn assert_ended(monitor: &Monitor, queue_id: &str) -> Value {
    let generation = monitor.generation(queue_id).await;
    let snapshot = monitor.live().await.subscribe(queue_id).await;
    assert_eq!(snapshot["generation"], generation, "the snapshot differs from the generation");
    let events = monitor.events(generation["promptId"].as_str().unwrap()).await;
    assert_events(&events);
    let retried = |event: &&Value| event["detailType"] != "Job Retrying";
    let end = events.iter().rfind(retried).unwrap();
    let status = match end["detailType"].as_str().unwrap() {
        "Job Completed" => "completed",
        "Job Failed" => "failed",
        _ => "interrupted",
    };
    assert_eq!(generation["status"], status, "{end}");
    for node in generation["nodes"].as_array().unwrap() {
        assert!(!["pending", "running"].contains(&node["state"].as_str().unwrap()), "after the end: {node}");
    }
    generation
}
