//! What `ComfyUI` would refuse about the inputs of a graph, after `validate_inputs` of its `execution.py`.
//!
//! A class with a check of its own (`VALIDATE_INPUTS`) may take more or less than it declares, and `/object_info` does
//! not say which have one; those that take uploads do.

use crate::comfy::graph::{as_link, plain};
use crate::workflow::Classes;
use crate::workflow::spec::{self, Kind, Spec};
use serde_json::Value;

/// One thing `ComfyUI` would refuse.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Complaint {
    pub node_id: String,
    pub class_type: String,
    pub input: Option<String>,
    pub message: String,
}

/// Whether `ComfyUI` would take the graph, as far as `/object_info` tells.
pub fn check(graph: &Value, classes: &Classes) -> Result<(), Vec<Complaint>> {
    let nodes = graph.as_object().into_iter().flatten();
    let complaints: Vec<Complaint> = nodes.flat_map(|(id, _)| check_node(graph, id, classes)).collect();
    if complaints.is_empty() { Ok(()) } else { Err(complaints) }
}

/// What is wrong about one node of the graph, in the order of its declared inputs.
pub(super) fn check_node(graph: &Value, id: &str, classes: &Classes) -> Vec<Complaint> {
    let class = graph.get(id).and_then(|node| node.get("class_type")).and_then(Value::as_str).unwrap_or_default();
    let complaint = |input: Option<&str>, message: String| Complaint {
        node_id: id.to_owned(),
        class_type: class.to_owned(),
        input: input.map(str::to_owned),
        message,
    };
    let Some(info) = classes(class) else {
        return vec![complaint(None, format!("the server does not know the class {class:?}"))];
    };
    let none = serde_json::Map::new();
    let inputs = graph[id].get("inputs").and_then(Value::as_object).unwrap_or(&none);
    let mut specs: Vec<(String, Spec)> = spec::of_node(info, inputs).into_iter().collect();
    specs.sort_by(|(a, _), (b, _)| a.cmp(b));
    let faults = specs.iter().filter_map(|(name, spec)| {
        let fault = match inputs.get(name) {
            None if spec.required && !matches!(spec.kind, Kind::Growing(_)) => Some("is missing".to_owned()),
            None => None,
            Some(value) => match as_link(value) {
                Some((from, output)) => link_fault(graph, from, output, spec, classes),
                // `ComfyUI` takes every list for a link that does not say that it is a value.
                None if value.is_array() => Some(format!("is {value}, which is no link")),
                None => value_fault(plain(value), spec),
            },
        };
        Some(complaint(Some(name), fault?))
    });
    faults.collect()
}

fn link_fault(graph: &Value, from: &str, output: u32, spec: &Spec, classes: &Classes) -> Option<String> {
    let Some(source) = graph.get(from) else {
        return Some(format!("is linked to node {from:?}, which is not there"));
    };
    let info = source.get("class_type").and_then(Value::as_str).and_then(classes)?;
    let outputs = info.get("output").and_then(Value::as_array)?;
    let Some(given) = outputs.get(output as usize) else {
        return Some(format!("is linked to output {output} of node {from:?}, which has {}", outputs.len()));
    };
    match (spec.kind, given.as_str()) {
        (Kind::Other(wanted), Some(given)) if !fits(given, wanted) => {
            Some(format!("takes {wanted}, and is linked to {given}"))
        }
        _ => None,
    }
}

/// Types may be several (`IMAGE,MASK`) or any (`*`, and those `ComfyUI` settles while it runs).
fn fits(given: &str, wanted: &str) -> bool {
    let open = |kind: &str| kind.contains('*') || kind.starts_with("COMFY_");
    open(given) || open(wanted) || given.split(',').any(|given| wanted.split(',').any(|wanted| given == wanted))
}

fn value_fault(value: &Value, spec: &Spec) -> Option<String> {
    match spec.kind {
        Kind::Int | Kind::Float => {
            let Some(number) = number(value) else {
                return Some(format!("is {value}, which is no number"));
            };
            let bound = |name| spec.option(name).and_then(Value::as_f64);
            let low = bound("min").filter(|min| number < *min).map(|min| format!("is {value}, less than {min}"));
            low.or_else(|| bound("max").filter(|max| number > *max).map(|max| format!("is {value}, more than {max}")))
        }
        Kind::Choice(choices) if !checks_itself(spec) => {
            let given: &[Value] = match value {
                Value::Array(several) if spec.is_set("multiselect") => several,
                one => std::slice::from_ref(one),
            };
            let strange = given.iter().find(|value| !choices.contains(value))?;
            Some(format!("is {strange}, which is not among its choices"))
        }
        Kind::Branches(branches) => {
            let known = branches.iter().any(|branch| branch.get("key") == Some(value));
            (!known).then(|| format!("is {value}, which is not among its choices"))
        }
        Kind::Choice(_) | Kind::Text | Kind::Bool | Kind::Growing(_) | Kind::Other(_) => None,
    }
}

/// As Python's `int` and `float` take it.
fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.trim().parse().ok(),
        Value::Bool(value) => Some(f64::from(u8::from(*value))),
        _ => None,
    }
}

/// Lists that are filled elsewhere: by the browser from another server, or by what is uploaded meanwhile.
fn checks_itself(spec: &Spec) -> bool {
    ["remote", "image_upload", "video_upload", "audio_upload", "file_upload"].iter().any(|option| spec.is_set(option))
}
