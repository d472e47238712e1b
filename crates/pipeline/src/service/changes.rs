//! What a person changes, in words: "K-Sampler steps 24 to 12".

use crate::api::Overrides;
use monitor_core::names::human_name;
use serde_json::Value;

/// Changes that are named; more are counted.
const NAMED: usize = 8;
/// Characters of a value.
const LONGEST: usize = 60;

/// `before` is the graph that is changed.
pub(super) fn in_words(changes: &Overrides, before: &Value) -> String {
    let mut words = Vec::new();
    for (node_id, inputs) in changes {
        let node = before.get(node_id);
        for (input, value) in inputs.as_object().into_iter().flatten() {
            let was = node.and_then(|node| node.get("inputs")?.get(input));
            let of = name(node_id, node);
            words.push(match was.filter(|was| !was.is_string() && !was.is_array() && !was.is_object()) {
                Some(was) => format!("{of} {input} {} to {}", short(was), short(value)),
                None => format!("{of} {input} to {}", short(value)),
            });
        }
    }
    let more = words.len().saturating_sub(NAMED);
    words.truncate(NAMED);
    if more > 0 {
        words.push(format!("{more} more"));
    }
    words.join(", ")
}

fn name(node_id: &str, node: Option<&Value>) -> String {
    let Some(class) = node.and_then(|node| node.get("class_type")?.as_str()) else { return format!("node {node_id}") };
    let title = node.and_then(|node| node.get("_meta")?.get("title")?.as_str());
    human_name(title, class, None)
}

fn short(value: &Value) -> String {
    let text = value.to_string();
    if text.chars().count() <= LONGEST { text } else { text.chars().take(LONGEST - 1).chain(['…']).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn words(changes: &Value) -> String {
        let graph = json!({
            "3": {"class_type": "KSampler", "inputs": {"steps": 24, "model": ["4", 0]}},
            "6": {"class_type": "CLIPTextEncode", "inputs": {"text": "a lighthouse"}, "_meta": {"title": "What to paint"}},
        });
        in_words(changes.as_object().unwrap(), &graph)
    }

    #[test]
    fn a_number_is_told_with_what_it_was_and_a_text_without() {
        let changes = json!({"3": {"steps": 12, "model": 1}, "6": {"text": "a harbour"}, "99": {"x": true}});
        let told =
            "K-Sampler steps 24 to 12, K-Sampler model to 1, What to paint text to \"a harbour\", node 99 x to true";
        assert_eq!(words(&changes), told);
    }

    #[test]
    fn long_texts_are_cut_and_of_many_changes_only_some_are_named() {
        let told = words(&json!({"6": {"text": "ü".repeat(500)}}));
        assert!(told.chars().count() < 100 && told.ends_with('…'), "{told}");
        let many: Value = (0..20).map(|n| (format!("input{n}"), json!(n))).collect::<serde_json::Map<_, _>>().into();
        assert!(words(&json!({"3": many})).ends_with(", 12 more"));
    }
}
