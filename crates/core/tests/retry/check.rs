//! The check against what a real server took and refused.

use crate::stage::{fixtures, json_file, known};
use monitor_core::retry::check;
use monitor_core::retry::check::Complaint;
use serde_json::{Value, json};
use std::path::PathBuf;

/// Graphs a real server took, by recording.
pub fn taken() -> Vec<(String, Value)> {
    let mut tapes: Vec<PathBuf> =
        std::fs::read_dir(fixtures().join("tapes")).unwrap().map(|tape| tape.unwrap().path()).collect();
    tapes.sort();
    let mut graphs = Vec::new();
    for tape in tapes {
        for number in 1..10 {
            let suffix = if number == 1 { String::new() } else { format!("-{number}") };
            let answer = tape.join(format!("prompt_response{suffix}.json"));
            let prompt = tape.join(format!("prompt{suffix}.json"));
            if answer.exists() && prompt.exists() {
                let answer = json_file(&answer);
                let clean = answer["body"]["node_errors"].as_object().is_some_and(serde_json::Map::is_empty);
                if answer["status"] == 200 && clean {
                    let name = format!("{}{suffix}", tape.file_name().unwrap().to_string_lossy());
                    graphs.push((name, json_file(&prompt)["prompt"].take()));
                }
            }
        }
    }
    assert!(graphs.len() > 20, "only {} graphs were found", graphs.len());
    graphs
}

#[test]
fn what_a_real_server_took_passes() {
    for (name, graph) in taken() {
        // Some test nodes of the recordings are in no list of classes.
        let is_about_inputs = |complaint: &Complaint| complaint.input.is_some();
        let complaints = check(&graph, &known).err().unwrap_or_default();
        assert!(!complaints.iter().any(is_about_inputs), "{name}: {complaints:?}");
    }
}

#[test]
fn what_a_real_server_refused_is_refused_for_the_same_node_and_input() {
    let cases = json_file(&fixtures().join("tapes/06-validation-errors/cases.json"));
    let mut compared = Vec::new();
    for (name, case) in cases.as_object().unwrap() {
        for (id, said) in case["body"]["node_errors"].as_object().into_iter().flatten() {
            for error in said["errors"].as_array().unwrap() {
                let kind = error["type"].as_str().unwrap();
                if matches!(kind, "custom_validation_failed" | "dependency_cycle") {
                    continue;
                }
                let complaints = check(&case["request"]["prompt"], &known).unwrap_err();
                let input = error["extra_info"]["input_name"].as_str();
                let same = |input: &Option<String>| input.as_deref() == error["extra_info"]["input_name"].as_str();
                let found = complaints.iter().any(|it| it.node_id == *id && (same(&it.input) || input.is_none()));
                assert!(found, "{name}: {error} is not in {complaints:?}");
                compared.push(kind.to_owned());
            }
        }
    }
    for kind in ["required_input_missing", "value_bigger_than_max", "invalid_input_type", "value_not_in_list"] {
        assert!(compared.iter().any(|compared| compared == kind), "{kind} was not compared: {compared:?}");
    }
}

#[test]
fn a_graph_of_any_shape_is_answered() {
    for graph in [json!(null), json!([]), json!({"1": 5}), json!({"1": {"class_type": 3}}), json!({"1": {}})] {
        let complaints = check(&graph, &known);
        assert_eq!(complaints.is_ok(), graph.as_object().is_none(), "{graph}");
    }
    let odd = json!({ "1": { "class_type": "EmptyLatentImage", "inputs": [] } });
    assert_eq!(check(&odd, &known).unwrap_err().len(), 3, "all three inputs are missing");
}
