//! The graph of a job as the tracker needs it: nodes in topological order with name, kind and wires.

use super::api::Class;
use crate::comfy::graph::{Graph, Node, as_link};
use crate::event::{Dependency, WorkflowNode};
use crate::names::{human_name, kind};
use std::collections::{HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};

#[derive(Clone, Debug, Default)]
pub(super) struct Plan {
    /// Topological order.
    pub nodes: Vec<WorkflowNode>,
    index: HashMap<String, usize>,
    /// The same nodes as they were submitted.
    pub graph: Vec<Node>,
    /// Nodes fed by lists, and how many items those have at least: they are called once for each.
    pub items: HashMap<String, f64>,
    /// What the server's cache knows them by: class, inputs, and the signatures of what feeds them.
    pub signatures: Vec<u64>,
    /// Nodes that some output needs; all of them where nobody said which the outputs are.
    needed: HashSet<String>,
}

impl Plan {
    pub fn new(graph: &Graph, outputs: &[String], classes: &HashMap<String, Class>) -> Plan {
        let order = graph.topological_order();
        let nodes: Vec<WorkflowNode> = order
            .iter()
            .map(|node| {
                let class = classes.get(&node.class_type);
                WorkflowNode {
                    node_id: node.id.clone(),
                    class_type: node.class_type.clone(),
                    node_title: human_name(
                        node.title.as_deref(),
                        &node.class_type,
                        class.and_then(|class| class.display_name.as_deref()),
                    ),
                    kind: kind(&node.class_type, class.and_then(|class| class.category.as_deref())),
                    dependencies: node
                        .links
                        .iter()
                        .map(|link| Dependency {
                            node_id: link.from.clone(),
                            input: link.input.clone(),
                            output: link.output,
                            r#type: slot_type(graph, classes, &link.from, link.output),
                        })
                        .collect(),
                    expected: None,
                }
            })
            .collect();
        let index: HashMap<String, usize> =
            nodes.iter().enumerate().map(|(at, node)| (node.node_id.clone(), at)).collect();
        let signatures = signatures(&order, &index);
        let items = items(&order, &index, classes);
        let is_output = |class: &str| classes.get(class).is_some_and(|class| class.output_node);
        let known: Vec<&str> = if outputs.is_empty() {
            graph.outputs(is_output).into_iter().map(|node| node.id.as_str()).collect()
        } else {
            outputs.iter().map(String::as_str).filter(|output| graph.node(output).is_some()).collect()
        };
        let needed = if known.is_empty() {
            nodes.iter().map(|node| node.node_id.clone()).collect()
        } else {
            graph
                .ancestors_of(known.iter().copied())
                .into_iter()
                .chain(known.iter().copied())
                .map(String::from)
                .collect()
        };
        let graph = order.into_iter().cloned().collect();
        Plan { nodes, index, graph, items, signatures, needed }
    }

    pub fn node(&self, id: &str) -> Option<&WorkflowNode> {
        self.index.get(id).map(|at| &self.nodes[*at])
    }

    pub fn place(&self, id: &str) -> Option<usize> {
        self.index.get(id).copied()
    }

    pub fn is_needed(&self, id: &str) -> bool {
        self.needed.contains(id)
    }

    /// The places of the nodes that feed this one.
    pub fn sources(&self, place: usize) -> Vec<usize> {
        self.nodes[place].dependencies.iter().filter_map(|from| self.place(&from.node_id)).collect()
    }
}

/// A list has as many items as its maker has wires, or two: how long it really is shows only when it runs.
fn items(order: &[&Node], index: &HashMap<String, usize>, classes: &HashMap<String, Class>) -> HashMap<String, f64> {
    let mut items: HashMap<String, f64> = HashMap::new();
    // What comes out of a node that is called for each item is a list again.
    let mut lists: HashMap<&str, f64> = HashMap::new();
    for node in order {
        let class = classes.get(&node.class_type);
        let longest = node.links.iter().filter_map(|link| {
            let maker = order[*index.get(&link.from)?];
            let is_list = classes.get(&maker.class_type).is_some_and(|class| class.lists.contains(&link.output));
            let made = is_list.then(|| maker.links.len().max(2) as f64);
            made.or_else(|| lists.get(link.from.as_str()).copied())
        });
        let longest = longest.fold(0.0, f64::max);
        if longest > 1.0 && !class.is_some_and(|class| class.takes_lists) {
            items.insert(node.id.clone(), longest);
            lists.insert(&node.id, longest);
        }
    }
    items
}

/// In topological order, so that what feeds a node has its signature already.
fn signatures(order: &[&Node], index: &HashMap<String, usize>) -> Vec<u64> {
    let mut signatures: Vec<u64> = Vec::with_capacity(order.len());
    for node in order {
        let mut hash = DefaultHasher::new();
        node.class_type.hash(&mut hash);
        for (name, value) in &node.inputs {
            name.hash(&mut hash);
            match as_link(value) {
                Some((from, output)) => {
                    output.hash(&mut hash);
                    index.get(from).and_then(|place| signatures.get(*place)).hash(&mut hash);
                }
                None => value.hash(&mut hash),
            }
        }
        signatures.push(hash.finish());
    }
    signatures
}

fn slot_type(graph: &Graph, classes: &HashMap<String, Class>, from: &str, output: u32) -> Option<String> {
    let class = classes.get(&graph.node(from)?.class_type)?;
    class.outputs.get(usize::try_from(output).ok()?).cloned()
}
