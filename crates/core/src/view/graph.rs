//! The submitted graph of an attempt, found by id.

use crate::event::WorkflowNode;
use std::collections::HashMap;

#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Graph {
    /// In topological order.
    nodes: Vec<WorkflowNode>,
    places: HashMap<String, usize>,
    /// Of some node it is known what it should take.
    timed: bool,
}

impl Graph {
    pub(super) fn new(nodes: Vec<WorkflowNode>) -> Graph {
        let places = nodes.iter().enumerate().map(|(place, node)| (node.node_id.clone(), place)).collect();
        let timed = nodes.iter().any(|node| node.expected.is_some());
        Graph { nodes, places, timed }
    }

    pub(super) fn nodes(&self) -> &[WorkflowNode] {
        &self.nodes
    }

    pub(super) fn get(&self, node_id: &str) -> Option<&WorkflowNode> {
        self.place(node_id).and_then(|place| self.nodes.get(place))
    }

    /// Where anything is known of times, a node without one comes from the cache, or no output needs it.
    pub(super) fn will_run(&self, node: &WorkflowNode) -> bool {
        node.expected.is_some() || !self.timed
    }

    pub(super) fn place(&self, node_id: &str) -> Option<usize> {
        self.places.get(node_id).copied()
    }
}
