//! Makes another workflow of one that failed.
//!
//! Only inputs that hold a value are changed: what comes over a link is another node's. Only nodes that bear on the
//! failure are changed, which are the one that failed and those before it; all where that is not known. A node whose
//! class the server does not know is left alone, and a change that `ComfyUI` would refuse is not made.

mod batch;
mod frames;
mod grid;
mod place;
mod precision;
mod seed;
mod size;
mod tiled;

use super::check::check_node;
use super::policy::{Change, Nodes, Step};
use super::words::Said;
use crate::comfy::graph::Graph;
use crate::workflow::Classes;
use place::Place;
use serde_json::{Map, Value, json};

pub(super) use tiled::counterpart;

/// The workflow that failed, and what is known of it.
pub(super) struct Subject<'a, 'c> {
    pub workflow: &'a Value,
    pub classes: &'a Classes<'c>,
    /// Id of the node that failed.
    pub failed: Option<&'a str>,
    pub jitter: f64,
}

/// A workflow that differs.
pub(super) struct Changed {
    pub workflow: Value,
    pub edits: Vec<Edit>,
}

/// What is different about one node.
pub(super) struct Edit {
    pub node_id: String,
    /// Its class from now on, where that is another.
    pub class: Option<&'static str>,
    pub inputs: Vec<(String, Value)>,
    pub said: Said,
}

impl Changed {
    pub(super) fn said(&self) -> Vec<Said> {
        self.edits.iter().map(|edit| edit.said.clone()).collect()
    }

    /// `{nodeId: {input: value}}`; none where a class is another, which overrides cannot say.
    pub(super) fn overrides(&self) -> Option<Value> {
        let mut overrides = Map::new();
        for edit in &self.edits {
            if edit.class.is_some() {
                return None;
            }
            let node = overrides.entry(&edit.node_id).or_insert_with(|| json!({})).as_object_mut()?;
            node.extend(edit.inputs.iter().cloned());
        }
        Some(Value::Object(overrides))
    }
}

impl Subject<'_, '_> {
    /// The workflow with the step's changes, one upon the other; `None` if none of them changes anything.
    pub(super) fn change(&self, step: &Step) -> Option<Changed> {
        let mut changed = Changed { workflow: self.workflow.clone(), edits: Vec::new() };
        for change in &step.change {
            let edits = self.edits(*change, &step.on, &changed.workflow);
            if let Some(workflow) = self.with(&edits, &changed.workflow) {
                changed.workflow = workflow;
                changed.edits.extend(edits);
            }
        }
        (!changed.edits.is_empty()).then_some(changed)
    }

    fn edits(&self, change: Change, on: &Nodes, workflow: &Value) -> Vec<Edit> {
        let Ok(graph) = Graph::from_value(workflow) else {
            return Vec::new();
        };
        let places = Place::all(&graph, self.classes, self.failed, on);
        let chosen = || places.iter().filter(|place| place.chosen);
        match change {
            Change::NewSeed {} => chosen().filter_map(|place| seed::edit(place, self.jitter)).collect(),
            Change::Batch { factor, floor } => chosen().filter_map(|place| batch::edit(place, factor, floor)).collect(),
            Change::Size { factor, round, floor } => size::edits(&places, factor, round, floor),
            Change::TiledVae {} => chosen().filter_map(|place| tiled::edit(place, self.classes)).collect(),
            Change::Precision { floor } => chosen().filter_map(|place| precision::edit(place, floor)).collect(),
            Change::Frames { factor, floor } => frames::edits(&places, factor, floor),
        }
    }

    /// The workflow with these edits, unless there are none or `ComfyUI` would find more fault with it than before.
    fn with(&self, edits: &[Edit], before: &Value) -> Option<Value> {
        let mut after = before.clone();
        for edit in edits {
            let node = after.get_mut(&edit.node_id)?.as_object_mut()?;
            if let Some(class) = edit.class {
                node.insert("class_type".to_owned(), class.into());
            }
            let inputs = node.entry("inputs").or_insert_with(|| json!({})).as_object_mut()?;
            inputs.extend(edit.inputs.iter().cloned());
        }
        let is_sound = edits.iter().all(|edit| {
            let known = check_node(before, &edit.node_id, self.classes);
            let found = check_node(&after, &edit.node_id, self.classes);
            found.iter().all(|complaint| known.contains(complaint))
        });
        (!edits.is_empty() && is_sound).then_some(after)
    }
}
