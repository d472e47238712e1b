//! Links between the nodes of an API-format graph, and their order.

use std::collections::{HashMap, HashSet};

use serde_json::{Map, Value};

/// The node id and output index of an input that is a link (`["4", 0]`), or `None` for a value.
///
/// ComfyUI takes every list of two whose second element is an integer for a link; lists meant as values come wrapped
/// as `{"__value__": […]}` (`is_link` in `comfy_execution/graph_utils.py`).
pub(super) fn link(value: &Value) -> Option<(&str, u64)> {
    match value.as_array()?.as_slice() {
        [Value::String(node), output] => Some((node, output.as_u64()?)),
        _ => None,
    }
}

/// The inputs of a node, empty if it has none.
pub(super) fn inputs(node: &Value) -> impl Iterator<Item = (&String, &Value)> {
    node.get("inputs")
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
}

/// Ids so that each node comes after those it takes its inputs from; nodes of a cycle come in file order.
pub(super) fn topological(graph: &Map<String, Value>) -> Vec<&str> {
    let mut order = Vec::with_capacity(graph.len());
    let mut entered: HashSet<&str> = HashSet::with_capacity(graph.len());
    let sources: HashMap<&str, Vec<&str>> = graph
        .iter()
        .map(|(id, node)| {
            let from = inputs(node)
                .filter_map(|(_, value)| link(value))
                .map(|(from, _)| from);
            (id.as_str(), from.collect())
        })
        .collect();
    for id in graph.keys() {
        // An own stack: a hostile chain of a million nodes must not use the thread's.
        let mut open = vec![(id.as_str(), 0)];
        if !entered.insert(id) {
            continue;
        }
        while let Some((node, next)) = open.last_mut() {
            match sources.get(node).and_then(|from| from.get(*next)) {
                Some(&from) => {
                    *next += 1;
                    if sources.contains_key(from) && entered.insert(from) {
                        open.push((from, 0));
                    }
                }
                None => {
                    order.push(*node);
                    open.pop();
                }
            }
        }
    }
    order
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_node_comes_after_its_sources_and_a_cycle_ends() {
        let graph = json!({
            "9": {"inputs": {"images": ["8", 0]}},
            "8": {"inputs": {"samples": ["3", 0]}},
            "3": {"inputs": {"samples": ["8", 0], "missing": ["77", 0]}},
        });
        assert_eq!(topological(graph.as_object().unwrap()), ["3", "8", "9"]);
    }

    #[test]
    fn a_wrapped_list_is_no_link() {
        assert_eq!(link(&json!({"__value__": ["4", 0]})), None);
        assert_eq!(link(&json!(["4", 0])), Some(("4", 0)));
        assert_eq!(link(&json!(["4", "0"])), None);
    }
}
