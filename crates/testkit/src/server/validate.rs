//! Judging a graph by the node classes, with `ComfyUI`'s own words (recording 06).

use std::collections::HashSet;

use serde_json::{Map, Value, json};

use crate::graph::{self, Graph};
use crate::script;

/// What is refused with 400, in the shape of `POST /prompt`.
pub(super) fn refusal(kind: &str, message: &str, details: &str) -> Value {
    json!({"error": {"type": kind, "message": message, "details": details, "extra_info": {}}, "node_errors": {}})
}

/// An accepted graph: the outputs to run, and what was wrong with the others.
pub(super) struct Verdict {
    pub targets: Vec<String>,
    pub node_errors: Value,
}

/// Judges a graph. Without `strict` only what no server could run is refused: nodes without class, no outputs.
pub(super) fn judge(
    graph: &Graph,
    wanted: Option<&Vec<Value>>,
    classes: &Map<String, Value>,
    strict: bool,
) -> Result<Verdict, Value> {
    for (id, node) in graph {
        let class = node["class_type"].as_str();
        if class.is_none_or(|class| strict && !classes.contains_key(class)) {
            return Err(missing_class(id, node));
        }
    }
    let mut targets = outputs(graph, classes, strict);
    if let Some(wanted) = wanted {
        targets.retain(|id| wanted.iter().any(|target| target == id));
    }
    if targets.is_empty() {
        return Err(refusal("prompt_no_outputs", "Prompt has no outputs", ""));
    }
    if !strict {
        return Ok(Verdict { targets, node_errors: json!({}) });
    }
    let mut judge = Judge { graph, classes, node_errors: Map::new() };
    let (good, bad): (Vec<_>, Vec<_>) = targets.into_iter().partition(|target| judge.is_sound(target));
    if !good.is_empty() {
        return Ok(Verdict { targets: good, node_errors: judge.node_errors.into() });
    }
    // The details tell only of the output nodes' own errors.
    let errors = bad
        .iter()
        .flat_map(|id| judge.node_errors.get(id).and_then(|node| node["errors"].as_array()).into_iter().flatten());
    let told = errors.filter(|error| error["type"] != "dependency_cycle");
    let lines: Vec<_> =
        told.map(|error| format!("{}: {}", as_text(&error["message"]), as_text(&error["details"]))).collect();
    let mut answer = refusal("prompt_outputs_failed_validation", "Prompt outputs failed validation", &lines.join("\n"));
    answer["node_errors"] = judge.node_errors.into();
    Err(answer)
}

fn as_text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn missing_class(id: &str, node: &Value) -> Value {
    let class = &node["class_type"];
    let title = &node["_meta"]["title"];
    let message = match class.as_str() {
        None => {
            format!("Node 'ID #{id}' has no class_type. The workflow may be corrupted or a custom node is missing.")
        }
        Some(class) => {
            format!("Node '{}' not found. The custom node may not be installed.", title.as_str().unwrap_or(class))
        }
    };
    let mut answer = refusal("missing_node_type", &message, &format!("Node ID '#{id}'"));
    answer["error"]["extra_info"] = json!({"node_id": id, "class_type": class, "node_title": title});
    answer
}

/// The output nodes: as the class says; of classes nobody knows, by their name, or else what nothing else uses.
fn outputs(graph: &Graph, classes: &Map<String, Value>, strict: bool) -> Vec<String> {
    let is_output = |id: &&String| {
        let class = graph::class(graph, id);
        let told = classes.get(&class).and_then(|info| info["output_node"].as_bool());
        told.unwrap_or_else(|| script::is_output(&class))
    };
    let known: Vec<String> = graph.keys().filter(is_output).cloned().collect();
    let all_known = graph.keys().all(|id| classes.contains_key(&graph::class(graph, id)));
    if known.is_empty() && !strict && !all_known { graph::sinks(graph) } else { known }
}

struct Judge<'a> {
    graph: &'a Graph,
    classes: &'a Map<String, Value>,
    node_errors: Map<String, Value>,
}

