//! `ComfyUI`'s complaints about a workflow, in plain words (kinds and texts as in `execution.py`, `validate_inputs`
//! and `validate_prompt`; recorded in `06-validation-errors`).

use monitor_core::comfy::graph::Graph;
use monitor_core::comfy::rest::{Refusal, Refused};
use monitor_core::event::JobError;
use monitor_core::generation::NodeError;
use monitor_core::names::human_name;
use serde_json::Value;

/// Values and lists of a server in our sentences are cut at this many characters.
const MAX_QUOTE: usize = 200;
/// More complaints than this say nothing new.
const MAX_ERRORS: usize = 100;

/// The refusal of a submission as the error of its job, and its complaints one by one.
pub(super) fn explain(refused: &Refused, workflow: &Value) -> (JobError, Vec<NodeError>) {
    let errors = complaints(&refused.refusals, workflow);
    let first = errors.first();
    let what = first.map_or_else(
        || cut(refused.message.as_deref().unwrap_or("ComfyUI refused the workflow without saying why")),
        |error| match &error.node_title {
            Some(title) => format!("{title}: {}", error.message),
            None => error.message.clone(),
        },
    );
    let message = match errors.len() {
        0 | 1 => what,
        more => format!("{what} (and {} more)", more - 1),
    };
    let error = JobError {
        r#type: "submission_refused".to_owned(),
        message,
        node_id: first.and_then(|error| error.node_id.clone()),
        node_title: first.and_then(|error| error.node_title.clone()),
        class_type: first.and_then(|error| error.class_type.clone()),
        traceback: Vec::new(),
    };
    (error, errors)
}

/// The same for complaints alone, such as those about outputs that were dropped from an accepted workflow.
pub(super) fn complaints(refusals: &[Refusal], workflow: &Value) -> Vec<NodeError> {
    let graph = Graph::from_value(workflow).ok();
    let complaint = |refusal: &Refusal| {
        let node = refusal.node_id.as_deref().and_then(|id| graph.as_ref()?.node(id));
        let class_type = refusal.class_type.clone().or_else(|| Some(node?.class_type.clone()));
        let title = refusal.node_title.as_deref().or_else(|| node?.title.as_deref());
        NodeError {
            node_id: refusal.node_id.clone(),
            node_title: class_type.as_deref().map(|class| human_name(title, class, None)),
            class_type,
            input: refusal.input.clone(),
            message: words(refusal, graph.as_ref()),
        }
    };
    refusals.iter().take(MAX_ERRORS).map(complaint).collect()
}

fn words(refusal: &Refusal, graph: Option<&Graph>) -> String {
    let Refusal { kind, message, details, .. } = refusal;
    let input = cut(refusal.input.as_deref().unwrap_or("an input"));
    let said = match kind.as_str() {
        "required_input_missing" => {
            Some(format!("\"{input}\" is required: connect something to it or give it a value."))
        }
        "bad_linked_input" => {
            Some(format!("The connection to \"{input}\" is broken: it must name a node and one of its outputs."))
        }
        "return_type_mismatch" => between(details, "received_type(", ")")
            .zip(between(details, "input_type(", ")"))
            .map(|(given, wanted)| format!("\"{input}\" takes {}, but is connected to {}.", cut(wanted), cut(given))),
        "invalid_input_type" => between(message, " to a ", " value").map(|wanted| {
            let wanted = match wanted {
                "INT" => "a whole number",
                "FLOAT" => "a number",
                "STRING" => "a text",
                "BOOLEAN" => "true or false",
                other => other,
            };
            match details.split(", ").nth(1) {
                Some(given) => format!("\"{input}\" must be {}, not \"{}\".", cut(wanted), cut(given)),
                None => format!("\"{input}\" must be {}.", cut(wanted)),
            }
        }),
        "value_smaller_than_min" => limits(message, " smaller than min of ")
            .map(|(value, min)| format!("\"{input}\" is {value}, the smallest value allowed is {min}.")),
        "value_bigger_than_max" => limits(message, " bigger than max of ")
            .map(|(value, max)| format!("\"{input}\" is {value}, the largest value allowed is {max}.")),
        "value_not_in_list" => not_in_list(&input, details),
        "custom_validation_failed" => {
            let reason = details.split_once(" - ").map_or(details.as_str(), |(_, reason)| reason);
            (!reason.is_empty()).then(|| format!("\"{input}\" is not accepted: {}", cut(reason)))
        }
        "dependency_cycle" => Some(format!("The node waits for itself: {}.", cut(details))),
        "exception_during_validation" | "exception_during_inner_validation" => Some(failed_check(details, graph)),
        "missing_node_type" | "invalid_prompt" => Some(match &refusal.class_type {
            Some(class) => format!(
                "This server has no node class \"{}\": install the extension that brings it, or use another server.",
                cut(class)
            ),
            None => "The node has no class: the workflow is broken, or was made with an extension that is missing."
                .to_owned(),
        }),
        "prompt_no_outputs" => {
            Some("The workflow has no output node, such as Save Image: there is nothing to run.".to_owned())
        }
        "no_prompt" => Some("The workflow is empty.".to_owned()),
        _ => None,
    };
    said.unwrap_or_else(|| match (message.trim(), details.trim()) {
        ("", "") => "ComfyUI refused it without saying why.".to_owned(),
        ("", text) | (text, "") => cut(text),
        (message, details) => format!("{}: {}", cut(message), cut(details)),
    })
}

