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
        None => value.is_string() && TEXTS.contains(&subject(name)),
    }
}

/// What inputs are about that are texts or names, where the server does not say what they take.
const TEXTS: [&str; 4] = ["text", "prompt", "prefix", "title"];

/// The last word of a name that is more than a letter: `prefix` of `filename_prefix`, `text` of `text_g`.
fn subject(name: &str) -> &str {
    name.split('_').rfind(|word| word.len() > 1).unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::super::made::{Made, sampling};
    use super::*;
    use serde_json::json;

    /// How the second of two jobs relates to the first.
    fn second(change: impl Fn(&mut Value), classes: Value) -> Known {
        let mut made = Made::new();
        let (first, mut other) = (sampling(), sampling());
        change(&mut other);
        made.classes = classes;
        made.begin(1.0, "a", &first, &[]).end(2.0, "a").begin(3.0, "b", &other, &[]).end(4.0, "b");
        let known = known(&made.session());
        assert_eq!(known[0], Known::New);
        known[1]
    }

    #[test]
    fn other_seeds_texts_names_and_titles_make_no_new_graph() {
        let change = |graph: &mut Value| {
            graph["3"]["inputs"]["seed"] = json!(99);
            graph["4"]["inputs"]["filename_prefix"] = json!("b");
            graph["4"]["_meta"] = json!({"title": "Mine"});
        };
        assert_eq!(second(change, json!({})), Known::Same);
        assert_eq!(second(|_| {}, json!({})), Known::Same);
    }

    #[test]
    fn other_numbers_are_told_apart_from_another_graph() {
        assert_eq!(second(|graph| graph["2"]["inputs"]["width"] = json!(128), json!({})), Known::OtherNumbers);
        assert_eq!(second(|graph| graph["1"]["inputs"]["ckpt_name"] = json!("b"), json!({})), Known::New);
        assert_eq!(second(|graph| graph["3"]["inputs"]["latent_image"] = json!(["9", 0]), json!({})), Known::New);
        assert_eq!(second(|graph| graph["9"] = graph["2"].clone(), json!({})), Known::New);
    }

    #[test]
    fn what_the_server_says_of_an_input_goes_before_its_name() {
        let class = |kind: Value| json!({"CheckpointLoaderSimple": {"input": {"required": {"ckpt_name": kind}}}});
        let change = |graph: &mut Value| graph["1"]["inputs"]["ckpt_name"] = json!("b");
        assert_eq!(second(change, class(json!(["STRING", {}]))), Known::Same);
        assert_eq!(second(change, class(json!([["a.safetensors", "b"]]))), Known::New);
    }

    #[test]
    fn a_number_is_the_same_however_it_is_written() {
        assert_eq!(second(|graph| graph["2"]["inputs"]["width"] = json!(64.0), json!({})), Known::Same);
    }

    #[test]
    fn a_job_that_waits_while_its_like_waits_too_is_known_once_that_one_has_begun() {
        let mut made = Made::new();
        made.begin(1.0, "a", &sampling(), &[]).begin(1.5, "b", &sampling(), &[]);
        assert_eq!(known(&made.session()), [Known::New, Known::Same]);
    }

    #[test]
    fn texts_are_told_from_choices_by_their_names_where_nothing_else_is_known() {
        for (name, text) in [("text_g", true), ("filename_prefix", true), ("text", true), ("positive_prompt", true)]
            .into_iter()
            .chain([("ckpt_name", false), ("text_encoder", false), ("sampler_name", false)])
        {
            assert_eq!(is_text(None, name, &json!("a")), text, "{name}");
        }
    }
}
