//! Makes another workflow of one that failed.
//!
//! Only nodes that bear on the failure are changed, which are the one that failed and those before it; all where that is
//! not known. Only inputs that hold a value are changed, or those of which a node that does nothing but hold one is the
//! source ([`place`]); what else comes over a link is left alone. So is a node whose class the server does not know, and
//! a change that `ComfyUI` would refuse is not made.

mod batch;
mod frames;
mod grid;
mod megapixels;
mod place;
mod precision;
mod seed;
mod size;
mod tiled;

use super::check::check_node;
use super::policy::{Change, Nodes, Step};
use super::words::Said;
use crate::workflow::Classes;
use place::Place;
use serde_json::{Map, Value, json};

pub(super) use tiled::counterpart;

/// A workflow that failed, and what is known of it.
pub(super) struct Scene<'a, 'c> {
    pub workflow: &'a Value,
    classes: &'a Classes<'c>,
    /// Id of the node that failed.
    failed: Option<&'a str>,
    jitter: f64,
    places: Vec<Place<'c>>,
}

/// The workflow to send.
pub(super) struct Changed {
    pub workflow: Value,
    pub edits: Vec<Edit>,
}

/// One thing that is different, as a person sees it.
pub(super) struct Edit {
    pub said: Said,
    pub inputs: Vec<Set>,
    /// A node and its class from now on.
    pub class: Option<(String, &'static str)>,
}

/// An input and its value from now on.
pub(super) struct Set {
    pub node_id: String,
    pub input: String,
    pub value: Value,
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
            for set in &edit.inputs {
                let node = overrides.entry(&set.node_id).or_insert_with(|| json!({})).as_object_mut()?;
                node.insert(set.input.clone(), set.value.clone());
            }
        }
        Some(Value::Object(overrides))
    }
}

impl<'a, 'c> Scene<'a, 'c> {
    pub(super) fn new(workflow: &'a Value, classes: &'a Classes<'c>, failed: Option<&'a str>, jitter: f64) -> Self {
        Self { workflow, classes, failed, jitter, places: Place::all(workflow, classes, failed) }
    }

    /// The workflow with the step's changes, one upon the other; `None` if it has some and none changes anything.
    pub(super) fn change(&self, step: &Step) -> Option<Changed> {
        let mut changed = Changed { workflow: self.workflow.clone(), edits: Vec::new() };
        for change in &step.change {
            let made = if changed.edits.is_empty() {
                self.with(*change, &step.on)
            } else {
                let scene = Scene::new(&changed.workflow, self.classes, self.failed, self.jitter);
                scene.with(*change, &step.on)
            };
            if let Some((edits, workflow)) = made {
                changed.workflow = workflow;
                changed.edits.extend(edits);
            }
        }
        (step.change.is_empty() || !changed.edits.is_empty()).then_some(changed)
    }

    fn edits(&self, change: Change, on: &Nodes) -> Vec<Edit> {
        let places = &self.places;
        let chosen = || places.iter().filter(|place| place.is_chosen(on));
        match change {
            Change::NewSeed {} => chosen().filter_map(|place| seed::edit(place, self.jitter)).collect(),
            Change::Batch { factor, floor } => chosen().filter_map(|place| batch::edit(place, factor, floor)).collect(),
            Change::Size { factor, round, floor } => {
                let mut edits = size::edits(places, on, factor, round, floor);
                edits.extend(chosen().filter_map(|place| megapixels::edit(place, factor, floor)));
                edits
            }
            Change::TiledVae {} => chosen().filter_map(|place| tiled::edit(place, self.classes)).collect(),
            Change::Precision { floor } => chosen().filter_map(|place| precision::edit(place, floor)).collect(),
            Change::Frames { factor, floor } => frames::edits(places, on, factor, floor),
        }
    }

    /// What the change is here and the workflow with it, unless it is none or `ComfyUI` would find more fault than before.
    fn with(&self, change: Change, on: &Nodes) -> Option<(Vec<Edit>, Value)> {
        let edits = self.edits(change, on);
        let mut after = self.workflow.clone();
        for edit in &edits {
            if let Some((node_id, class)) = &edit.class {
                after.get_mut(node_id)?.as_object_mut()?.insert("class_type".to_owned(), (*class).into());
            }
            for set in &edit.inputs {
                let inputs = after.get_mut(&set.node_id)?.get_mut("inputs")?.as_object_mut()?;
                inputs.insert(set.input.clone(), set.value.clone());
            }
        }
        let touched = edits.iter().flat_map(|edit| {
            let inputs = edit.inputs.iter().map(|set| &set.node_id);
            inputs.chain(edit.class.iter().map(|(node_id, _)| node_id))
        });
        let mut touched = touched.peekable();
        touched.peek()?;
        let is_sound = touched.all(|node_id| {
            let known = check_node(self.workflow, node_id, self.classes);
            check_node(&after, node_id, self.classes).iter().all(|complaint| known.contains(complaint))
        });
        is_sound.then_some((edits, after))
    }
}