impl Judge<'_> {
    /// Whether an output node and all it depends on may run; what is wrong is written down.
    fn is_sound(&mut self, target: &str) -> bool {
        if let Some(cycle) = self.cycle(target) {
            let shown: Vec<_> = cycle
                .iter()
                .chain(cycle.first())
                .map(|id| format!("{id} ({})", graph::class(self.graph, id)))
                .collect();
            for id in &cycle {
                let error = json!({"type": "dependency_cycle", "message": "Dependency cycle detected",
                                   "details": shown.join(" -> "), "extra_info": {"node_id": id, "cycle_nodes": cycle}});
                self.write_down(id, &[error], target);
            }
            return false;
        }
        let mut sound = true;
        for id in graph::order(self.graph, &[target.to_owned()]) {
            let errors = self.errors(&id);
            if !errors.is_empty() {
                sound = false;
                self.write_down(&id, &errors, target);
            }
        }
        sound
    }

    fn write_down(&mut self, id: &str, errors: &[Value], target: &str) {
        let class = graph::class(self.graph, id);
        let fresh = json!({"errors": errors, "dependent_outputs": [], "class_type": class});
        let node = self.node_errors.entry(id.to_owned()).or_insert(fresh);
        if let Some(outputs) = node["dependent_outputs"].as_array_mut() {
            outputs.push(target.into());
        }
    }

    /// A cycle among what `target` depends on, from the node it was entered by.
    fn cycle(&self, target: &str) -> Option<Vec<String>> {
        let mut path: Vec<String> = Vec::new();
        let mut settled = HashSet::new();
        let mut stack = vec![(target.to_owned(), false)];
        while let Some((id, leaving)) = stack.pop() {
            if leaving {
                path.pop();
                settled.insert(id);
            } else if let Some(from) = path.iter().position(|entered| *entered == id) {
                return Some(path.split_off(from));
            } else if !settled.contains(&id) {
                stack.push((id.clone(), true));
                stack.extend(graph::parents(self.graph, &id).map(|parent| (parent.to_owned(), false)));
                path.push(id);
            }
        }
        None
    }

    fn errors(&self, id: &str) -> Vec<Value> {
        let class = graph::class(self.graph, id);
        let Some(info) = self.classes.get(&class) else {
            return Vec::new();
        };
        let group = |required: bool| {
            let inputs = &info["input"][if required { "required" } else { "optional" }];
            inputs.as_object().into_iter().flatten().map(move |(name, config)| (name, config, required))
        };
        let inputs = group(true).chain(group(false));
        inputs.filter_map(|(name, config, required)| self.input_error(id, name, config, required)).collect()
    }

    fn input_error(&self, id: &str, name: &str, config: &Value, required: bool) -> Option<Value> {
        let error = |kind: &str, message: &str, details: String, extra: Value| {
            let mut info = json!({"input_name": name, "input_config": config});
            if let (Some(info), Value::Object(extra)) = (info.as_object_mut(), extra) {
                info.extend(extra);
            }
            Some(json!({"type": kind, "message": message, "details": details, "extra_info": info}))
        };
        let Some(value) = graph::input(self.graph, id, name) else {
            return required.then(|| {
                json!({"type": "required_input_missing", "message": "Required input is missing", "details": name,
                       "extra_info": {"input_name": name}})
            });
        };
        if let Value::Array(list) = value {
            let Some(parent) = graph::link(value) else {
                let message = "Bad linked input, must be a length-2 list of [node_id, slot_index]";
                return error("bad_linked_input", message, name.to_owned(), json!({"received_value": list}));
            };
            if !self.graph.contains_key(parent) {
                return Some(
                    json!({"type": "exception_during_validation", "message": "Exception when validating node",
                                   "details": format!("'{parent}'"), "extra_info": {"exception_type": "KeyError", "traceback": []}}),
                );
            }
            let received = self.output_type(parent, &value[1]);
            let expected = config[0].as_str();
            let (Some(received), Some(expected)) = (received, expected) else {
                return None;
            };
            if received == expected
                || received == "*"
                || expected.split(',').any(|kind| kind == received || kind == "*")
            {
                return None;
            }
            let details = format!("{name}, received_type({received}) mismatch input_type({expected})");
            let extra = json!({"received_type": received, "linked_node": value});
            return error("return_type_mismatch", "Return type mismatch between linked nodes", details, extra);
        }
        let choices = config[0].as_array().or_else(|| config[1]["options"].as_array());
        if let Some(choices) = choices.filter(|choices| !choices.contains(value)) {
            let shown: Vec<_> = choices.iter().map(|choice| format!("'{}'", as_text(choice))).collect();
            let details = format!("{name}: '{}' not in [{}]", as_text(value), shown.join(", "));
            return error("value_not_in_list", "Value not in list", details, json!({"received_value": value}));
        }
        let kind = config[0].as_str().filter(|kind| *kind == "INT" || *kind == "FLOAT")?;
        let number =
            value.as_f64().or_else(|| value.as_str()?.trim().parse().ok()).or_else(|| value.as_bool().map(f64::from));
        let Some(number) = number else {
            let reason = format!("invalid literal for int() with base 10: '{}'", as_text(value));
            let extra = json!({"received_value": value, "exception_message": reason});
            let message = format!("Failed to convert an input value to a {kind} value");
            return error("invalid_input_type", &message, format!("{name}, {}, {reason}", as_text(value)), extra);
        };
        let bound = |which: &str| config[1][which].as_f64();
        let received = json!({"received_value": value});
        if bound("min").is_some_and(|min| number < min) {
            let message = format!("Value {value} smaller than min of {}", config[1]["min"]);
            return error("value_smaller_than_min", &message, name.to_owned(), received);
        }
        if bound("max").is_some_and(|max| number > max) {
            let message = format!("Value {value} bigger than max of {}", config[1]["max"]);
            return error("value_bigger_than_max", &message, name.to_owned(), received);
        }
        None
    }

    fn output_type(&self, id: &str, slot: &Value) -> Option<&str> {
        let info = self.classes.get(&graph::class(self.graph, id))?;
        info["output"].get(usize::try_from(slot.as_u64()?).ok()?)?.as_str()
    }
}
