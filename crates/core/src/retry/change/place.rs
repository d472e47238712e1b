//! A node as changes see it.

use super::Set;
use crate::comfy::graph::{Graph, Node};
use crate::names::{NodeKind, human_name, kind};
use crate::retry::policy::Nodes;
use crate::workflow::Classes;
use crate::workflow::spec::{self, Kind, Spec};
use serde_json::Value;
use std::collections::HashMap;

/// What inputs that mean the same are called, by `ComfyUI`'s own classes and the common extensions.
pub(super) const SIDES: &[&str] = &["width", "height"];
pub(super) const FRAMES: &[&str] = &["length", "num_frames", "video_frames", "frame_count", "frames", "frames_number"];
pub(super) const BATCH: &[&str] = &["batch_size", "amount"];
pub(super) const SEEDS: &[&str] = &["seed", "noise_seed"];

/// A node whose class is known.
pub(super) struct Place<'c> {
    pub node: Node,
    pub title: String,
    pub kind: NodeKind,
    pub info: &'c Value,
    pub specs: HashMap<String, Spec<'c>>,
    /// It failed, or comes before what failed.
    bears: bool,
    /// Nobody knows of a node that failed, or it is this one.
    pub suspect: bool,
    /// Inputs that get their number from a node that does nothing but hold it: id and input of that, and the number.
    held: HashMap<String, (String, String, u64)>,
}

/// A whole number that stands in an input, and what may stand there.
#[derive(Clone, Debug)]
pub(super) struct Whole {
    pub value: u64,
    pub min: u64,
    pub max: u64,
    pub step: u64,
    node_id: String,
    input: String,
}

impl Whole {
    pub(super) fn set(&self, to: u64) -> Set {
        Set { node_id: self.node_id.clone(), input: self.input.clone(), value: to.into() }
    }
}

impl<'c> Place<'c> {
    /// The nodes of the workflow, none if it is no graph.
    pub(super) fn all(workflow: &Value, classes: &Classes<'c>, failed: Option<&str>) -> Vec<Self> {
        let Ok(graph) = Graph::from_value(workflow) else {
            return Vec::new();
        };
        let failed = failed.filter(|id| graph.node(id).is_some());
        let bearing = failed.map(|id| graph.ancestors_of([id]));
        let places = graph.nodes().iter().filter_map(|node| {
            let info = classes(&node.class_type)?;
            let text = |name: &str| info.get(name).and_then(Value::as_str);
            Some(Place {
                node: node.clone(),
                title: human_name(node.title.as_deref(), &node.class_type, text("display_name")),
                kind: kind(&node.class_type, text("category")),
                info,
                specs: spec::of_node(info, &node.inputs),
                bears: bearing.as_ref().is_none_or(|bearing| bearing.contains(node.id.as_str())),
                suspect: failed.is_none_or(|id| id == node.id),
                held: HashMap::new(),
            })
        });
        let mut places: Vec<Self> = places.collect();
        hold(&mut places, &graph);
        places
    }

    /// Whether it bears on the failure, and the policy means it.
    pub(super) fn is_chosen(&self, on: &Nodes) -> bool {
        self.bears && on.include(&self.node.class_type, self.kind)
    }

    /// The whole number in an input that takes such; none where it is missing, negative or comes over a link.
    pub(super) fn whole(&self, input: &str) -> Option<Whole> {
        let spec = self.specs.get(input).filter(|spec| spec.kind == Kind::Int)?;
        let (node_id, held_in, value) = match self.held.get(input) {
            Some((node_id, held_in, value)) => (node_id.as_str(), held_in.as_str(), *value),
            None => (self.node.id.as_str(), input, whole(self.node.inputs.get(input)?)?),
        };
        let bound = |name| spec.option(name).and_then(Value::as_u64);
        Some(Whole {
            value,
            min: bound("min").unwrap_or(0),
            max: bound("max").unwrap_or(u64::MAX),
            step: bound("step").unwrap_or(1).max(1),
            node_id: node_id.to_owned(),
            input: held_in.to_owned(),
        })
    }

    pub(super) fn puts_out(&self, kinds: &[&str]) -> bool {
        let outputs = self.info.get("output").and_then(Value::as_array);
        outputs.into_iter().flatten().any(|output| output.as_str().is_some_and(|output| kinds.contains(&output)))
    }

    /// The one number it holds, if it does nothing else (`PrimitiveInt`).
    fn holds(&self) -> Option<(&str, u64)> {
        let mut inputs = self.node.inputs.iter();
        let (input, value) = inputs.next().filter(|_| inputs.next().is_none())?;
        let is_whole = self.specs.get(input).is_some_and(|spec| spec.kind == Kind::Int);
        Some((input, whole(value).filter(|_| is_whole && self.puts_out(&["INT"]))?))
    }
}

/// Tells the nodes that get a number from one that holds it. That is left alone unless all it is for means the same: it
/// may be a width and a height at once, but not a width and a count of steps.
fn hold(places: &mut [Place], graph: &Graph) {
    let mut uses: HashMap<&str, Vec<&str>> = HashMap::new();
    for link in graph.nodes().iter().flat_map(|node| &node.links) {
        uses.entry(&link.from).or_default().push(&link.input);
    }
    let families = [SIDES, FRAMES, BATCH, SEEDS];
    let means_one = |uses: &Vec<&str>| families.iter().any(|family| uses.iter().all(|input| family.contains(input)));
    let holders: HashMap<String, (String, u64)> = places
        .iter()
        .filter(|place| uses.get(place.node.id.as_str()).is_some_and(means_one))
        .filter_map(|place| place.holds().map(|(input, value)| (place.node.id.clone(), (input.to_owned(), value))))
        .collect();
    for place in places {
        let held = place.node.links.iter().filter_map(|link| {
            let (input, value) = holders.get(&link.from)?;
            Some((link.input.clone(), (link.from.clone(), input.clone(), *value)))
        });
        place.held = held.collect();
    }
}

/// Also `512.0`, as some editors write whole numbers.
fn whole(value: &Value) -> Option<u64> {
    let exact = |number: f64| number.fract() == 0.0 && (0.0..9_007_199_254_740_992.0).contains(&number);
    value.as_u64().or_else(|| value.as_f64().filter(|number| exact(*number)).map(|number| number as u64))
}