/// `name: 'value' not in ['a', 'b']`, or `not in (list of length n)` for long lists.
fn not_in_list(input: &str, details: &str) -> Option<String> {
    let (given, list) = details.split_once(" not in ")?;
    let given = given.split_once(": ").map_or(given, |(_, given)| given);
    let given = cut(given.trim_matches(['\'', '"']));
    let missing = format!("\"{given}\" is not among the values this server has for \"{input}\"");
    Some(match list.trim().strip_prefix('[').and_then(|list| list.strip_suffix(']')) {
        Some("") => format!("{missing}: it has none."),
        Some(list) => format!("{missing}: {}.", cut(list)),
        None => format!("{missing}."),
    })
}

/// The server's check broke off; a `KeyError` that prints an id means a link to a node that is not there.
fn failed_check(details: &str, graph: Option<&Graph>) -> String {
    let id = details.strip_prefix('\'').and_then(|id| id.strip_suffix('\''));
    match id {
        Some(id) if graph.is_some_and(|graph| graph.node(id).is_none()) => {
            format!("It is connected to node {}, which is not in the workflow.", cut(id))
        }
        _ => format!("ComfyUI failed while checking it: {}", cut(details)),
    }
}

/// `Value 5 smaller than min of 8`.
fn limits(message: &str, middle: &str) -> Option<(String, String)> {
    let (value, limit) = message.strip_prefix("Value ")?.split_once(middle)?;
    Some((cut(value), cut(limit)))
}

fn between<'a>(text: &'a str, before: &str, after: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(before)?;
    rest.split_once(after).map(|(inside, _)| inside)
}

fn cut(text: &str) -> String {
    let text = text.trim();
    if text.chars().count() <= MAX_QUOTE {
        return text.to_owned();
    }
    text.chars().take(MAX_QUOTE - 1).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use monitor_core::comfy::rest;

    /// The recorded refusals: name, request, answer.
    fn recorded() -> Vec<(String, Value, Value)> {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/tapes/06-validation-errors/cases.json");
        let cases: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
        let cases = cases.as_object().unwrap();
        cases
            .iter()
            .map(|(name, case)| (name.clone(), case["request"].clone(), case["body"].clone()))
            .filter(|(_, _, answer)| answer.is_object())
            .collect()
    }

    fn told(name: &str) -> (JobError, Vec<NodeError>) {
        let (_, request, answer) = recorded().into_iter().find(|(case, ..)| case == name).unwrap();
        let refused = rest::refused(answer.to_string().as_bytes()).unwrap().value;
        explain(&refused, &request["prompt"])
    }

    #[test]
    fn every_recorded_refusal_is_told_in_words() {
        for (name, request, answer) in recorded() {
            let refused = rest::refused(answer.to_string().as_bytes()).unwrap().value;
            let (error, errors) = explain(&refused, &request["prompt"]);
            assert_eq!(error.r#type, "submission_refused", "{name}");
            assert!(!errors.is_empty(), "{name}");
            assert!(errors.iter().all(|error| error.message.len() > 10), "{name}: {errors:?}");
        }
    }

    #[test]
    fn a_missing_model_is_told_with_the_ones_that_are_there() {
        let (error, errors) = told("not_in_list");
        assert_eq!(errors[0].input.as_deref(), Some("ckpt_name"));
        assert_eq!(errors[0].node_title.as_deref(), Some("Checkpoint Loader"));
        assert_eq!(
            error.message,
            "Checkpoint Loader: \"missing.safetensors\" is not among the values this server has for \"ckpt_name\": \
             'random-sd15.safetensors'."
        );
    }

    #[test]
    fn numbers_beyond_their_limits_are_told_with_the_limit() {
        assert_eq!(told("value_too_big").1[0].message, "\"width\" is 99999999, the largest value allowed is 16384.");
        assert_eq!(told("value_not_int").1[0].message, "\"width\" must be a whole number, not \"wide\".");
    }

    #[test]
    fn wrong_connections_are_told_by_what_they_carry_or_miss() {
        assert_eq!(told("type_mismatch").1[0].message, "\"images\" takes IMAGE, but is connected to LATENT.");
        assert_eq!(told("link_to_nowhere").1[0].message, "It is connected to node 77, which is not in the workflow.");
        assert!(told("missing_input").1[0].message.starts_with("\"images\" is required"));
    }

    #[test]
    fn a_missing_class_is_one_complaint_with_its_node() {
        let (error, errors) = told("unknown_class");
        assert_eq!(errors.len(), 1);
        assert_eq!(errors[0].node_id.as_deref(), Some("3"));
        assert!(error.message.contains("NoSuchNodeXYZ"), "{}", error.message);
    }

    #[test]
    fn several_complaints_are_counted_in_the_error() {
        let (error, errors) = told("custom_validation");
        assert_eq!(errors.len(), 2);
        assert!(error.message.ends_with("(and 1 more)"), "{}", error.message);
    }

    #[test]
    fn what_a_server_says_at_length_is_cut() {
        let refusal = Refusal { kind: "new_kind".into(), message: "x".repeat(100_000), ..Refusal::default() };
        assert!(complaints(&[refusal], &Value::Null)[0].message.chars().count() <= MAX_QUOTE);
    }
}
