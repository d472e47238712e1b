//! Entries of `/history`, and what `/api/jobs` makes of them (comfyui-protocol, section 4).

use serde_json::{Map, Value, json};

use super::life::State;
use super::queue::Job;
use crate::play::{Ending, rewrite};

/// The entry of a job that has ended. Of a recorded entry the outputs and how it counts are kept; a cycle found while
/// running counts as success (recording 11c).
pub(super) fn entry(
    job: &Job,
    recorded: Option<&Value>,
    ending: &Ending,
    recorded_id: &str,
    outputs: &Map<String, Value>,
    nodes: &Map<String, Value>,
    messages: Vec<Value>,
) -> Value {
    let good = matches!(ending, Ending::Success | Ending::Lost);
    let mut entry = match recorded {
        Some(recorded) => recorded.clone(),
        None => json!({
            "prompt": null,
            "outputs": outputs,
            "status": {"status_str": if good { "success" } else { "error" }, "completed": good, "messages": null},
            "meta": meta(outputs, nodes),
        }),
    };
    rewrite(&mut entry, recorded_id, &job.prompt_id);
    entry["prompt"] = job.item();
    entry["status"]["messages"] = messages.into();
    entry
}

fn meta(outputs: &Map<String, Value>, nodes: &Map<String, Value>) -> Map<String, Value> {
    let ids = |id: &String| {
        let entry = nodes.get(id).cloned().unwrap_or_default();
        let display = entry["display_node_id"].as_str().unwrap_or(id);
        let real = entry["real_node_id"].as_str().unwrap_or(id);
        json!({"node_id": id, "display_node": display, "parent_node": entry["parent_node_id"], "real_node_id": real})
    };
    outputs.keys().map(|id| (id.clone(), ids(id))).collect()
}

/// All jobs a server knows, as `/api/jobs` tells them: without their graphs and outputs.
pub(super) fn jobs(state: &State) -> Vec<Value> {
    let waiting = state.queue.in_order().into_iter().map(|job| unfinished(&job, "pending", None));
    let running = state.running.iter().map(|running| unfinished(&running.job, "in_progress", Some(running.started_ms)));
    let ended = state.history.iter().map(|(id, entry)| finished(id, entry));
    ended.chain(running).chain(waiting).collect()
}

/// One job by its id, whole; the newest where an id was used twice.
pub(super) fn job(state: &State, prompt_id: &str) -> Option<Value> {
    let running = state.running.as_ref().filter(|running| running.job.prompt_id == prompt_id);
    if let Some(running) = running {
        return Some(unfinished(&running.job, "in_progress", Some(running.started_ms)));
    }
    if let Some(job) = state.queue.in_order().into_iter().find(|job| job.prompt_id == prompt_id) {
        return Some(unfinished(&job, "pending", None));
    }
    let entry = state.history.get(prompt_id)?;
    let mut job = finished(prompt_id, entry);
    job["outputs"] = entry["outputs"].clone();
    job["execution_status"] = entry["status"].clone();
    job["workflow"] = json!({"prompt": entry["prompt"][2], "extra_data": entry["prompt"][3]});
    Some(job)
}

fn unfinished(job: &Job, status: &str, started_ms: Option<u64>) -> Value {
    let mut view =
        json!({"id": job.prompt_id, "status": status, "priority": job.number, "create_time": job.created_ms});
    if let Some(started) = started_ms {
        view["execution_start_time"] = started.into();
    }
    view["outputs_count"] = 0.into();
    view["previewable_outputs_count"] = 0.into();
    add_workflow_id(&mut view, &Value::Object(job.extra.clone()));
    view
}

fn finished(id: &str, entry: &Value) -> Value {
    let messages = entry["status"]["messages"].as_array().cloned().unwrap_or_default();
    let told = |kind: &str| messages.iter().find(|message| message[0] == kind).map(|message| &message[1]);
    let status = match entry["status"]["status_str"].as_str() {
        Some("success") => "completed",
        _ if told("execution_interrupted").is_some() => "cancelled",
        _ => "failed",
    };
    let mut view = json!({"id": id, "status": status, "priority": entry["prompt"][0], "create_time": entry["prompt"][3]["create_time"]});
    if let Some(start) = told("execution_start") {
        view["execution_start_time"] = start["timestamp"].clone();
    }
    if let Some(end) = messages.last() {
        view["execution_end_time"] = end[1]["timestamp"].clone();
    }
    if let Some(error) = told("execution_error") {
        view["execution_error"] = error.clone();
    }
    let items = items(&entry["outputs"]);
    let shown: Vec<_> = items.iter().filter(|(.., item)| item["filename"].is_string()).collect();
    view["outputs_count"] = items.len().into();
    view["previewable_outputs_count"] = shown.len().into();
    // A saved file is shown rather than a temporary one.
    let best = shown.iter().find(|(.., item)| item["type"] == "output").or(shown.first());
    if let Some((node, kind, item)) = best {
        view["preview_output"] = json!({"filename": item["filename"], "subfolder": item["subfolder"], "type": item["type"],
                                        "nodeId": node, "mediaType": kind});
    }
    add_workflow_id(&mut view, &entry["prompt"][3]);
    view
}

/// Every item of every list of the outputs: node, key, item.
fn items(outputs: &Value) -> Vec<(&String, &String, &Value)> {
    let nodes = outputs.as_object().into_iter().flatten();
    nodes
        .flat_map(|(node, output)| output.as_object().into_iter().flatten().map(move |(key, list)| (node, key, list)))
        .filter(|(_, key, _)| *key != "animated")
        .flat_map(|(node, key, list)| list.as_array().into_iter().flatten().map(move |item| (node, key, item)))
        .collect()
}

fn add_workflow_id(view: &mut Value, extra: &Value) {
    let id = &extra["extra_pnginfo"]["workflow"]["id"];
    if id.is_string() {
        view["workflow_id"] = id.clone();
    }
}
