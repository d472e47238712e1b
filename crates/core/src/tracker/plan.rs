//! The graph of a job as the tracker needs it: nodes in topological order with name, kind, weight and wires.

use super::api::Class;
use crate::comfy::graph::Graph;
use crate::event::{Dependency, WorkflowNode};
use crate::names::{human_name, kind};
use crate::progress;
use std::collections::{HashMap, HashSet};

#[derive(Clone, Debug, Default)]
pub(super) struct Plan {
    /// Topological order.
    pub nodes: Vec<WorkflowNode>,
    index: HashMap<String, usize>,
    weights: Vec<f64>,
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
        let weights = order.iter().zip(&nodes).map(|(node, named)| progress::weight(node, named.kind)).collect();
        let index = nodes.iter().enumerate().map(|(at, node)| (node.node_id.clone(), at)).collect();
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
        Plan { nodes, index, weights, needed }
    }

    pub fn node(&self, id: &str) -> Option<&WorkflowNode> {
        self.index.get(id).map(|at| &self.nodes[*at])
    }

    /// 0 for a node that is not of this graph or that no output needs.
    pub fn weight(&self, id: &str) -> f64 {
        match self.index.get(id) {
            Some(at) if self.needed.contains(id) => self.weights[*at],
            _ => 0.0,
        }
    }

    pub fn total_weight(&self) -> f64 {
        self.nodes.iter().map(|node| self.weight(&node.node_id)).sum()
    }
}

fn slot_type(graph: &Graph, classes: &HashMap<String, Class>, from: &str, output: u32) -> Option<String> {
    let class = classes.get(&graph.node(from)?.class_type)?;
    class.outputs.get(usize::try_from(output).ok()?).cloned()
}
