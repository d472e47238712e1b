//! Loops that are made by expansion: `ComfyUI` knows none, so extensions build them of two nodes. The closing one
//! expands into the nodes between the two, again and again, and its time is theirs. The first round is run by the nodes
//! themselves.

use crate::comfy::graph::{Node, plain};
use crate::names::Words;
use std::collections::{HashMap, HashSet};

/// Rounds of a loop that does not say how many it makes.
const USUAL_ROUNDS: f64 = 5.0;
const MOST_ROUNDS: f64 = 10_000.0;

/// A loop, by places in the order of the nodes.
#[derive(Clone, Debug, PartialEq)]
pub struct Loop {
    pub close: usize,
    /// Rounds that the closing node expands into: all but the first.
    pub again: f64,
    /// The nodes between the two ends.
    pub body: Vec<usize>,
}

/// The loops among these nodes (in topological order).
pub fn loops(nodes: &[&Node]) -> Vec<Loop> {
    let places: HashMap<&str, usize> = nodes.iter().enumerate().map(|(at, node)| (node.id.as_str(), at)).collect();
    let mut found = Vec::new();
    for (close, node) in nodes.iter().enumerate() {
        if !is_end(&node.class_type, &["close", "end"]) {
            continue;
        }
        let open = node.links.iter().filter_map(|link| places.get(link.from.as_str()).copied());
        let Some(open) = open.into_iter().find(|at| is_end(&nodes[*at].class_type, &["open", "start", "begin"])) else {
            continue;
        };
        found.push(Loop {
            close,
            again: (rounds(nodes[open]) - 1.0).max(0.0),
            body: between(nodes, &places, open, close),
        });
    }
    found
}

fn is_end(class_type: &str, which: &[&str]) -> bool {
    let words = Words::of(class_type);
    words.any(&["loop"]) && words.any(which)
}

fn rounds(open: &Node) -> f64 {
    let told = ["remaining", "total", "iterations", "rounds", "times", "count", "loops", "max_iterations", "n"];
    let told = told.iter().find_map(|name| plain(open.inputs.get(*name)?).as_f64());
    told.filter(|rounds| *rounds >= 1.0).map_or(USUAL_ROUNDS, |rounds| rounds.min(MOST_ROUNDS))
}

/// Behind `open` and before `close`.
fn between(nodes: &[&Node], places: &HashMap<&str, usize>, open: usize, close: usize) -> Vec<usize> {
    let sources = |at: usize| nodes[at].links.iter().filter_map(|link| places.get(link.from.as_str()).copied());
    let mut behind: HashSet<usize> = HashSet::from([open]);
    for at in open + 1..close {
        if sources(at).any(|source| behind.contains(&source)) {
            behind.insert(at);
        }
    }
    let mut before: HashSet<usize> = HashSet::from([close]);
    for at in (open + 1..=close).rev() {
        if before.contains(&at) {
            before.extend(sources(at));
        }
    }
    (open + 1..close).filter(|at| behind.contains(at) && before.contains(at)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::comfy::graph::Graph;
    use serde_json::json;

    #[test]
    fn the_nodes_between_the_two_ends_run_once_more_for_each_further_round() {
        let graph = Graph::from_value(&json!({
            "1": {"class_type": "ForLoopOpen", "inputs": {"remaining": 5, "initial_value1": ["10", 0]}},
            "2": {"class_type": "ImageBlur", "inputs": {"image": ["1", 2]}},
            "3": {"class_type": "easy forLoopEnd", "inputs": {"flow": ["1", 0], "initial_value1": ["2", 0]}},
            "4": {"class_type": "PreviewImage", "inputs": {"images": ["3", 0]}},
            "10": {"class_type": "EmptyImage", "inputs": {}},
        }))
        .unwrap();
        let found = loops(&graph.topological_order());
        let order = graph.topological_order();
        let names = |at: &usize| order[*at].id.as_str();
        assert_eq!(found.len(), 1);
        assert_eq!(names(&found[0].close), "3");
        assert_eq!(found[0].body.iter().map(names).collect::<Vec<_>>(), ["2"]);
        assert!((found[0].again - 4.0).abs() < 1e-9);
    }

    #[test]
    fn a_graph_without_loops_has_none() {
        let graph = Graph::from_value(&json!({
            "1": {"class_type": "EmptyImage", "inputs": {}},
            "2": {"class_type": "PreviewImage", "inputs": {"images": ["1", 0]}},
        }))
        .unwrap();
        assert_eq!(loops(&graph.topological_order()), []);
    }
}
