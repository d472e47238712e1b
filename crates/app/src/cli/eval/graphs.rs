//! When a graph counts as having run before.

use super::session::{Job, Session};
use monitor_core::comfy::graph::is_link;
use monitor_core::comfy::rest::{ClassInfo, InputKind};
use serde_json::{Map, Value};

/// How a job relates to those that ran before it in its session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Known {
    /// The same graph but for seeds, texts and names.
    Same,
    /// And but for other numbers, such as a size or a colour. It counts as new.
    OtherNumbers,
    New,
}

impl Known {
    pub(super) fn word(self) -> &'static str {
        match self {
            Known::Same => "known",
            Known::OtherNumbers => "numbers",
            Known::New => "new",
        }
    }
}

/// For each job of a session. A job counts from its start on, whatever came of it.
pub(super) fn known(session: &Session) -> Vec<Known> {
    let kept = |job: &Job, numbers: bool| essence(session, &job.graph, numbers);
    let mut before: Vec<(f64, Value, Value)> = Vec::new();
    let mut known = Vec::new();
    for job in &session.jobs {
        let (same, like) = (kept(job, true), kept(job, false));
        let earlier = |other: &&(f64, Value, Value)| job.start.is_some_and(|start| other.0 < start);
        known.push(if before.iter().filter(earlier).any(|other| other.1 == same) {
            Known::Same
        } else if before.iter().filter(earlier).any(|other| other.2 == like) {
            Known::OtherNumbers
        } else {
            Known::New
        });
        before.extend(job.start.map(|start| (start, same, like)));
    }
    known
}

/// A graph without seeds, texts, names and titles, and without numbers if these do not matter. Choices stay, and with
/// them the names of models and pictures: these are what a node has to work on.
fn essence(session: &Session, graph: &Value, numbers: bool) -> Value {
    let nodes = graph.as_object().into_iter().flatten().map(|(id, node)| {
        let class_type = node["class_type"].as_str().unwrap_or_default();
        let class = session.classes.get(class_type);
        let inputs = node["inputs"].as_object().into_iter().flatten();
        let inputs = inputs.filter(|(name, value)| {
            is_link(value) || !(is_seed(class, name) || is_text(class, name, value) || (!numbers && value.is_number()))
        });
        // A server may give numbers back as floats, and JSON objects have no order.
        let mut inputs: Vec<(String, Value)> =
            inputs.map(|(name, value)| (name.clone(), value.as_f64().map_or(value.clone(), Value::from))).collect();
        inputs.sort_by(|a, b| a.0.cmp(&b.0));
        (id.clone(), Value::from(vec![Value::from(class_type), Value::Object(inputs.into_iter().collect())]))
    });
    Value::Object(nodes.collect::<Map<String, Value>>())
}

fn kind<'a>(class: Option<&'a ClassInfo>, name: &str) -> Option<&'a InputKind> {
    class?.inputs.iter().find(|input| input.name == name).map(|input| &input.kind)
}

fn is_seed(class: Option<&ClassInfo>, name: &str) -> bool {
    let name_says = name.split(['_', '.']).any(|word| word.eq_ignore_ascii_case("seed"));
    name_says || matches!(kind(class, name), Some(InputKind::Int { control_after_generate: true, .. }))
}

fn is_text(class: Option<&ClassInfo>, name: &str, value: &Value) -> bool {
    match kind(class, name) {
        Some(kind) => matches!(kind, InputKind::Text { .. }),
        None => value.is_string() && ["text", "prompt", "prefix", "title", "name"].contains(&last_word(name)),
    }
}

/// `prefix` of `filename_prefix`; but a `ckpt_name` is the choice of a model.
fn last_word(name: &str) -> &str {
    if name.ends_with("_name") { name } else { name.rsplit('_').next().unwrap_or(name) }
}
